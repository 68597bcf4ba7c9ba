//! `demo`: a made-up district, several nights, the real daemon on a watched folder. Everything goes
//! the product's own way: files are dropped, the daemon takes them, answers go through its socket.

mod roster;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::handoff;
use super::output::Printer;
use crate::actions::{Request, Selection, find};
use crate::installation::{self as open, Failure, Opened};
use crate::pipeline::{Report, text};
use crate::settings::first_configuration;
use roster::{Chance, Row};

/// A night that takes longer than this has gone wrong.
const PATIENCE: Duration = Duration::from_secs(60);
const DISTRICT: &str = "harbor";

/// Runs the demo.
///
/// # Errors
/// When the folder cannot be used or the daemon does not do its part.
pub async fn demo(keep_running: bool, dir: Option<PathBuf>, seed: u64, printer: &Printer) -> Result<u8, Failure> {
    let stage = Stage::set(dir)?;
    let mut daemon = Daemon::start(&stage.config)?;
    let outcome = nights(&stage, seed, printer).await;
    if keep_running && outcome.is_ok() {
        let config = stage.config.display();
        printer.text(&format!(
            "\nThe daemon stays up (pid {}). Drop files into\n  {}\nand stop it with: kill {}\n  rosterd --config {config} status\n",
            daemon.child.id(),
            stage.folder.display(),
            daemon.child.id()
        ));
        daemon.leave();
    } else {
        daemon.stop();
    }
    outcome?;
    printer.text(&stage.farewell());
    Ok(0)
}

/// Where the demo plays.
struct Stage {
    root: PathBuf,
    config: PathBuf,
    folder: PathBuf,
}

impl Stage {
    fn set(dir: Option<PathBuf>) -> Result<Self, Failure> {
        let root = dir.unwrap_or_else(|| std::env::temp_dir().join(format!("rosterd-demo-{}", std::process::id())));
        let root = std::path::absolute(&root).unwrap_or(root);
        let config = root.join("rosterd.toml");
        if config.exists() {
            return Err(Failure::usage(
                format!("{} is there already", config.display()),
                Some("give a new or empty folder with --dir".to_owned()),
            ));
        }
        let folder = root.join("inbox");
        let failed = |error: std::io::Error| Failure::ours(format!("{} cannot be used: {error}", root.display()), None);
        std::fs::create_dir_all(root.join("districts.d")).map_err(failed)?;
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let (main, own) = first_configuration(DISTRICT, &folder, "America/New_York");
        std::fs::write(&config, main).map_err(failed)?;
        // A minute of quiet is right for a real inbox; nobody wants to watch it.
        let own = own
            .replace("\"60s\"", "\"1s\"")
            .replace("[district]\n", "[district]\nemail_domains = [\"harbor.example.org\"]\n");
        std::fs::write(root.join("districts.d").join(format!("{DISTRICT}.toml")), own).map_err(failed)?;
        Ok(Self { root, config, folder })
    }

    /// Drops a file as a careful sender does: written under a temporary name, then renamed.
    fn drop(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::ours(format!("{name} cannot be dropped: {error}"), None);
        let temporary = self.folder.join(format!(".{name}.tmp"));
        std::fs::write(&temporary, bytes).map_err(failed)?;
        std::fs::rename(&temporary, self.folder.join(name)).map_err(failed)
    }

    fn farewell(&self) -> String {
        let config = self.config.display();
        format!(
            "\nLook at what is left\n  {}/results   reports, rows to correct, rows that went in\n  {}/state   database and spool\n\n\
             Try next\n  rosterd --config {config} people list\n  rosterd --config {config} runs list\n\
             \x20 rosterd --config {config} explain student0003@harbor.example.org\n\
             \x20 rosterd --config {config} export --format securly-pass\n\
             For your own files: rosterd init --district YOURS --folder PATH\n",
            self.folder.display(),
            self.root.display()
        )
    }
}

/// The real daemon, as a process of its own.
struct Daemon {
    child: Child,
    left: bool,
}

impl Daemon {
    fn start(config: &Path) -> Result<Self, Failure> {
        let binary =
            std::env::current_exe().map_err(|error| Failure::ours(format!("cannot find myself: {error}"), None))?;
        let log = config.with_file_name("daemon.log");
        let file =
            std::fs::File::create(&log).map_err(|error| Failure::ours(format!("{}: {error}", log.display()), None))?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(config)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| Failure::ours(format!("the daemon cannot be started: {error}"), None))?;
        Ok(Self { child, left: false })
    }

    fn leave(&mut self) {
        self.left = true;
    }

    /// Asks the daemon to stop as systemd would, and waits for it.
    fn stop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
        self.left = true;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.left {
            self.stop();
        }
    }
}

async fn nights(stage: &Stage, seed: u64, printer: &Printer) -> Result<(), Failure> {
    let mut chance = Chance::new(seed);
    let mut rows = roster::district(&mut chance);
    let opened = open::open(&stage.config).await?;
    wait_for(&stage.root.join("state").join("serve.json"), "the daemon to be ready").await?;
    let mut theatre = Theatre { stage, opened: &opened, printer, seen: 0 };

    theatre
        .title("Night 1: the first load", "Nobody knows this feed yet, so its plan is shown once and waits for a yes.");
    let report = theatre.night("users.csv", &roster::file(&rows)).await?;
    theatre.answer(Request::Approve { run: report.run, selection: Selection::default() }, "approved").await?;

    theatre.title(
        "Night 2: an ordinary night",
        "Newcomers, leavers, edits, and two students whose addresses were mixed up.",
    );
    let leaver = ordinary_night(&mut chance, &mut rows);
    theatre.night("users.csv", &roster::file(&rows)).await?;
    theatre.explain(&leaver.number).await?;
    theatre.explain(&rows.get(3).map(|row| row.email.clone()).unwrap_or_default()).await?;

    theatre.title("Night 3: a file that was cut", "The transfer broke off at 44 %. Whoever is missing is not gone.");
    let whole = roster::file(&rows);
    let cut = whole.get(..whole.len() * 44 / 100).unwrap_or_default();
    let report = theatre.night("users.csv", cut).await?;
    theatre.answer(Request::Reject { run: report.run }, "rejected").await?;

    theatre.title(
        "Night 4: a night of errors",
        "Twelve rows are wrong. They go back with the reason, everybody they belong to stays.",
    );
    let bad = with_errors(&rows);
    let report = theatre.night("users.csv", &roster::file(&bad)).await?;
    theatre.explain(&rows.get(40).map(|row| row.number.clone()).unwrap_or_default()).await?;
    let fixed = corrected(stage, &report, &rows, &bad)?;
    theatre.title(
        "The next morning: the error file comes back, corrected",
        "Only its rows are read; nobody is absent for not being in it.",
    );
    theatre.night("users-corrected.csv", &fixed).await?;
    Ok(())
}

/// Twenty-five newcomers, eighteen leavers, forty edits, one swap of addresses; gives one leaver.
fn ordinary_night(chance: &mut Chance, rows: &mut Vec<Row>) -> Row {
    let leaver = rows.get(60).cloned();
    let mut at = 0;
    rows.retain(|_| {
        at += 1;
        !(at > 50 && (at - 1) % 60 == 0 && at < 1130)
    });
    for n in 0..40 {
        if let Some(row) = rows.get_mut(1200 + n * 7) {
            row.year = "2031".to_owned();
        }
    }
    if let (Some(a), Some(b)) = (rows.get(3).cloned(), rows.get(4).cloned()) {
        if let Some(row) = rows.get_mut(3) {
            row.email = b.email;
        }
        if let Some(row) = rows.get_mut(4) {
            row.email = a.email;
        }
    }
    let newcomers: Vec<Row> = (0..25).map(|n| roster::row(chance, 5000 + n, "student")).collect();
    rows.extend(newcomers);
    leaver.unwrap_or_else(|| roster::row(chance, 0, "student"))
}

/// Every fiftieth row gets one of three usual mistakes.
fn with_errors(rows: &[Row]) -> Vec<Row> {
    let mut bad = rows.to_vec();
    for n in 0..12 {
        if let Some(row) = bad.get_mut(40 + n * 50) {
            match n % 3 {
                0 => row.email.clear(),
                1 => row.email = row.email.replace("harbor.example.org", "mail.example.com"),
                _ => row.role = "pupil",
            }
        }
    }
    bad
}

/// The error file as the office sends it back: the same rows and `_fix_of`, the values put right.
fn corrected(stage: &Stage, report: &Report, rows: &[Row], bad: &[Row]) -> Result<Vec<u8>, Failure> {
    let name = format!("users.csv.{}.errors.csv", report.run);
    let path = stage.folder.join("results").join(&name);
    let failed = |error: std::io::Error| Failure::ours(format!("{} cannot be read: {error}", path.display()), None);
    let mut text = std::fs::read_to_string(&path).map_err(failed)?;
    for (right, wrong) in
        rows.iter().zip(bad).filter(|(right, wrong)| right.email != wrong.email || right.role != wrong.role)
    {
        let line = |row: &Row| {
            let mut out = Vec::new();
            let cells = [&*row.given, &*row.family, &*row.email, row.role, &*row.year, "1", &*row.number];
            rosterd_formats::write::record(&mut out, cells.map(str::as_bytes));
            String::from_utf8_lossy(&out).trim_end().to_owned()
        };
        text = text.replace(&line(wrong), &line(right));
    }
    Ok(text.into_bytes())
}

/// Tells what happens, and waits for the daemon to do it.
struct Theatre<'a> {
    stage: &'a Stage,
    opened: &'a Opened,
    printer: &'a Printer,
    /// Runs seen so far.
    seen: usize,
}

impl Theatre<'_> {
    fn title(&self, title: &str, words: &str) {
        self.printer.text(&format!("\n{title}\n{}\n  {words}\n\n", "─".repeat(title.chars().count())));
    }

    /// Drops a file and prints what the daemon made of it.
    async fn night(&mut self, name: &str, bytes: &[u8]) -> Result<Report, Failure> {
        let rows = bytes.iter().filter(|b| **b == b'\n').count().saturating_sub(1);
        self.printer.text(&format!("  dropped {name}: {rows} rows, {} KiB\n\n", bytes.len() / 1024));
        self.stage.drop(name, bytes)?;
        let report = self.next_run("the daemon takes the file").await?;
        let last = format!("{name}.{}.report.json", report.run);
        wait_for(&self.stage.folder.join("results").join(last), "the results").await?;
        let mut connection = find::reader(&self.opened.app).await?;
        let run = find::run(&mut connection, &report.run).await?;
        let findings = super::runs::findings(&mut connection, run.id).await?;
        self.printer.text(&indented(&text::report(&report, &findings, 76)));
        Ok(report)
    }

    async fn answer(&mut self, request: Request, word: &str) -> Result<(), Failure> {
        let reply = handoff::perform(&self.stage.config, request).await?;
        if let Some(problem) = reply.error {
            return Err(Failure::ours(problem.sentence, problem.hint));
        }
        self.printer.text(&format!("\n  {word}, through the daemon:\n\n{}", indented(&reply.text)));
        self.seen = self.runs().await?.len();
        Ok(())
    }

    async fn explain(&self, person: &str) -> Result<(), Failure> {
        self.printer.text("\n  $ rosterd explain ");
        self.printer.text(&format!("{person}\n"));
        let story = super::explain::told(self.opened, Some(DISTRICT), person).await?;
        self.printer.text(&indented(&story));
        Ok(())
    }

    async fn runs(&self) -> Result<Vec<Report>, Failure> {
        let mut connection = find::reader(&self.opened.app).await?;
        let runs = crate::store::runs::list(&mut connection, Some(DISTRICT), 100).await?;
        Ok(runs.iter().filter(|run| run.finished_at.is_some()).map(super::runs::report_of).collect())
    }

    /// The run that was not there before, with a progress mark on a terminal.
    async fn next_run(&mut self, words: &'static str) -> Result<Report, Failure> {
        let bar = progress(words);
        let begun = Instant::now();
        loop {
            let runs = self.runs().await?;
            if runs.len() > self.seen {
                self.seen = runs.len();
                bar.finish_and_clear();
                return runs.into_iter().next().ok_or_else(|| Failure::ours("the run vanished", None));
            }
            if begun.elapsed() > PATIENCE {
                bar.finish_and_clear();
                let log = self.stage.config.with_file_name("daemon.log");
                return Err(Failure::ours(
                    "the daemon did not take the file",
                    Some(format!("its log: {}", log.display())),
                ));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

fn progress(words: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message(words);
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(80));
    bar
}

async fn wait_for(path: &Path, what: &str) -> Result<(), Failure> {
    let begun = Instant::now();
    while !path.exists() {
        if begun.elapsed() > PATIENCE {
            return Err(Failure::ours(format!("waited too long for {what}"), None));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

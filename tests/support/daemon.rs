//! `rosterd serve` as a process of its own, and waiting for what it does.

use std::{
    fs::{self, File},
    io::{Read, Seek},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Answer, HOME, Report, Roster, TestRosterd};

/// Nothing a daemon does in these tests takes nearly as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(15);

/// Looks until there is something to see.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(LOOK);
    }
}

/// A process that is ended with the test, however the test ends.
pub struct Running {
    child: Child,
    name: String,
    said: Option<File>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        Self { child: command.spawn().unwrap(), name, said: None }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end by itself and gives its exit code.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        let name = self.name.clone();
        let status = eventually(&format!("the end of {name}"), || self.ended());
        status.code().unwrap_or_else(|| panic!("{name} was ended by signal {:?}", status.signal()))
    }

    /// Waits for its end, which must be a success.
    #[track_caller]
    pub fn end_well(&mut self) {
        let code = self.end();
        let mut said = String::new();
        if let Some(file) = &mut self.said {
            file.rewind().unwrap();
            file.read_to_string(&mut said).unwrap();
        }
        assert_eq!(code, 0, "{} said: {said}", self.name);
    }

    /// Kills it after a while, unless it ends before; says whether it was killed.
    pub fn kill_after(&mut self, delay: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < delay {
            if self.ended().is_some() {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.kill();
        self.child.wait().unwrap().signal() == Some(9)
    }

    pub fn kill(&mut self) {
        // It may have ended just now.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A daemon, with everything it logged.
pub struct Daemon {
    pub process: Running,
    log: PathBuf,
    serve_json: PathBuf,
}

impl Daemon {
    /// What it wrote to standard error, as it stands there.
    pub fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Its log, one object a line; a line that is being written now is left out.
    #[track_caller]
    pub fn log(&self) -> Vec<Value> {
        let text = self.log_text();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in the line {line}")))
            .collect()
    }

    /// Waits for a line in which all these words stand; gives it as text.
    #[track_caller]
    pub fn logs(&self, words: &[&str]) -> String {
        eventually(&format!("a log line with {words:?} in {}", self.log_text()), || {
            let text = self.log_text();
            text.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
        })
    }

    /// Waits for the end of the start.
    #[track_caller]
    pub fn ready(mut self) -> Self {
        let path = self.serve_json.clone();
        eventually("serve.json of this process", || {
            assert!(self.process.ended().is_none(), "the daemon ended: {}", self.log_text());
            let about: Value = serde_json::from_slice(&fs::read(&path).ok()?).unwrap();
            (about["pid"] == self.process.pid()).then_some(())
        });
        self
    }

    /// SIGTERM; waits for the end and gives the exit code.
    #[track_caller]
    pub fn stop(mut self) -> i32 {
        self.process.signal(Signal::TERM);
        self.process.end()
    }
}

impl TestRosterd {
    /// The binary on this installation at the machine's own time: a story's clock stands still, a daemon's does not.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rosterd"));
        command.arg("--config").arg(self.config()).args(args).current_dir(self.root()).stdin(Stdio::null());
        command
    }

    /// The time of the story.
    pub fn time(&self) -> DateTime<Utc> {
        self.now.get()
    }

    /// Runs a command at the machine's own time.
    pub fn run_now(&self, args: &[&str]) -> Answer {
        let output = self.command(args).output().unwrap();
        Answer {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a command at the machine's own time; what it says comes with its end.
    pub fn begin(&self, args: &[&str]) -> Running {
        let said = tempfile::tempfile_in(self.root()).unwrap();
        let mut command = self.command(args);
        command.stdout(said.try_clone().unwrap()).stderr(said.try_clone().unwrap());
        let mut running = Running::start(command);
        running.said = Some(said);
        running
    }

    /// Starts a daemon and waits until it is ready.
    #[track_caller]
    pub fn serve(&self) -> Daemon {
        self.begin_to_serve().ready()
    }

    /// Starts a daemon and waits for the end of so many runs.
    #[track_caller]
    pub fn serve_until_runs(&self, count: usize) -> Daemon {
        let daemon = self.serve();
        self.wait_for_runs(count);
        daemon
    }

    /// Starts a daemon.
    pub fn begin_to_serve(&self) -> Daemon {
        self.serve_by(self.command(&["serve"]))
    }

    /// Starts a daemon by a command made ready for it.
    pub fn serve_by(&self, mut command: Command) -> Daemon {
        let log = tempfile::Builder::new().prefix("daemon-").suffix(".log").tempfile_in(self.root()).unwrap();
        let (file, log) = log.keep().unwrap();
        command.stdout(Stdio::null()).stderr(file);
        Daemon { process: Running::start(command), log, serve_json: self.state_dir().join("serve.json") }
    }

    /// A file arrives as from a careful sender, at the machine's time.
    pub fn deliver(&self, name: &str, bytes: &[u8]) {
        self.deliver_to(HOME, name, bytes);
    }

    pub fn deliver_to(&self, district: &str, name: &str, bytes: &[u8]) {
        let aside = self.root().join(format!("aside-{district}-{name}"));
        fs::write(&aside, bytes).unwrap();
        fs::rename(&aside, self.root().join("drop").join(district).join(name)).unwrap();
    }

    /// Another text in the district's file.
    #[track_caller]
    pub fn reconfigure(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.district_file()).unwrap();
        assert!(text.contains(from), "no `{from}` in {text}");
        fs::write(self.district_file(), text.replace(from, to)).unwrap();
    }

    /// Takes this file as `users.csv` at the machine's time.
    #[track_caller]
    pub fn loaded_now(self, roster: &Roster) -> Self {
        self.deliver("users.csv", &roster.csv());
        self.run_now(&["sync"]).expect_code(0);
        self
    }

    /// The reports of all runs that came to an end, oldest first.
    #[track_caller]
    pub fn ended_runs(&self) -> Vec<Report> {
        let mut runs = self.run_now(&["runs", "list", "--json"]).expect_code(0).json();
        runs.retain(|run| run["finished_at"].is_string());
        runs.into_iter().rev().map(Report).collect()
    }

    /// Waits until so many runs came to an end.
    #[track_caller]
    pub fn wait_for_runs(&self, count: usize) -> Vec<Report> {
        let seen = eventually(&format!("{count} runs"), || Some(self.ended_runs()).filter(|runs| runs.len() >= count));
        assert_eq!(seen.len(), count, "{seen:#?}");
        seen
    }

    /// Waits for so many result files of this ending; gives them as text, oldest run first.
    #[track_caller]
    pub fn wait_for_results(&self, ending: &str, count: usize) -> Vec<String> {
        let found = eventually(&format!("{count} files `{ending}`"), || {
            Some(self.results(ending)).filter(|found| found.len() >= count)
        });
        found.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// How many people are active, by the machine's time.
    #[track_caller]
    pub fn active_now(&self) -> usize {
        self.run_now(&["people", "list", "--district", HOME, "--json"]).expect_code(0).json().len()
    }

    /// Whether the spool holds this content.
    pub fn is_sealed(&self, bytes: &[u8]) -> bool {
        use sha2::{Digest, Sha256};
        let name: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        files_below(&self.state_dir().join("spool/versions")).iter().any(|path| path.ends_with(&name))
    }
}

/// Every file below a folder.
pub fn files_below(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

/// Takes the lock of a state directory as a command at work holds it; it is let go with the value.
pub fn hold_lock(rosterd: &TestRosterd) -> File {
    let path = rosterd.state_dir().join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(path).unwrap();
    file.lock().unwrap();
    file
}

//! The worker: looks at folders when something moved, when a file should be quiet by now, and every
//! ten minutes whatever the kernel says; runs what is sealed, at once or when its schedule is due.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rosterd_folder::{Hint, Watcher};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::{Job, notify};
use crate::actions::{Pass, perform, run_sealed};
use crate::installation::{self as open, Opened};
use crate::pipeline::collect::{Settles, look};
use crate::pipeline::run::Done;
use crate::pipeline::{District, Source};

/// A full look at every folder at least this often.
const RESCAN: Duration = Duration::from_secs(600);
/// Folders without events, and folders that are missing, are looked at this often.
const POLL: Duration = Duration::from_secs(5);
/// Hints that come together are answered together.
const TOGETHER: Duration = Duration::from_millis(50);

/// What the worker remembers of a district between looks.
#[derive(Default)]
struct Attention {
    settles: Settles,
    look_at: Option<Instant>,
    /// Sources whose folder could not be read: told once.
    unreachable: BTreeMap<String, String>,
    /// By source: when its schedule is due.
    due: BTreeMap<String, DateTime<Utc>>,
}

/// The one who works.
pub struct Worker {
    opened: Opened,
    config: PathBuf,
    jobs: mpsc::Sender<Job>,
    watcher: Option<Watcher>,
    attention: BTreeMap<String, Attention>,
    rescan_at: Instant,
}

impl Worker {
    /// A worker that will look at everything first.
    pub fn new(opened: Opened, config: PathBuf, jobs: mpsc::Sender<Job>) -> Self {
        let mut worker =
            Self { opened, config, jobs, watcher: None, attention: BTreeMap::new(), rescan_at: Instant::now() };
        worker.watch();
        worker
    }

    /// Watches the folders of the configuration; without events they are polled.
    fn watch(&mut self) {
        let folders: Vec<PathBuf> =
            self.opened.districts.iter().flat_map(|d| &d.sources).filter_map(|source| source.folder.clone()).collect();
        let jobs = self.jobs.clone();
        // A full queue is no loss: the rescan finds whatever a hint was about.
        let watcher = Watcher::start(&folders, move |hint| drop(jobs.try_send(Job::Hint(hint))));
        self.watcher = match watcher {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                warn!(%error, "The kernel gives no events; folders are polled");
                None
            }
        };
        let now = self.opened.app.clock.now();
        self.attention = self
            .opened
            .districts
            .iter()
            .map(|district| {
                let due = district
                    .sources
                    .iter()
                    .filter_map(|source| Some((source.id.clone(), source.schedule.as_ref()?.next(now)?)));
                (district.id.clone(), Attention { due: due.collect(), ..Attention::default() })
            })
            .collect();
        self.rescan_at = Instant::now();
    }

    /// Works until it is told to stop.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        loop {
            self.work().await;
            let wait = self.next_wait();
            let job = tokio::time::timeout(wait, queue.recv()).await;
            match job {
                Err(_) => {}
                Ok(None | Some(Job::Stop)) => return,
                Ok(Some(Job::Hint(hint))) => self.hint(&hint),
                Ok(Some(Job::Reload)) => self.reload().await,
                Ok(Some(Job::Request(request, answer))) => {
                    let reply = perform(&self.opened.app, &self.opened.districts, *request).await;
                    let _ = answer.send(reply);
                }
            }
        }
    }

    fn hint(&mut self, hint: &Hint) {
        let soon = Instant::now() + TOGETHER;
        match hint {
            Hint::Rescan => self.rescan_at = soon,
            Hint::Look(folder) => {
                for district in &self.opened.districts {
                    let mine = district.sources.iter().any(|source| source.folder.as_ref() == Some(folder));
                    if let Some(attention) = self.attention.get_mut(&district.id).filter(|_| mine) {
                        attention.look_at = Some(attention.look_at.map_or(soon, |at| at.min(soon)));
                    }
                }
            }
        }
    }

    /// Reads the configuration again; a wrong one changes nothing.
    async fn reload(&mut self) {
        notify::reloading();
        match open::settings(&self.config) {
            Ok(settings) => match crate::sources::districts(&settings) {
                Ok(districts) => {
                    self.opened.districts = districts;
                    self.opened.settings.districts = settings.districts;
                    self.watch();
                    info!("The configuration was read again");
                }
                Err(error) => error!(%error, "The new configuration is wrong; the old one stays"),
            },
            Err(failure) => {
                error!(
                    error = failure.sentence,
                    hint = failure.hint,
                    "The new configuration is wrong; the old one stays"
                );
            }
        }
        notify::ready();
    }

    fn next_wait(&self) -> Duration {
        let now = Instant::now();
        let clock = self.opened.app.clock.now();
        let looks = self.attention.values().filter_map(|attention| attention.look_at);
        let next = looks.chain([self.rescan_at]).min().unwrap_or(now);
        let due = self.attention.values().flat_map(|attention| attention.due.values()).min();
        let until_due = due.map_or(RESCAN, |due| (*due - clock).to_std().unwrap_or_default());
        next.saturating_duration_since(now).min(until_due)
    }

    /// Everything that is due now.
    async fn work(&mut self) {
        let now = Instant::now();
        if now >= self.rescan_at {
            self.rescan_at = now + RESCAN;
            if let Some(watcher) = &mut self.watcher {
                for error in watcher.rearm() {
                    warn!(%error, "A folder cannot be watched; it is polled");
                }
            }
            for attention in self.attention.values_mut() {
                attention.look_at = Some(now);
            }
            // What an earlier process sealed and did not run, or what waited for a schedule that is gone.
            for district in self.opened.districts.clone() {
                self.run_now(&district, &|source: &Source| source.schedule.is_none()).await;
            }
        }
        for district in self.opened.districts.clone() {
            self.look(&district, now).await;
            self.scheduled(&district).await;
        }
    }

    async fn look(&mut self, district: &District, now: Instant) {
        let polls = self.watcher.as_ref().is_none_or(Watcher::polls);
        let Some(attention) = self.attention.get_mut(&district.id) else { return };
        if attention.look_at.is_none_or(|at| at > now) {
            return;
        }
        attention.look_at = None;
        let mut again: Option<Duration> = None;
        let mut soonest = |wait: Duration| again = Some(again.map_or(wait, |other| other.min(wait)));
        let mut sealed = false;
        for source in &district.sources {
            let settle = attention.settles.of(source, source.quiet_for);
            match look(&self.opened.app, district, source, settle).await {
                Ok(collected) => {
                    attention.unreachable.remove(&source.id);
                    sealed |= !collected.sealed.is_empty() && source.schedule.is_none();
                    if let Some(wait) = collected.look_again {
                        soonest(wait);
                    }
                    for (_, why) in collected.refused {
                        warn!(district = district.id, source = source.id, why, "A file was refused at the door");
                    }
                }
                Err(error) => {
                    soonest(POLL);
                    let text = error.to_string();
                    if attention.unreachable.insert(source.id.clone(), text.clone()).as_ref() != Some(&text) {
                        warn!(district = district.id, source = source.id, error = text, "A source cannot be collected");
                    }
                }
            }
        }
        if polls && district.sources.iter().any(|source| source.folder.is_some()) {
            soonest(POLL);
        }
        attention.look_at = again.map(|wait| Instant::now() + wait.max(Duration::from_millis(10)));
        if sealed {
            self.run_now(district, &|source: &Source| source.schedule.is_none()).await;
        }
    }

    /// Runs what is sealed when a schedule is due; each due time fires once.
    async fn scheduled(&mut self, district: &District) {
        let clock = self.opened.app.clock.now();
        let Some(attention) = self.attention.get_mut(&district.id) else { return };
        let mut is_due = false;
        for source in &district.sources {
            let Some(schedule) = &source.schedule else { continue };
            if attention.due.get(&source.id).is_some_and(|due| *due <= clock) {
                is_due = true;
                match schedule.next(clock) {
                    Some(next) => attention.due.insert(source.id.clone(), next),
                    None => attention.due.remove(&source.id),
                };
            }
        }
        if is_due {
            self.run_now(district, &|_| true).await;
        }
    }

    async fn run_now(&self, district: &District, wanted: &(dyn Fn(&Source) -> bool + Sync)) {
        let mut pass = Pass::default();
        let outcome = run_sealed(&self.opened.app, district, wanted, &mut pass).await;
        for done in &pass.runs {
            tell(district, done);
        }
        if let Err(error) = outcome {
            error!(district = district.id, error = error.sentence(), "A run failed; its deliveries wait in the spool");
        }
    }
}

/// One line a run, counts only.
fn tell(district: &District, done: &Done) {
    let report = &done.report;
    info!(
        district = district.id,
        run = report.run,
        state = report.state,
        rows = report.rows.read,
        created = report.people.created,
        restored = report.people.restored,
        archived = report.people.archived,
        rejected = report.rows.rejected,
        held = report.held.len(),
        "Run finished"
    );
}

//! A throw-away installation inside this process: the real store, spool and pipeline, a clock that we move.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rosterd::actions::{self, Pass, Reply, Selection};
use rosterd::pipeline::run::{Done, Request};
use rosterd::pipeline::{App, Arrival, District, FeedRule, Source, collect, run};
use rosterd::reconcile::Policy;
use rosterd::reconcile::limits::Limits;
use rosterd::reconcile::policy::Absence;
use rosterd::roster::{DeliveryId, IdSource, Person, PersonId, SeededIds};
use rosterd::spool::Spool;
use rosterd::store::people::{self, Filter};
use rosterd::store::{Store, deliveries};
use rosterd_contract::{Clock, FakeClock, Mode, Role};
use sqlx::Row as _;

use super::files::{File, Layout};
use crate::support::HOME;

/// Everybody of a district, by GUID.
pub type Snap = BTreeMap<PersonId, Person>;

pub struct House {
    root: tempfile::TempDir,
    pub app: App,
    pub clock: Arc<FakeClock>,
    pub districts: Vec<District>,
    /// What each delivery contained.
    pub contents: HashMap<String, File>,
}

/// A district that sends its people in this way.
pub fn district(id: &str, layout: Layout, limits: Limits) -> District {
    let rule = |name: &str, roles: &[Role]| FeedRule {
        id: name.into(),
        patterns: vec![format!("{name}*.csv")],
        roles: roles.to_vec(),
        orgs: Vec::new(),
    };
    let feeds = match layout {
        Layout::Whole => Vec::new(),
        Layout::ByRole => {
            vec![rule("students", &[Role::Student]), rule("adults", &[Role::Teacher, Role::Staff, Role::Admin])]
        }
        Layout::ByPart => ["part0", "part1", "part2"].iter().map(|name| rule(name, &[])).collect(),
    };
    District {
        id: id.into(),
        name: id.into(),
        zone: chrono_tz::America::Chicago,
        policy: Policy { limits, email_domains: vec![format!("{HOME}.example.org")], ..Policy::default() },
        orgs: None,
        sources: vec![Source {
            id: "sis".into(),
            folder: None,
            results: None,
            format: None,
            mode: Some(Mode::Snapshot),
            baseline_applies: true,
            quiet_for: Duration::ZERO,
            confirmations: 1,
            confirm_after: TimeDelta::hours(12),
            feeds,
            blank_clears: Vec::new(),
            strict: false,
            org: None,
            done_marker: None,
            completed_all: false,
            schedule: None,
        }],
    }
}

/// A district in which every absence counts: no gate trips, and admins leave like everybody else.
pub fn plain_district(id: &str, layout: Layout) -> District {
    let mut district = district(id, layout, no_limits());
    district.policy.absence.insert(Role::Admin, Absence::Archive);
    district
}

/// No gate ever trips.
pub fn no_limits() -> Limits {
    let mut limits = Limits::default();
    for name in Limits::NAMES {
        limits.by_name(name).unwrap().more_than = f64::INFINITY;
    }
    limits
}

impl House {
    pub async fn new(seed: u64, districts: Vec<District>) -> Self {
        let root = tempfile::Builder::new().prefix("rosterd-sim-").tempdir().unwrap();
        Self::open(root, seed, "2026-09-14T07:00:00Z".parse().unwrap(), districts, HashMap::new()).await
    }

    async fn open(
        root: tempfile::TempDir,
        seed: u64,
        now: DateTime<Utc>,
        districts: Vec<District>,
        contents: HashMap<String, File>,
    ) -> Self {
        let clock = Arc::new(FakeClock::new(now));
        let app = App {
            store: Store::open(&root.path().join("rosterd.db")).await.unwrap(),
            spool: Spool::open(root.path()).unwrap(),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(seed)),
        };
        Self { root, app, clock, districts, contents }
    }

    /// A copy that goes its own way from here.
    pub async fn fork(&self, seed: u64) -> Self {
        let root = tempfile::Builder::new().prefix("rosterd-sim-").tempdir().unwrap();
        let mut connection = self.app.store.reader().acquire().await.unwrap();
        sqlx::query("VACUUM INTO $1")
            .bind(root.path().join("rosterd.db").display().to_string())
            .execute(&mut *connection)
            .await
            .unwrap();
        drop(connection);
        copy(&self.root.path().join("spool"), &root.path().join("spool"));
        Self::open(root, seed, self.clock.now(), self.districts.clone(), self.contents.clone()).await
    }

    /// New ids from another source from here on.
    pub fn ids(mut self, ids: impl IdSource + 'static) -> Self {
        self.app.ids = Arc::new(ids);
        self
    }

    pub fn pass_time(&self, time: TimeDelta) {
        self.clock.set(self.clock.now() + time);
    }

    pub async fn seal(&mut self, district: usize, file: &File) -> DeliveryId {
        let path = self.root.path().join(&file.name);
        std::fs::write(&path, &file.bytes).unwrap();
        let district = &self.districts[district];
        let id = collect::hand_over(&self.app, district, &district.sources[0], &path, None, false).await.unwrap();
        self.contents.insert(id.0.simple().to_string(), file.clone());
        id
    }

    async fn arrivals(&self, district: usize) -> Vec<Arrival> {
        let district = &self.districts[district];
        let mut connection = self.app.store.reader().acquire().await.unwrap();
        let sealed = deliveries::sealed(&mut connection, &district.id).await.unwrap();
        let arrival = |delivery: deliveries::StoredDelivery| Arrival {
            path: self.app.spool.path(&district.id, &delivery.sha256),
            delivery,
            again: false,
        };
        sealed.into_iter().map(arrival).collect()
    }

    /// What everything that is sealed would do.
    pub async fn rehearse(&self, district: usize) -> Result<Done, String> {
        let request =
            Request { kind: "check", arrivals: self.arrivals(district).await, dry: true, ..Request::default() };
        run(&self.app, &self.districts[district], request).await.map_err(|error| format!("the dry run fails: {error}"))
    }

    /// Runs everything that is sealed.
    pub async fn run(&self, district: usize) -> Result<Vec<Done>, String> {
        let mut pass = Pass::default();
        actions::run_sealed(&self.app, &self.districts[district], &|_| true, &mut pass)
            .await
            .map_err(|error| format!("the run fails: {}", error.sentence()))?;
        Ok(pass.runs)
    }

    /// Files of one night, in one run.
    pub async fn deliver(&mut self, district: usize, files: &[File]) -> Result<Vec<Done>, String> {
        for file in files {
            self.seal(district, file).await;
        }
        self.run(district).await
    }

    pub async fn ask(&self, request: actions::Request) -> Reply {
        actions::perform(&self.app, &self.districts, request).await
    }

    /// Approves all that waits in a run, typing the number where it is wanted.
    pub async fn approve(&self, run: &str) -> Reply {
        let selection = Selection::default();
        let reply = self.ask(actions::Request::Approve { run: run.into(), selection: selection.clone() }).await;
        let hint = reply.error.as_ref().and_then(|error| error.hint.clone()).unwrap_or_default();
        let Some((_, number)) = hint.split_once("--archive ") else { return reply };
        let selection = Selection { archive: number.trim().parse().ok(), ..selection };
        self.ask(actions::Request::Approve { run: run.into(), selection }).await
    }

    pub async fn people(&self, district: usize) -> Snap {
        let mut connection = self.app.store.reader().acquire().await.unwrap();
        let page = people::page(&mut connection, &self.districts[district].id, &Filter::default(), 0, 100_000).await;
        page.unwrap().into_iter().map(|(_, person, _)| (person.id, person)).collect()
    }

    /// Rows of a query, every column as text.
    pub async fn rows(&self, query: &str) -> Vec<Vec<String>> {
        let mut connection = self.app.store.reader().acquire().await.unwrap();
        let rows = sqlx::query(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut *connection).await.unwrap();
        rows.iter().map(|row| (0..row.len()).map(|at| row.get::<String, _>(at)).collect()).collect()
    }

    /// Every byte of some tables.
    pub async fn dump(&self, tables: &[&str], district: Option<&str>) -> Vec<String> {
        let mut all = Vec::new();
        for table in tables {
            let columns = self.rows(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let columns: Vec<String> = columns.into_iter().flatten().collect();
            let shown: Vec<String> = columns.iter().map(|name| format!("quote({name})")).collect();
            let filter = district.filter(|_| columns.iter().any(|name| name == "district_id"));
            let filter = filter.map(|id| format!("WHERE district_id = '{id}'")).unwrap_or_default();
            let query = format!("SELECT {} FROM {table} {filter} ORDER BY 1", shown.join("||'|'||"));
            all.extend(self.rows(&query).await.into_iter().map(|row| format!("{table}: {}", row[0])));
        }
        all
    }

    /// The roster, without what a run notes about itself.
    pub async fn roster(&self) -> Vec<String> {
        self.dump(&["people", "person_keys", "links", "changes"], None).await
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), &place).unwrap();
        }
    }
}

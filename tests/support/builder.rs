//! Settings of a throw-away installation.

use std::{cell::Cell, fs, path::Path};

use chrono::{DateTime, Utc};

use super::{HOME, TestRosterd};

/// What the configuration of a story says; `build` writes it and makes the folders.
pub struct Builder {
    districts: Vec<String>,
    domains: Option<Vec<String>>,
    baseline: String,
    source: String,
    district: String,
    more_sources: String,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            districts: vec![HOME.into()],
            domains: None,
            baseline: "apply".into(),
            source: String::new(),
            district: String::new(),
            more_sources: String::new(),
        }
    }
}

impl Builder {
    /// One more district, with a folder of its own.
    pub fn district(mut self, id: &str) -> Self {
        self.districts.push(id.into());
        self
    }

    /// `hold` or `apply`; stories start with `apply` unless they are about the first delivery.
    pub fn baseline(mut self, baseline: &str) -> Self {
        self.baseline = baseline.into();
        self
    }

    /// The allowed e-mail domains of every district; without this, `<district>.example.org`.
    pub fn email_domains(mut self, domains: &[&str]) -> Self {
        self.domains = Some(domains.iter().map(|&domain| domain.into()).collect());
        self
    }

    /// No `email_domains` at all: any domain goes.
    pub fn any_domain(self) -> Self {
        self.email_domains(&[])
    }

    /// The TOML list of feeds.
    pub fn feeds(self, feeds: &str) -> Self {
        self.source_line(&format!("feeds = {feeds}"))
    }

    /// `students*.csv` and `adults*.csv`, each with its roles.
    pub fn students_and_adults(self) -> Self {
        self.feeds(
            r#"[{ id = "students", files = ["students*.csv"], roles = ["student"] },
                { id = "adults", files = ["adults*.csv"], roles = ["teacher", "staff", "admin"] }]"#,
        )
    }

    pub fn schedule(self, cron: &str) -> Self {
        self.source_line(&format!("schedule = \"{cron}\""))
    }

    pub fn confirmations(self, count: u32) -> Self {
        self.source_line(&format!("confirmations = {count}"))
    }

    pub fn confirm_after(self, time: &str) -> Self {
        self.source_line(&format!("confirm_after = \"{time}\""))
    }

    /// One more line of TOML in every `sis` source.
    pub fn source_line(mut self, line: &str) -> Self {
        self.source.push_str(line);
        self.source.push('\n');
        self
    }

    /// One line of `[limits]`, as `G02 = { percent = 10 }`.
    pub fn limits(mut self, line: &str) -> Self {
        self.more_sources.push_str(&format!("\n[limits]\n{line}\n"));
        self
    }

    /// One more line of TOML in every `[district]`.
    pub fn district_line(mut self, line: &str) -> Self {
        self.district.push_str(line);
        self.district.push('\n');
        self
    }

    pub fn build(self) -> TestRosterd {
        let root = tempfile::Builder::new().prefix("rosterd-test-").tempdir().unwrap();
        fs::create_dir(root.path().join("districts.d")).unwrap();
        let state = root.path().join("state");
        fs::write(root.path().join("rosterd.toml"), format!("[state]\ndir = {state:?}\n")).unwrap();
        for id in &self.districts {
            let folder = root.path().join("drop").join(id);
            fs::create_dir_all(&folder).unwrap();
            let file = root.path().join("districts.d").join(format!("{id}.toml"));
            fs::write(file, self.district_toml(id, &folder)).unwrap();
        }
        let now: DateTime<Utc> = "2026-09-14T07:00:00Z".parse().unwrap();
        TestRosterd { root, now: Cell::new(now) }
    }

    fn district_toml(&self, id: &str, folder: &Path) -> String {
        let domains = match &self.domains {
            None => format!("email_domains = [\"{id}.example.org\"]\n"),
            Some(none) if none.is_empty() => String::new(),
            Some(some) => format!("email_domains = {some:?}\n"),
        };
        let Self { baseline, source, district, more_sources, .. } = self;
        format!(
            "[district]\nid = \"{id}\"\nname = \"{id}\"\ntime_zone = \"America/Chicago\"\n{domains}{district}\n\
             [[sources]]\nid = \"sis\"\nkind = \"folder\"\npath = {folder:?}\nformat = \"auto\"\nmode = \"snapshot\"\n\
             baseline = \"{baseline}\"\nquiet_for = \"0s\"\n{source}{more_sources}"
        )
    }
}

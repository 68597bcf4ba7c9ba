//! What a person (or a scheduler) can ask for, one file each. The same from the command line and
//! through the daemon: a request goes in, a reply comes out.

mod answer;
mod check;
mod collect_and_run;
mod deliver;
mod edit;
mod error;
pub mod find;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::check;
pub use collect_and_run::{Pass, pass, run_sealed};
pub use error::ActionError;

use crate::pipeline::run::Done;
use crate::pipeline::{App, District, text};

/// Something that changes the roster; it travels to the daemon as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Request {
    /// Collect everything that is there, reconcile.
    Sync {
        district: Option<String>,
        source: Option<String>,
    },
    /// Deliver one file by hand.
    Import {
        district: Option<String>,
        source: Option<String>,
        file: std::path::PathBuf,
        mode: Option<String>,
        accept_baseline: bool,
    },
    Approve {
        run: String,
        selection: Selection,
    },
    Reject {
        run: String,
    },
    Cancel {
        run: String,
    },
    Edit {
        district: Option<String>,
        person: String,
        set: Vec<(String, String)>,
    },
    Pin {
        district: Option<String>,
        person: String,
        pin: String,
    },
    Archive {
        district: Option<String>,
        person: String,
    },
    Restore {
        district: Option<String>,
        person: String,
    },
}

/// Which part of a held run is approved; nothing set: all of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Rule ids.
    pub only: Vec<String>,
    pub org: Option<String>,
    /// People left out.
    pub except: Vec<String>,
    pub adds: bool,
    pub removals: bool,
    /// The typed number of removals.
    pub archive: Option<u64>,
}

/// What comes back: for a script (`json`), for a person (`text`), and for standard error (`notes`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Reply {
    pub exit: u8,
    pub json: Vec<Value>,
    pub text: String,
    pub notes: Vec<String>,
    pub error: Option<Problem>,
}

/// A problem in words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    pub sentence: String,
    pub hint: Option<String>,
}

impl Reply {
    /// Adds a run.
    pub fn add(&mut self, done: &Done) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&text::report(&done.report, &done.findings, 80));
        self.json.push(done.json());
        self.exit = worst(self.exit, done.exit);
    }

    /// A reply about one person.
    pub fn about(text: String, json: Value) -> Self {
        Self { text, json: vec![json], ..Self::default() }
    }
}

/// Worst of a pass first: failed, refused, held, with errors, done.
pub fn worst(a: u8, b: u8) -> u8 {
    let rank = |exit: u8| [1, 2, 5, 4, 3, 0].iter().position(|other| *other == exit).unwrap_or_default();
    if rank(a) <= rank(b) { a } else { b }
}

/// Carries out a request.
pub async fn perform(app: &App, districts: &[District], request: Request) -> Reply {
    let outcome = match request {
        Request::Sync { district, source } => {
            deliver::sync(app, districts, district.as_deref(), source.as_deref()).await
        }
        Request::Import { district, source, file, mode, accept_baseline } => {
            deliver::import(
                app,
                districts,
                district.as_deref(),
                source.as_deref(),
                &file,
                mode.as_deref(),
                accept_baseline,
            )
            .await
        }
        Request::Approve { run, selection } => answer::approve(app, districts, &run, &selection).await,
        Request::Reject { run } => answer::reject(app, districts, &run).await,
        Request::Cancel { run } => answer::cancel(app, districts, &run).await,
        Request::Edit { district, person, set } => edit::edit(app, districts, district.as_deref(), &person, &set).await,
        Request::Pin { district, person, pin } => edit::pin(app, districts, district.as_deref(), &person, &pin).await,
        Request::Archive { district, person } => edit::archive(app, districts, district.as_deref(), &person).await,
        Request::Restore { district, person } => edit::restore(app, districts, district.as_deref(), &person).await,
    };
    match outcome {
        Ok(reply) => reply,
        Err(error) => Reply {
            exit: error.exit(),
            error: Some(Problem { sentence: error.sentence(), hint: error.hint() }),
            ..Reply::default()
        },
    }
}

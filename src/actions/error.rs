//! Why a request could not be carried out, in words, with a hint and an exit code.

use crate::pipeline::collect::CollectError;
use crate::pipeline::run::RunError;
use crate::store::StoreError;

/// An error of an action.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("source `{district}/{source_id}` cannot be collected")]
    Collect {
        district: String,
        source_id: String,
        #[source]
        source: CollectError,
    },
    #[error("file {path} cannot be read")]
    File {
        path: String,
        #[source]
        source: CollectError,
    },
    #[error("there is no district `{name}`")]
    NoDistrict { name: String, known: String },
    #[error("there are several districts: {0}")]
    WhichDistrict(String),
    #[error("there is no district in the configuration")]
    NoDistricts,
    #[error("district `{district}` has no source `{source_id}`")]
    NoSource { district: String, source_id: String },
    #[error("district `{district}` has several sources: {list}")]
    WhichSource { district: String, list: String },
    #[error("district `{0}` has no source")]
    NoSources(String),
    #[error("nobody of district `{district}` is called {word}")]
    NoPerson { district: String, word: String },
    #[error("{word} fits several people: {list}")]
    WhichPerson { word: String, list: String },
    #[error("there is no run {0}")]
    NoRun(String),
    #[error("{word} fits several runs: {list}")]
    WhichRun { word: String, list: String },
    #[error("run {run} is {state}: nothing of it waits")]
    NothingWaits { run: String, state: String },
    #[error("nothing that waits in run {0} fits the selection")]
    NothingSelected(String),
    #[error("{0}")]
    Usage(String, Option<String>),
}

impl ActionError {
    /// The sentence with its causes.
    pub fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            let next = inner.to_string();
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = inner.source();
        }
        text
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Run(RunError::NeedsNumber { total, .. }) => {
                format!("if that is meant, say so with the number: --archive {total}")
            }
            Self::Run(RunError::Unbalanced { .. }) => "this is a fault of rosterd; please report it".to_owned(),
            Self::Store(error) if error.may_pass() => "another program holds the database; try again".to_owned(),
            Self::WhichDistrict(_) => "name one with --district".to_owned(),
            Self::NoDistrict { known, .. } => format!("there are: {known}"),
            Self::NoDistricts => "`rosterd init` writes a first configuration".to_owned(),
            Self::WhichSource { .. } => "name one with --source".to_owned(),
            Self::NoSources(_) => "add a `[[sources]]` section to the district's file".to_owned(),
            Self::NoPerson { .. } => "give a GUID, a number or an e-mail; `rosterd people list` shows them".to_owned(),
            Self::WhichPerson { .. } => "give the GUID".to_owned(),
            Self::NoRun(_) => "`rosterd runs list` shows the runs".to_owned(),
            Self::WhichRun { .. } => "give more characters of the id".to_owned(),
            Self::NothingWaits { .. } => "`rosterd runs list` shows what is held".to_owned(),
            Self::NothingSelected(_) => "`rosterd runs show` lists the rules and people that wait".to_owned(),
            Self::Usage(_, hint) => return hint.clone(),
            _ => return None,
        })
    }

    /// Exit code of the contract.
    pub const fn exit(&self) -> u8 {
        match self {
            Self::Store(_) | Self::Collect { .. } => 1,
            Self::Run(RunError::NeedsNumber { .. }) => 2,
            Self::Run(_) => 1,
            _ => 2,
        }
    }
}

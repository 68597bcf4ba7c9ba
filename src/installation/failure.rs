//! What went wrong, in words, with an exit code of the contract.

/// A command that failed, in words.
#[derive(Debug)]
pub struct Failure {
    pub sentence: String,
    pub hint: Option<String>,
    pub exit: u8,
}

impl<E: Into<crate::actions::ActionError>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { sentence: error.sentence(), hint: error.hint(), exit: error.exit() }
    }
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(sentence: impl Into<String>, hint: Option<String>) -> Self {
        Self { sentence: sentence.into(), hint, exit: 2 }
    }

    /// rosterd itself failed.
    pub fn ours(sentence: impl Into<String>, hint: Option<String>) -> Self {
        Self { sentence: sentence.into(), hint, exit: 1 }
    }
}

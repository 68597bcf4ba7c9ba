//! What can go wrong in the store, and whether waiting can help.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what was asked.
    #[error("the database failed while it was to {what}")]
    Database {
        what: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the database could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A stored value cannot be read back.
    #[error("the stored {what} cannot be read: {value}")]
    Damaged { what: &'static str, value: String },
}

impl StoreError {
    /// Can the same call succeed later?
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Database { source, .. } => {
                source
                    .as_database_error()
                    .is_some_and(|error| matches!(error.code().as_deref(), Some("5" | "6" | "261" | "517" | "773")))
                    || matches!(source, sqlx::Error::PoolTimedOut)
            }
            Self::Migrate(_) | Self::Damaged { .. } => false,
        }
    }
}

/// Names what was being done when the database failed.
pub trait Doing<T> {
    /// # Errors
    /// The database's, with a name.
    fn doing(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database { what, source })
    }
}

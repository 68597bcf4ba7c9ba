//! The only SQL. Opens the database, and one file per noun.
//!
//! SQLite in WAL mode with full durability: one writer, several readers. Every statement binds by
//! `$n` and keeps to what SQLite and PostgreSQL share wherever that is possible.

mod bulk;
pub mod claims;
pub mod deliveries;
mod error;
pub mod feeds;
pub mod fingerprints;
pub mod history;
pub mod holds;
pub mod keys;
pub mod outbox;
pub mod people;
pub mod runs;
pub mod slice;
pub mod values;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use error::{Doing, StoreError};

/// A connection inside a transaction.
pub type Connection = sqlx::SqliteConnection;
/// A write transaction.
pub type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another program's lock.
const BUSY: Duration = Duration::from_secs(10);

/// The open database.
#[derive(Debug, Clone)]
pub struct Store {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl Store {
    /// Opens (or makes) the database and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or the schema cannot be migrated.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "on")
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-16384")
            .statement_cache_capacity(256);
        let turn = turn_to_open(path).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .doing("open the database")?;
        MIGRATIONS.run(&writer).await.map_err(StoreError::Migrate)?;
        drop(turn);
        let reader = SqlitePoolOptions::new()
            .max_connections(4)
            .min_connections(0)
            .connect_lazy_with(options.create_if_missing(false).read_only(true));
        Ok(Self { writer, reader })
    }

    /// Begins the one write transaction; it holds the write lock from its first statement on.
    ///
    /// # Errors
    /// When the lock cannot be had in time.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.doing("begin a transaction")
    }

    /// Connections for reading.
    pub const fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Asks the database whether it is whole.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn quick_check(&self) -> Result<String, StoreError> {
        sqlx::query_scalar("PRAGMA quick_check").fetch_one(&self.reader).await.doing("check the database")
    }

    /// Closes all connections; the last one writes the log back into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Several commands may find an empty database at the same instant, and neither its journal nor its tables
/// can be made twice: they open it one after the other, by a lock on its folder.
async fn turn_to_open(path: &Path) -> Result<std::fs::File, StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    tokio::task::spawn_blocking(move || {
        let folder = std::fs::File::open(folder)?;
        rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(folder)
    })
    .await
    .map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))
    .and_then(|opened: std::io::Result<std::fs::File>| opened.map_err(sqlx::Error::Io))
    .doing("open the database")
}

/// Commits, with a name for the error.
///
/// # Errors
/// When the commit fails; nothing of the transaction is then visible.
pub async fn commit(tx: Transaction, what: &'static str) -> Result<(), StoreError> {
    tx.commit().await.doing(what)
}

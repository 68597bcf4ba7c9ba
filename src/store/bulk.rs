//! Many rows in few statements: lists of values in chunks of a fixed size, so that the statements
//! are prepared once.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite};

use super::{Connection, Doing, StoreError};

/// Values per statement: well under the limit of bound parameters at any width we use.
pub const CHUNK: usize = 200;

/// Rows per `INSERT`: measured best on SQLite, and far below the limit of bound parameters.
const ROWS: usize = 50;

/// Runs `insert … VALUES` for any number of rows.
///
/// # Errors
/// The database's.
pub async fn insert<T>(
    connection: &mut Connection,
    head: &'static str,
    rows: &[T],
    mut bind: impl FnMut(Separated<'_, Sqlite, &'static str>, &T),
    tail: &'static str,
    what: &'static str,
) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(head);
        query.push_values(chunk, &mut bind);
        query.push(tail);
        query.build().persistent(chunk.len() == ROWS).execute(&mut *connection).await.doing(what)?;
    }
    Ok(())
}

/// Runs `select … IN (values)` for any number of values.
///
/// # Errors
/// The database's.
pub async fn select_in<'v, T, V>(
    connection: &mut Connection,
    head: impl Fn(&mut QueryBuilder<Sqlite>),
    tail: &str,
    values: &'v [V],
    what: &'static str,
) -> Result<Vec<T>, StoreError>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    V: Clone + Send + sqlx::Encode<'static, Sqlite> + sqlx::Type<Sqlite> + 'static,
{
    let mut found = Vec::new();
    for chunk in values.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new("");
        head(&mut query);
        query.push(" IN (");
        let mut list = query.separated(", ");
        for value in chunk {
            list.push_bind(value.clone());
        }
        query.push(") ");
        query.push(tail);
        found.extend(
            query
                .build_query_as::<T>()
                .persistent(chunk.len() == CHUNK)
                .fetch_all(&mut *connection)
                .await
                .doing(what)?,
        );
    }
    Ok(found)
}

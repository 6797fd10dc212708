//! The rows of one batch, into SQLite. PostgreSQL takes a column as one array; here every value is bound by itself, many
//! rows to a statement. As JSON they would be written here and read there.

use crate::ReadModelsError;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query_builder::Separated};

/// How many rows stand in a statement, as many as there are left for: so few numbers that each statement is prepared once.
const AT_ONCE: [usize; 3] = [128, 16, 1];

/// How the rows of one batch are written: the same statement, but for what the rows come as.
pub(crate) struct Write {
    pub(crate) into: &'static str,
    pub(crate) then: &'static str,
    /// For PostgreSQL: an array a column.
    pub(crate) postgres: &'static str,
}

/// A [`Write`]: into which columns, what they are on PostgreSQL, and what becomes of a row that is there.
macro_rules! write {
    ($into:literal, $columns:literal, $then:literal) => {
        $crate::insert::Write {
            into: concat!($into, " "),
            then: concat!(" ", $then),
            postgres: concat!($into, " select * from unnest(", $columns, ") ", $then),
        }
    };
}
pub(crate) use write;

/// One row's values, pushed in the order of the columns.
pub(crate) type Values<'a> = Separated<'a, Sqlite, &'static str>;

/// Writes all rows; `bind` pushes the values of one.
pub(crate) async fn insert<R>(
    sqlite: &mut SqliteConnection,
    write: &Write,
    rows: &[R],
    bind: impl Fn(&mut Values<'_>, &R),
) -> Result<(), ReadModelsError> {
    let mut left = rows;
    for at_once in AT_ONCE {
        let (many, fewer) = left.split_at(left.len() - left.len() % at_once);
        for rows in many.chunks(at_once) {
            let mut statement = QueryBuilder::new(write.into);
            statement.push_values(rows, |mut values, row| bind(&mut values, row));
            statement.push(write.then).build().execute(&mut *sqlite).await?;
        }
        left = fewer;
    }
    Ok(())
}

//! How values stand in columns, and how they come back.

use crate::{ReadModelsError, Shown};
use events::{Position, Timestamp, Version};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

/// A count as the tables keep it. None gets as far as the end of the signed ones.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as the tables kept it.
pub(crate) fn unsigned(table: &'static str, count: i64) -> Result<u64, ReadModelsError> {
    u64::try_from(count).map_err(|_| corrupt(table, count))
}

pub(crate) fn position(table: &'static str, count: i64) -> Result<Position, ReadModelsError> {
    unsigned(table, count).map(Position)
}

pub(crate) fn version(table: &'static str, count: i64) -> Result<Version, ReadModelsError> {
    unsigned(table, count).map(Version)
}

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(crate) fn corrupt(table: &'static str, value: impl ToString) -> ReadModelsError {
    ReadModelsError::Corrupt { table, value: value.to_string() }
}

/// PostgreSQL keeps no NUL in a text, and a batch must not fail for one.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A list or a batch of rows as JSON.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> Result<String, ReadModelsError> {
    serde_json::to_string(value).map_err(|error| ReadModelsError::Database(sqlx::Error::Encode(error.into())))
}

/// A list that was kept as JSON.
pub(crate) fn list<T: DeserializeOwned>(table: &'static str, json: &str) -> Result<T, ReadModelsError> {
    serde_json::from_str(json).map_err(|_| corrupt(table, json))
}

/// Ids for `json_each` and `unhex`.
pub(crate) fn hex_ids(ids: &[Uuid]) -> Result<String, ReadModelsError> {
    json(&ids.iter().map(|id| id.as_simple().to_string()).collect::<Vec<_>>())
}

/// A text as it is meant, not as a pattern, within `like … escape '\'`.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The rows of a statement that joins the checkpoint to what it asks for, so that both are of one snapshot.
///
/// `shown_at` is the checkpoint's position; `there` is null in the one row of an empty answer.
pub(crate) fn shown<C, T, R>(rows: &[R]) -> Result<Shown<Vec<T>>, ReadModelsError>
where
    R: Row,
    C: for<'r> FromRow<'r, R>,
    T: TryFrom<C, Error = ReadModelsError>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i32: Decode<'r, R::Database> + Type<R::Database>,
    for<'c> &'c str: ColumnIndex<R>,
{
    let first = rows.first().ok_or_else(|| corrupt("checkpoint", "no row"))?;
    let position = position("checkpoint", first.try_get::<i64, _>("shown_at")?)?;
    let mut value = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<i32>, _>("there")?.is_some() {
            value.push(C::from_row(row)?.try_into()?);
        }
    }
    Ok(Shown { position, value })
}

impl<T> Shown<Vec<T>> {
    /// The only row, if there is one.
    pub(crate) fn only(self) -> Shown<Option<T>> {
        Shown { position: self.position, value: self.value.into_iter().next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_means_itself() {
        assert_eq!(containing("100%_a\\b"), "%100\\%\\_a\\\\b%");
    }
}

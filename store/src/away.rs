//! Whether a database is away, which waiting may mend, or refused.

/// Whether the database could not be reached, or said that it cannot answer now.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) => says_so(&code),
        None => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::WorkerCrashed
        ),
    }
}

/// Whether an engine's error code says that trying again later may succeed, whatever the statement was.
///
/// PostgreSQL (appendix A): connection, resources, cancelled or shutting down, system, and lock or serialisation
/// failures. SQLite (result codes): busy, locked, out of memory, I/O, full, cannot open; extended codes hold the
/// primary one in their low byte.
fn says_so(code: &str) -> bool {
    let postgres = code.len() == 5
        && (["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["40001", "40P01", "55P03"].contains(&code));
    let sqlite = code.parse::<u32>().is_ok_and(|code| [5, 6, 7, 10, 13, 14].contains(&(code & 0xff)));
    postgres || (code.len() < 5 && sqlite)
}

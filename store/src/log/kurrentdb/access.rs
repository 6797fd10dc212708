//! The right to read `$all`, which a server gives to its admins alone unless it is told otherwise.

use super::{Connection, LogError, connection::Failure};
use eventstore::{
    Acl, AppendToStreamOptions, Error, ReadStreamOptions, StreamAcl, StreamMetadata, StreamMetadataResult,
    StreamPosition, StreamState,
};

/// Whose members read `$all`: Evident's user is one of them.
const GROUP: &str = "evident";
const ALL: &str = "$all";
const ADMINS: &str = "$admins";

/// Lets the group read `$all`, beside whoever may already. A server that does not let this user say so is believed: the
/// right may have been given in another way, and whoever lacks it is told when they open the log.
pub(super) async fn let_the_group_read(connection: &Connection) -> Result<(), LogError> {
    match give(connection).await {
        // Of several who migrate at once one is first, and they all say the same.
        Ok(()) | Err(Failure::Said(Error::WrongExpectedVersion { .. })) => Ok(()),
        Err(Failure::Said(error @ Error::AccessDenied)) => {
            tracing::warn!(%error, "this user may not say who reads $all: let Evident's user read it by hand");
            Ok(())
        }
        Err(failure) => Err(failure.into()),
    }
}

async fn give(connection: &Connection) -> Result<(), Failure> {
    let last = &ReadStreamOptions::default().position(StreamPosition::End).max_count(1).requires_leader(true);
    let read = connection
        .attempt(Connection::deadline(), |client| async move { client.get_stream_metadata(ALL, last).await });
    let (state, metadata) = match read.await? {
        StreamMetadataResult::Success(found) => {
            (StreamState::StreamRevision(found.version()), found.metadata().clone())
        }
        StreamMetadataResult::NotFound | StreamMetadataResult::Deleted => {
            (StreamState::NoStream, StreamMetadata::default())
        }
    };
    let Some(acl) = with_the_group(metadata.acl.as_ref()) else { return Ok(()) };
    let metadata = &StreamMetadata { acl: Some(Acl::Stream(acl)), ..metadata };
    let options = &AppendToStreamOptions::default().stream_state(state).requires_leader(true);
    let given = connection.attempt(Connection::deadline(), |client| async move {
        client.set_stream_metadata(ALL, options, metadata).await
    });
    given.await.map(drop)
}

/// The rights with the group's added; `None` when it has its own already.
fn with_the_group(acl: Option<&Acl>) -> Option<StreamAcl> {
    let admins = || Some(vec![ADMINS.to_owned()]);
    let mut acl = match acl {
        Some(Acl::Stream(acl)) => acl.clone(),
        // What holds when nothing is said.
        Some(Acl::SystemStream) | None => StreamAcl {
            read_roles: admins(),
            write_roles: admins(),
            delete_roles: admins(),
            meta_read_roles: admins(),
            meta_write_roles: admins(),
        },
        // Everybody reads.
        Some(Acl::UserStream) => return None,
    };
    let mut readers = acl.read_roles.take().or_else(admins)?;
    if readers.iter().any(|role| role == GROUP || role == ALL) {
        return None;
    }
    readers.push(GROUP.to_owned());
    acl.read_roles = Some(readers);
    Some(acl)
}

//! The few things that the query side writes: that somebody took the history away, and that a key was used. Nothing in
//! them is personal, so nothing is sealed. PostgreSQL takes no other record from its login (`append_notes`).

use crate::{app::App, failure::Failure};
use events::{Draft, EventId, Fact, RequestContext, Salt, StreamName, Version};
use service::security;
use store::log::AppendError;

/// A fact, and where it is to stand.
pub(crate) struct Note {
    pub(crate) id: EventId,
    pub(crate) stream: StreamName,
    /// The stream's version that it follows.
    pub(crate) after: Version,
    pub(crate) fact: Fact,
}

/// Appends a note, durable on return; `false` when somebody else was faster.
pub(crate) async fn write_down(app: &App, context: RequestContext, note: Note) -> Result<bool, Failure> {
    let Note { id, stream, after, fact } = note;
    let draft = Draft {
        id,
        log: app.log().id(),
        time: app.clock().now(),
        stream: stream.clone(),
        version: after.next(),
        context: context.clone(),
        salt: Salt(app.entropy().bytes()),
        person: None,
        fact: fact.clone(),
    };
    let record = draft.write(|_, _| Vec::new())?;
    match app.log().append(&stream, after, vec![record]).await {
        Ok(appended) => {
            for position in appended.positions {
                security::happened(&fact, &context, &stream, position);
            }
            Ok(true)
        }
        Err(AppendError::Stale { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

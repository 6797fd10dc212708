//! Somebody's picture: the log says which it is, and the vault keeps it.

use crate::{app::App, failure::Failure};
use events::{Fact, KeyName, Picture, Position, StreamName, UserId, Version};
use service::{Code, Problem};
use store::vault::Scope;

/// How often the log is asked again when the picture that it named has gone. Somebody changes it at this moment.
const MAX_TRIES: usize = 4;

/// A picture, and what it is.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) picture: Picture,
    pub(crate) bytes: Vec<u8>,
}

/// Somebody's picture, and the position that this reflects; none when they have none, or are not there.
pub(crate) async fn picture(app: &App, id: UserId) -> Result<(Position, Option<Found>), Failure> {
    for _ in 0..MAX_TRIES {
        // Before the stream: what is appended meanwhile may or may not be seen.
        let head = app.log().head().await?;
        let stream = app.log().read_stream(&StreamName::user(id), Version::NONE).await?;
        let keys: Vec<KeyName> = stream.iter().flat_map(|stored| stored.record.keys()).collect();
        let keyring = app.vault().keyring(&keys, Scope::Profiles).await?;
        let mut present = None;
        for stored in &stream {
            let told = stored.record.fact(|context, ciphertext| keyring.open(context, ciphertext));
            match told {
                Ok(Fact::PictureChanged(fact)) => present = Some(fact),
                Ok(Fact::PictureRemoved | Fact::UserErased) => present = None,
                // What cannot be read by this version may have taken the picture away.
                Err(_) => present = None,
                Ok(_) => {}
            }
        }
        let Some(present) = present else { return Ok((head, None)) };
        let Some(picture) = present.picture.open() else { return Ok((head, None)) };
        if let Some(bytes) = app.vault().picture(id, present.picture_id).await? {
            return Ok((head, Some(Found { picture: picture.clone(), bytes })));
        }
    }
    Err(Problem::new(Code::Unavailable).into())
}

//! Changing pictures: made, kept, told, and only then what went before it dropped.
//!
//! The vault keeps the file before the log hears of it, so that whoever reads of a picture finds it. A command that is
//! cut off between the two leaves a file that nobody names: it goes with the next change, or with its person.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{KeptPicture, User, change_picture, remove_picture},
    failure::Failure,
    input::{PictureFile, picture},
};
use bytes::Bytes;
use events::{Fact, PictureId, UserId};
use service::problem::{Code, FieldError, Problem};
use std::time::Duration;
use store::vault::VaultError;
use uuid::Uuid;

/// A file that is not named so long after it was kept belongs to a command that was cut off.
const CUT_OFF: Duration = Duration::from_secs(60 * 60);

impl App {
    /// Looks at what was sent, and writes it anew. One at a time: whoever comes meanwhile is asked to come again, so that
    /// sign-ins keep the processors.
    pub(crate) async fn made_picture(&self, file: Bytes) -> Result<PictureFile, Failure> {
        let Ok(_turn) = self.making_pictures.try_acquire() else {
            return Err(Failure::new(Code::Overloaded));
        };
        let made = self.hasher.apart(move || picture(&file)).await?;
        Ok(made.map_err(|flaw| Problem::validation(vec![FieldError::new("/file", flaw.code, flaw.detail)]))?)
    }

    /// Sets somebody's picture.
    pub(crate) async fn change_picture(
        &self,
        asked: &Asked,
        id: UserId,
        made: PictureFile,
    ) -> Result<Decided<User>, Failure> {
        let picture_id = asked.ids.picture();
        match self.vault.keep_picture(id, picture_id, &made.bytes, self.clock.now()).await {
            Ok(()) => {}
            Err(VaultError::PersonErased(_)) => return Err(Failure::new(Code::NotFound)),
            Err(error) => return Err(error.into()),
        }
        let rule = |user: &User| change_picture(user, picture_id, &made.picture);
        let decided = match self.decide(asked, id, rule).await {
            Ok(decided) => decided,
            Err(failure) => {
                if failure.is_refusal() {
                    self.vault.drop_picture(id, picture_id).await?;
                }
                return Err(failure);
            }
        };
        // They may have had the same picture already.
        if self.drop_superseded(id, &decided).await? != Some(picture_id) {
            self.vault.drop_picture(id, picture_id).await?;
        }
        Ok(decided)
    }

    /// Takes somebody's picture away.
    pub(crate) async fn remove_picture(&self, asked: &Asked, id: UserId) -> Result<Decided<User>, Failure> {
        let decided = self.decide(asked, id, remove_picture).await?;
        self.drop_superseded(id, &decided).await?;
        Ok(decided)
    }

    /// Drops what the decision took from somebody, and what others left behind who were cut off. Files that others keep
    /// at this moment stay: they are about to be told of. Answers with the picture that is theirs now.
    async fn drop_superseded(
        &self,
        id: UserId,
        decided: &Decided<User>,
    ) -> Result<Option<PictureId>, Failure> {
        let before = decided.before.state.person().and_then(|person| person.picture.as_ref());
        let before = before.map(|KeptPicture { id, .. }| *id);
        let now = match decided.facts.last() {
            Some(Fact::PictureChanged(fact)) => Some(fact.picture_id),
            Some(_) => None,
            None => before,
        };
        if let Some(superseded) = before.filter(|before| now != Some(*before)) {
            self.vault.drop_picture(id, superseded).await?;
        }
        let cut_off = self.clock.now().before(CUT_OFF);
        self.vault.drop_other_pictures(id, now.unwrap_or(PictureId(Uuid::nil())), cut_off).await?;
        Ok(now)
    }
}

//! What a person looks like.

use crate::domain::{Refusal, User};
use events::{Fact, Personal, Picture, PictureChanged, PictureId};

/// Sets the picture, which the vault keeps under this name already. The same picture again says nothing new.
pub fn change_picture(user: &User, picture_id: PictureId, picture: &Picture) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable()?;
    if person.profile.is_none() {
        // Without its key a profile is erased, even in the moment before the record says so.
        return Err(Refusal::UnknownUser);
    }
    let kept = person.picture.as_ref().and_then(|kept| kept.sha256.as_ref());
    if kept == Some(&picture.sha256) {
        return Ok(vec![]);
    }
    person.must_have_room()?;
    let picture = Personal::Open(picture.clone());
    Ok(vec![Fact::PictureChanged(PictureChanged { picture_id, picture })])
}

/// Takes the picture away. Saying it twice changes nothing.
pub fn remove_picture(user: &User) -> Result<Vec<Fact>, Refusal> {
    Ok(user.changeable()?.picture.iter().map(|_| Fact::PictureRemoved).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::PictureType;
    use uuid::Uuid;

    fn id(number: u128) -> PictureId {
        PictureId(Uuid::from_u128(number))
    }

    fn picture(sha256: &str) -> Picture {
        Picture { sha256: sha256.to_owned(), media_type: PictureType::Png, width: 1, height: 2 }
    }

    fn changed(number: u128, sha256: &str) -> Fact {
        let picture = Personal::Open(picture(sha256));
        Fact::PictureChanged(PictureChanged { picture_id: id(number), picture })
    }

    #[test]
    fn a_picture_is_set_changed_and_taken_away() {
        let ada = || registered("ada@x.io");
        given([ada()]).when(|user| change_picture(user, id(1), &picture("a"))).then([changed(1, "a")]);
        given([ada(), changed(1, "a")])
            .when(|user| change_picture(user, id(2), &picture("b")))
            .then([changed(2, "b")]);
        given([ada(), changed(1, "a")]).when(remove_picture).then([Fact::PictureRemoved]);
    }

    #[test]
    fn the_same_picture_again_says_nothing_new() {
        let ada = || registered("ada@x.io");
        given([ada(), changed(1, "a")]).when(|user| change_picture(user, id(2), &picture("a"))).then([]);
        given([ada()]).when(remove_picture).then([]);
        given([ada(), changed(1, "a"), Fact::PictureRemoved]).when(remove_picture).then([]);
        given([ada(), changed(1, "a"), Fact::PictureRemoved])
            .when(|user| change_picture(user, id(2), &picture("a")))
            .then([changed(2, "a")]);
    }

    #[test]
    fn who_is_closed_or_erased_keeps_what_they_had() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history.clone()).when(|user| change_picture(user, id(1), &picture("a"))).refused(refusal);
            given(history).when(remove_picture).refused(refusal);
        }
    }
}

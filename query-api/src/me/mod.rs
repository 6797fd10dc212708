//! "Who am I" without asking the tables: answers kept as bytes, and how it is known that they are still right.
//!
//! A front end asks this on every page, so a hit costs no query and no serialisation. It may not be wrong for it:
//! an answer that carries a position reflects everything up to that position.
//!
//! **The argument.** Write `F` for the feed's position, `S` for the position of the snapshot that an entry was
//! read from, and `T(x)` for the stripe of `x`, the newest position at which the feed saw a record about `x`. An
//! entry is made of three things: its user's row, its session's row, and the definitions of roles.
//!
//! 1. The feed touches the stripes of everything that a record is about *before* it moves `F` to that record's
//!    position or beyond it. A request reads `F` *first*, then the stripes. So it sees every touch up to `F`, and
//!    perhaps some later ones.
//! 2. The entry is used only if `S ≥ T(user)`, `S ≥ T(session)` and `S ≥ T(roles)`. Then no record in `(S, F]` is
//!    about anything that the entry is made of: such a record would have touched a stripe beyond `S`.
//! 3. So if `S < F` the entry is what a reader of the tables at `F` would find, and if `S ≥ F` it is what stood
//!    there at `S`. Either way it reflects everything up to `max(S, F)`, and that is the position it is answered
//!    with.
//! 4. What shares a stripe with something else is touched with it: a miss too many, never a hit too many. An entry
//!    that is put in late, after the feed has moved on, is held to the same test when it is used.
//! 5. The rows of one entry are read one after another. `S` is the position of the first of these reads: a row
//!    that is read later may know more, and then its stripe is touched beyond `S` as soon as the feed is there.
//! 6. Where the feed began, everything counts as touched: what happened before, it did not see. So tables that were
//!    flipped back, or a replica that is far behind, give no entry that is used.
//!
//! **The same over Valkey.** An instance that knows no answer looks whether another has read one (`shared`). Nothing in
//! the argument asks who read an entry, as long as `S` says what was read; `F` and `T` are always those of the instance
//! that *uses* it.
//!
//! - The instance that read it may be ahead of this one or behind it: that is `S ≥ F` and `S < F` above. How far *its*
//!   feed was does not matter, for its feed decided nothing: `S` came with the rows, in one snapshot.
//! - What this instance's feed has not seen, before it began, it takes for touched (point 6). So one that has just
//!   started uses only what was read after its start, however old or fresh the tables of the others are.
//! - The feed may touch while Valkey is asked. `F` was read before and the stripes are read after, as in point 1.
//! - Somebody else may put an older entry over a newer one. Each is held to the same test, so it costs a miss.
//! - `S` means something in one log only, and an answer only to a release that knows its shape: both are bound to the
//!   sealed entry, as are the person and the session. It cannot be forged or moved to somebody else; it can be brought
//!   back, and then it is held to the same test.
//! - Whoever is erased is touched by it, so no instance whose feed has come so far uses the entry; it leaves Valkey
//!   within [`LIFE`].
//! - Tables that are rebuilt and flipped show at `S` what the old ones showed, unless the fold itself was wrong before;
//!   then what was read from the old ones is gone after twice [`LIFE`], as below.
//!
//! A minimum position is held against `max(S, F)`; when that is less, the tables are asked after waiting for them.
//!
//! One thing changes rows without a record: a parked stream that is tried again, or tables that are flipped to others
//! which were folded by a better rule. So no entry is used for longer than [`LIFE`]; one from Valkey by an instance whose
//! clock is behind the reader's for twice that, since it lies there no longer than [`LIFE`] and counts as read when it
//! was fetched at the latest.

mod cache;
mod shared;
mod stripes;

use bytes::Bytes;
use cache::{Cache, Entry};
use events::{Category, Position, SessionId, StreamName, Timestamp, UserId};
use metrics::{Counter, counter};
pub(crate) use shared::Shared;
use std::time::Duration;
use stripes::Stripes;
use uuid::Uuid;

/// How long an entry is used at most.
const LIFE: Duration = Duration::from_secs(30);
/// The stripe that stands for the definitions of all roles.
const ROLES: Uuid = Uuid::nil();

/// The answers, and what was touched since.
pub(crate) struct Me {
    cache: Cache,
    stripes: Stripes,
    shared: Option<Shared>,
    hits: Counter,
    misses: Counter,
}

impl Me {
    /// Knows no answer yet. The feed begins after `from`.
    pub(crate) fn new(from: Position, shared: Option<Shared>) -> Self {
        Self {
            cache: Cache::new(),
            stripes: Stripes::new(from),
            shared,
            hits: counter!("evident_me_cache_hits_total"),
            misses: counter!("evident_me_cache_misses_total"),
        }
    }

    /// The answer for a session and the position that it reflects, if one is kept that is still right.
    /// `feed` MUST have been read before the call.
    pub(crate) fn current(
        &self,
        user: UserId,
        session: SessionId,
        feed: Position,
        now: Timestamp,
    ) -> Option<(Bytes, Position)> {
        let current = self.cache.get(session).filter(|entry| self.holds(entry, user, session, now));
        match &current {
            Some(_) => self.hits.increment(1),
            None => self.misses.increment(1),
        }
        current.map(|entry| (entry.body, entry.position.max(feed)))
    }

    /// The same, from another instance; kept here from then on. `feed` MUST have been read before the call.
    pub(crate) async fn elsewhere(
        &self,
        user: UserId,
        session: SessionId,
        feed: Position,
        now: Timestamp,
    ) -> Option<(Bytes, Position)> {
        // Apart, so that a hit in memory does not carry the room for it.
        let entry = Box::pin(self.shared.as_ref()?.get(user, session, now)).await?;
        if !self.holds(&entry, user, session, now) {
            return None;
        }
        self.cache.put(session, entry.clone());
        Some((entry.body, entry.position.max(feed)))
    }

    /// Whether other instances can be asked at this moment.
    pub(crate) fn is_sharing(&self) -> bool {
        self.shared.as_ref().is_some_and(Shared::is_up)
    }

    fn holds(&self, entry: &Entry, user: UserId, session: SessionId, now: Timestamp) -> bool {
        let untouched = |id| entry.position >= self.stripes.last_touched(id);
        entry.user == user
            && untouched(user.0)
            && untouched(session.0)
            && untouched(ROLES)
            && now.since(entry.read_at) < LIFE
    }

    /// Keeps an answer that was read from a snapshot at `position`, for the other instances, too.
    pub(crate) fn keep(
        &self,
        user: UserId,
        session: SessionId,
        body: Bytes,
        position: Position,
        read_at: Timestamp,
    ) {
        let entry = Entry { user, body, position, read_at };
        if let Some(shared) = &self.shared {
            shared.put(session, &entry);
        }
        self.cache.put(session, entry);
    }

    /// A record was followed: what it is about is touched. `owner` is whose session it is about, if it is.
    pub(crate) fn touch(&self, position: Position, stream: &StreamName, owner: Option<UserId>) {
        match stream.category() {
            Category::User(user) => self.stripes.touch(user.0, position),
            Category::Session(session) => self.stripes.touch(session.0, position),
            // Of every answer it may be that it shows from where its session came.
            Category::Role(_) | Category::Retention => self.stripes.touch(ROLES, position),
            Category::SignIn(_)
            | Category::Mail(_)
            | Category::Factor(_)
            | Category::Service(_)
            | Category::KeyUse(_)
            | Category::Export
            | Category::Unknown => {}
        }
        if let Some(owner) = owner {
            // The person's row says when they last signed in.
            self.stripes.touch(owner.0, position);
        }
    }
}

impl std::fmt::Debug for Me {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Me(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const HERE: SessionId = SessionId(Uuid::from_u128(2));
    const NOON: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    /// Kept at position 10; then each of these streams was touched at the position beside it.
    fn given(touched: impl IntoIterator<Item = (u64, StreamName, Option<UserId>)>) -> Me {
        let me = Me::new(Position(3), None);
        me.keep(ADA, HERE, Bytes::from_static(b"{}"), Position(10), NOON);
        for (position, stream, owner) in touched {
            me.touch(Position(position), &stream, owner);
        }
        me
    }

    fn position_at_feed(me: &Me, feed: u64) -> Option<u64> {
        me.current(ADA, HERE, Position(feed), NOON).map(|(_, position)| position.0)
    }

    #[test]
    fn an_untouched_answer_reflects_the_further_of_snapshot_and_feed() {
        let me = given([]);
        assert_eq!(position_at_feed(&me, 4), Some(10));
        assert_eq!(position_at_feed(&me, 25), Some(25));
    }

    #[test]
    fn what_the_snapshot_already_knew_does_not_count() {
        let me = given([(10, StreamName::user(ADA), None)]);
        assert_eq!(position_at_feed(&me, 10), Some(10));
    }

    #[test]
    fn an_answer_ends_with_whatever_it_is_made_of() {
        let desk = "desk".parse().expect("a role name");
        let elsewhere = StreamName::session(SessionId(Uuid::from_u128(3)));
        for touched in [
            (11, StreamName::user(ADA), None),
            (11, StreamName::session(HERE), None),
            (11, StreamName::role(&desk), None),
            (11, elsewhere, Some(ADA)),
        ] {
            assert_eq!(position_at_feed(&given([touched]), 11), None);
        }
    }

    #[test]
    fn what_is_about_others_changes_nothing() {
        let bob = UserId(Uuid::from_u128(7));
        let me = given([(11, StreamName::user(bob), None), (12, StreamName::sign_in(ADA), None)]);
        assert_eq!(position_at_feed(&me, 12), Some(12));
    }

    #[test]
    fn an_answer_from_before_the_feed_began_is_not_used() {
        let me = Me::new(Position(11), None);
        me.keep(ADA, HERE, Bytes::from_static(b"{}"), Position(10), NOON);
        assert_eq!(position_at_feed(&me, 11), None);
    }

    #[test]
    fn an_answer_is_for_its_own_user_only_and_for_a_short_while() {
        let me = given([]);
        assert!(me.current(UserId(Uuid::from_u128(9)), HERE, Position(10), NOON).is_none());
        assert!(me.current(ADA, HERE, Position(10), NOON.after(LIFE)).is_none());
    }
}

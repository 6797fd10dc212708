//! How often somebody may guess. Pure arithmetic over two tallies; where they are kept, locked against each other,
//! is the vault's `attempts`.
//!
//! A slot is taken *before* the password is checked and given back when it was right, so two hundred guesses at once
//! get exactly as many answers as two hundred in a row. Tallies are kept by address, whether or not anybody has it.

use events::{Fact, FailureCause, LockedOut, LockoutScope, Network, Personal, SignInFailed, Timestamp};
use std::time::Duration;

/// From one source, an address may be guessed at this often before it is locked for that source.
const FAILURES_PER_SOURCE: u32 = 5;
/// From anywhere, an address may be guessed at this often before it is locked for everybody.
const FAILURES_PER_ACCOUNT: u32 = 20;
/// The first lock; each further failure doubles it.
const FIRST_LOCK: Duration = Duration::from_secs(60);
/// The longest lock, so that guessing is slow but nobody is shut out for good.
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);
/// Failed sign-ins are written down for one account at most so often in a window.
const RECORDED_PER_WINDOW: u32 = 10;
/// The window.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// What is known of the guesses at one address: from one source, or from anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Failures in a row, guesses under way included.
    pub failures: u32,
    /// Nobody may try before then.
    pub locked_until: Option<Timestamp>,
    /// When the current window for writing failures down began. Kept for the account as a whole.
    pub window_started: Timestamp,
    /// How many failures were written down in it, guesses under way included.
    pub recorded_in_window: u32,
}

/// Whether somebody may try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Check the password, then say [`succeeded`], [`failed`], or [`unchecked`] when that could not be done.
    Admitted(Slot),
    /// Do not check it, not even when it is right.
    Locked {
        /// Until then.
        until: Timestamp,
    },
}

/// The right to check one password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a slot is taken; a right password gives it back"]
pub struct Slot {
    failures: u32,
    recorded: bool,
    lockouts: Vec<Lockout>,
}

/// A lock that begins with this guess, unless it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// For whom.
    pub scope: LockoutScope,
    /// Until then.
    pub until: Timestamp,
    /// After so many failures.
    pub failures: u32,
}

/// Takes a slot for one guess, in both tallies at once. They MUST be written back before the password is checked.
pub fn admit(source: &mut Tally, account: &mut Tally, now: Timestamp) -> Admission {
    if let Some(until) = source.locked(now).max(account.locked(now)) {
        return Admission::Locked { until };
    }
    let lockouts = [
        source.take(FAILURES_PER_SOURCE, LockoutScope::Source, now),
        account.take(FAILURES_PER_ACCOUNT, LockoutScope::Account, now),
    ];
    Admission::Admitted(Slot {
        failures: account.failures,
        recorded: account.take_record(now),
        lockouts: lockouts.into_iter().flatten().collect(),
    })
}

/// What to write down about a guess that was wrong: the failure, while the window has room for it, and the locks that
/// it began. Locks need no window: they come further apart the more there are.
#[must_use]
pub fn failed(slot: Slot, cause: FailureCause, network: &Network) -> Vec<Fact> {
    let network = || Personal::Open(network.clone());
    let failure = slot
        .recorded
        .then(|| Fact::SignInFailed(SignInFailed { cause, failures: slot.failures, network: network() }));
    let locked = |lockout: &Lockout| {
        let Lockout { scope, until, failures } = *lockout;
        Fact::LockedOut(LockedOut { scope, until, failures, network: network() })
    };
    failure.into_iter().chain(slot.lockouts.iter().map(locked)).collect()
}

/// The password was right: this source and the account as a whole begin anew. Other sources keep their own tallies,
/// so that signing in does not hand those who guess a fresh set of guesses.
pub fn succeeded(slot: &Slot, source: &mut Tally, account: &mut Tally) {
    for tally in [source, account] {
        tally.failures = 0;
        tally.locked_until = None;
        // The window goes on: otherwise every success would let ten more failures be written down.
        tally.recorded_in_window = tally.recorded_in_window.saturating_sub(u32::from(slot.recorded));
    }
}

/// The password was not checked after all, for want of a thread: as if nobody had guessed.
pub fn unchecked(slot: &Slot, source: &mut Tally, account: &mut Tally) {
    for (tally, scope) in [(source, LockoutScope::Source), (account, LockoutScope::Account)] {
        let began = |lockout: &Lockout| lockout.scope == scope && tally.locked_until == Some(lockout.until);
        if slot.lockouts.iter().any(began) {
            tally.locked_until = None;
        }
        tally.failures = tally.failures.saturating_sub(1);
        tally.recorded_in_window = tally.recorded_in_window.saturating_sub(u32::from(slot.recorded));
    }
}

impl Tally {
    fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    fn take(&mut self, limit: u32, scope: LockoutScope, now: Timestamp) -> Option<Lockout> {
        self.failures = self.failures.saturating_add(1);
        let beyond = self.failures.checked_sub(limit)?;
        let until = now.after(FIRST_LOCK.saturating_mul(1 << beyond.min(4)).min(LONGEST_LOCK));
        self.locked_until = Some(until);
        Some(Lockout { scope, until, failures: self.failures })
    }

    fn take_record(&mut self, now: Timestamp) -> bool {
        if now >= self.window_started.after(WINDOW) {
            self.window_started = now;
            self.recorded_in_window = 0;
        }
        let room = self.recorded_in_window < RECORDED_PER_WINDOW;
        self.recorded_in_window += u32::from(room);
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{minute, network};

    const WRONG: FailureCause = FailureCause::WrongPassword;
    const MINUTES: Duration = Duration::from_secs(60);

    fn slot(admission: Admission) -> Option<Slot> {
        match admission {
            Admission::Admitted(slot) => Some(slot),
            Admission::Locked { .. } => None,
        }
    }

    /// Everybody who may guess does so at once, each from the source of their number; the slots that they got.
    fn guess_at_once(
        sources: &mut [Tally],
        account: &mut Tally,
        guesses: usize,
        now: Timestamp,
    ) -> Vec<Slot> {
        let turns = (0..guesses).map(|guess| guess % sources.len()).collect::<Vec<_>>();
        turns.into_iter().filter_map(|turn| slot(admit(&mut sources[turn], account, now))).collect()
    }

    fn facts(slots: Vec<Slot>) -> Vec<Fact> {
        slots.into_iter().flat_map(|slot| failed(slot, WRONG, &network())).collect()
    }

    fn recorded_failures(facts: &[Fact]) -> usize {
        facts.iter().filter(|fact| fact.event_type() == "user.sign_in_failed.v1").count()
    }

    #[test]
    fn of_two_hundred_guesses_at_once_exactly_five_are_admitted() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        assert_eq!(guess_at_once(&mut source, &mut account, 200, minute(0)).len(), 5);
        assert_eq!((source[0].failures, account.failures), (5, 5));
    }

    #[test]
    fn of_two_hundred_sources_at_once_exactly_twenty_guess() {
        let (mut sources, mut account) = ([Tally::default(); 200], Tally::default());
        assert_eq!(guess_at_once(&mut sources, &mut account, 1000, minute(0)).len(), 20);
    }

    #[test]
    fn a_locked_source_locks_nobody_else_out() {
        let (mut guesser, mut owner, mut account) = ([Tally::default()], Tally::default(), Tally::default());
        guess_at_once(&mut guesser, &mut account, 200, minute(0));
        assert!(slot(admit(&mut owner, &mut account, minute(0))).is_some());
    }

    #[test]
    fn a_lock_grows_to_a_quarter_of_an_hour_and_no_further() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        let mut now = minute(0);
        let mut lengths = Vec::new();
        guess_at_once(&mut source, &mut account, 4, now);
        for _ in 0..8 {
            assert_eq!(guess_at_once(&mut source, &mut account, 200, now).len(), 1);
            let until = source[0].locked_until.expect("a lock");
            lengths.push(until.since(now).as_secs() / 60);
            now = until;
        }
        assert_eq!(lengths, [1, 2, 4, 8, 15, 15, 15, 15]);
    }

    #[test]
    fn the_account_as_a_whole_locks_alike() {
        let (mut sources, mut account) = (vec![Tally::default(); 40], Tally::default());
        let mut now = minute(0);
        let mut lengths = Vec::new();
        guess_at_once(&mut sources, &mut account, 19, now);
        for source in &mut sources[20..26] {
            assert!(slot(admit(source, &mut account, now)).is_some());
            assert!(slot(admit(source, &mut account, now)).is_none(), "one guess a lock");
            let until = account.locked_until.expect("a lock");
            lengths.push(until.since(now).as_secs() / 60);
            now = until;
        }
        assert_eq!(lengths, [1, 2, 4, 8, 15, 15]);
    }

    #[test]
    fn a_locked_address_answers_with_the_later_end_and_counts_nothing() {
        let locked = |minutes| Tally { locked_until: Some(minute(minutes)), failures: 9, ..Tally::default() };
        for (mut source, mut account) in
            [(locked(3), locked(8)), (locked(8), locked(3)), (locked(8), Tally::default())]
        {
            let before = (source, account);
            let admission = admit(&mut source, &mut account, minute(1));
            assert_eq!(admission, Admission::Locked { until: minute(8) });
            assert_eq!((source, account), before);
        }
    }

    #[test]
    fn a_lock_ends_on_the_dot() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        guess_at_once(&mut source, &mut account, 5, minute(0));
        let last = Timestamp::from_micros(minute(1).micros() - 1);
        assert!(slot(admit(&mut source[0], &mut account, last)).is_none());
        assert!(slot(admit(&mut source[0], &mut account, minute(1))).is_some());
    }

    #[test]
    fn the_right_password_begins_anew() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        for round in 0..50 {
            let mut slots = guess_at_once(&mut source, &mut account, 5, minute(round));
            let right = slots.pop().expect("five slots");
            assert!(source[0].locked_until.is_some(), "the fifth locks in advance");
            succeeded(&right, &mut source[0], &mut account);
            assert_eq!((source[0].failures, source[0].locked_until), (0, None));
            assert_eq!((account.failures, account.locked_until), (0, None));
        }
    }

    #[test]
    fn a_guess_that_was_not_checked_leaves_the_locks_and_counts_of_others() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        let mut slots = guess_at_once(&mut source, &mut account, 5, minute(0));
        let lock = source[0].locked_until;
        unchecked(&slots.remove(0), &mut source[0], &mut account);
        assert_eq!((source[0].locked_until, source[0].failures, account.failures), (lock, 4, 4));
    }

    #[test]
    fn the_owners_success_gives_those_who_guess_no_fresh_guesses() {
        let (mut guesser, mut owner, mut account) = ([Tally::default()], Tally::default(), Tally::default());
        guess_at_once(&mut guesser, &mut account, 200, minute(0));
        let right = slot(admit(&mut owner, &mut account, minute(0))).expect("the owner is admitted");
        succeeded(&right, &mut owner, &mut account);
        assert!(guess_at_once(&mut guesser, &mut account, 200, minute(0)).is_empty());
    }

    #[test]
    fn the_guess_that_locks_says_so() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        let told = facts(guess_at_once(&mut source, &mut account, 5, minute(0)));
        assert_eq!(recorded_failures(&told), 5);
        let (scope, until, network) = (LockoutScope::Source, minute(1), Personal::Open(network()));
        let locked = Fact::LockedOut(LockedOut { scope, until, failures: 5, network });
        assert_eq!(told.iter().filter(|fact| **fact == locked).count(), 1);
        assert_eq!((told.len(), told.last()), (6, Some(&locked)));
    }

    #[test]
    fn a_guess_can_lock_its_source_and_the_account_at_once() {
        let mut source = Tally { failures: 4, ..Tally::default() };
        let mut account = Tally { failures: 19, ..Tally::default() };
        let told = facts(slot(admit(&mut source, &mut account, minute(0))).into_iter().collect());
        let scopes: Vec<_> = told
            .iter()
            .filter_map(|fact| {
                if let Fact::LockedOut(locked) = fact { Some((locked.scope, locked.failures)) } else { None }
            })
            .collect();
        assert_eq!(scopes, [(LockoutScope::Source, 5), (LockoutScope::Account, 20)]);
    }

    #[test]
    fn a_failure_tells_how_many_there_were_in_a_row() {
        let (mut source, mut account) = ([Tally::default()], Tally::default());
        let told = facts(guess_at_once(&mut source, &mut account, 3, minute(0)));
        let counts: Vec<_> = told
            .iter()
            .filter_map(
                |fact| if let Fact::SignInFailed(failed) = fact { Some(failed.failures) } else { None },
            )
            .collect();
        assert_eq!(counts, [1, 2, 3]);
    }

    #[test]
    fn a_flood_is_counted_and_not_written_down() {
        let (mut sources, mut account) = (vec![Tally::default(); 5000], Tally::default());
        let mut told = Vec::new();
        // A quarter of an hour, a hundred guesses a second from ever new sources.
        for second in 0..15 * 60 {
            let now = minute(0).after(Duration::from_secs(second));
            let first = usize::try_from(second).expect("small") % 50 * 100;
            told.extend(facts(guess_at_once(&mut sources[first..first + 100], &mut account, 100, now)));
        }
        assert_eq!(recorded_failures(&told), 10);
        assert!(told.len() <= 10 + 9, "{} facts", told.len());
    }

    #[test]
    fn a_new_window_has_room_again() {
        let (mut source, mut account) = (Tally::default(), Tally::default());
        let mut recorded_at = |now| {
            (source.failures, source.locked_until) = (0, None);
            (account.failures, account.locked_until) = (0, None);
            let slot = slot(admit(&mut source, &mut account, now)).expect("nothing is locked");
            recorded_failures(&failed(slot, WRONG, &network()))
        };
        let first: usize = (0..12).map(|_| recorded_at(minute(0))).sum();
        assert_eq!(first, 10);
        assert_eq!(recorded_at(minute(15).before(Duration::from_micros(1))), 0);
        assert_eq!(recorded_at(minute(15)), 1);
    }

    #[test]
    fn successes_use_up_no_room_and_make_none() {
        let (mut source, mut account) = (Tally::default(), Tally::default());
        let mut recorded = 0;
        for _ in 0..100 {
            let wrong = slot(admit(&mut source, &mut account, minute(0))).expect("nothing is locked");
            recorded += recorded_failures(&failed(wrong, WRONG, &network()));
            let right = slot(admit(&mut source, &mut account, minute(0))).expect("nothing is locked");
            succeeded(&right, &mut source, &mut account);
        }
        assert_eq!(recorded, 10);
    }

    #[test]
    fn counting_never_overflows() {
        let mut source = Tally { failures: u32::MAX, ..Tally::default() };
        let mut account = source;
        let now = Timestamp::from_micros(i64::MAX - 1);
        let _slot = slot(admit(&mut source, &mut account, now)).expect("nothing is locked");
        assert_eq!(source.locked_until, Some(Timestamp::from_micros(i64::MAX)));
        assert!(now.after(15 * MINUTES) >= now);
    }

    #[test]
    fn a_guess_that_was_not_checked_never_was() {
        let (mut source, mut account) = (Tally::default(), Tally::default());
        for _ in 0..30 {
            let slot = slot(admit(&mut source, &mut account, minute(0))).expect("nothing was checked yet");
            unchecked(&slot, &mut source, &mut account);
        }
        assert_eq!((source.failures, source.locked_until), (0, None));
        assert_eq!((account.failures, account.recorded_in_window), (0, 0));
    }
}

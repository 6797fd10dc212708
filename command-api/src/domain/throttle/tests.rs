//! How often somebody may guess, in each case.

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
fn guess_at_once(sources: &mut [Tally], account: &mut Tally, guesses: usize, now: Timestamp) -> Vec<Slot> {
    let turns: Vec<usize> = (0..guesses).map(|guess| guess % sources.len()).collect();
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
        .filter_map(|fact| if let Fact::SignInFailed(failed) = fact { Some(failed.failures) } else { None })
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

/// Strangers have guessed until the account was locked for them.
fn locked_account() -> Tally {
    let (mut sources, mut account) = ([Tally::default(); 4], Tally::default());
    assert_eq!(guess_at_once(&mut sources, &mut account, 100, minute(0)).len(), 20);
    account
}

#[test]
fn a_known_device_is_let_in_where_strangers_are_locked_out_and_hands_them_no_guesses() {
    let (mut device, mut stranger, mut account) = (Tally::default(), Tally::default(), locked_account());
    let before = account;
    let right = slot(admit_known(&mut device, &mut account, minute(0))).expect("it is known");
    succeeded(&right, &mut device, &mut account);
    assert_eq!((device, account.failures, account.locked_until), (Tally::default(), 20, before.locked_until));
    assert!(slot(admit(&mut stranger, &mut account, minute(0))).is_none());
}

#[test]
fn a_known_device_has_five_guesses_as_any_source_has() {
    let (mut device, mut account) = (Tally::default(), locked_account());
    let guesses = (0..200).filter_map(|_| slot(admit_known(&mut device, &mut account, minute(0))));
    let told = facts(guesses.collect());
    let locks: Vec<_> = told.iter().filter(|fact| matches!(fact, Fact::LockedOut(_))).collect();
    let [Fact::LockedOut(lock)] = locks.as_slice() else { panic!("{locks:?}") };
    assert_eq!((lock.scope, lock.until, lock.failures), (LockoutScope::Source, minute(1), 5));
    assert_eq!((device.failures, account.failures), (5, 20), "the lock of all others is not made longer");
}

#[test]
fn while_nobody_is_locked_out_a_known_device_counts_as_any_source_does() {
    let (mut device, mut account) = (Tally::default(), Tally::default());
    let first = slot(admit_known(&mut device, &mut account, minute(0))).expect("nothing is locked");
    assert_eq!((device.failures, account.failures), (1, 1));
    succeeded(&first, &mut device, &mut account);
    assert_eq!((device.failures, account.failures), (0, 0));
}

#[test]
fn a_known_device_whose_guess_was_not_checked_never_guessed() {
    let (mut device, mut account) = (Tally::default(), locked_account());
    let before = account;
    for _ in 0..30 {
        let slot = slot(admit_known(&mut device, &mut account, minute(0))).expect("nothing was checked yet");
        unchecked(&slot, &mut device, &mut account);
    }
    assert_eq!((device.failures, device.locked_until), (0, None));
    assert_eq!((account.failures, account.locked_until), (before.failures, before.locked_until));
}

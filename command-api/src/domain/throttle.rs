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
    /// The account is locked for others, and neither they nor this guess are counted there.
    past_lock: bool,
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
        past_lock: false,
    })
}

/// The same from a device that somebody has signed in from to this account: it is a source of its own, and is not held
/// up by a lock that others have brought upon the account.
pub fn admit_known(device: &mut Tally, account: &mut Tally, now: Timestamp) -> Admission {
    if account.locked(now).is_none() {
        return admit(device, account, now);
    }
    if let Some(until) = device.locked(now) {
        return Admission::Locked { until };
    }
    let lockout = device.take(FAILURES_PER_SOURCE, LockoutScope::Source, now);
    Admission::Admitted(Slot {
        failures: device.failures,
        recorded: account.take_record(now),
        lockouts: lockout.into_iter().collect(),
        past_lock: true,
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
/// so that signing in does not hand those who guess a fresh set of guesses. Nor does it when the account is locked for
/// others: then their lock stands.
pub fn succeeded(slot: &Slot, source: &mut Tally, account: &mut Tally) {
    for (tally, counted) in [(source, true), (account, !slot.past_lock)] {
        if counted {
            tally.failures = 0;
            tally.locked_until = None;
        }
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
        let counted = scope == LockoutScope::Source || !slot.past_lock;
        tally.failures = tally.failures.saturating_sub(u32::from(counted));
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
mod tests;

//! Programs that act by themselves, and the keys by which they do.

use super::{Contradiction, DisplayName, Granter, Happened, Refusal, role::must_not_exceed};
use events::{
    Fact, KeyId, KeyIssued, KeyRevoked, KeyUsed, Permission, SecretHash, ServiceAccountCreated,
    ServiceAccountId, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many keys an account has at a time.
const MOST_KEYS: usize = 20;

/// How many it has in all: its stream is read for each use of any of them.
const MOST_KEYS_EVER: usize = 200;

/// A service account, folded from the whole of `service-{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ServiceAccount {
    /// The stream is empty.
    #[default]
    Unknown,
    /// Its keys hold.
    Active(Account),
    /// It is over, and so are its keys.
    Removed,
}

/// What later decisions need to know of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The most that its keys may permit.
    pub permissions: BTreeSet<Permission>,
    /// The keys that were not revoked.
    pub keys: BTreeMap<KeyId, Key>,
    /// How many keys it was ever given.
    pub issued: usize,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
    /// From when on it no longer holds.
    pub expires_at: Timestamp,
    /// What proves its secret.
    pub secret_hash: SecretHash,
}

/// A key that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// What people are to call it.
    pub name: DisplayName,
    /// What it is to be.
    pub key: Key,
}

impl ServiceAccount {
    /// The account that these records tell of, in stream order from the first.
    pub fn fold<'a>(history: impl IntoIterator<Item = Happened<'a>>) -> Result<Self, Contradiction> {
        history.into_iter().try_fold(Self::Unknown, |account, happened| account.apply(&happened))
    }

    fn apply(self, happened: &Happened<'_>) -> Result<Self, Contradiction> {
        let state = match self {
            ServiceAccount::Unknown => "unknown",
            ServiceAccount::Active(_) => "a service account",
            ServiceAccount::Removed => "a removed service account",
        };
        let applied = match (self, happened.fact) {
            (ServiceAccount::Unknown, Fact::ServiceAccountCreated(fact)) => {
                let (permissions, keys) = (fact.permissions.clone(), BTreeMap::new());
                Some(Account { permissions, keys, issued: 0 })
            }
            (ServiceAccount::Active(_), Fact::ServiceAccountRemoved) => return Ok(ServiceAccount::Removed),
            (ServiceAccount::Active(account), _) => account.apply(happened.fact),
            (ServiceAccount::Unknown | ServiceAccount::Removed, _) => None,
        };
        applied.map(ServiceAccount::Active).ok_or_else(|| Contradiction::new(happened, state))
    }

    /// The account while its keys hold.
    pub const fn active(&self) -> Result<&Account, Refusal> {
        match self {
            ServiceAccount::Active(account) => Ok(account),
            ServiceAccount::Unknown | ServiceAccount::Removed => Err(Refusal::UnknownServiceAccount),
        }
    }

    /// The key of this id, if it holds now.
    #[must_use]
    pub fn key(&self, id: KeyId, now: Timestamp) -> Option<&Key> {
        self.active().ok()?.keys.get(&id).filter(|key| now < key.expires_at)
    }
}

impl Account {
    /// The account after a fact that leaves it active; `None` when it cannot.
    fn apply(mut self, fact: &Fact) -> Option<Self> {
        if let Fact::KeyIssued(fact) = fact {
            let KeyIssued { key_id, name: _, permissions, expires_at, secret_hash } = fact.clone();
            self.issued += 1;
            self.keys.insert(key_id, Key { permissions, expires_at, secret_hash });
            return Some(self);
        }
        if let Fact::KeyRevoked(fact) = fact {
            self.keys.remove(&fact.key_id);
            return Some(self);
        }
        None
    }
}

/// Gives a program an account whose keys may permit at most what its creator may do.
pub fn create_service_account(
    account: &ServiceAccount,
    name: DisplayName,
    permissions: BTreeSet<Permission>,
    creator: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    match account {
        ServiceAccount::Unknown => {}
        ServiceAccount::Active(_) | ServiceAccount::Removed => return Err(Refusal::UserExists),
    }
    must_not_exceed(&permissions, creator)?;
    let name = name.into_inner();
    Ok(vec![Fact::ServiceAccountCreated(ServiceAccountCreated { name, permissions })])
}

/// Ends an account that permits at most what the remover may do, and all of its keys. Ending it again says nothing new.
pub fn remove_service_account(account: &ServiceAccount, remover: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    match account {
        ServiceAccount::Active(account) => {
            must_not_exceed(&account.permissions, remover)?;
            Ok(vec![Fact::ServiceAccountRemoved])
        }
        ServiceAccount::Removed => Ok(vec![]),
        ServiceAccount::Unknown => Err(Refusal::UnknownServiceAccount),
    }
}

/// Gives an account one more key, which permits at most what the account and the issuer may do. Keys that have expired
/// take no room.
pub fn issue_key(
    account: &ServiceAccount,
    new: NewKey,
    now: Timestamp,
    issuer: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    let account = account.active()?;
    let Key { permissions, expires_at, secret_hash } = new.key;
    if !permissions.is_subset(&account.permissions) {
        return Err(Refusal::AboveAccount);
    }
    must_not_exceed(&permissions, issuer)?;
    let holding = account.keys.values().filter(|key| now < key.expires_at).count();
    if holding >= MOST_KEYS || account.issued >= MOST_KEYS_EVER {
        return Err(Refusal::TooManyKeys);
    }
    let name = new.name.into_inner();
    Ok(vec![Fact::KeyIssued(KeyIssued { key_id: new.id, name, permissions, expires_at, secret_hash })])
}

/// Ends a key that permits at most what the revoker may do. One that is not there, or not any more, is unknown.
pub fn revoke_key(account: &ServiceAccount, id: KeyId, revoker: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    let key = account.active()?.keys.get(&id).ok_or(Refusal::UnknownKey)?;
    must_not_exceed(&key.permissions, revoker)?;
    Ok(vec![Fact::KeyRevoked(KeyRevoked { key_id: id })])
}

/// A key is used, for the first time today, as far as its last use tells. What is used more often is not said again.
#[must_use]
pub fn use_key(account_id: ServiceAccountId, last: Option<Timestamp>, now: Timestamp) -> Vec<Fact> {
    match last {
        Some(last) if now.day() <= last.day() => vec![],
        Some(_) | None => vec![Fact::KeyUsed(KeyUsed { account_id })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{minute, name, position_of, somebody_with};
    use events::Version;

    const KEY: KeyId = KeyId(uuid::Uuid::from_u128(7));

    fn all() -> BTreeSet<Permission> {
        Permission::ALL.into()
    }

    fn reads() -> BTreeSet<Permission> {
        [Permission::UsersRead, Permission::RolesRead].into()
    }

    fn created(permissions: BTreeSet<Permission>) -> Fact {
        Fact::ServiceAccountCreated(ServiceAccountCreated { name: "import".to_owned(), permissions })
    }

    fn new_key(id: KeyId, permissions: BTreeSet<Permission>) -> NewKey {
        let key = Key { permissions, expires_at: minute(60), secret_hash: SecretHash([1; 32]) };
        NewKey { id, name: name("build"), key }
    }

    fn issued(id: KeyId, permissions: BTreeSet<Permission>) -> Fact {
        let Key { permissions, expires_at, secret_hash } = new_key(id, permissions).key;
        let name = "build".to_owned();
        Fact::KeyIssued(KeyIssued { key_id: id, name, permissions, expires_at, secret_hash })
    }

    fn revoked(id: KeyId) -> Fact {
        Fact::KeyRevoked(KeyRevoked { key_id: id })
    }

    fn fold(history: &[Fact]) -> Result<ServiceAccount, Contradiction> {
        let happened = |(n, fact): (usize, _)| {
            let version = Version(n as u64 + 1);
            Happened { position: position_of(version), version, at: minute(0), fact }
        };
        ServiceAccount::fold(history.iter().enumerate().map(happened))
    }

    fn given(history: &[Fact]) -> ServiceAccount {
        fold(history).expect("a history that can be true")
    }

    #[test]
    fn an_account_permits_at_most_what_its_creator_may_do() {
        let create = |own: BTreeSet<_>| {
            create_service_account(&ServiceAccount::Unknown, name("import"), reads(), &somebody_with(&own))
        };
        assert_eq!(create(all()), Ok(vec![created(reads())]));
        assert_eq!(create([Permission::UsersRead].into()), Err(Refusal::AboveOwnLevel));
    }

    #[test]
    fn a_key_permits_at_most_what_account_and_issuer_may_do() {
        let account = given(&[created(reads())]);
        let issue = |permissions, own: BTreeSet<_>| {
            issue_key(&account, new_key(KEY, permissions), minute(0), &somebody_with(&own))
        };
        assert_eq!(issue(reads(), all()), Ok(vec![issued(KEY, reads())]));
        assert_eq!(issue([Permission::UsersWrite].into(), all()), Err(Refusal::AboveAccount));
        assert_eq!(issue(reads(), [Permission::UsersRead].into()), Err(Refusal::AboveOwnLevel));
    }

    #[test]
    fn a_key_holds_until_it_expires_is_revoked_or_its_account_removed() {
        let mut history = vec![created(reads()), issued(KEY, reads())];
        let key = |history: &[Fact], now| given(history).key(KEY, now).map(|key| key.permissions.clone());
        assert_eq!(key(&history, minute(59)), Some(reads()));
        assert_eq!(key(&history, minute(60)), None);
        assert_eq!(key(&[created(reads())], minute(0)), None);
        for last in [revoked(KEY), Fact::ServiceAccountRemoved] {
            history.push(last);
            assert_eq!(key(&history, minute(0)), None);
            history.pop();
        }
    }

    #[test]
    fn only_so_many_keys_hold_at_a_time_and_only_so_many_are_issued() {
        let id = |n: usize| KeyId(uuid::Uuid::from_u128(n as u128));
        let everything = all();
        let issue = |history: &[Fact], now| {
            issue_key(&given(history), new_key(KEY, reads()), now, &somebody_with(&everything)).map(drop)
        };
        let mut history = vec![created(reads())];
        history.extend((0..MOST_KEYS).map(|n| issued(id(100 + n), reads())));
        assert_eq!(issue(&history, minute(0)), Err(Refusal::TooManyKeys));
        assert_eq!(issue(&history, minute(60)), Ok(()), "those that have expired take no room");
        history.push(revoked(id(100)));
        assert_eq!(issue(&history, minute(0)), Ok(()));
        let ever = (0..MOST_KEYS_EVER).flat_map(|n| [issued(id(n), reads()), revoked(id(n))]);
        let history: Vec<_> = [created(reads())].into_iter().chain(ever).collect();
        assert_eq!(issue(&history, minute(0)), Err(Refusal::TooManyKeys));
    }

    #[test]
    fn nobody_ends_what_permits_more_than_they_may_do() {
        let account = given(&[created(all()), issued(KEY, reads())]);
        let own = reads();
        let somebody = somebody_with(&own);
        assert_eq!(remove_service_account(&account, &somebody), Err(Refusal::AboveOwnLevel));
        assert_eq!(revoke_key(&account, KEY, &somebody), Ok(vec![revoked(KEY)]));
        let above = given(&[created(all()), issued(KEY, all())]);
        assert_eq!(revoke_key(&above, KEY, &somebody), Err(Refusal::AboveOwnLevel));
    }

    #[test]
    fn use_is_said_once_a_day() {
        let account_id = ServiceAccountId(uuid::Uuid::from_u128(8));
        let (today, tomorrow) = (minute(0), minute(24 * 60));
        let used = vec![Fact::KeyUsed(KeyUsed { account_id })];
        assert_eq!(use_key(account_id, None, today), used);
        assert_eq!(use_key(account_id, Some(today), today), vec![]);
        assert_eq!(use_key(account_id, Some(today), tomorrow), used);
        assert_eq!(use_key(account_id, Some(tomorrow), today), vec![], "a clock that is behind");
    }

    #[test]
    fn what_is_over_is_over() {
        let everything = all();
        let somebody = somebody_with(&everything);
        let removed = given(&[created(reads()), issued(KEY, reads()), Fact::ServiceAccountRemoved]);
        assert_eq!(remove_service_account(&removed, &somebody), Ok(vec![]));
        let unknown = Err(Refusal::UnknownServiceAccount);
        assert_eq!(remove_service_account(&ServiceAccount::Unknown, &somebody), unknown);
        for account in [removed, ServiceAccount::Unknown] {
            assert_eq!(issue_key(&account, new_key(KEY, reads()), minute(0), &somebody), unknown);
            assert_eq!(revoke_key(&account, KEY, &somebody), unknown);
        }
        let once = given(&[created(reads()), issued(KEY, reads()), revoked(KEY)]);
        assert_eq!(revoke_key(&once, KEY, &somebody), Err(Refusal::UnknownKey));
    }

    #[test]
    fn what_cannot_have_happened_is_a_contradiction() {
        for history in [
            vec![Fact::ServiceAccountRemoved],
            vec![issued(KEY, reads())],
            vec![created(reads()), created(reads())],
            vec![created(reads()), Fact::UserDeleted],
            vec![created(reads()), Fact::ServiceAccountRemoved, revoked(KEY)],
        ] {
            assert!(fold(&history).is_err(), "{history:?}");
        }
    }
}

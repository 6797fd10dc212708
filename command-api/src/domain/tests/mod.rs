//! What holds after any history whatever; the rules of one command are beside it.

pub(super) mod support;

use super::{
    Granter, Refusal, Role, User, change_password, change_profile, close, create, delete, erase, grant,
    register, rehash, reinstate, revoke, revoke_other_sessions, revoke_sessions, suspend,
};
use crate::domain::{Newcomer, OwnSession, SuspensionReason};
use events::{BuiltInRole, Fact, Permission, Version};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::{Told, email, hash, name, own_session, position_of, role, session};

/// Anything that can be asked about a person.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Register,
    Create,
    Rename(bool),
    ChangePassword { checked_now: bool },
    Rehash { checked_now: bool },
    Grant,
    Revoke,
    Suspend,
    Reinstate,
    RevokeOthers,
    RevokeAll,
    Close,
    Delete,
    Erase,
}

fn anything() -> impl Strategy<Value = Ask> {
    // Ending somebody is rarer, so that histories grow.
    prop_oneof![
        4 => Just(Ask::Register),
        1 => Just(Ask::Create),
        4 => any::<bool>().prop_map(Ask::Rename),
        4 => any::<bool>().prop_map(|checked_now| Ask::ChangePassword { checked_now }),
        4 => any::<bool>().prop_map(|checked_now| Ask::Rehash { checked_now }),
        4 => Just(Ask::Grant),
        4 => Just(Ask::Revoke),
        4 => Just(Ask::Suspend),
        8 => Just(Ask::Reinstate),
        4 => Just(Ask::RevokeOthers),
        4 => Just(Ask::RevokeAll),
        1 => Just(Ask::Close),
        1 => Just(Ask::Delete),
        1 => Just(Ask::Erase),
    ]
}

impl Ask {
    fn decide(self, told: &Told) -> Result<Vec<Fact>, Refusal> {
        let user = &told.user;
        let all: BTreeSet<Permission> = Permission::ALL.into();
        let granter = Granter { permissions: &all, is_subject: false };
        let own = OwnSession { started_position: position_of(told.version.next()), ..own_session() };
        let newcomer =
            || Newcomer { email: email("ada@x.io"), display_name: None, password_hash: None, network: None };
        let person = user.person();
        let checked = |now: bool, version: fn(&super::Person) -> Version| match now {
            true => person.map_or(Version::NONE, version),
            false => Version::NONE,
        };
        match self {
            Ask::Register => register(user, newcomer()),
            Ask::Create => create(user, newcomer(), &[], &granter),
            Ask::Rename(named) => change_profile(user, named.then(|| name("Ada"))),
            Ask::ChangePassword { checked_now } => change_password(
                user,
                own,
                checked(checked_now, |person| person.password_version),
                hash("new"),
            ),
            Ask::Rehash { checked_now } => {
                Ok(rehash(user, checked(checked_now, |person| person.credential_version), hash("dearer")))
            }
            Ask::Grant => grant(user, &role("auditor"), &Role::BuiltIn(BuiltInRole::Auditor), &granter),
            Ask::Revoke => revoke(user, &role("auditor"), &Role::BuiltIn(BuiltInRole::Auditor), &granter),
            Ask::Suspend => suspend(user, SuspensionReason::new("spam".to_owned()).expect("a reason")),
            Ask::Reinstate => reinstate(user),
            Ask::RevokeOthers => revoke_other_sessions(user, own),
            Ask::RevokeAll => revoke_sessions(user),
            Ask::Close => close(user, own, checked(true, |person| person.password_version)),
            Ask::Delete => delete(user),
            Ask::Erase => erase(user),
        }
    }

    /// Commands that set something so, and say nothing when it is so already.
    const fn sets(self) -> bool {
        match self {
            Ask::Rename(_)
            | Ask::Grant
            | Ask::Revoke
            | Ask::Suspend
            | Ask::Reinstate
            | Ask::Delete
            | Ask::Erase => true,
            Ask::Register
            | Ask::Create
            | Ask::ChangePassword { .. }
            | Ask::Rehash { .. }
            | Ask::RevokeOthers
            | Ask::RevokeAll
            | Ask::Close => false,
        }
    }
}

/// How far somebody is on the way that leads only forward.
const fn stage(user: &User) -> u8 {
    match user {
        User::Unknown => 0,
        User::Active(_) | User::Suspended(_) => 1,
        User::Deleted(_) => 2,
        User::Erased => 3,
    }
}

proptest! {
    /// `Told::then` refuses contradictions, so this also shows that whatever is decided can be read again.
    #[test]
    fn whatever_is_asked_nobody_comes_back(asked in proptest::collection::vec(anything(), 0..60)) {
        let mut told = Told::default();
        for ask in asked {
            let before = stage(&told.user);
            let Ok(facts) = ask.decide(&told) else { continue };
            told = facts.into_iter().fold(told, Told::then);
            prop_assert!(stage(&told.user) >= before, "{ask:?}");
            if ask.sets() {
                prop_assert_eq!(ask.decide(&told), Ok(vec![]), "{:?}, said twice", ask);
            }
        }
    }

    #[test]
    fn whatever_is_asked_no_session_outlives_its_end(asked in proptest::collection::vec(anything(), 0..60)) {
        let mut told = Told::default();
        let mut ended = None;
        for ask in asked {
            let Ok(facts) = ask.decide(&told) else { continue };
            for fact in facts {
                let ends_all = matches!(fact, Fact::SessionsRevoked(_) | Fact::UserDeleted | Fact::UserErased);
                told = told.then(fact);
                if ends_all {
                    ended = Some(position_of(told.version));
                }
            }
            if let Some(ended) = ended {
                prop_assert!(!told.user.session_stands(session(2), ended), "{ask:?}");
            }
        }
    }
}

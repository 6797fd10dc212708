//! The same rows, however the history is cut into batches, and whoever folds it.

use crate::{
    history::{History, user},
    world::World,
};
use events::{Category, Fact, Permission, Position, UserId};
use proptest::prelude::*;
use read_models::{
    Projected, ReadModels, RoleRow, ServiceAccountRow, SessionRow, UserFilter, UserRow, UserSort,
};
use std::collections::BTreeMap;

const PEOPLE: u128 = 4;

/// One step: what, who, and where to cut.
type Step = (u8, u8, bool);

/// A valid history out of any steps: what cannot happen at that point does not.
fn tell(steps: &[Step]) -> (History, Vec<usize>) {
    let mut history = History::new();
    let mut cuts = Vec::new();
    let mut programs = Programs::default();
    let mut sessions: Vec<(u128, u128, Position, bool)> = Vec::new();
    let (mut registered, mut erased) = ([false; PEOPLE as usize], [false; PEOPLE as usize]);
    for (at, (what, who, cut)) in steps.iter().enumerate() {
        let (who, number) = (usize::from(*who) % PEOPLE as usize, at as u128);
        let person = who as u128;
        if !registered[who] {
            registered[who] = true;
            history.registered(person, &format!("{person}@example.org"), Some("Somebody"));
        }
        let own = sessions.iter().rposition(|(_, owner, _, live)| *owner == person && *live);
        match (what % 15, own, erased[who]) {
            (0..=2, _, _) => {
                let started = history.started(number, person);
                sessions.push((number, person, started, true));
            }
            (3 | 4, Some(own), _) => {
                let (number, _, started, _) = sessions[own];
                history.refreshed(number, person, started);
            }
            (5, Some(own), _) => {
                history.signed_out(sessions[own].0, person);
                sessions[own].3 = false;
            }
            (6, own, _) => _ = history.all_revoked(person, own.map(|own| sessions[own].0)),
            (7, _, false) => _ = history.granted(person, "auditor"),
            (8, _, false) => _ = history.renamed(person, &format!("{number}@example.net"), None),
            (9, _, false) => {
                history.of_user(person, Fact::UserErased);
                erased[who] = true;
            }
            (10, _, false) => _ = history.of_user(person, Fact::UserDeleted),
            (11, _, _) => _ = history.defined(&format!("role-{who}"), Permission::ALL[at % 10]),
            (what, _, _) => programs.tell(&mut history, what, person, number),
        }
        if *cut {
            cuts.push(history.events.len());
        }
    }
    (history, cuts)
}

/// The service accounts so far, each with its keys; none once it was removed.
#[derive(Default)]
struct Programs(BTreeMap<u128, Option<Vec<u128>>>);

impl Programs {
    fn tell(&mut self, history: &mut History, what: u8, account: u128, number: u128) {
        let Some(keys) = self.0.entry(account).or_insert_with(|| {
            history.service_created(account);
            Some(Vec::new())
        }) else {
            return;
        };
        match (what, keys.pop()) {
            (12, last) => {
                history.key_issued(account, number);
                keys.extend(last.into_iter().chain([number]));
            }
            (13, Some(last)) if !number.is_multiple_of(3) => {
                history.key_used(account, last);
                keys.push(last);
            }
            (_, Some(last)) => _ = history.key_revoked(account, last),
            (_, None) => {
                history.service_removed(account);
                self.0.insert(account, None);
            }
        }
    }
}

/// The rows by folding one event after the other in memory, as simply as can be.
#[derive(Default)]
struct Folded {
    users: BTreeMap<UserId, Option<UserRow>>,
    sessions: BTreeMap<events::SessionId, Option<SessionRow>>,
    roles: BTreeMap<events::RoleName, Option<RoleRow>>,
    service_accounts: BTreeMap<events::ServiceAccountId, Option<ServiceAccountRow>>,
}

impl Folded {
    fn of(history: &History) -> Self {
        let mut folded = Self::default();
        history.events.iter().for_each(|projected| folded.take(projected));
        let erased = folded.users.values().flatten().filter(|row| row.status.as_str() == "erased");
        let erased: Vec<UserId> = erased.map(|row| row.user_id).collect();
        for row in folded.sessions.values_mut().flatten().filter(|row| erased.contains(&row.user_id)) {
            (row.ip, row.user_agent) = (None, None);
        }
        folded
    }

    fn take(&mut self, projected: &Projected) {
        let happened = projected.happened().expect("a valid history");
        match projected.record.stream.category() {
            Category::User(id) => {
                UserRow::apply(self.users.entry(id).or_default(), id, &happened).expect("it folds");
                let except = if let Fact::SessionsRevoked(fact) = happened.fact { fact.except } else { None };
                if !ends_sessions(happened.fact) {
                    return;
                }
                let open = |row: &&mut SessionRow| row.user_id == id && row.ended_at.is_none();
                for row in self.sessions.values_mut().flatten().filter(open) {
                    if except != Some(row.session_id) {
                        (row.ended_at, row.ended_position) = (Some(happened.at), Some(happened.position));
                    }
                }
            }
            Category::Session(id) => {
                let row = self.sessions.entry(id).or_default();
                SessionRow::apply(row, id, &happened).expect("it folds");
                let row = row.as_ref().expect("it is there");
                if let (Fact::SessionStarted(_), Some(Some(owner))) =
                    (happened.fact, self.users.get_mut(&row.user_id))
                {
                    owner.last_login_at = Some(happened.at);
                }
            }
            Category::Role(name) => {
                RoleRow::apply(self.roles.entry(name.clone()).or_default(), &name, &happened)
                    .expect("it folds");
            }
            Category::Service(id) => {
                let row = self.service_accounts.entry(id).or_default();
                ServiceAccountRow::apply(row, id, &happened).expect("it folds");
            }
            Category::SignIn(_)
            | Category::Mail(_)
            | Category::Factor(_)
            | Category::KeyUse(_)
            | Category::Export
            | Category::Retention
            | Category::Unknown => {}
        }
    }
}

fn ends_sessions(fact: &Fact) -> bool {
    matches!(fact, Fact::SessionsRevoked(_) | Fact::UserDeleted | Fact::UserErased)
}

async fn holds(world: &World, history: &History, cuts: &[usize]) {
    let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
    scratch.apply(Position::START, history.log, &history.events).await.expect("one batch is applied");
    let whole = scratch.digest().await.expect("it has a digest");
    let folded = Folded::of(history);
    let users = scratch.users(&UserFilter::default(), UserSort::Email, None, 1_000).await;
    let mut users = users.expect("the table answers").value;
    users.sort_by_key(|row| row.user_id);
    assert_eq!(users, folded.users.into_values().flatten().collect::<Vec<_>>());
    let accounts = scratch.service_accounts(None, 1_000).await.expect("the table answers").value;
    assert_eq!(accounts, folded.service_accounts.into_values().flatten().collect::<Vec<_>>());
    for person in 0..PEOPLE {
        let sessions = scratch.sessions_of(user(person), None, None, 1_000).await;
        let mut sessions = sessions.expect("the table answers").value;
        sessions.sort_by_key(|row| row.session_id);
        let own = folded.sessions.values().flatten().filter(|row| row.user_id == user(person));
        assert_eq!(sessions, own.cloned().collect::<Vec<_>>());
    }
    let roles = scratch.roles().await.expect("the table answers").value;
    assert_eq!(roles, folded.roles.into_values().flatten().collect::<Vec<_>>());
    scratch.close().await;

    let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
    let mut from = 0;
    for cut in cuts.iter().copied().chain([history.events.len()]).filter(|cut| *cut > 0) {
        let batch = &history.events[from..cut];
        scratch.apply(Position(from as u64), history.log, batch).await.expect("a batch is applied");
        from = cut;
    }
    let pieces = scratch.digest().await.expect("it has a digest");
    assert_eq!(whole.difference(&pieces), None, "{whole:?}\n{pieces:?}");
    assert_eq!(whole, pieces);
    scratch.close().await;
}

fn any_history(make_world: impl AsyncFn() -> World, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let world = runtime.block_on(make_world());
    let steps = prop::collection::vec(any::<Step>(), 1..80);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps)| {
        let (history, cuts) = tell(&steps);
        runtime.block_on(holds(&world, &history, &cuts));
    });
}

#[test]
fn rows_do_not_depend_on_batches_on_sqlite() {
    any_history(World::sqlite, 32);
}

#[test]
fn rows_do_not_depend_on_batches_on_postgres() {
    any_history(World::postgres, 8);
}

//! Lists of people: searched, filtered, sorted, page by page.

use crate::{
    history::{History, user},
    world::{World, on_both},
};
use events::Fact;
use read_models::{UserFilter, UserKey, UserSort, UserStatus};

async fn list(world: &World, filter: UserFilter, sort: UserSort) -> Vec<u128> {
    let shown = world.models.users(&filter, sort, None, 100).await.expect("the table answers");
    shown.value.iter().map(|row| row.user_id.0.as_u128() - 0x1000).collect()
}

fn searching(q: &str) -> UserFilter {
    UserFilter { q: Some(q.to_owned()), ..UserFilter::default() }
}

fn people() -> History {
    let mut history = History::new();
    history.registered(1, "carl@example.org", Some("Carl_100%"));
    history.registered(2, "ada@example.org", Some("Ada ÉLAN"));
    history.registered(3, "bob@example.org", None);
    history.granted(2, "auditor");
    history.granted(3, "au-itor");
    history.registered(4, "dora@example.org", None);
    history.of_user(4, Fact::UserErased);
    history.suspended(3);
    history
}

#[tokio::test]
async fn a_search_finds_address_and_name_whatever_the_case_and_takes_no_letter_for_a_pattern() {
    on_both(async |world| {
        world.given(&people()).await;
        for (q, found) in [
            ("ADA", vec![2]),
            ("élan", vec![2]),
            ("example", vec![3, 2, 1]),
            ("_100%", vec![1]),
            ("%", vec![1]),
            ("_", vec![1]),
            ("\\", vec![]),
            ("c%l", vec![]),
            ("dora", vec![]),
        ] {
            assert_eq!(list(world, searching(q), UserSort::NewestFirst).await, found, "{q}");
        }
    })
    .await;
}

#[tokio::test]
async fn people_are_filtered_by_status_and_by_role() {
    on_both(async |world| {
        world.given(&people()).await;
        for (status, found) in [
            (UserStatus::Active, vec![1, 2]),
            (UserStatus::Suspended, vec![3]),
            (UserStatus::Deleted, vec![]),
            (UserStatus::Erased, vec![4]),
        ] {
            let filter = UserFilter { status: Some(status), ..UserFilter::default() };
            assert_eq!(list(world, filter, UserSort::OldestFirst).await, found, "{status:?}");
        }
        for (name, found) in [("auditor", vec![2]), ("audit", vec![]), ("user", vec![1, 2, 3, 4])] {
            let filter = UserFilter { role: name.parse().ok(), ..UserFilter::default() };
            assert_eq!(list(world, filter, UserSort::OldestFirst).await, found, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_order_is_kept_and_who_has_no_address_comes_last() {
    on_both(async |world| {
        world.given(&people()).await;
        let all = UserFilter::default;
        assert_eq!(list(world, all(), UserSort::OldestFirst).await, [1, 2, 3, 4]);
        assert_eq!(list(world, all(), UserSort::NewestFirst).await, [4, 3, 2, 1]);
        assert_eq!(list(world, all(), UserSort::Email).await, [2, 3, 1, 4]);
    })
    .await;
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_anybody_when_others_come_between() {
    on_both(async |world| {
        for sort in [UserSort::OldestFirst, UserSort::NewestFirst, UserSort::Email] {
            let world = match world.url.starts_with("sqlite:") {
                true => World::sqlite().await,
                false => World::postgres().await,
            };
            let mut history = History::new();
            for number in 0..9 {
                history.registered(number, &format!("{}@example.org", number * 7 % 10), None);
            }
            world.given(&history).await;
            let (mut seen, mut after): (Vec<u128>, Option<UserKey>) = (Vec::new(), None);
            loop {
                let page = world.models.users(&UserFilter::default(), sort, after.as_ref(), 2).await;
                let page = page.expect("the table answers").value;
                let Some(last) = page.last() else { break };
                after = Some(last.key(sort));
                seen.extend(page.iter().map(|row| row.user_id.0.as_u128() - user(0).0.as_u128()));
                if history.events.len() < 15 {
                    let number = history.events.len() as u128;
                    history.registered(number, &format!("{number}@example.org"), None);
                    world.given_after(&history, history.events.len() - 1).await;
                }
            }
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{sort:?} repeats: {seen:?}");
            assert!((0..9).all(|number| seen.contains(&number)), "{sort:?} skips: {seen:?}");
            world.models.close().await;
        }
    })
    .await;
}

//! Real processes, really killed.

use crate::{
    child::Running,
    engine::Engine,
    records::{record, stream},
};
use events::{EventId, Position, Version};
use std::collections::HashMap;

pub(crate) async fn a_process_killed_before_its_commit_leaves_nothing(engine: Engine) {
    let log = engine.log().await;
    let mut child = Running::start("insert-only", engine.url());
    assert_eq!(child.next_line().as_deref(), Some("inserted"));
    assert_eq!(log.head().await.expect("head"), Position::START, "nobody sees what is not committed");
    child.kill();
    let user = stream("user-1");
    let appended =
        log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    assert_eq!(appended.positions, [Position(1)], "and left no gap");
}

pub(crate) async fn what_was_acknowledged_outlives_the_process(engine: Engine) {
    drop(engine.log().await);
    let mut child = Running::start("append-forever", engine.url());
    let mut said: Vec<String> = (0..200).filter_map(|_| child.next_line()).collect();
    assert_eq!(said.len(), 200);
    said.extend(child.kill());
    let log = engine.reopen().await;
    let mut durable: HashMap<EventId, Position> = HashMap::new();
    let mut after = Position::START;
    loop {
        let page = log.read_all(after, 1_000).await.expect("dense");
        let Some(last) = page.last() else { break };
        after = last.position;
        durable.extend(page.iter().map(|stored| (stored.record.id, stored.position)));
    }
    for line in said {
        // The last line may be cut where the process ended.
        let Some((id, position)) = line.split_once(' ') else { continue };
        let (Ok(id), Ok(position)) = (id.parse(), position.parse()) else { continue };
        assert_eq!(durable.get(&id), Some(&Position(position)));
    }
}

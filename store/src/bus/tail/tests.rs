use super::{KEPT_RECORDS, Reach, new};
use crate::{
    bus::{Carried, chain},
    log::Stored,
};
use bytes::Bytes;
use events::{LogId, Position, Record};
use uuid::Uuid;

/// Records at these positions, chained as they stand.
fn carried(positions: &[u64]) -> Vec<Carried> {
    let stored = |&position: &u64| {
        let log = LogId(Uuid::nil());
        let document = format!(
            r#"{{"specversion":"1.0","id":"{}","source":"urn:evident:log:{log}","type":"test.happened.v1","subject":"user-1","time":"2026-11-23T12:00:00.000000Z","datacontenttype":"application/json","streamversion":{position},"actor":"system","correlationid":"test","salt":"AAAAAAAAAAAAAAAAAAAAAA==","data":{{}}}}"#,
            Uuid::from_u128(u128::from(position)),
        );
        let record = Record::parse(Bytes::from(document)).expect("a record");
        Stored { position: Position(position), record }
    };
    let page: Vec<Stored> = positions[1..].iter().map(stored).collect();
    chain(Position(positions[0]), page)
}

fn positions(reach: Reach) -> Vec<u64> {
    match reach {
        Reach::Records(records) => records.iter().map(|stored| stored.position.0).collect(),
        Reach::End | Reach::Behind | Reach::Ahead | Reach::Away => panic!("no records: {reach:?}"),
    }
}

#[tokio::test]
async fn whoever_stands_in_the_chain_gets_what_follows() {
    let (feeder, mut tail) = new();
    feeder.live(true);
    assert!(!feeder.take(carried(&[7, 10, 20, 30])), "the first message begins the chain");
    assert_eq!(positions(tail.after(Position(7), 9)), [10, 20, 30]);
    assert_eq!(positions(tail.after(Position(10), 1)), [20]);
    assert_eq!(tail.after(Position(30), 9), Reach::End);
    assert_eq!(tail.after(Position(6), 9), Reach::Ahead, "something is between 6 and 7");
    assert_eq!(tail.after(Position(15), 9), Reach::Ahead, "nobody can stand there");
    assert_eq!(tail.after(Position(40), 9), Reach::Behind);
}

#[tokio::test]
async fn what_came_before_is_passed_over() {
    let (feeder, mut tail) = new();
    feeder.live(true);
    feeder.take(carried(&[0, 1, 2, 3]));
    assert!(!feeder.take(carried(&[1, 2, 3, 4])));
    assert_eq!(positions(tail.after(Position(0), 9)), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_gap_ends_the_chain_and_begins_another() {
    let (feeder, mut tail) = new();
    feeder.live(true);
    feeder.take(carried(&[0, 1, 2]));
    assert!(feeder.take(carried(&[3, 4, 5])), "3 was lost");
    assert_eq!(tail.after(Position(0), 9), Reach::Ahead);
    assert_eq!(tail.after(Position(2), 9), Reach::Ahead);
    assert_eq!(positions(tail.after(Position(3), 9)), [4, 5]);
}

#[tokio::test]
async fn a_tail_that_receives_nothing_leaves_it_to_the_log() {
    let (feeder, mut tail) = new();
    assert_eq!(tail.after(Position(0), 9), Reach::Away);
    feeder.live(true);
    assert_eq!(tail.after(Position(0), 9), Reach::Behind);
    feeder.take(carried(&[0, 1]));
    feeder.live(false);
    assert_eq!(positions(tail.after(Position(0), 9)), [1], "what it brought is true all the same");
    assert_eq!(tail.after(Position(1), 9), Reach::Away);
}

#[tokio::test]
async fn no_more_is_kept_than_may_be() {
    let (feeder, mut tail) = new();
    feeder.live(true);
    let count = KEPT_RECORDS as u64 + 10;
    feeder.take(carried(&(0..=count).collect::<Vec<_>>()));
    assert_eq!(tail.after(Position(9), 9), Reach::Ahead, "the oldest are gone");
    assert_eq!(positions(tail.after(Position(10), usize::MAX)).len(), KEPT_RECORDS);
}

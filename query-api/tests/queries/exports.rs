//! The history taken away: whole or in part, in every form.

use crate::{
    audit::{code, history},
    world::{Answer, World},
};
use events::{
    Fact, FailureCause, Network, Permission, Personal, Position, Record, RoleDefined, SignInFailed,
    StreamName,
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

const EVENTS: &str = "/api/v1/audit/events";
const EXPORT: &str = "/api/v1/audit/export";

#[tokio::test]
async fn an_export_is_the_records_byte_for_byte_one_a_line() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    for _ in 0..450 {
        world.append_sign_in(ada.user).await;
    }
    let records = world.log.read_all(Position::START, 1_000).await.expect("all records");
    let line = |record: &Record| [record.bytes().as_ref(), b"\n"].concat();
    let lines: Vec<Vec<u8>> = records.iter().map(|stored| line(&stored.record)).collect();
    for (query, part) in [
        ("?format=jsonl", &lines[..]),
        ("?from=3&to=205", &lines[2..205]),
        ("?to=2", &lines[..2]),
        ("?from=456&to=456", &lines[455..456]),
    ] {
        let answer = world.get(&format!("{EXPORT}{query}"), &auditor).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/jsonl");
        let part = part.concat();
        assert!(answer.body.starts_with(&part), "{query}");
        // Exports asked for without an end also hold those that were made before them.
        assert!(query.contains("jsonl") || answer.body.len() == part.len(), "{query}");
    }
}

#[tokio::test]
async fn an_export_is_itself_an_event_before_its_first_byte_leaves() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    let answer = world.get(&format!("{EXPORT}?from=2"), &auditor).await;
    assert_eq!(answer.body.iter().filter(|byte| **byte == b'\n').count(), 5);
    world.project().await;
    let exported = world.get(&format!("{EVENTS}?limit=1"), &auditor).await.json()["items"][0].clone();
    assert_eq!(exported["type"], "audit.exported.v1");
    assert_eq!(exported["actor"], format!("user:{}", auditor.user));
    assert_eq!(exported["data"], json!({"format": "jsonl", "from": 2, "to": 6}));
}

#[tokio::test]
async fn a_wrong_export_is_refused_and_leaves_no_event() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    for (query, pointer) in [
        ("format=xml", "/format"),
        ("from=x", "/from"),
        ("from=5&to=4", "/to"),
        ("to=-1", "/to"),
        ("from=yesterday", "/from"),
        ("from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "/to"),
    ] {
        let answer = world.get(&format!("{EXPORT}?{query}"), &auditor).await;
        assert_eq!(code(&answer), (422, "validation".into()), "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
    assert_eq!(code(&world.get(EXPORT, &ada).await), (403, "forbidden".into()));
    assert_eq!(world.log.head().await.expect("a head"), Position(6));
}

#[tokio::test]
async fn cloudevents_are_the_records_in_one_array() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    for _ in 0..450 {
        world.append_sign_in(ada.user).await;
    }
    let records = world.log.read_all(Position::START, 1_000).await.expect("all records");
    let records: Vec<&[u8]> = records.iter().map(|stored| stored.record.bytes().as_ref()).collect();
    for (query, part) in [("to=456", &records[..]), ("from=200&to=202", &records[199..202])] {
        let answer = world.get(&format!("{EXPORT}?format=cloudevents&{query}"), &auditor).await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/cloudevents-batch+json");
        assert_eq!(answer.body, [b"[", &*part.join(&b",\n"[..]), b"]\n"].concat(), "{query}");
        assert_eq!(answer.json().as_array().map(Vec::len), Some(part.len()));
    }
}

#[tokio::test]
async fn a_row_of_csv_says_what_the_list_says_and_no_cell_is_a_formula() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    world.somebody("=cmd|' /C calc'!A0", &["user"]).await;
    let rows = csv_rows(&world.get(&format!("{EXPORT}?format=csv"), &auditor).await);
    let listed = world.get(EVENTS, &auditor).await.json()["items"].as_array().expect("a list").clone();
    // The export stands in the list, and was not there when it was asked for.
    assert_eq!(rows.len(), 8);
    for (row, item) in rows.iter().zip(listed.iter().rev()) {
        let told = ["position", "id", "type", "recorded_at", "actor", "subject", "correlation_id", "summary"];
        for (cell, field) in row.iter().zip(told) {
            assert_eq!(*cell, item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned));
        }
        assert_eq!(serde_json::from_str::<Value>(&row[8]).expect("JSON"), item["data"]);
    }
    assert!(rows[6][8].contains("=cmd"), "it is told");
    assert!(
        rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])),
        "and computes nothing"
    );
}

fn csv_rows(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    let mut rows = csv::Reader::from_reader(&*answer.body);
    let columns = rows.headers().expect("columns").iter().collect::<Vec<_>>().join(" ");
    assert_eq!(columns, "position id type recorded_at actor subject correlation_id summary data");
    let row = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    rows.into_records().map(|read| row(read.expect("a row"))).collect()
}

#[tokio::test]
async fn ocsf_tells_each_event_in_its_class() {
    let mut world = World::new().await;
    let (auditor, ada, bob) = history(&mut world).await;
    let failed = SignInFailed {
        cause: FailureCause::Suspended,
        failures: 1,
        network: Personal::Open(Network { ip: Some("192.0.2.9".into()), user_agent: None }),
    };
    world.append(StreamName::sign_in(ada.user), Some(ada.user), Fact::SignInFailed(failed)).await;
    world.append_unreadable(StreamName::user(ada.user)).await;
    world.erase(bob.user).await;
    let answer = world.get(&format!("{EXPORT}?format=ocsf"), &auditor).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/jsonl");
    let told = |line| serde_json::from_slice::<Value>(line).expect("JSON");
    let lines: Vec<Value> = answer.body.split_inclusive(|byte| *byte == b'\n').map(told).collect();
    let types: Vec<u64> = lines.iter().map(|event| event["type_uid"].as_u64().expect("a number")).collect();
    assert_eq!(types, [300_101, 300_201, 300_101, 300_201, 300_101, 300_201, 300_201, 99, 300_199]);
    for (index, event) in lines.iter().enumerate() {
        let (class, activity) = (&event["class_uid"], &event["activity_id"]);
        let whole = class.as_u64().zip(activity.as_u64()).map(|(class, activity)| class * 100 + activity);
        assert_eq!(event["type_uid"].as_u64(), whole);
        assert_eq!(event["category_uid"].as_u64(), class.as_u64().map(|class| class / 1_000));
        assert_eq!(event["metadata"]["version"], "1.1.0");
        assert_eq!(event["metadata"]["sequence"], index + 1);
        assert!(event["actor"]["user"].is_object() && event["time"].is_i64() && event["message"].is_string());
    }
    let signed_in = &lines[3];
    assert_eq!(signed_in["user"]["uid"], ada.user.to_string());
    assert_eq!(signed_in["session"]["uid"], ada.session.to_string());
    assert_eq!(signed_in["src_endpoint"], json!({"ip": "192.0.2.7"}));
    assert_eq!(signed_in["is_mfa"], false);
    assert_eq!((&signed_in["status_id"], &lines[6]["status_id"]), (&json!(1), &json!(2)));
    assert_eq!(lines[6]["status_detail"], "ACCOUNT_DISABLED");
    assert_eq!(lines[6]["src_endpoint"], json!({"ip": "192.0.2.9"}));
    // Of who was erased nothing is told but that they were there.
    assert_eq!(lines[4]["unmapped"]["data"]["profile"], json!({"erased": true}));
    assert!(lines[5].get("src_endpoint").is_none());
}

#[tokio::test]
async fn what_is_opened_is_only_for_who_may_read_it() {
    let mut world = World::new().await;
    let taker =
        RoleDefined { role: "taker".parse().expect("a role"), permissions: [Permission::AuditExport].into() };
    world.tell(StreamName::role(&taker.role.clone()), None, Fact::RoleDefined(taker)).await;
    let somebody = world.somebody("Ada", &["taker"]).await;
    for (format, status) in [("jsonl", 200), ("cloudevents", 200), ("csv", 403), ("ocsf", 403)] {
        let answer = world.get(&format!("{EXPORT}?format={format}"), &somebody).await;
        assert_eq!(answer.status.as_u16(), status, "{format}");
    }
}

/// Positions 1 and 2 are of noon, 3 and 4 of ten seconds later, 5 and 6 of twenty.
#[tokio::test]
async fn a_time_stands_for_the_records_of_that_time() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    let listed = world.get(EVENTS, &auditor).await.each("recorded_at");
    let time = |position: usize| listed[6 - position].as_str().expect("a time").to_owned();
    world.clock.advance(Duration::from_secs(10));
    let after = world.get(&format!("{EXPORT}?from=1&to=1"), &auditor).await;
    assert_eq!(after.status, StatusCode::OK);
    world.project().await; // The export stands at 7, at thirty seconds.
    for (query, positions) in [
        (format!("from={}&to={}", time(3), time(5)), 3..5),
        (format!("from={}&to=6", time(3)), 3..7),
        (format!("from=2&to={}", time(5)), 2..5),
        (format!("to={}", time(3)), 1..3),
        (format!("from=2000-01-01T00:00:00Z&to={}", time(6)), 1..5),
        ("from=2200-01-01T00:00:00Z".to_owned(), 0..0),
        ("to=2000-01-01T00:00:00Z".to_owned(), 0..0),
        ("from=3&to=2000-01-01T00:00:00Z".to_owned(), 0..0),
    ] {
        let rows = csv_rows(&world.get(&format!("{EXPORT}?format=csv&{query}"), &auditor).await);
        let found: Vec<String> = rows.into_iter().map(|mut row| row.swap_remove(0)).collect();
        assert_eq!(found, positions.map(|position| position.to_string()).collect::<Vec<_>>(), "{query}");
        world.project().await;
    }
}

#[tokio::test]
async fn a_time_is_not_answered_by_tables_that_are_behind() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    world.append_sign_in(ada.user).await;
    let asked = format!("{EXPORT}?from=2000-01-01T00:00:00Z");
    assert_eq!(code(&world.get(&asked, &auditor).await), (503, "read-model-behind".into()));
    assert_eq!(world.log.head().await.expect("a head"), Position(7), "it is no event");
    world.project().await;
    assert_eq!(world.get(&asked, &auditor).await.status, StatusCode::OK);
}

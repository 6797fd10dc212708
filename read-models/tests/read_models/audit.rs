//! The list of everything.

use crate::{
    history::{History, at, session, user},
    world::{World, on_both},
};
use events::{Actor, Position, StreamName};
use read_models::AuditFilter;

async fn positions(world: &World, filter: AuditFilter) -> Vec<u64> {
    let shown = world.models.audit(&filter, 100).await.expect("the table answers");
    shown.value.iter().map(|row| row.position.0).collect()
}

#[tokio::test]
async fn every_filter_restricts_and_the_newest_comes_first() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.started(1, 1);
        history.signed_out(1, 1);
        history.then_unknown(StreamName::session(session(2)));
        world.given(&history).await;

        let all = AuditFilter::default;
        assert_eq!(positions(world, all()).await, [4, 3, 2, 1]);
        assert_eq!(positions(world, AuditFilter { before: Some(Position(3)), ..all() }).await, [2, 1]);
        assert_eq!(positions(world, AuditFilter { after: Some(Position(3)), ..all() }).await, [4]);
        assert_eq!(
            positions(world, AuditFilter { from: Some(at(2)), to: Some(at(4)), ..all() }).await,
            [3, 2]
        );
        let span = async |from, to| {
            let filter = AuditFilter { from: Some(at(from)), to: Some(at(to)), ..all() };
            let span = world.models.audit_span(&filter).await.expect("the table answers");
            span.map(|(first, last)| (first.0, last.0))
        };
        assert_eq!(
            [span(2, 4).await, span(1, 9).await, span(7, 9).await],
            [Some((2, 3)), Some((1, 4)), None]
        );
        let sessions = Some("session.".to_owned());
        assert_eq!(positions(world, AuditFilter { type_prefix: sessions, ..all() }).await, [3, 2]);
        let like = Some("session_%".to_owned());
        assert_eq!(positions(world, AuditFilter { type_prefix: like, ..all() }).await, [0_u64; 0]);
        assert_eq!(positions(world, AuditFilter { actor: Some(Actor::Anonymous), ..all() }).await.len(), 4);
        assert_eq!(positions(world, AuditFilter { actor: Some(Actor::System), ..all() }).await, [0_u64; 0]);
        let subject = Some(StreamName::session(session(1)));
        assert_eq!(positions(world, AuditFilter { subject, ..all() }).await, [3, 2]);
        assert_eq!(positions(world, AuditFilter { session_id: Some(session(2)), ..all() }).await, [4]);
        let correlation_id = Some("request-3".to_owned());
        assert_eq!(positions(world, AuditFilter { correlation_id, ..all() }).await, [3]);
        assert_eq!(positions(world, AuditFilter { user_id: Some(user(1)), ..all() }).await, [3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_type_that_nobody_knows_is_listed() {
    on_both(async |world| {
        let mut history = History::new();
        history.then_unknown("comet-1".parse().expect("a stream's name"));
        world.given(&history).await;
        let shown = world.models.audit(&AuditFilter::default(), 10).await.expect("the table answers");
        let [row] = shown.value.try_into().expect("one event");
        assert_eq!((row.event_type.as_str(), row.subject.as_str()), ("user.levitated.v9", "comet-1"));
        assert_eq!((row.user_id, row.session_id, row.recorded_at), (None, None, at(1)));
        assert_eq!(row.event_id, history.events[0].record.id);
    })
    .await;
}

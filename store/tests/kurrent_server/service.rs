//! The three gRPC services that the client calls, over a [`Journal`].

#![expect(clippy::result_large_err, reason = "tonic's own way to refuse")]

use super::{
    journal::{Journal, Outcome},
    wire::{
        AllFrom, AppendReq, AppendResp, AppendResult, ClusterInfo, Content, Count, Current, EndPoint,
        EventPosition, Expected, Filtering, Member, Part, Place, ReadEvent, ReadOptions, ReadReq, ReadResp,
        Recorded, Revision, Source, StreamIdentifier, StreamNotFound, StreamSource, Success,
        SupportedMethods, Uuid, UuidValue, WasExpected, WrongExpectedVersion,
    },
};
use axum::{
    Router,
    extract::State,
    middleware::{self, Next},
    routing::post,
};
use bytes::Bytes;
use futures_util::stream;
use std::sync::{Arc, Mutex};
use tonic::{Request, Response, Status, Streaming, body::Body, codec::ProstCodec, server::Grpc};
use tower::service_fn;

const BACKWARDS: i32 = 1;
const LEADER: i32 = 8;

/// What every call is given.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) journal: Arc<Mutex<Journal>>,
    pub(crate) port: u16,
    /// The header that calls must carry, if they must.
    pub(crate) authorization: Arc<Mutex<Option<String>>>,
}

type Call = http::Request<axum::body::Body>;
type Answer = http::Response<Body>;

/// The services by their paths.
pub(crate) fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/event_store.client.streams.Streams/Read", post(read))
        .route("/event_store.client.streams.Streams/Append", post(append))
        .layer(middleware::from_fn_with_state(shared.clone(), admit))
        .route("/event_store.client.server_features.ServerFeatures/GetSupportedMethods", post(features))
        .route("/event_store.client.gossip.Gossip/Read", post(gossip))
        .with_state(shared)
}

/// Lets those in who say who they are, as the server is told to. Which methods there are is told to everybody.
async fn admit(State(shared): State<Shared>, call: Call, next: Next) -> axum::response::Response {
    let wanted = shared.authorization.lock().expect("unpoisoned").clone();
    let said = call.headers().get(http::header::AUTHORIZATION).and_then(|said| said.to_str().ok());
    if wanted.is_some() && wanted.as_deref() != said {
        return Status::unauthenticated("who are you?").into_http::<axum::body::Body>();
    }
    next.run(call).await
}

async fn features(call: Call) -> Answer {
    let answer = service_fn(async |_: Request<()>| {
        Ok::<_, Status>(Response::new(SupportedMethods { server_version: "24.10.0".into() }))
    });
    Grpc::new(ProstCodec::default()).unary(answer, call).await
}

async fn gossip(State(shared): State<Shared>, call: Call) -> Answer {
    let answer = service_fn(move |_: Request<()>| async move {
        let own = Member {
            instance_id: Some(Uuid { value: Some(UuidValue::Text(uuid::Uuid::from_u128(1).to_string())) }),
            state: LEADER,
            is_alive: true,
            end_point: Some(EndPoint { address: "127.0.0.1".into(), port: shared.port.into() }),
        };
        Ok::<_, Status>(Response::new(ClusterInfo { members: vec![own] }))
    });
    Grpc::new(ProstCodec::default()).unary(answer, call).await
}

async fn read(State(shared): State<Shared>, call: Call) -> Answer {
    let answer = service_fn(move |request: Request<ReadReq>| {
        let answers = answers(&shared.journal.lock().expect("unpoisoned"), request.into_inner());
        async move { Ok::<_, Status>(Response::new(stream::iter(answers?.into_iter().map(Ok)))) }
    });
    Grpc::new(ProstCodec::default()).server_streaming(answer, call).await
}

async fn append(State(shared): State<Shared>, call: Call) -> Answer {
    let answer = service_fn(move |request: Request<Streaming<AppendReq>>| {
        let shared = shared.clone();
        async move { appended(shared, request.into_inner()).await.map(Response::new) }
    });
    Grpc::new(ProstCodec::default()).client_streaming(answer, call).await
}

async fn appended(shared: Shared, mut parts: Streaming<AppendReq>) -> Result<AppendResp, Status> {
    let mut options = None;
    let mut proposed = Vec::new();
    while let Some(AppendReq { part }) = parts.message().await? {
        match part.ok_or_else(|| Status::invalid_argument("an empty part"))? {
            Part::Options(first) => options = Some(first),
            Part::Proposed(event) => proposed.push(event),
        }
    }
    let options = options.ok_or_else(|| Status::invalid_argument("no options"))?;
    let stream = options.stream.unwrap_or_default().stream_name;
    let expected = options.expected.ok_or_else(|| Status::invalid_argument("no expected version"))?;
    // The flush holds up its thread.
    let outcome = tokio::task::spawn_blocking(move || {
        let mut journal = shared.journal.lock().expect("unpoisoned");
        if journal.poisoned.as_ref() == Some(&stream) {
            return Err(Status::invalid_argument("poison"));
        }
        if journal.forbidden.as_ref() == Some(&stream) {
            return Err(Status::permission_denied("not yours"));
        }
        Ok(journal.append(&stream, expected, proposed))
    });
    let result = match outcome.await.expect("the journal holds")? {
        Outcome::Done { revision, position } => AppendResult::Success(Success {
            current_revision: Some(revision),
            position: Some(Place { commit: position, prepare: position }),
        }),
        Outcome::WrongVersion { current } => AppendResult::WrongExpectedVersion(WrongExpectedVersion {
            current: Some(current.map_or(Current::NoStream(()), Current::Revision)),
            expected: Some(match expected {
                Expected::Revision(revision) => WasExpected::Revision(revision),
                Expected::NoStream(()) => WasExpected::NoStream(()),
                Expected::Any(()) => WasExpected::Any(()),
                Expected::StreamExists(()) => WasExpected::StreamExists(()),
            }),
        }),
    };
    Ok(AppendResp { result: Some(result) })
}

fn answers(journal: &Journal, request: ReadReq) -> Result<Vec<ReadResp>, Status> {
    let options = request.options.ok_or_else(|| Status::invalid_argument("no options"))?;
    let Some(Count::Events(limit)) = options.count else {
        return Err(Status::unimplemented("subscriptions"));
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match &options.source {
        Some(Source::Stream(source)) => Ok(of_stream(journal, source, options.direction, limit)),
        Some(Source::All(source)) => of_all(journal, source.from.as_ref(), &options, limit),
        None => Err(Status::invalid_argument("no source")),
    }
}

fn of_stream(journal: &Journal, source: &StreamSource, direction: i32, limit: usize) -> Vec<ReadResp> {
    let name = source.stream.clone().unwrap_or_default().stream_name;
    let Some(events) = journal.stream(&name) else {
        let missing = StreamNotFound { stream: Some(StreamIdentifier { stream_name: name }) };
        return vec![ReadResp { content: Some(Content::StreamNotFound(missing)) }];
    };
    let from = match source.from {
        Some(Revision::At(revision)) => revision,
        Some(Revision::End(())) => u64::MAX,
        Some(Revision::Start(())) | None => 0,
    };
    let shown = |event: &Recorded| {
        let mut event = event.clone();
        if !journal.tells_positions {
            (event.commit, event.prepare) = (u64::MAX, u64::MAX);
        }
        event_of(event, EventPosition::None(()))
    };
    match direction {
        BACKWARDS => {
            events.into_iter().rev().filter(|event| event.revision <= from).take(limit).map(shown).collect()
        }
        _ => events.into_iter().filter(|event| event.revision >= from).take(limit).map(shown).collect(),
    }
}

fn of_all(
    journal: &Journal,
    from: Option<&AllFrom>,
    options: &ReadOptions,
    limit: usize,
) -> Result<Vec<ReadResp>, Status> {
    let backwards = options.direction == BACKWARDS;
    let events = journal.all();
    let at = match from {
        Some(AllFrom::Start(())) | None => 0,
        Some(AllFrom::End(())) => events.len(),
        Some(AllFrom::At(place)) if place.commit >= journal.end() => events.len(),
        Some(AllFrom::At(place)) => events
            .binary_search_by_key(&place.commit, |event| event.commit)
            .map_err(|_| Status::unknown("Trying to read from an invalid position."))?,
    };
    let prefixes = match &options.filtering {
        Some(Filtering::Filter(filter)) => filter.stream.clone().unwrap_or_default().prefix,
        Some(Filtering::None(())) | None => vec![String::new()],
    };
    let wanted =
        |event: &&Recorded| prefixes.iter().any(|prefix| name_of(event).starts_with(prefix.as_bytes()));
    let shown = |event: &Recorded| event_of(event.clone(), EventPosition::Commit(event.commit));
    Ok(match backwards {
        true => events[..at].iter().rev().filter(wanted).take(limit).map(shown).collect(),
        false => events[at..].iter().filter(wanted).take(limit).map(shown).collect(),
    })
}

fn name_of(event: &Recorded) -> Bytes {
    event.stream.as_ref().map(|stream| stream.stream_name.clone()).unwrap_or_default()
}

fn event_of(event: Recorded, position: EventPosition) -> ReadResp {
    ReadResp { content: Some(Content::Event(ReadEvent { event: Some(event), position: Some(position) })) }
}

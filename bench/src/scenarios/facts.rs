//! Records to append: of the usual shape and size, without a vault.

use crate::Outcome;
use events::{
    Actor, Draft, EventId, Fact, LogId, Network, Personal, Record, RequestContext, Salt, SessionId,
    SessionStarted, StreamName, Timestamp, UserId, Version,
};
use uuid::Uuid;

/// The moment that all records of a benchmark bear.
pub(crate) const MOMENT: Timestamp = Timestamp::from_micros(1_795_468_800_000_000);

/// The `number`th id of a kind, in time order.
pub(crate) fn id(kind: u16, number: u64) -> Uuid {
    Uuid::from_u128(
        (0x0193_5a1c_u128 << 96)
            | (u128::from(number >> 16) << 80 & (0xffff << 80))
            | (0x7 << 76)
            | (0x8 << 60)
            | (u128::from(kind) << 44)
            | u128::from(number),
    )
}

/// A request of nobody in particular.
pub(crate) fn context() -> RequestContext {
    RequestContext {
        actor: Actor::Anonymous,
        correlation_id: "01935a1c-0000-7000-8000-000000000001".into(),
        causation_id: None,
        traceparent: None,
    }
}

/// The start of a session of its own, its network facts sealed by a cipher that costs nothing.
pub(crate) fn session_started(log: LogId, number: u64) -> Outcome<Record> {
    let user_id = UserId(id(1, number / 10));
    let network =
        Network { ip: Some("192.0.2.7".into()), user_agent: Some("Mozilla/5.0 (X11; Linux)".into()) };
    let draft = Draft {
        id: EventId(id(2, number)),
        log,
        time: MOMENT,
        stream: StreamName::session(SessionId(id(3, number))),
        version: Version(1),
        context: context(),
        salt: Salt([7; 16]),
        person: Some(user_id),
        fact: Fact::SessionStarted(SessionStarted {
            user_id,
            expires_at: MOMENT,
            network: Personal::Open(network),
            second_factor: None,
        }),
    };
    Ok(draft.write(|_, plaintext| plaintext.to_vec())?)
}

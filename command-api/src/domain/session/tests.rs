use super::*;
use crate::domain::tests::support::{
    ADA, BOB, given, minute, network, registered, session, sessions_revoked, suspended,
};
use events::{RevocationCause, SessionStarted, Version};

const GRACE: Duration = Duration::from_secs(10);
const SPANS: Spans = Spans { grace: GRACE, idle: Duration::from_secs(60 * 60) };

fn read(at: Timestamp, fact: &Fact) -> Session {
    let (position, version) = (Position(50), Version(1));
    Session::read(session(1), Some(Happened { position, version, at, fact })).expect("a session's record")
}

/// Started at minute 0, ends at minute 60.
fn started() -> Session {
    let network = Personal::Open(network());
    let fact = SessionStarted { user_id: ADA, expires_at: minute(60), network, second_factor: None };
    read(minute(0), &Fact::SessionStarted(fact))
}

fn refreshed_fact(generation: u32) -> Fact {
    Fact::SessionRefreshed(SessionRefreshed {
        user_id: ADA,
        generation,
        started_at: minute(0),
        started_position: Position(50),
        expires_at: minute(60),
        network: Personal::Open(network()),
        authenticated_at: None,
        second_factor: None,
    })
}

/// The same session once `generation` is good, since this moment.
fn refreshed(generation: u32, at: Timestamp) -> Session {
    read(at, &refreshed_fact(generation))
}

fn present(session: &Session, generation: u32, now: Timestamp) -> Refresh {
    refresh(session, &given([registered("ada@x.io")]).user, generation, now, SPANS, network())
}

fn replay(generation: u32) -> Refresh {
    let network = Personal::Open(network());
    let fact = SessionReplayDetected { user_id: ADA, generation, network };
    Refresh::Replay(Fact::SessionReplayDetected(fact))
}

#[test]
fn a_session_is_what_its_last_record_says() {
    assert_eq!(Session::read(session(1), None), Ok(Session::Unknown));
    let live = LiveSession {
        id: session(1),
        user_id: ADA,
        generation: 0,
        rotated_at: minute(0),
        started_at: minute(0),
        started_position: Position(50),
        expires_at: minute(60),
        authenticated_at: minute(0),
        second_factor: None,
        forgiving: true,
    };
    assert_eq!(started(), Session::Live(live));
    let later = LiveSession { generation: 3, rotated_at: minute(5), ..live };
    assert_eq!(refreshed(3, minute(5)), Session::Live(later));
    let cause = EndCause::SignedOut;
    let ended = Fact::SessionRevoked(SessionRevoked { user_id: ADA, cause });
    assert_eq!(read(minute(6), &ended), Session::Ended { user_id: ADA });
    let Refresh::Replay(replayed) = replay(0) else { unreachable!() };
    assert_eq!(read(minute(6), &replayed), Session::Ended { user_id: ADA });
}

#[test]
fn a_session_has_no_foreign_records() {
    let (position, version, at) = (Position(9), Version(1), minute(0));
    let happened = Happened { position, version, at, fact: &Fact::UserDeleted };
    assert!(Session::read(session(1), Some(happened)).is_err());
}

#[test]
fn the_good_token_is_exchanged_for_the_next() {
    assert_eq!(present(&started(), 0, minute(1)), Refresh::Rotate(refreshed_fact(1)));
    assert_eq!(present(&refreshed(7, minute(5)), 7, minute(6)), Refresh::Rotate(refreshed_fact(8)));
}

#[test]
fn refreshing_never_moves_the_end() {
    let Refresh::Rotate(Fact::SessionRefreshed(fact)) = present(&started(), 0, minute(59)) else {
        panic!("the token is good");
    };
    assert_eq!(
        (fact.expires_at, fact.started_at, fact.started_position),
        (minute(60), minute(0), Position(50))
    );
}

#[test]
fn the_predecessor_gets_the_same_successor_within_grace() {
    let session = refreshed(4, minute(5));
    for late in [Duration::ZERO, Duration::from_secs(1), GRACE] {
        let answer = present(&session, 3, minute(5).after(late));
        assert_eq!(answer, Refresh::SameSuccessor { generation: 4 }, "{late:?}");
    }
}

#[test]
fn a_clock_that_went_back_forgives_too() {
    let answer = present(&refreshed(4, minute(5)), 3, minute(4));
    assert_eq!(answer, Refresh::SameSuccessor { generation: 4 });
}

#[test]
fn the_predecessor_after_grace_is_a_replay() {
    let just_after = minute(5).after(GRACE).after(Duration::from_micros(1));
    assert_eq!(present(&refreshed(4, minute(5)), 3, just_after), replay(3));
}

/// The same session after its person proved once more who they are, with a code.
fn proved(session: &Session, now: Timestamp) -> Session {
    let ada = given([registered("ada@x.io")]).user;
    let facts = reauthenticate(session, &ada, Some(SecondFactor::Totp), now, SPANS.idle, network());
    read(now, &facts.expect("a session that stands")[0])
}

#[test]
fn a_proof_is_carried_on_by_refreshing() {
    let session = proved(&refreshed(4, minute(5)), minute(7));
    let Session::Live(live) = session else { panic!("{session:?}") };
    assert_eq!((live.generation, live.authenticated_at), (5, minute(7)));
    assert_eq!(live.second_factor, Some(SecondFactor::Totp));
    let Refresh::Rotate(fact) = present(&session, 5, minute(9)) else { panic!("the token is good") };
    let Session::Live(later) = read(minute(9), &fact) else { panic!("it lives") };
    assert_eq!((later.generation, later.authenticated_at), (6, minute(7)));
    assert_eq!((later.second_factor, later.forgiving), (Some(SecondFactor::Totp), true));
    assert_eq!((later.started_at, later.expires_at), (minute(0), minute(60)), "nothing lives longer by it");
}

#[test]
fn a_token_from_before_a_proof_gets_no_successor() {
    let session = proved(&refreshed(4, minute(5)), minute(7));
    assert_eq!(present(&session, 4, minute(7).after(GRACE)), Refresh::Invalid);
    assert_eq!(present(&session, 4, minute(8)), replay(4));
    assert_eq!(present(&session, 3, minute(7)), replay(3));
}

#[test]
fn nobody_proves_anything_in_a_session_that_ended() {
    let ada = given([registered("ada@x.io")]).user;
    let prove = |session: &Session, now| reauthenticate(session, &ada, None, now, SPANS.idle, network());
    for session in [Session::Unknown, Session::Ended { user_id: ADA }] {
        assert_eq!(prove(&session, minute(1)), Err(Refusal::SessionEnded));
    }
    assert_eq!(prove(&started(), minute(60)), Err(Refusal::SessionEnded));
}

#[test]
fn an_older_token_is_a_replay_even_within_grace() {
    for older in [0, 1, 2] {
        assert_eq!(present(&refreshed(4, minute(5)), older, minute(5)), replay(older));
    }
}

#[test]
fn a_generation_that_was_never_given_is_no_token() {
    for unborn in [5, 6, u32::MAX] {
        assert_eq!(present(&refreshed(4, minute(5)), unborn, minute(5)), Refresh::Invalid);
    }
    assert_eq!(present(&refreshed(u32::MAX, minute(5)), u32::MAX, minute(5)), Refresh::Invalid);
}

#[test]
fn nothing_outlives_the_end_of_the_session() {
    let last = Timestamp::from_micros(minute(60).micros() - 1);
    assert_eq!(present(&refreshed(4, last), 3, last), Refresh::SameSuccessor { generation: 4 });
    for generation in [0, 3, 4, 5] {
        assert_eq!(present(&refreshed(4, last), generation, minute(60)), Refresh::Invalid, "{generation}");
    }
}

#[test]
fn a_session_that_nobody_refreshes_ends_before_its_time() {
    let idle = Spans { idle: Duration::from_secs(20 * 60), ..SPANS };
    let user = given([registered("ada@x.io")]).user;
    let present =
        |session: &Session, generation, now| refresh(session, &user, generation, now, idle, network());
    assert_eq!(present(&started(), 0, minute(19)), Refresh::Rotate(refreshed_fact(1)));
    assert_eq!(present(&started(), 0, minute(20)), Refresh::Invalid);
    assert_eq!(present(&refreshed(4, minute(19)), 4, minute(38)), Refresh::Rotate(refreshed_fact(5)));
    assert_eq!(present(&refreshed(4, minute(19)), 4, minute(39)), Refresh::Invalid);
    assert_eq!(present(&refreshed(4, minute(19)), 0, minute(39)), Refresh::Invalid, "nor is it a replay");
    assert_eq!(present(&refreshed(4, minute(50)), 4, minute(60)), Refresh::Invalid, "and never later");
}

#[test]
fn no_token_of_an_ended_or_unknown_session_is_good_nor_a_replay() {
    for session in [Session::Ended { user_id: ADA }, Session::Unknown] {
        assert_eq!(present(&session, 0, minute(1)), Refresh::Invalid);
    }
}

#[test]
fn a_session_is_refreshed_only_while_its_person_lets_it_live() {
    let by_owner = RevocationCause::RequestedByOwner;
    let answer =
        |history: Vec<Fact>| refresh(&started(), &given(history).user, 0, minute(1), SPANS, network());
    // The session started at position 50; a history's nth record stands at position 10 n.
    let revoked_at = |n: usize, except| {
        let mut history = vec![registered("ada@x.io")];
        history.resize_with(n - 1, || crate::domain::tests::support::granted("auditor"));
        history.push(sessions_revoked(except, by_owner));
        history
    };
    assert_eq!(answer(revoked_at(6, None)), Refresh::Invalid, "ended after it started");
    assert_eq!(answer(revoked_at(6, Some(session(1)))), Refresh::Rotate(refreshed_fact(1)), "excepted");
    assert_eq!(answer(revoked_at(4, None)), Refresh::Rotate(refreshed_fact(1)), "ended before it started");
    assert_eq!(answer(vec![registered("ada@x.io"), suspended("spam")]), Refresh::Invalid);
    assert_eq!(answer(vec![registered("ada@x.io"), Fact::UserDeleted]), Refresh::Invalid);
    assert_eq!(answer(vec![registered("ada@x.io"), Fact::UserErased]), Refresh::Invalid);
    assert_eq!(answer(vec![]), Refresh::Invalid);
}

#[test]
fn a_session_ends_once() {
    let cause = EndCause::RevokedByOwner;
    let ended = Fact::SessionRevoked(SessionRevoked { user_id: ADA, cause });
    assert_eq!(end_session(&started(), ADA, cause), Ok(vec![ended]));
    assert_eq!(end_session(&Session::Ended { user_id: ADA }, ADA, cause), Ok(vec![]));
}

#[test]
fn somebody_elses_session_is_as_unknown_as_none() {
    let end = |session: Session| end_session(&session, BOB, EndCause::RevokedByOwner);
    // Told apart for whoever watches; both are answered alike.
    for session in [started(), Session::Ended { user_id: ADA }] {
        assert_eq!(end(session), Err(Refusal::AnothersSession));
    }
    assert_eq!(end(Session::Unknown), Err(Refusal::UnknownSession));
}

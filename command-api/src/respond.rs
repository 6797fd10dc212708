//! The answers to commands that were done.

use crate::{
    App,
    admins::after,
    command::Asked,
    decide::Decided,
    domain::{Granter, OwnSession, User},
    failure::Failure,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use events::{Position, UserId, Version};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use service::{
    caller::{Caller, Principal},
    extract::etag,
    position::EVIDENT_POSITION,
    problem::Code,
    shown::{self, UserStatus},
};

/// Somebody whose keys live; whoever has none is unknown.
pub(crate) fn shown(id: UserId, user: &User) -> Result<shown::User, Failure> {
    let (person, status) = match user {
        User::Active(person) => (person, UserStatus::Active),
        User::Suspended(person) => (person, UserStatus::Suspended),
        User::Deleted(person) => (person, UserStatus::Deleted),
        User::Unknown | User::Erased => return Err(Failure::new(Code::NotFound)),
    };
    let profile = person.profile.clone().ok_or(Failure::new(Code::NotFound))?;
    Ok(shown::User {
        id: id.0,
        email: Some(profile.email),
        email_verified: person.email_verified,
        second_factor: person.factor.is_asked_for(),
        display_name: profile.display_name,
        picture: person.picture.as_ref().and_then(|kept| kept.sha256.clone()),
        status,
        roles: person.roles.clone(),
        created_at: person.created_at,
        updated_at: person.updated_at,
        last_login_at: None,
        version: person.version.0,
    })
}

/// The answer to a command that was done.
pub(crate) struct Done(Response);

impl Done {
    /// 204. `position` is of the last record that tells of the command.
    pub(crate) fn no_content(app: &App, position: Position) -> Self {
        Self::new(app, position, StatusCode::NO_CONTENT)
    }

    /// 202: the rest follows by itself.
    pub(crate) fn accepted(app: &App, position: Position) -> Self {
        Self::new(app, position, StatusCode::ACCEPTED)
    }

    /// The same to somebody who must not learn whether anything happened.
    pub(crate) fn in_silence(app: &App, position: Position) -> Self {
        Self::with(app.positions.header_anew(position, &app.entropy), StatusCode::ACCEPTED)
    }

    /// With a body.
    pub(crate) fn json(app: &App, position: Position, status: StatusCode, body: impl Serialize) -> Self {
        Self::new(app, position, (status, Json(body)))
    }

    /// With the version that `If-Match` is to name.
    pub(crate) fn version(mut self, version: Version) -> Self {
        self.0.headers_mut().insert(header::ETAG, etag(version));
        self
    }

    /// For what else the answer is to carry.
    pub(crate) fn headers(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    fn at(mut self, id: UserId) -> Self {
        // An id is printable ASCII.
        if let Ok(path) = HeaderValue::try_from(format!("/api/v1/users/{id}")) {
            self.0.headers_mut().insert(header::LOCATION, path);
        }
        self
    }

    fn new(app: &App, position: Position, answer: impl IntoResponse) -> Self {
        Self::with(app.positions.header(position), answer)
    }

    fn with(position: HeaderValue, answer: impl IntoResponse) -> Self {
        let mut response = answer.into_response();
        response.headers_mut().insert(EVIDENT_POSITION, position);
        Self(response)
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        self.0
    }
}

/// 201 with somebody who came to be by a command.
pub(crate) fn created(
    app: &App,
    asked: &Asked,
    id: UserId,
    decided: &Decided<User>,
) -> Result<Done, Failure> {
    let user = after(&decided.before, &decided.facts, &decided.positions, asked.ids.at())?;
    // Whoever has just come to be has not signed in.
    let body = shown::User { last_login_at: Some(None), ..shown(id, &user)? };
    let done = Done::json(app, decided.position(), StatusCode::CREATED, body);
    Ok(done.version(decided.version()).at(id))
}

/// 200 with somebody as they are after a command about them.
pub(crate) fn user(app: &App, asked: &Asked, id: UserId, decided: &Decided<User>) -> Result<Done, Failure> {
    let user = after(&decided.before, &decided.facts, &decided.positions, asked.ids.at())?;
    let body = shown(id, &user)?;
    Ok(Done::json(app, decided.position(), StatusCode::OK, body).version(decided.version()))
}

/// The session that a command came from, for the domain to look at again.
pub(crate) fn own_session(by: &Caller) -> OwnSession {
    OwnSession {
        id: by.session_id,
        started_position: by.session_position,
        has_second_factor: by.second_factor,
    }
}

/// What the caller may give to what is no person.
pub(crate) const fn level(by: &Caller) -> Granter<'_> {
    Granter { permissions: &by.permissions, is_subject: false }
}

/// What the caller may give to this person.
pub(crate) fn granter(by: &Principal, to: UserId) -> Granter<'_> {
    Granter { permissions: by.permissions(), is_subject: by.is(to) }
}

//! People to measure with: registered and signed in over HTTP like anybody.

use crate::{
    Outcome,
    load::{Connection, request},
    process::PASSWORD,
};
use serde_json::Value;
use std::net::SocketAddr;

/// So many people that nobody signs in more often than they may have sessions, as hardly anybody does: whoever has too many
/// pays for the end of the oldest.
pub(crate) const MANY: usize = 100;

/// Somebody who is signed in.
pub(crate) struct Person {
    /// Their id.
    pub(crate) id: String,
    /// Their access token, as a header's value.
    pub(crate) authorization: String,
    /// Their refresh token.
    pub(crate) refresh_token: String,
}

/// The body that signs somebody in.
pub(crate) fn credentials(email: &str, password: &str) -> String {
    serde_json::json!({"email": email, "password": password}).to_string()
}

/// Registers somebody and signs them in.
pub(crate) async fn sign_up(connection: &mut Connection, email: &str) -> Outcome<Person> {
    let body = credentials(email, PASSWORD);
    let answer = connection.ask(&request("POST", "/api/v1/auth/register", &[], Some(&body))).await?;
    if answer.status != 201 {
        return Err(format!("register answered {}: {}", answer.status, answer.json()?).into());
    }
    sign_in(connection, email).await
}

/// Signs somebody in.
pub(crate) async fn sign_in(connection: &mut Connection, email: &str) -> Outcome<Person> {
    let body = credentials(email, PASSWORD);
    let answer = connection.ask(&request("POST", "/api/v1/auth/login", &[], Some(&body))).await?;
    let signed_in = answer.json()?;
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| format!("login answered {signed_in}"))
    };
    Ok(Person {
        id: text(&signed_in["user"]["id"])?,
        authorization: format!("Bearer {}", text(&signed_in["access_token"])?),
        refresh_token: text(&signed_in["refresh_token"])?,
    })
}

/// The address of one of many people.
fn email(index: usize) -> String {
    format!("person-{index}@example.com")
}

/// Registers and signs in `count` people.
pub(crate) async fn crowd(address: SocketAddr, count: usize) -> Outcome<Vec<Person>> {
    let mut connection = Connection::open(address).await?;
    let mut people = Vec::with_capacity(count);
    for index in 0..count {
        people.push(sign_up(&mut connection, &email(index)).await?);
    }
    Ok(people)
}

/// A request to sign in for each of a crowd of `count`.
pub(crate) fn sign_ins(count: usize, password: &str) -> Vec<Vec<u8>> {
    let body = |index| credentials(&email(index), password);
    (0..count).map(|index| request("POST", "/api/v1/auth/login", &[], Some(&body(index)))).collect()
}

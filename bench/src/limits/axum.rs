//! A bare axum answer: one route, one JSON value, no layers.

use crate::Outcome;
use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

/// Serves it on a free port, which is printed, until the process is killed.
pub(crate) async fn serve() -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().route("/api/v1/auth/me", get(|| async { Json(answer()) }));
    axum::serve(listener, router).await?;
    Ok(())
}

/// An answer of the shape and size of ours, made anew for each request as a handler would.
fn answer() -> Value {
    json!({
        "user": {
            "id": "01935a1c-0000-7000-8000-000000000001", "email": "ada@example.com", "email_verified": false,
            "display_name": "Ada", "status": "active", "roles": ["user"],
            "created_at": "2026-11-23T21:00:00.123456Z", "updated_at": "2026-11-23T21:00:00.123456Z",
            "last_login_at": "2026-11-23T21:00:00.123456Z", "version": 1
        },
        "session": {
            "id": "01935a1c-0000-7000-8000-000000000002", "started_at": "2026-11-23T21:00:00.123456Z",
            "expires_at": "2026-12-23T21:00:00.123456Z", "ip": "127.0.0.1", "user_agent": null, "current": true
        },
        "roles": ["user"],
        "permissions": []
    })
}

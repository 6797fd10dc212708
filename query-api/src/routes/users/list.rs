//! `GET /users`

use crate::{
    app::App,
    failure::Failure,
    input::Checks,
    respond::{Page, Problems, Reached, cut},
    views,
};
use axum::{extract::State, response::Response};
use events::Permission;
use read_models::{UserFilter, UserKey, UserSort, UserStatus};
use serde::Deserialize;
use service::{Code, FieldError, Principal, Problem, extract::Query, shown::User};

/// Which people, and in which order.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// Only whose name or address holds this text, whatever the case of its letters.
    #[param(format = "visible-text", min_length = 1, max_length = 200)]
    q: Option<String>,
    /// Only `active`, `suspended`, `deleted` or `erased` ones.
    #[param(value_type = Option<service::shown::UserStatus>)]
    status: Option<String>,
    /// Only who has this role.
    #[param(value_type = Option<service::openapi::RoleText>)]
    role: Option<String>,
    /// `-created_at` (the newest account first, unless told), `created_at` or `email`.
    #[param(pattern = "^(-?created_at|email)$")]
    sort: Option<String>,
    /// How many, from 1 to 200; 50 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(format = "cursor")]
    cursor: Option<String>,
}

/// People.
///
/// Needs `users:read`.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", operation_id = "listUsers",
    security(("bearer" = ["users:read"])),
    params(ListUsers),
    responses((status = 200, description = "A page of people", body = Page<User>), Problems)
)]
pub(crate) async fn list_users(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Query(query): Query<ListUsers>,
) -> Result<Response, Failure> {
    caller.must(Permission::UsersRead)?;
    let sort = query.sort()?;
    let mut checks = Checks::default();
    let (filter, limit) = (query.filter(&mut checks), checks.limit(query.limit.as_deref()));
    checks.finish()?;
    let list = format!("users {sort:?} {filter:?}");
    let after: Option<UserKey> = app.open_cursor(&list, query.cursor.as_deref())?;
    let found = app.read_models().users(&filter, sort, after.as_ref(), limit + 1).await;
    let found = found?;
    let mut rows = found.value;
    let next_cursor = cut(&mut rows, limit, |last| app.seal_cursor(&list, &last.key(sort)));
    let items = rows.into_iter().map(views::user).collect();
    reached.answer(&app, found.position, &Page { items, next_cursor })
}

impl ListUsers {
    fn filter(&self, checks: &mut Checks) -> UserFilter {
        let status = self.status.as_deref();
        let known = status.and_then(UserStatus::from_text);
        if status.is_some() && known.is_none() {
            checks.refuse("status", "unknown_value", "active, suspended, deleted or erased");
        }
        UserFilter {
            q: checks.text("q", self.q.as_deref()),
            status: known,
            role: checks.parsed("role", self.role.as_deref(), "a role's name"),
        }
    }

    /// Orders are a closed set: asking for another is a mistake in the program that asks, not in what somebody typed.
    fn sort(&self) -> Result<UserSort, Problem> {
        match self.sort.as_deref() {
            None | Some("-created_at") => Ok(UserSort::NewestFirst),
            Some("created_at") => Ok(UserSort::OldestFirst),
            Some("email") => Ok(UserSort::Email),
            Some(_) => {
                let error = FieldError::new("/sort", "unknown_value", "created_at, -created_at or email.");
                Err(Problem::new(Code::MalformedRequest).errors(vec![error]))
            }
        }
    }
}

//! Questions about people: one of them, or a list, page by page.

use super::{Columns, UserRow, UserStatus, table::NO_ADDRESS};
use crate::{
    ReadModels, ReadModelsError, Shown,
    columns::{containing, shown, signed},
    open::reading,
};
use events::{RoleName, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

/// Which people to list. What is absent restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Only whose address or name holds this text, whatever the case of its letters.
    pub q: Option<String>,
    /// Only with this status.
    pub status: Option<UserStatus>,
    /// Only with this role.
    pub role: Option<RoleName>,
}

/// In which order to list people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSort {
    /// The oldest account first.
    OldestFirst,
    /// The newest account first.
    #[default]
    NewestFirst,
    /// By address, byte by byte; who has none comes last.
    Email,
}

/// A place in a list of people: the one who was shown last. It is good for the order that it was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKey {
    /// In the orders by age.
    Created(Timestamp, UserId),
    /// In the order by address.
    Email(Option<String>, UserId),
}

/// The last sign-in is looked up for those who are shown, so that signing in writes no row here.
const SHOWN: &str = "
    select c.position as shown_at, u.*,
        (select s.started_at_us from sessions s where s.user_id = u.user_id
         order by s.started_position desc limit 1) as last_login_at_us
    from checkpoint c left join (
        select 1 as there, user_id, email, display_name, email_verified, status, roles, created_at_us,
            updated_at_us, version, access_changed_at_us, revoked_before, revoked_except, search, email_order,
            second_factor, picture
        from users where true";

const SHOWN_END: &str = ") u on true";

impl UserRow {
    /// This person's place in a list.
    #[must_use]
    pub fn key(&self, sort: UserSort) -> UserKey {
        match sort {
            UserSort::OldestFirst | UserSort::NewestFirst => UserKey::Created(self.created_at, self.user_id),
            UserSort::Email => UserKey::Email(self.email.clone(), self.user_id),
        }
    }
}

impl UserSort {
    /// The order, for within the page and around it.
    const fn order(self) -> &'static str {
        match self {
            UserSort::OldestFirst => " order by created_at_us, user_id",
            UserSort::NewestFirst => " order by created_at_us desc, user_id desc",
            UserSort::Email => " order by email_order, user_id",
        }
    }

    /// What holds for everybody behind a place.
    const fn behind(self) -> &'static str {
        match self {
            UserSort::OldestFirst => " and (created_at_us, user_id) > (",
            UserSort::NewestFirst => " and (created_at_us, user_id) < (",
            UserSort::Email => " and (email_order, user_id) > (",
        }
    }
}

impl ReadModels {
    /// One person.
    pub async fn user(&self, id: UserId) -> Result<Shown<Option<UserRow>>, ReadModelsError> {
        let found = reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            query.push(" and user_id = ").push_bind(id.0).push(SHOWN_END);
            shown::<Columns, UserRow, _>(&query.build().fetch_all(pool).await?)
        })?;
        Ok(found.only())
    }

    /// People, from the one after `after` on. A key of another order than `sort` is passed over.
    pub async fn users(
        &self,
        filter: &UserFilter,
        sort: UserSort,
        after: Option<&UserKey>,
        limit: usize,
    ) -> Result<Shown<Vec<UserRow>>, ReadModelsError> {
        reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            if let Some(status) = filter.status {
                query.push(" and status = ").push_bind(status.as_str());
            }
            if let Some(role) = &filter.role {
                let quoted = containing(&format!("\"{role}\""));
                query.push(" and roles like ").push_bind(quoted).push(" escape '\\'");
            }
            if let Some(q) = &filter.q {
                let pattern = containing(&q.to_lowercase());
                query.push(" and search like ").push_bind(pattern).push(" escape '\\'");
            }
            match (sort, after) {
                (UserSort::OldestFirst | UserSort::NewestFirst, Some(UserKey::Created(at, id))) => {
                    query.push(sort.behind()).push_bind(at.micros());
                    query.push(", ").push_bind(id.0).push(")");
                }
                (UserSort::Email, Some(UserKey::Email(email, id))) => {
                    let email = email.clone().unwrap_or_else(|| NO_ADDRESS.to_owned());
                    query.push(sort.behind()).push_bind(email);
                    query.push(", ").push_bind(id.0).push(")");
                }
                (UserSort::OldestFirst | UserSort::NewestFirst | UserSort::Email, _) => {}
            }
            query.push(sort.order()).push(" limit ").push_bind(signed(limit as u64));
            query.push(SHOWN_END).push(sort.order());
            shown::<Columns, UserRow, _>(&query.build().fetch_all(pool).await?)
        })
    }
}

//! API keys: whose they are, and that their use stands in the log.

use crate::{
    App,
    caller::guard,
    command::Asked,
    decide::Aggregate,
    domain::{Refusal, ServiceAccount, use_key},
    failure::Failure,
    history::{Read, read_last},
    ids::Ids,
};
use events::{Fact, KeyId, Permission, ServiceAccountId, StreamName, Timestamp, UserId};
use service::{
    api_key::ApiKey,
    caller::{Principal, ServiceCaller},
    extract::RequestInfo,
    problem::Code,
};
use std::collections::BTreeSet;
use store::log::Guard;

impl App {
    /// The service account that an API key is of, if it holds now. Unknown, expired, revoked, or of an account that was
    /// removed: one answer.
    pub(crate) async fn service(
        &self,
        text: &str,
        info: &RequestInfo,
    ) -> Result<(ServiceCaller, Guard), Failure> {
        let refused = || Failure::new(Code::InvalidToken);
        let presented = ApiKey::read(text).ok_or_else(refused)?;
        let account = self.service_account(presented.account, None).await?;
        let key = account.state.key(presented.id, self.clock.now());
        let key = key.filter(|key| presented.proves(&key.secret_hash)).ok_or_else(refused)?;
        let permissions = key.permissions.clone();
        let caller = ServiceCaller { account_id: presented.account, key_id: presented.id, permissions };
        self.note_use(&caller, info).await?;
        Ok((caller, guard(StreamName::service(presented.account), &account)))
    }

    /// What a key that was presented a moment ago permits now.
    pub(crate) async fn key_holder(
        &self,
        id: ServiceAccountId,
        key: KeyId,
    ) -> Result<(BTreeSet<Permission>, Vec<Guard>), Failure> {
        let account = self.service_account(id, None).await?;
        let held = account.state.key(key, self.clock.now()).ok_or(Failure::new(Code::InvalidToken))?;
        Ok((held.permissions.clone(), vec![guard(StreamName::service(id), &account)]))
    }

    /// Writes down that a key is used, unless that stands there for today. Of many that use it at once one does.
    async fn note_use(&self, caller: &ServiceCaller, info: &RequestInfo) -> Result<(), Failure> {
        let (key, now) = (caller.key_id, self.clock.now());
        if self.used_today.knows(key, now.day()) {
            return Ok(());
        }
        let actor = Principal::Service(caller.clone()).actor();
        let mut asked = Asked::by_machine(self, actor);
        asked.context = info.context(actor);
        let note = |last: &LastUse| Ok(use_key(caller.account_id, last.0, now));
        self.decide::<LastUse, Refusal>(&asked, key, note).await?;
        self.used_today.note(key, now.day());
        Ok(())
    }
}

impl Aggregate for ServiceAccount {
    type Key = ServiceAccountId;
    const HAS_ETAG: bool = false;

    fn stream(id: &ServiceAccountId) -> StreamName {
        StreamName::service(*id)
    }

    fn person(_: &ServiceAccountId, _: &[Fact]) -> Option<UserId> {
        None
    }

    async fn read(app: &App, id: &ServiceAccountId, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.service_account(*id, Some(ids)).await
    }
}

/// When a key was last written down as used.
#[derive(Debug)]
struct LastUse(Option<Timestamp>);

impl Aggregate for LastUse {
    type Key = KeyId;
    const HAS_ETAG: bool = false;

    fn stream(id: &KeyId) -> StreamName {
        StreamName::key_use(*id)
    }

    fn person(_: &KeyId, _: &[Fact]) -> Option<UserId> {
        None
    }

    async fn read(app: &App, id: &KeyId, ids: &Ids) -> Result<Read<Self>, Failure> {
        let last = app.last(&StreamName::key_use(*id)).await?;
        let at = last.as_ref().map(|(stored, _)| stored.record.time);
        Ok(read_last(last.as_ref(), LastUse(at), Some(ids)))
    }
}

//! `evident erasures replay`: a restored vault still has the keys of people who were erased after its backup. The log
//! knows who they are; their keys are destroyed again, before the vault serves anybody.

use crate::{
    opening,
    report::{self, Doing, Failure},
};
use events::{Category, Fact, Position};
use service::{clock::Clock, config::Config};
use std::process::ExitCode;

const PAGE: usize = 1_000;

pub(crate) async fn replay(config: &Config) -> Result<ExitCode, Failure> {
    let stores = opening::open(config).await?;
    let (mut after, mut erased) = (Position::START, 0_u64);
    loop {
        let page = stores.log.read_all(after, PAGE).await.doing("read the log")?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stored in &page {
            if stored.record.event_type == Fact::UserErased.event_type()
                && let Category::User(user) = stored.record.stream.category()
            {
                stores.vault.finish_erasure(user, Clock::System.now()).await.doing("destroy keys")?;
                erased += 1;
            }
        }
    }
    report::say(format_args!("{erased} erased people have no keys, as of position {after}."));
    Ok(ExitCode::SUCCESS)
}

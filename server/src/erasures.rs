//! `evident erasures replay`: a restored vault still has the keys of people who were erased after its backup, and does
//! not know of accounts that were closed after it. The log knows who they are: those keys are destroyed again, and these
//! people are due again, before the vault serves anybody.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use events::{Category, Fact, Position};
use service::{clock::Clock, config::Config};
use std::process::ExitCode;
use store::{
    log::Stored,
    vault::{ErasureDue, Vault},
};

const PAGE: usize = 1_000;

pub(crate) async fn replay(config: &Config) -> Result<ExitCode, Failure> {
    let openings = Openings::at_once(config);
    let (log, vault) = (openings.log().await?, openings.vault().await?);
    let (mut after, mut erased) = (Position::START, 0_u64);
    loop {
        let page = log.read_all(after, PAGE).await.doing("read the log")?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stored in &page {
            erased += u64::from(replay_one(&vault, config, stored).await?);
        }
    }
    report::say(format_args!("{erased} erased people have no keys, as of position {after}."));
    Ok(ExitCode::SUCCESS)
}

/// Whether the record erased somebody.
async fn replay_one(vault: &Vault, config: &Config, Stored { record, .. }: &Stored) -> Result<bool, Failure> {
    if let Ok(Fact::NetworkEnded(ended)) = record.fact(|_, _| None) {
        vault.destroy_month(ended.month).await.doing("destroy keys")?;
        return Ok(false);
    }
    let Category::User(user) = record.stream.category() else { return Ok(false) };
    if record.event_type == Fact::UserErased.event_type() {
        vault.finish_erasure(user, Clock::System.now()).await.doing("destroy keys")?;
        return Ok(true);
    }
    if record.event_type == Fact::UserDeleted.event_type() {
        // Noted once more where it is noted already, by the record's own id, so that saying it twice changes nothing.
        let due_at = record.time.after(config.erasure_delay);
        let due = ErasureDue { intent: record.id.0, user, if_deleted: true, due_at };
        vault.note_erasure(&due).await.doing("note who is to be erased")?;
    }
    Ok(false)
}

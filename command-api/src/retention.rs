//! Network facts end with their month's key: the log says so first, then the key goes.
//!
//! A process that is cut off between the two leaves a key of which the log says that it is destroyed. Whoever looks next
//! destroys it, as it does with one that came back with a vault's backup.

use crate::{
    App,
    command::Asked,
    decide::Aggregate,
    domain::{Retention, end_network},
    failure::Failure,
    history::Read,
    ids::Ids,
};
use events::{Actor, Fact, Month, StreamName, Timestamp, UserId};
use metrics::counter;

impl App {
    /// Ends the network facts of every month whose time has run out, unless a hold stands.
    pub(crate) async fn end_network_facts(&self, now: Timestamp) -> Result<(), Failure> {
        let months = self.vault.months().await?;
        if months.is_empty() {
            return Ok(());
        }
        let retention = self.retention(None).await?.state;
        for month in months {
            let is_over = month.end().after(self.config.retention_network) <= now;
            if retention.has_ended(month) || (is_over && !retention.holds(month)) {
                self.end_month(month).await?;
            }
        }
        Ok(())
    }

    async fn end_month(&self, month: Month) -> Result<(), Failure> {
        let asked = Asked::by_machine(self, Actor::System);
        let decided = self.decide(&asked, (), |retention: &Retention| end_network(retention, month)).await;
        match decided {
            Ok(decided) => {
                self.vault.destroy_month(month).await?;
                if !decided.facts.is_empty() {
                    counter!("evident_network_months_ended_total").increment(1);
                    tracing::info!(%month, "the key of a month's network facts is destroyed");
                }
                Ok(())
            }
            // A hold was placed a moment ago.
            Err(failure) if failure.is_refusal() => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

impl Aggregate for Retention {
    type Key = ();
    const HAS_ETAG: bool = false;

    fn stream((): &()) -> StreamName {
        StreamName::retention()
    }

    fn person((): &(), _: &[Fact]) -> Option<UserId> {
        None
    }

    async fn read(app: &App, (): &(), ids: &Ids) -> Result<Read<Self>, Failure> {
        app.retention(Some(ids)).await
    }
}

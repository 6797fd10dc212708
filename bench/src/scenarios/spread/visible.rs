//! From a command-api's answer to a query-api's that shows it, over NATS.

use crate::{
    Outcome,
    fleet::Fleet,
    load::Connection,
    sample::Sample,
    scenarios::{people::sign_up, visible},
    table::Row,
};

const COMMANDS: usize = 500;

pub(super) async fn run(fleet: &Fleet) -> Outcome<Vec<Row>> {
    let mut commands = Connection::open(fleet.commands(0)).await?;
    let person = sign_up(&mut commands, "visible@example.com").await?;
    let mut sample = Sample::default();
    for number in 0..COMMANDS {
        // Now by one pair of services, now by the other.
        let mut commands = Connection::open(fleet.commands(number)).await?;
        let mut queries = Connection::open(fleet.queries(number / 2)).await?;
        sample.add(visible::once(&mut commands, &mut queries, &person, number).await?);
    }
    Ok(visible::rows("over NATS", &mut sample, (8, 40)))
}

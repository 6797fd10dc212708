//! The scenarios, one file each: ours and its limit in the same run.

mod append;
mod carried;
mod facts;
mod idle;
mod me;
mod people;
mod project;
mod refresh;
mod refused;
mod sign_in;
mod spread;
mod visible;

use crate::{Arguments, Outcome, machine::Postgres, process, table};

/// Runs every scenario whose name was asked for and prints the table, line by line as it grows.
pub(crate) async fn run(arguments: &Arguments) -> Outcome<()> {
    let binary = process::build_evident()?;
    let postgres = Postgres::start()?;
    let seconds = arguments.seconds;
    println!("{}", table::HEADING);
    let wanted = |name: &str| name.contains(&arguments.only);
    let mut missed = 0;
    let mut print = |rows: Vec<table::Row>| {
        for row in rows {
            missed += usize::from(!row.reached());
            println!("{}", row.line());
        }
    };
    if wanted("idle") {
        print(idle::run(&binary).await?);
    }
    if wanted("append") {
        print(append::run(&postgres, seconds).await?);
    }
    if wanted("project") {
        print(project::run(&postgres, arguments.backlog).await?);
    }
    if wanted("sign-in") {
        print(sign_in::run(&binary, seconds).await?);
    }
    if wanted("me") {
        print(me::run(&binary, seconds).await?);
    }
    if wanted("refresh") {
        print(refresh::run(&binary, &postgres, seconds).await?);
    }
    if wanted("visible") {
        print(visible::run(&binary).await?);
    }
    if wanted("carried") {
        print(carried::run(&postgres).await?);
    }
    if wanted("refused") {
        print(refused::run(&binary, &postgres).await?);
    }
    if wanted("spread") {
        print(spread::run(&binary, &postgres, seconds).await?);
    }
    if wanted("chaos") {
        chaos(arguments.chaos_seconds)?;
    }
    println!("\n{missed} missed what they should reach.");
    Ok(())
}

/// The chaos test of `server`, in its long form and as it is released. It fails the run if it fails.
fn chaos(seconds: u64) -> Outcome<()> {
    let test =
        ["test", "--release", "--package", "server", "--test", "evident", "chaos::", "--", "--nocapture"];
    let mut cargo = process::cargo();
    match cargo.args(test).env("EVIDENT_TEST_CHAOS_SECONDS", seconds.to_string()).status()?.success() {
        true => Ok(()),
        false => Err("chaos: see above".into()),
    }
}

//! Every event takes effect exactly once, whoever dies and whoever else writes.

use crate::{
    teller::Teller,
    world::{Engine, PATIENCE, Projecting, Urls, World, open},
};
use events::Position;
use read_models::ApplyError;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

on_each_engine!(
    what_is_told_is_shown,
    a_projector_killed_again_and_again_shows_each_event_once,
    of_two_projectors_one_writes_each_batch,
    a_write_from_a_stale_checkpoint_is_refused,
    a_write_waits_for_no_other_projector,
);

async fn what_is_told_is_shown(world: World) {
    let mut teller = Teller::new(&world, 1);
    teller.tell(300).await;
    let projecting = world.project();
    world.caught_up().await;
    teller.tell(100).await;
    world.caught_up().await;
    projecting.stop().await.expect("a projector stops when it is told to");
    world.equals_a_rebuild().await;
}

async fn a_projector_killed_again_and_again_shows_each_event_once(world: World) {
    let mut teller = Teller::new(&world, 3);
    for round in 0..15 {
        killed_at_work(&world, &mut teller, round).await;
    }
    world.follow_to_the_end().await;
    world.equals_a_rebuild().await;
    // What a killed one leaves is whole too. Nobody is erased from here on: tables that stand still show what a fold
    // can no longer open.
    teller.spare_everybody();
    for round in 15..20 {
        killed_at_work(&world, &mut teller, round).await;
        world.equals_a_rebuild().await;
    }
    world.follow_to_the_end().await;
    world.equals_a_rebuild().await;
}

/// Once it writes, it dies at some moment of its work: between two batches, in one, in a commit.
async fn killed_at_work(world: &World, teller: &mut Teller<'_>, round: u64) {
    let mut child = OtherProcess::start(&world.urls);
    child.until_it_begins();
    let before = world.models.checkpoint().await.expect("the tables answer").position;
    teller.tell(40).await;
    world.shown(before.next()).await;
    tokio::time::sleep(Duration::from_micros(round * 7_919 % 23_000)).await;
    drop(child);
}

/// A projector in a process of its own: this very binary, started again to run only [`child`]. Dropping it is
/// SIGKILL.
pub(crate) struct OtherProcess(Child);

impl OtherProcess {
    pub(crate) fn start(urls: &Urls) -> Self {
        let this = std::env::current_exe().expect("a test knows its own binary");
        let child = Command::new(this)
            .args(["--ignored", "--exact", "exactly_once::child"])
            .envs([("LOG", &urls.log), ("VAULT", &urls.vault), ("READ", &urls.read)])
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("a child starts"))
    }

    /// Waits until it has opened its stores and is about to project.
    pub(crate) fn until_it_begins(&mut self) {
        let said = BufReader::new(self.0.stdout.take().expect("it is waited for once"));
        let mut lines = said.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.ends_with(BEGINS)), "the child ended before it began");
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        self.0.kill().expect("the child runs until it is killed");
        self.0.wait().expect("the child ends");
    }
}

/// What the child says on its standard output once.
const BEGINS: &str = "it begins";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process for other tests to kill"]
#[expect(clippy::disallowed_methods, reason = "the parent tells the child by the environment what to follow")]
async fn child() {
    let url = |name| std::env::var(name).expect("the parent names the stores");
    let (log, vault, models) = open(&Urls { log: url("LOG"), vault: url("VAULT"), read: url("READ") }).await;
    // Nobody may listen any more.
    let _ = writeln!(std::io::stdout(), "{BEGINS}");
    projector::run(log, vault, models, CancellationToken::new())
        .await
        .expect("the child runs until it is killed");
}

async fn of_two_projectors_one_writes_each_batch(world: World) {
    let first = world.project();
    let (log, vault, models) = open(&world.urls).await;
    let second = Projecting::start(log, vault, models);
    let mut teller = Teller::new(&world, 4);
    for _ in 0..10 {
        teller.tell(30).await;
        world.caught_up().await;
    }
    first.stop().await.expect("the first one stops when it is told to");
    teller.tell(50).await;
    world.caught_up().await; // The other one took over.
    second.stop().await.expect("the second one stops when it is told to");
    world.equals_a_rebuild().await;
}

async fn a_write_from_a_stale_checkpoint_is_refused(world: World) {
    Teller::new(&world, 5).tell(20).await;
    world.follow_to_the_end().await;
    let head = world.log.head().await.expect("the log answers");
    let batch = world.opened().await;
    let stale = world.models.apply(Position::START, world.log.id(), &batch[..10]).await;
    assert!(matches!(stale, Err(ApplyError::Fenced)), "{stale:?}");
    assert_eq!(world.models.checkpoint().await.expect("the tables answer").position, head);
    world.equals_a_rebuild().await;
}

/// On PostgreSQL, where writers wait for each other's rows, and not for the whole file.
async fn a_write_waits_for_no_other_projector(world: World) {
    if world.engine == Engine::Sqlite {
        return;
    }
    Teller::new(&world, 8).tell(20).await;
    let batch = world.opened().await;
    let winner = Holding::start(&world.urls.read);
    let late = world.models.apply(Position::START, world.log.id(), &batch);
    let late = tokio::time::timeout(PATIENCE, late).await.expect("it does not wait");
    assert!(matches!(late, Err(ApplyError::Fenced)), "{late:?}");
    drop(winner);
    world.follow_to_the_end().await;
    world.equals_a_rebuild().await;
}

/// Another projector in the middle of its transaction; it ends when this is dropped.
struct Holding(Child);

impl Holding {
    fn start(read: &str) -> Self {
        let mut psql = Command::new("psql")
            .args([read, "--quiet", "--no-align", "--tuples-only"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql is installed");
        let take = "begin; update evident_read.checkpoint set position = position returning 'taken';";
        writeln!(psql.stdin.as_mut().expect("its input"), "{take}").expect("it listens");
        let mut said = BufReader::new(psql.stdout.take().expect("its output")).lines();
        let taken = said.find_map(|line| line.ok().filter(|line| line == "taken"));
        assert!(taken.is_some(), "psql could not take the checkpoint");
        Self(psql)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.kill().expect("psql runs until it is killed");
        self.0.wait().expect("psql ends");
    }
}

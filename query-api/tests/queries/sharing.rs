//! `GET /auth/me` over several instances that share what they read: one is asked, and another knows the answer, for as
//! long as it is true.
//!
//! The other one's tables are empty, so what it answers it has from Valkey.

use crate::{
    answer::ask_until_shown,
    world::{Answer, Somebody, World, ask, profile},
};
use events::{Fact, Personal, Position, ProfileChanged};
use query_api::App;
use service::position::EVIDENT_MIN_POSITION;
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const ME: &str = "/api/v1/auth/me";

/// A Valkey or Redis of a test's own.
pub(crate) struct Server {
    pub(crate) url: String,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = scripts_redis("start", folder.path());
        Self { url, folder }
    }

    fn kill(&self) {
        scripts_redis("kill", self.folder.path());
    }

    /// What it answers to a line, be it one text or several.
    fn says(&self, line: &str) -> Vec<Vec<u8>> {
        let address = self.url.strip_prefix("redis://").expect("a redis URL");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(format!("{line}\r\n").as_bytes()).expect("sent");
        answered(&mut BufReader::new(stream))
    }

    fn text(&self, line: &str) -> String {
        String::from_utf8(self.says(line).concat()).expect("a text")
    }

    /// The names of the answers that it keeps.
    fn answers(&self) -> Vec<String> {
        self.says("KEYS evident:me:*")
            .into_iter()
            .map(|name| String::from_utf8(name).expect("a text"))
            .collect()
    }

    /// How often something was there that was asked for.
    pub(crate) fn hits(&self) -> u64 {
        let text = self.text("INFO stats");
        let hits = text.lines().find_map(|line| line.strip_prefix("keyspace_hits:"));
        hits.and_then(|hits| hits.trim().parse().ok()).expect("a number of hits")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answered(stream: &mut impl BufRead) -> Vec<Vec<u8>> {
    let mut line = String::new();
    stream.read_line(&mut line).expect("an answer");
    let (kind, rest) = line.trim_end().split_at(1);
    match kind {
        "*" => (0..rest.parse().expect("a count")).flat_map(|_: u32| answered(stream)).collect(),
        "$" => {
            // A length of -1 stands for nothing.
            let Ok(length) = rest.parse::<usize>() else { return Vec::new() };
            let mut value = vec![0; length + 2];
            stream.read_exact(&mut value).expect("a value");
            value.truncate(value.len() - 2);
            vec![value]
        }
        "-" => panic!("{rest}"),
        _ => vec![rest.as_bytes().to_vec()],
    }
}

fn scripts_redis(command: &str, folder: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/redis");
    let done = Command::new(script).arg(command).arg(folder).output().expect("scripts/redis can be run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: not within 60 seconds");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A world, somebody in it whose answer lies in Valkey, and another instance whose feed knows all of it.
async fn shared(server: &Server) -> (World, Somebody, App) {
    let mut world = World::sharing_over(&server.url).await;
    until("the first shares", async || world.app.is_sharing()).await;
    let ada = world.somebody("Ada", &["user"]).await;
    world.get(ME, &ada).await.must_be(200);
    offered_until("the answer is there", &world, &ada, async || !server.answers().is_empty()).await;
    let other = world.app_without_tables().await;
    world.follow(&other);
    until("the other shares", async || other.is_sharing()).await;
    other.followed(world.log.head().await.expect("a head")).await;
    (world, ada, other)
}

/// Waits until something holds once an answer lies in Valkey. What does not come there in time is not offered again by
/// who read it; so now and then an instance that knows no answer is asked for it, and offers what it reads.
async fn offered_until(what: &str, world: &World, somebody: &Somebody, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let offered = Instant::now();
        while offered.elapsed() < Duration::from_secs(1) {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(Instant::now() < deadline, "{what}: not within 60 seconds");
        let late = world.another_app().await;
        world.follow(&late);
        until("it shares", async || late.is_sharing()).await;
        me(&late, somebody).await.must_be(200);
    }
}

async fn me(app: &App, somebody: &Somebody) -> Answer {
    ask(app, somebody.request(ME)).await
}

fn renamed(name: &str) -> Fact {
    Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile(name)) })
}

impl Answer {
    #[track_caller]
    fn must_be(&self, status: u16) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
    }
}

#[tokio::test]
async fn what_one_instance_has_read_another_answers() {
    let server = Server::start();
    let (world, ada, other) = shared(&server).await;
    // Where Valkey answers too late, the other one has nothing to answer with, until it is asked again.
    until("the other one answers", async || me(&other, &ada).await.status == 200).await;
    let (first, second) = (world.get(ME, &ada).await, me(&other, &ada).await);
    second.must_be(200);
    assert_eq!((&first.body, first.position()), (&second.body, second.position()));
    server.kill();
    me(&other, &ada).await.must_be(200);
}

#[tokio::test]
async fn an_answer_that_something_touched_is_nobodys_any_more() {
    let server = Server::start();
    let (mut world, ada, other) = shared(&server).await;
    let position = world.append(events::StreamName::user(ada.user), Some(ada.user), renamed("Grace")).await;
    other.followed(position).await;
    me(&other, &ada).await.must_be(503);
    // Read anew by the one that can, it is everybody's again.
    world.project().await;
    world.app.followed(position).await;
    let request = || ada.request(ME).header(EVIDENT_MIN_POSITION, world.position_token(position));
    ask_until_shown(&world.app, request).await.must_be(200);
    let there = async || me(&other, &ada).await.status == 200;
    offered_until("the newer answer is there", &world, &ada, there).await;
    assert_eq!(me(&other, &ada).await.json()["user"]["display_name"], "Grace");
}

#[tokio::test]
async fn an_answer_is_not_given_to_whoever_knows_more() {
    let server = Server::start();
    let (mut world, ada, other) = shared(&server).await;
    let bob = world.somebody("Bob", &["user"]).await;
    let head = world.log.head().await.expect("a head");
    let beyond = world.position_token(Position(head.0 + 1));
    ask(&other, ada.request(ME).header("evident-min-position", beyond)).await.must_be(503);
    other.followed(head).await;
    let ask_other = async || {
        ask(&other, ada.request(ME).header("evident-min-position", world.position_token(head))).await
    };
    until("the other one answers", async || ask_other().await.status == 200).await;
    let known = ask_other().await;
    known.must_be(200);
    assert_eq!(known.position(), world.position_token(head), "what is about Bob changes nothing");
    drop(bob);
}

#[tokio::test]
async fn what_was_read_before_an_instance_began_is_not_used_by_it() {
    let server = Server::start();
    let (mut world, ada, _) = shared(&server).await;
    world.tell_of(ada.user, renamed("Grace")).await;
    // Its feed begins after the change, so it never sees that one. The older answer is still in Valkey.
    let late = world.another_app().await;
    world.follow(&late);
    until("it shares", async || late.is_sharing()).await;
    assert_eq!(server.answers().len(), 1);
    assert_eq!(me(&late, &ada).await.json()["user"]["display_name"], "Grace");
}

#[tokio::test]
async fn what_lies_in_valkey_is_sealed_for_its_session_and_leaves_by_itself() {
    // On a busy machine an answer may have left before all is looked at; not three times in a row.
    for _ in 0..3 {
        if is_sealed_and_leaves().await.is_some() {
            return;
        }
    }
    panic!("the answer is gone too soon");
}

/// None when the answer has left meanwhile.
async fn is_sealed_and_leaves() -> Option<()> {
    let server = Server::start();
    let (mut world, ada, other) = shared(&server).await;
    let of_ada = server.answers().pop()?;
    let sealed = server.says(&format!("GET {of_ada}")).concat();
    let life = || server.text(&format!("PTTL {of_ada}")).parse::<i64>().expect("milliseconds");
    let (left, gone) = (life(), || life() == -2);
    if left == -2 {
        return None;
    }
    assert!((1..=30_000).contains(&left), "{left} ms");
    let text = String::from_utf8_lossy(&sealed).to_lowercase();
    assert!(sealed.len() > 200 && !text.contains("ada") && !text.contains("user"), "{text}");
    assert!(
        !of_ada.contains(&ada.session.0.simple().to_string()) && !of_ada.contains(&ada.session.0.to_string())
    );

    let eve = world.somebody("Eve", &["user"]).await;
    world.get(ME, &eve).await.must_be(200);
    let both = async || server.answers().len() == 2 || gone();
    offered_until("both answers are there", &world, &eve, both).await;
    let of_eve = server.answers().into_iter().find(|name| *name != of_ada)?;
    other.followed(world.log.head().await.expect("a head")).await;
    server.says(&format!("SET {of_eve} broken"));
    me(&other, &eve).await.must_be(503);
    if server.text(&format!("COPY {of_ada} {of_eve} REPLACE")) != "1" {
        return None;
    }
    me(&other, &eve).await.must_be(503);
    Some(())
}

#[tokio::test]
async fn nobody_is_answered_about_who_was_erased() {
    let server = Server::start();
    let (mut world, ada, other) = shared(&server).await;
    world.erase(ada.user).await;
    other.followed(world.log.head().await.expect("a head")).await;
    let answer = me(&other, &ada).await;
    assert!([401, 503].contains(&answer.status.as_u16()), "{answer:?}");
    assert!(!String::from_utf8_lossy(&answer.body).contains("Ada"));
}

#[tokio::test]
async fn without_valkey_the_tables_are_asked() {
    let server = Server::start();
    let (mut world, ..) = shared(&server).await;
    server.kill();
    let eve = world.somebody("Eve", &["user"]).await;
    world.get(ME, &eve).await.must_be(200);
    until("it is known to be away", async || !world.app.is_sharing()).await;
    let grace = world.somebody("Grace", &["user"]).await;
    world.get(ME, &grace).await.must_be(200);
}

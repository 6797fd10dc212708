//! This test program again, as a process of its own that can be killed. It is told what to do on its first line.

use crate::{
    engine::Foreign,
    kurrent_server::KurrentServer,
    records::{record, stream},
};
use events::Version;
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};
use store::log::Log;

/// What a child prints before each line that is meant for the test.
const MARK: &str = "child: ";

/// A running child. It is killed with SIGKILL when it is dropped.
pub(crate) struct Running {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts a child on the log at `url`.
    pub(crate) fn start(task: &str, url: &str) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .args(["--exact", "child::obeys", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut orders = process.stdin.take().expect("its input");
        writeln!(orders, "{task} {url}").expect("it listens");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self { process, lines }
    }

    /// The next line that it says; waits for it.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once(MARK)?.1.to_owned()))
    }

    /// Kills it, and answers with what it had said and nobody had read yet.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
        std::iter::from_fn(|| self.next_line()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

#[tokio::test]
#[ignore = "run by the crash tests, as a process of its own"]
async fn obeys() {
    let mut order = String::new();
    std::io::stdin().read_line(&mut order).expect("an order");
    match order.trim().split_once(' ') {
        Some(("append-forever", url)) => append_forever(url).await,
        Some(("insert-only", url)) => insert_only(url).await,
        Some(("serve-kurrentdb", place)) => serve_kurrentdb(place).await,
        Some(("open-both", urls)) => open_both(urls).await,
        Some(_) | None => {}
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{MARK}{line}").and_then(|()| out.flush()).expect("somebody listens");
}

/// Sixteen writers; each acknowledged record is said with its position.
async fn append_forever(url: &str) {
    let log = Log::open(url).await.expect("the log opens");
    let writers = (0..16).map(|n| {
        let log = log.clone();
        async move {
            let own = stream(&format!("user-{n}"));
            for version in 1.. {
                let one = record(log.id(), &own, version);
                let id = one.id;
                let appended = log.append(&own, Version(version - 1), vec![one]).await.expect("appended");
                say(&format!("{id} {}", appended.last()));
            }
        }
    });
    futures_util::future::join_all(writers).await;
}

/// Puts a record into the log and never commits.
async fn insert_only(url: &str) {
    let mut connection = Foreign::connect(url).await;
    let (begin, insert) = if url.starts_with("sqlite:") {
        ("begin immediate", "insert into records values (1, 'user-1', 1, randomblob(16), x'00')")
    } else {
        ("begin", "select evident_log.append('{1}', '{user-1}', '{1}', array[gen_random_uuid()], '{x}')")
    };
    connection.execute(begin).await;
    connection.execute(insert).await;
    say("inserted");
    std::future::pending().await
}

/// A test server for KurrentDB's client, in a folder and on a port, for ever.
async fn serve_kurrentdb(place: &str) {
    let (port, folder) = place.split_once(' ').expect("a port and a folder");
    let _server = KurrentServer::start_at(Path::new(folder), port.parse().expect("a port"), false);
    say("serving");
    std::future::pending().await
}

/// Two logs over TLS, one after the other, in a process that did nothing else with TLS before.
async fn open_both(urls: &str) {
    for url in urls.split(' ') {
        match Log::open(url).await {
            Ok(_) => say("opened"),
            Err(error) => say(&format!("refused: {error}")),
        }
    }
}

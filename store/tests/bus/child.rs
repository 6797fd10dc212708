//! This test program again, as a command service that appends and relays, and can be killed. It is told where on its
//! first line.

use crate::world::{Relaying, append};
use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Stdio},
};
use store::{bus::Bus, log::Log};

const MARK: &str = "child: appends";

/// A running child. It is killed with SIGKILL when it is dropped.
pub(crate) struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(log: &str, nats: &str, round: u64) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .args(["--exact", "child::obeys", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut orders = process.stdin.take().expect("its input");
        writeln!(orders, "{log} {nats} {round}").expect("it listens");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self { process, lines }
    }

    /// Waits until it has begun.
    pub(crate) fn appends(&mut self) {
        let said = self.lines.by_ref().map_while(Result::ok).find(|line| line.contains(MARK));
        assert!(said.is_some(), "the child ended by itself");
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().expect("the child runs until it is killed");
        self.process.wait().expect("gone");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by other tests, as a process of its own"]
async fn obeys() {
    let mut order = String::new();
    std::io::stdin().read_line(&mut order).expect("an order");
    let [log, nats, round] = order.split_whitespace().collect::<Vec<_>>()[..] else { return };
    let log = Log::open(log).await.expect("the log opens");
    let _relay = Relaying::start(log.clone(), Bus::connect(nats, 1).await.expect("a bus"));
    let writers = (0..8).map(|n| {
        let (log, name) = (log.clone(), format!("user-{round}-{n}"));
        async move {
            append(&log, &name, 0, 5).await;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{MARK}").and_then(|()| out.flush()).expect("somebody listens");
            drop(out);
            append(&log, &name, 5, 100_000).await;
        }
    });
    futures_util::future::join_all(writers).await;
}

//! A load generator over bare TCP: prepared bytes out, just enough of the answer read. It shares the cores with what it
//! measures, so it does as little as it can, and the same for us as for the limits.

use crate::{Outcome, sample::Sample};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// One kept-alive connection.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer: its status, head and body as they came.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        Some(self.head.lines().find(named)?.split_once(':')?.1.trim())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Outcome<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a prepared request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_end]).into_owned();
        let status = head.get(9..12).and_then(|code| code.parse().ok()).ok_or("not an HTTP answer")?;
        let answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(Ok(0), str::parse::<usize>)?;
        while self.buffer.len() < head_end + length {
            self.read_more().await?;
        }
        Ok(Answer { body: self.buffer[head_end..].to_vec(), ..answer })
    }

    /// As [`Connection::ask`], over a new connection if the server has closed this one while nobody used it, as clients
    /// do.
    pub(crate) async fn ask_after_silence(&mut self, request: &[u8]) -> Outcome<Answer> {
        let mut byte = [0];
        // Nothing is ready while the connection stands; its end is.
        if self.stream.try_read(&mut byte).is_ok() {
            *self = Self::open(self.address).await?;
        }
        self.ask(request).await
    }

    async fn read_more(&mut self) -> Outcome<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// A request as bytes; `body` is JSON.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    match body {
        Some(body) => {
            let length = body.len();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ));
        }
        None => text.push_str("\r\n"),
    }
    text.into_bytes()
}

/// What a phase of load came to.
pub(crate) struct Load {
    /// Every latency.
    pub(crate) sample: Sample,
    /// Answers a second.
    pub(crate) per_second: f64,
}

/// Sends the same request over `connections` connections for `seconds`, each as soon as the last is answered. Any
/// status but `expected` ends the benchmark: a fast refusal is not a figure.
pub(crate) async fn closed_loop(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
    seconds: u64,
    expected: u16,
) -> Outcome<Load> {
    let requests = Arc::new(requests);
    let mut tasks = JoinSet::new();
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    for (index, mut connection) in open.into_iter().enumerate() {
        let requests = Arc::clone(&requests);
        tasks.spawn(async move {
            let (mut sample, mut turn) = (Sample::default(), index);
            while Instant::now() < until {
                let asked = Instant::now();
                let answer = connection.ask(&requests[turn % requests.len()]).await?;
                if answer.status != expected {
                    return Err(format!(
                        "answered {}: {}",
                        answer.status,
                        String::from_utf8_lossy(&answer.body)
                    )
                    .into());
                }
                sample.add(asked.elapsed());
                turn += connections;
            }
            Outcome::Ok(sample)
        });
    }
    let mut sample = Sample::default();
    while let Some(done) = tasks.join_next().await {
        sample.merge(done??);
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let per_second = sample.count() as f64 / started.elapsed().as_secs_f64();
    Ok(Load { sample, per_second })
}

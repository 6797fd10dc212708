//! What a client can do to a socket, and how long it is let.

use super::app::{QUICK, app, settings};
use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use service::http::{Frame, Limits, frame, serve};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what a server does soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of one test.
struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        Self::start_with(app(), limits).await
    }

    async fn start_with(app: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve(listener, app, limits, stop.clone()));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends this, and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("written");
        read_to_end(&mut stream).await
    }
}

/// Everything until the server closes, which it MUST do long before the test gives up.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A reset after the answer is an end as well.
    let _ = end.expect("the server lets go");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Everything up to the end of this text.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.expect("more"));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[track_caller]
fn assert_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("content-type: application/problem+json\r\n"), "{answer}");
    assert!(
        answer.contains(&format!("\"code\":\"{code}\"")) && answer.contains("\"request_id\":\""),
        "{answer}"
    );
}

const JSON: &str = "POST /api/v1/forms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn requests_of_one_connection_are_answered_in_turn() {
    let server = Server::start(QUICK).await;
    let get = "GET /health HTTP/1.1\r\nHost: x\r\n";
    let answer = server.exchange(format!("{get}\r\n{get}Connection: close\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(!answer.to_lowercase().contains("\r\nserver:"), "{answer}");
}

#[tokio::test]
async fn a_silent_connection_is_let_go() {
    let server = Server::start(QUICK).await;
    let began = Instant::now();
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
    assert!(began.elapsed() >= QUICK.head, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_idle_connection_is_let_go() {
    let server = Server::start(QUICK).await;
    let answer = server.exchange(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("alive"), "{answer}");
}

#[tokio::test]
async fn dripping_headers_do_not_buy_time() {
    let server = Server::start(QUICK).await;
    let mut stream = server.connect().await;
    let (mut reader, mut writer) = stream.split();
    let drip = async {
        writer.write_all(b"GET /health HTTP/1.1\r\n").await.expect("written");
        while writer.write_all(b"x-drip: 1\r\n").await.is_ok() {
            tokio::time::sleep(QUICK.head / 10).await;
        }
    };
    let mut bytes = Vec::new();
    let ended = async { tokio::time::timeout(PATIENCE, reader.read_to_end(&mut bytes)).await };
    tokio::select! {
        ended = ended => assert!(ended.is_ok(), "still open"),
        () = drip => {}
    }
}

#[tokio::test]
async fn a_dripping_body_is_a_timeout() {
    let server = Server::start(QUICK).await;
    let mut stream = server.connect().await;
    stream.write_all(format!("{JSON}Content-Length: 100\r\n\r\n").as_bytes()).await.expect("written");
    let (mut reader, mut writer) = stream.split();
    let drip = async {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(QUICK.body / 10).await;
        }
        std::future::pending::<()>().await;
    };
    let mut bytes = Vec::new();
    tokio::select! {
        _ = reader.read_to_end(&mut bytes) => {}
        () = drip => {}
    }
    assert_problem(&String::from_utf8_lossy(&bytes), 408, "request-timeout");
}

#[tokio::test]
async fn a_length_that_promises_more_than_comes_is_a_timeout() {
    let server = Server::start(QUICK).await;
    let answer =
        server.exchange(format!("{JSON}Content-Length: 60\r\n\r\n{{\"name\": \"ada\"}}").as_bytes()).await;
    assert_problem(&answer, 408, "request-timeout");
}

#[tokio::test]
async fn a_length_over_the_bound_is_refused_before_the_body_comes() {
    let server = Server::start(QUICK).await;
    let answer = server.exchange(format!("{JSON}Content-Length: 10000000000\r\n\r\n").as_bytes()).await;
    assert_problem(&answer, 413, "content-too-large");
}

#[tokio::test]
async fn chunks_without_end_are_cut_at_the_bound() {
    let server = Server::start(QUICK).await;
    let mut stream = server.connect().await;
    stream.write_all(format!("{JSON}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.expect("written");
    let (mut reader, mut writer) = stream.split();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let flood = async {
        while writer.write_all(chunk.as_bytes()).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    let mut head = vec![0; 1_024];
    let read = tokio::select! {
        read = reader.read(&mut head) => read.expect("an answer"),
        () = flood => 0,
    };
    assert!(String::from_utf8_lossy(&head[..read]).starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_request_without_its_one_host_is_malformed() {
    let server = Server::start(QUICK).await;
    for host in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n"] {
        let request = format!("GET /health HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        assert_problem(&server.exchange(request.as_bytes()).await, 400, "malformed-request");
    }
}

#[tokio::test]
async fn malformed_framing_is_refused() {
    let server = Server::start(QUICK).await;
    for head in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: x\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: gzip\r\n",
        "X-Folded: a\r\n b\r\n",
    ] {
        let answer = server.exchange(format!("{JSON}{head}\r\n12345").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head}: {answer}");
    }
}

#[tokio::test]
async fn too_many_headers_and_too_long_an_address_are_problems_of_their_own() {
    let server = Server::start(QUICK).await;
    let headers: String = (0..100).map(|number| format!("x-{number}: 1\r\n")).collect();
    let answer = server
        .exchange(format!("GET /health HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n").as_bytes())
        .await;
    assert_problem(&answer, 431, "headers-too-large");
    let path = "a".repeat(10_000);
    let answer = server
        .exchange(format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .await;
    assert_problem(&answer, 414, "uri-too-long");
    let far_too_long = "a".repeat(200_000);
    let answer = server.exchange(format!("GET /{far_too_long} HTTP/1.1\r\n").as_bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
}

#[tokio::test]
async fn odd_paths_and_trace_are_refused_over_the_wire() {
    let server = Server::start(QUICK).await;
    for (line, status, code) in [
        ("GET //api/v1/things", 404, "not-found"),
        ("GET /api/v1/../v1/things", 404, "not-found"),
        ("TRACE /api/v1/things", 405, "method-not-allowed"),
    ] {
        let answer = server
            .exchange(format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
            .await;
        assert_problem(&answer, status, code);
    }
    let answer =
        server.exchange(b"GET /api/v1/things/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn the_peer_is_the_client_unless_it_is_a_trusted_proxy() {
    let server = Server::start(QUICK).await;
    let spoofed =
        "GET /api/v1/who HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(spoofed.as_bytes()).await;
    assert!(answer.contains("|127.0.0.1|"), "{answer}");
}

#[tokio::test]
async fn a_connection_over_the_cap_waits_for_another_to_end() {
    let server = Server::start(Limits { connections: 1, head: Duration::from_secs(60), ..QUICK }).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("written");
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(early.is_err(), "served beside the first");
    drop(first);
    assert!(read_to_end(&mut second).await.ends_with("alive"));
}

#[tokio::test]
async fn a_source_has_so_many_connections_and_leaves_the_others_theirs() {
    let limits = Limits { connections_per_source: 2, head: Duration::from_secs(60), ..QUICK };
    let server = Server::start(limits).await;
    let held = [server.connect().await, server.connect().await];
    assert_eq!(server.exchange(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await, "", "closed at once");
    // Another address of this machine is another source.
    let elsewhere = tokio::net::TcpSocket::new_v4().expect("a socket");
    elsewhere.bind("127.0.0.2:0".parse().expect("an address")).expect("bound");
    let mut elsewhere = elsewhere.connect(server.address).await.expect("a connection");
    elsewhere
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .expect("written");
    assert!(read_to_end(&mut elsewhere).await.ends_with("alive"));
    drop(held);
}

#[tokio::test]
async fn a_request_is_framed_in_one_way_or_not_at_all() {
    let server = Server::start(QUICK).await;
    // A second request hides behind two ways to tell where the first one ends: it is answered to nobody.
    let hidden = "GET /api/v1/who HTTP/1.1\r\nHost: hidden\r\n\r\n";
    let chunked = format!("{JSON}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{hidden}");
    let lengthy = format!("{JSON}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
    let twice = format!("{JSON}Content-Length: 0\r\nContent-Length: 9\r\n\r\n{hidden}");
    for (name, request) in [("chunked first", chunked), ("length first", lengthy), ("two lengths", twice)] {
        let answer = server.exchange(request.as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
    }
    // RFC 9112 §2.2 lets a line end with LF alone; where a request ends is the same either way.
    let bare = server.exchange(b"GET /health HTTP/1.1\nHost: x\nConnection: close\n\n").await;
    assert_eq!(bare.matches("HTTP/1.1 ").count(), 1, "{bare}");
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_closes_what_is_idle() {
    // Begins when it says so, and ends when it is told to.
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        || async move {
            begun.notify_one();
            go_on.notified().await;
            StatusCode::CREATED
        }
    };
    let routes = Router::new().route("/held", post(held)).route("/health", get(|| async { "alive" }));
    let minute = Duration::from_secs(60);
    let limits = Limits { head: minute, answer: minute, drain: minute, ..QUICK };
    let server = Server::start_with(frame(routes, &Frame { limits, ..settings() }), limits).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    read_until(&mut idle, "alive").await;
    let mut busy = server.connect().await;
    busy.write_all(b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await.expect("written");
    begun.notified().await;
    server.stop.cancel();
    assert_eq!(read_to_end(&mut idle).await, "");
    go_on.notify_one();
    assert!(read_to_end(&mut busy).await.starts_with("HTTP/1.1 201 "));
    server.ended.await.expect("it ends");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let begun = Arc::new(Notify::new());
    let stuck = {
        let begun = Arc::clone(&begun);
        || async move {
            begun.notify_one();
            std::future::pending::<StatusCode>().await
        }
    };
    let minute = Duration::from_secs(60);
    let limits =
        Limits { head: minute, body: minute, answer: minute, drain: Duration::from_millis(100), ..QUICK };
    let routes = Router::new().route("/stuck", get(stuck));
    let server = Server::start_with(frame(routes, &Frame { limits, ..settings() }), limits).await;
    let mut client = server.connect().await;
    client.write_all(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    begun.notified().await;
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.ended).await.expect("it ends").expect("in order");
}

#[tokio::test]
async fn a_command_whose_client_is_gone_is_finished_before_the_rest_is_closed() {
    let (begun, go_on, done) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let held = {
        let (begun, go_on, done) = (Arc::clone(&begun), Arc::clone(&go_on), Arc::clone(&done));
        || async move {
            begun.notify_one();
            go_on.notified().await;
            done.store(true, Ordering::SeqCst);
        }
    };
    let limits = Limits { answer: Duration::from_secs(60), ..QUICK };
    let rules = Frame { limits, ..settings() };
    let server = Server::start_with(frame(Router::new().route("/held", post(held)), &rules), limits).await;
    let mut client = server.connect().await;
    client.write_all(b"POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await.expect("written");
    begun.notified().await;
    drop(client);
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.ended).await.expect("it ends").expect("in order");
    assert!(!done.load(Ordering::SeqCst), "nobody waited for it so far");
    let ((), ()) = tokio::join!(rules.finish(), async { go_on.notify_one() });
    assert!(done.load(Ordering::SeqCst));
}

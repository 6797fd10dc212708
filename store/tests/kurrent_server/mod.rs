//! A small server that speaks as much of KurrentDB's v1 protocol as the client of the log needs: `Read`, `Append`,
//! `GetSupportedMethods`, gossip.
//!
//! It is written from the protocol's public definition, and follows what is documented of the real server where the log
//! depends on it. What is tested against it is wire-compatible; it is not verified against a real server.

mod journal;
mod service;
mod wire;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use journal::Journal;
use service::{Shared, routes};
use std::{
    collections::HashMap,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};
use tokio::{runtime::Builder, sync::oneshot};
use tonic::{
    service::Routes,
    transport::{Identity, Server as Transport, ServerTlsConfig, server::TcpIncoming},
};
use wire::{Expected, Proposed, Uuid, UuidValue};

/// A certificate of 127.0.0.1 and localhost, signed by itself, and its key. Nobody trusts it but these tests.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

/// A server on a thread of its own, until it is dropped.
pub(crate) struct KurrentServer {
    folder: PathBuf,
    tls: bool,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KurrentServer {
    /// Serves the journal in a folder, on a free port.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_at(folder, free_port(folder), false)
    }

    /// The same, behind TLS, for this user only.
    pub(crate) fn start_with_tls(folder: &Path, user: &str, password: &str) -> Self {
        let server = Self::start_at(folder, free_port(folder), true);
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        *server.shared.authorization.lock().expect("unpoisoned") = Some(format!("Basic {credentials}"));
        server
    }

    /// Serves on this port.
    pub(crate) fn start_at(folder: &Path, port: u16, tls: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        listener.set_nonblocking(true).expect("a listener");
        let journal = Arc::new(Mutex::new(Journal::open(&folder.join("journal"))));
        let shared = Shared { journal, port, authorization: Arc::default() };
        let (stop, stopped) = oneshot::channel();
        let routes = Routes::from(routes(shared.clone()));
        let thread = thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
                let mut transport = Transport::builder();
                if tls {
                    let identity = ServerTlsConfig::new().identity(Identity::from_pem(CERTIFICATE, KEY));
                    transport = transport.tls_config(identity).expect("TLS");
                }
                let serving = transport.add_routes(routes).serve_with_incoming(incoming);
                // Whoever is connected is cut off: a server that goes does not wait for its clients.
                tokio::select! {
                    served = serving => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        Self { folder: folder.to_owned(), tls, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Ends it with every connection to it, and starts it again on what its file holds.
    pub(crate) fn restart(&mut self) {
        self.end();
        *self = Self::start_at(&self.folder.clone(), self.port(), self.tls);
    }

    /// The certificate that it shows, as a file.
    pub(crate) fn certificate() -> &'static str {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../store/tests/kurrent_server/certificate.pem")
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.shared.port
    }

    /// The URL of a log on it.
    pub(crate) fn url(&self) -> String {
        format!("esdb://127.0.0.1:{}?tls=false", self.port())
    }

    /// Forgets the event at a position.
    pub(crate) fn lose(&self, position: u64) {
        self.journal(|journal| journal.lose(position));
    }

    /// Refuses appends to a stream from now on.
    pub(crate) fn poison(&self, stream: &str) {
        let stream = Bytes::copy_from_slice(stream.as_bytes());
        self.journal(|journal| journal.poisoned = Some(stream));
    }

    /// Refuses this user's appends to a stream from now on.
    pub(crate) fn forbid(&self, stream: &str) {
        let stream = Bytes::copy_from_slice(stream.as_bytes());
        self.journal(|journal| journal.forbidden = Some(stream));
    }

    /// What a stream's last event says.
    pub(crate) fn data(&self, stream: &str) -> Bytes {
        let stream = Bytes::copy_from_slice(stream.as_bytes());
        self.journal(|journal| {
            let events = journal.stream(&stream).expect("a stream");
            events.last().expect("an event").data.clone()
        })
    }

    /// Tells no positions with the events of a stream, as servers before 22.10.
    pub(crate) fn tell_no_positions(&self) {
        self.journal(|journal| journal.tells_positions = false);
    }

    /// Appends an event as anybody might who has the right to.
    pub(crate) fn put(&self, stream: &str, data: &Bytes) {
        let id = Uuid { value: Some(UuidValue::Text(uuid::Uuid::from_u128(7).to_string())) };
        let event = Proposed {
            id: Some(id),
            metadata: HashMap::new(),
            custom_metadata: Bytes::new(),
            data: data.clone(),
        };
        let stream = Bytes::copy_from_slice(stream.as_bytes());
        self.journal(|journal| journal.append(&stream, Expected::Any(()), vec![event]));
    }

    /// The metadata of a stream's last event: the server's part, and the appender's.
    pub(crate) fn metadata(&self, stream: &str) -> (HashMap<String, String>, Bytes) {
        let stream = Bytes::copy_from_slice(stream.as_bytes());
        self.journal(|journal| {
            let events = journal.stream(&stream).expect("a stream");
            let last = events.last().expect("an event");
            (last.metadata.clone(), last.custom_metadata.clone())
        })
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }

    fn journal<T>(&self, act: impl FnOnce(&mut Journal) -> T) -> T {
        act(&mut self.shared.journal.lock().expect("unpoisoned"))
    }
}

impl Drop for KurrentServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port that nobody listens on, and that nobody is given while its server is away, for as long as its folder is there.
pub(crate) fn free_port(folder: &Path) -> u16 {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/port");
    let drawn = Command::new(script).arg(folder).output().expect("scripts/port can be run");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    String::from_utf8_lossy(&drawn.stdout).trim().parse().expect("a port")
}

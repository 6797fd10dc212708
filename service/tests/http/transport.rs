//! https: what did not come by it is refused where it must, and TLS of our own.

use super::app::{QUICK, app, settings};
use axum::{Router, routing::get};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use service::{
    config::TlsFiles,
    http::{Door, Frame, Limits, Tls, frame, serve},
};
use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Limits that no machine is too busy for, a handshake included.
const PATIENT: Limits = Limits { head: Duration::from_secs(60), answer: Duration::from_secs(60), ..QUICK };

async fn served(
    limits: Limits,
    router: Router,
    door: impl FnOnce(TcpListener) -> Door,
) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    tokio::spawn(serve(door(listener), router, limits, stop.clone()));
    (address, stop.drop_guard())
}

fn strict(proxies: &[&str]) -> Router {
    let routes = Router::new().route("/api/v1/things", get(|| async { "things" }));
    let routes = routes.route("/health", get(|| async { "alive" }));
    let trusted_proxies = proxies.iter().map(|network| network.parse().expect("a network")).collect();
    frame(routes, &Frame { require_https: true, trusted_proxies, ..settings() })
}

async fn plain(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answer)).await;
    let _ = end.expect("the server lets go");
    answer
}

#[tokio::test]
async fn what_comes_in_the_clear_is_refused_and_not_redirected() {
    let (address, _serving) = served(PATIENT, strict(&[]), Door::from).await;
    for headers in ["", "X-Forwarded-Proto: https\r\n", "Forwarded: proto=https\r\n"] {
        let answer = plain(address, "/api/v1/things", headers).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("\"https-required\""), "{answer}");
        assert!(answer.contains("connection: close\r\n") && !answer.contains("location:"), "{answer}");
    }
    assert!(plain(address, "/nowhere", "").await.starts_with("HTTP/1.1 403 "));
    let alive = plain(address, "/health", "Connection: close\r\n").await;
    assert!(alive.ends_with("alive"), "{alive}");
}

#[tokio::test]
async fn a_trusted_proxy_says_how_it_came() {
    let (address, _serving) = served(PATIENT, strict(&["127.0.0.1/32"]), Door::from).await;
    let ask = |said: &'static str| async move {
        plain(address, "/api/v1/things", &format!("{said}Connection: close\r\n")).await
    };
    assert!(ask("X-Forwarded-Proto: https\r\n").await.ends_with("things"));
    for wrong in ["", "X-Forwarded-Proto: http\r\n", "X-Forwarded-Proto: https, http\r\n"] {
        assert!(ask(wrong).await.starts_with("HTTP/1.1 403 "), "{wrong}");
    }
}

/// Writes a certificate and its key, and gives the certificate.
fn write(files: &TlsFiles) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(&files.certificate, cert.pem()).expect("written");
    fs::write(&files.key, signing_key.serialize_pem()).expect("written");
    CertificateDer::from_pem_slice(cert.pem().as_bytes()).expect("PEM")
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") }
}

async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("an anchor");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_protocol_versions(&[version]).expect("a version").with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let stream = TcpStream::connect(address).await.expect("a connection");
    connector.connect(ServerName::try_from("localhost").expect("a name"), stream).await
}

#[tokio::test]
async fn tls_is_spoken_and_a_new_certificate_served_with_as_soon_as_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(folder.path());
    let first = write(&files);
    let tls = Tls::load(&files).expect("they are right");
    let (address, _serving) =
        served(PATIENT, strict(&[]), |listener| Door::from(listener).with_tls(Some(tls.clone()))).await;
    for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let mut stream = connect(address, &first, version).await.expect("a handshake");
        let connection: &ClientConnection = stream.get_ref().1;
        assert_eq!(connection.protocol_version(), Some(spoken));
        let request = b"GET /api/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.expect("written");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("things"), "{answer}");
    }
    assert!(!tls.renew().expect("they are right"), "nothing changed");
    let second = write(&files);
    assert!(tls.renew().expect("they are right"));
    connect(address, &second, &TLS13).await.expect("a handshake");
    connect(address, &first, &TLS13).await.expect_err("the old certificate is gone");
    fs::write(&files.key, "no key").expect("written");
    tls.renew().expect_err("there is no key");
    connect(address, &second, &TLS13).await.expect("what was served with before stays");
}

#[tokio::test]
async fn who_speaks_no_tls_is_let_go() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&files(folder.path()));
    let tls = Tls::load(&files(folder.path())).expect("they are right");
    let (address, _serving) = served(QUICK, app(), |listener| Door::from(listener).with_tls(Some(tls))).await;
    let answer = plain(address, "/health", "").await;
    assert!(!answer.contains("alive"), "{answer}");
    let mut silent = TcpStream::connect(address).await.expect("a connection");
    let end = tokio::time::timeout(Duration::from_secs(10), silent.read(&mut [0; 1])).await;
    assert_eq!(end.expect("the server lets go").unwrap_or(0), 0);
}

#[tokio::test]
async fn a_certificate_that_is_none_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(folder.path());
    let said = |files: &TlsFiles| Tls::load(files).expect_err("something is wrong").to_string();
    assert!(said(&files).contains("chain.pem cannot be read"));
    write(&files);
    let key = fs::read(&files.key).expect("a key");
    write(&files);
    fs::write(&files.key, key).expect("written");
    assert_eq!(said(&files), "certificate cannot be served with", "the key of another");
    fs::write(&files.certificate, "").expect("written");
    assert!(said(&files).contains("chain.pem holds no certificate"));
}

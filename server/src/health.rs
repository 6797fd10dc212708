//! `evident health`: asks the process on this machine whether it is ready; what a container's health check runs.

use crate::report::{self, Doing, Failure};
use service::config::Config;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than a readiness check takes, which is two seconds at most, all of it.
const PATIENCE: Duration = Duration::from_secs(4);
/// More than a readiness answer is long.
const LONGEST_ANSWER: u64 = 16 * 1024;

pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    if config.tls.is_some() && config.ops_bind.is_none() {
        return Err("EVIDENT_BIND speaks TLS: set EVIDENT_OPS_BIND to be asked there")
            .doing("ask the process");
    }
    let address = reachable(config.ops_bind.unwrap_or(config.bind));
    let answer =
        timeout(PATIENCE, ask(address)).await.doing("hear from the process")?.doing("ask the process")?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    report::say(body);
    let ready = head.split(' ').nth(1) == Some("200");
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One request and its whole answer: the connection ends with it.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Where a process that listens on all addresses is found on this machine.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, bind.port())
}

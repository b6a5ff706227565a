//! Asks a running process of this house whether it is ready: what containers and supervisors call.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Stop;
use super::home::Home;

/// How long the process may take to answer: it asks each of its doors for up to five seconds.
const ANSWER: Duration = Duration::from_secs(8);

/// Bytes that are read of an answer.
const ANSWER_BYTES: u64 = 64 << 10;

/// Shows what the process answers.
///
/// # Errors
/// If it is not ready, does not answer, or shows no pages.
pub async fn ask(home: &Home, out: &mut impl Write) -> Result<(), Stop> {
    let Some(listen) = home.settings()?.web.listen else {
        let what = "nobody can be asked: `listen` under [web] of config.toml shows the pages";
        return Err(Stop::no(what));
    };
    if listen.port() == 0 {
        let what = "nobody can be asked: `listen` under [web] names any free port";
        return Err(Stop::no(what));
    }
    let address = reachable(listen);
    let silent = |what: &str| Stop::no(format!("no answer from {address}: {what}"));
    let answer = tokio::time::timeout(ANSWER, get(address)).await;
    let answer = answer
        .map_err(|_| silent("not in time"))?
        .map_err(|error| silent(&error.kind().to_string()))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    out.write_all(body.as_bytes())?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(Stop::no("not ready")),
    }
}

/// From this machine who listens everywhere is reached on its loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = "GET /readyz HTTP/1.0\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut bounded = stream.take(ANSWER_BYTES);
    bounded.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

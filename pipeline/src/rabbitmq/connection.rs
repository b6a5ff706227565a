//! The way to a broker: its address, and connections that are tried for a bounded time.

use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use tokio::time::timeout;

use crate::failure::{Failure, Result};
use crate::host::Host;

/// How long a broker may take to answer: heartbeats alone do not say that it will.
const ANSWER: Duration = Duration::from_secs(15);

/// How long a broker may take to say good-bye.
const CLOSE: Duration = Duration::from_secs(2);

/// Seconds between heartbeats, unless the address says otherwise: a broker that is gone is missed after twice as long.
const HEARTBEAT_S: u16 = 10;

/// The broker does not do what it was asked now.
pub(super) const UNAVAILABLE: Failure =
    Failure::transient("queue-unavailable", "the broker did not answer");

/// A broker's address. A password stands in it: it is shown nowhere.
///
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::rabbitmq::Broker>();
/// ```
pub struct Broker {
    uri: AMQPUri,
    /// Certificates, in PEM, that the broker's may be signed by beside those of the system.
    authorities: Option<String>,
}

impl Broker {
    /// `amqps://USER:PASSWORD@HOST/VHOST`; `amqp://` is for this host alone, unless plain text is allowed. Its certificate may be signed by
    /// one of the authorities, in PEM, beside those of the system.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if it is no address, or none that is allowed.
    pub fn new(url: &str, authorities: Option<String>, plain: bool) -> Result<Self> {
        let wrong =
            |_| Failure::permanent("queue-url", "this is no address amqps://HOST of a broker");
        let mut uri: AMQPUri = url.parse().map_err(wrong)?;
        let host = Host::read(&uri.authority.host);
        let is_here = host.is_some_and(|host| host.is_this());
        if uri.scheme == AMQPScheme::AMQP && !is_here && !plain {
            let what = "a broker on another host is reached by amqps://, or with plain = true";
            return Err(Failure::permanent("queue-plain", what));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self { uri, authorities })
    }

    /// A new connection; it does not recover by itself: whoever has it makes another.
    pub(super) async fn connect(&self, purpose: &str) -> Result<Connection> {
        let name = format!("x12-pipeline {purpose} {}", std::process::id());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let tls = OwnedTLSConfig {
            identity: None,
            cert_chain: self.authorities.clone(),
        };
        let runtime = lapin::runtime::default_runtime().map_err(|error| unavailable(&error))?;
        let uri = self.uri.clone();
        let connected = Connection::connect_uri_with_config(uri, properties, tls, runtime);
        answered(connected).await
    }
}

/// What the broker answers to one request.
pub(super) async fn answered<T>(asked: impl Future<Output = lapin::Result<T>>) -> Result<T> {
    in_time(asked).await?.map_err(|error| unavailable(&error))
}

/// What ends within the time for one request. A broker that does not answer so long is unavailable, as one is that is gone.
pub(super) async fn in_time<T>(asked: impl Future<Output = T>) -> Result<T> {
    timeout(ANSWER, asked).await.map_err(|_| {
        tracing::warn!("the broker did not answer in time");
        UNAVAILABLE
    })
}

/// Says good-bye; a broker that does not answer is left.
pub(super) async fn close(connection: &Connection) {
    let _ = timeout(CLOSE, connection.close(200, "done".into())).await;
}

/// The broker did not do what it was asked. What a broker says names queues and exchanges, which hold nothing of documents.
pub(super) fn unavailable(error: &lapin::Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::ProtocolError(error) => {
            format!("{} {}", error.get_id(), error.get_message().as_str())
        }
        ErrorKind::IOError(error) => format!("input or output: {}", error.kind()),
        ErrorKind::ChannelsLimitReached => "too many channels".to_owned(),
        ErrorKind::MissingHeartbeatError => "no heartbeat".to_owned(),
        ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(_) => {
            "not connected".to_owned()
        }
        _ => "other".to_owned(),
    };
    tracing::warn!(kind, "the broker did not do what it was asked");
    UNAVAILABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_leaves_this_host_only_if_allowed() {
        let code = |url, plain| {
            let broker = Broker::new(url, None, plain);
            broker.map_or_else(|failure| failure.reason().code, |_| "good")
        };
        let cases = [
            ("amqps://broker.example/x12", false, "good"),
            ("amqp://broker.example/x12", false, "queue-plain"),
            ("amqp://broker.example/x12", true, "good"),
            ("amqp://localhost.example/x12", false, "queue-plain"),
            ("amqp://guest:guest@127.0.0.1:5672/%2f", false, "good"),
            ("http://127.0.0.1/", false, "queue-url"),
            ("", false, "queue-url"),
        ];
        for (url, plain, expected) in cases {
            assert_eq!(code(url, plain), expected, "{url}");
        }
    }
}

//! A queue with documents, ours or another's: a message is a file, and its identifier the name.
//!
//! What is taken in is confirmed when it is recorded, and not before; who asked to be told (`reply-to`) is told then as what it was
//! recorded. What is left is persistent, mandatory and confirmed. Whole documents are in memory here, so their size is bounded.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use lapin::message::Delivery as Message;
use lapin::types::ShortString;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;

use super::connection::{Broker, UNAVAILABLE};
use super::consumer::{Consumed, Consumption, Incoming};
use super::message;
use super::publisher::{Outgoing, Publisher};
use super::topology::{self, Topology};
use crate::clock::{Clock, SystemClock};
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::limits::MESSAGE_BYTES;
use crate::object::JobId;
use crate::profile::DocumentQueue;
use crate::transport::{Offer, Transport, Write};

/// Messages in hand at a time, each at most [`MESSAGE_BYTES`] long.
const PREFETCH: u16 = 8;

const TOO_LARGE: Failure = Failure::permanent(
    "message-too-large",
    "the document is larger than one in a message may be",
);

/// A queue from which documents are taken, or in which they are left.
pub struct QueueTransport {
    broker: Arc<Broker>,
    queue: DocumentQueue,
    handle: Handle,
    publisher: Mutex<Option<Publisher>>,
    /// Nothing is consumed before one looks for the first time: who only leaves documents takes none.
    taking: StdMutex<Option<Taking>>,
}

/// What is consumed.
struct Taking {
    consuming: JoinHandle<()>,
    inbox: mpsc::UnboundedReceiver<Incoming>,
    /// Messages in hand, by when they came: no two at the same moment.
    held: BTreeMap<i64, Message>,
    /// Those that are to be laid aside.
    too_large: Vec<Message>,
}

/// What is told to who asked.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Receipt {
    /// As which arrival it was recorded: `status`, `trace` and the responses call it so.
    Arrival(String),
    /// Why it was not.
    Refused(&'static str),
}

impl QueueTransport {
    /// A queue of a broker, which is not asked yet.
    #[must_use]
    pub fn new(broker: Arc<Broker>, queue: DocumentQueue) -> Self {
        Self {
            broker,
            queue,
            handle: Handle::current(),
            publisher: Mutex::default(),
            taking: StdMutex::default(),
        }
    }

    fn name(&self) -> ShortString {
        self.queue.name.as_str().into()
    }

    fn begin(&self) -> Taking {
        let (sender, inbox) = mpsc::unbounded_channel();
        let consumption = Consumption {
            broker: Arc::clone(&self.broker),
            topology: Topology::Documents(self.name()),
            queues: vec![Consumed {
                queue: self.name(),
                prefetch: PREFETCH,
                line: None,
                inbox: sender,
            }],
            arrived: Arc::new(Notify::new()),
            consumes: Arc::default(),
        };
        Taking {
            consuming: self.handle.spawn(consumption.run()),
            inbox,
            held: BTreeMap::new(),
            too_large: Vec::new(),
        }
    }

    /// Does something with what is consumed.
    fn with<T>(&self, work: impl FnOnce(&mut Taking) -> T) -> T {
        let mut taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        work(taking.get_or_insert_with(|| self.begin()))
    }

    /// Publishes a message to a queue, which is made if it is to be ours; false if no queue takes it.
    fn publish(&self, outgoing: Outgoing, is_ours: bool) -> Result<bool> {
        self.handle.block_on(async {
            let mut slot = self.publisher.lock().await;
            let mut publisher = match slot.take().filter(Publisher::is_open) {
                Some(publisher) => publisher,
                None => Publisher::open(&self.broker, &Topology::Documents(self.name())).await?,
            };
            if is_ours {
                publisher.make(&outgoing.key).await?;
            }
            let is_in = publisher.publish(vec![outgoing]).await? == [true];
            if is_in || !is_ours {
                *slot = Some(publisher);
            } else {
                // A queue of ours that is gone is made anew.
                publisher.close().await;
            }
            Ok(is_in)
        })
    }

    /// Tells who asked what became of a message. One who is gone is not waited for.
    fn reply(&self, message: &Message, receipt: &Receipt) -> Result<()> {
        let asked = &message.properties;
        let Some(reply_to) = asked.reply_to() else {
            return Ok(());
        };
        let mut properties = message::plain().with_content_type("application/json".into());
        let which = asked
            .correlation_id()
            .as_ref()
            .or(asked.message_id().as_ref());
        if let Some(which) = which {
            properties = properties.with_correlation_id(which.clone());
        }
        let outgoing = Outgoing {
            exchange: "".into(),
            key: reply_to.clone(),
            body: serde_json::to_vec(receipt).map_err(|_| message::UNWRITTEN)?,
            properties,
        };
        if !self.publish(outgoing, false)? {
            tracing::warn!(queue = %self.queue, "who asked for a receipt does not take it");
        }
        Ok(())
    }

    /// Lays a message that is too large where nobody takes it, but people find it, and says so.
    fn lay_aside(&self, message: &Message) -> Result<()> {
        tracing::error!(queue = %self.queue, bytes = message.data.len(), "a message is larger than one with a document may be: it is laid aside");
        let outgoing = Outgoing {
            exchange: "".into(),
            key: topology::refused(&self.queue.name.as_str().into()),
            body: message.data.clone(),
            properties: message.properties.clone(),
        };
        if !self.publish(outgoing, true)? {
            return Err(UNAVAILABLE);
        }
        self.reply(message, &Receipt::Refused(TOO_LARGE.reason().code))?;
        self.handle.block_on(super::acknowledge(message));
        Ok(())
    }
}

impl Taking {
    /// Takes in hand what was delivered, and forgets what a lost connection left behind: it comes again.
    fn look(&mut self) {
        self.held.retain(|_, message| message.usable());
        self.too_large.retain(|message| message.usable());
        while let Ok(Incoming { message, .. }) = self.inbox.try_recv() {
            if message.data.len() as u64 > MESSAGE_BYTES {
                self.too_large.push(message);
                continue;
            }
            let last = self.held.last_key_value().map_or(0, |(at, _)| *at);
            let now = SystemClock.now_ms().max(last + 1);
            self.held.insert(now, message);
        }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.consuming.abort();
    }
}

impl Transport for QueueTransport {
    fn place(&self) -> String {
        self.queue.to_string()
    }

    fn offers(&self) -> Result<Vec<Offer>> {
        let offer = |(&at, message): (&i64, &Message)| {
            let name = message.properties.message_id().as_ref();
            Offer {
                name: name.map_or("", |name| name.as_str()).into(),
                bytes: message.data.len() as u64,
                modified_ms: at,
                is_final: true,
                version: None,
            }
        };
        let (offers, mut too_large) = self.with(|taking| {
            taking.look();
            let offers = taking.held.iter().map(offer).collect();
            (offers, std::mem::take(&mut taking.too_large))
        });
        // What cannot be laid aside now is when one looks again.
        too_large.retain(|message| self.lay_aside(message).is_err());
        self.with(|taking| taking.too_large.append(&mut too_large));
        Ok(offers)
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        let body = self.with(|taking| {
            let message = taking.held.get(&offer.modified_ms);
            message.map(|message| message.data.clone())
        });
        let body = body.ok_or(UNAVAILABLE)?;
        Ok(Box::new(Cursor::new(body)))
    }

    fn remove(&self, offer: &Offer, arrival: JobId) -> Result<()> {
        let Some(message) = self.with(|taking| taking.held.remove(&offer.modified_ms)) else {
            return Ok(());
        };
        if let Err(failure) = self.reply(&message, &Receipt::Arrival(arrival.to_string())) {
            self.with(|taking| taking.held.insert(offer.modified_ms, message));
            return Err(failure);
        }
        self.handle.block_on(super::acknowledge(&message));
        Ok(())
    }

    fn send(&self, name: &str, write: Write<'_>) -> Result<()> {
        let mut body = Body::default();
        let written = write(&mut body);
        if body.is_too_large {
            return Err(TOO_LARGE);
        }
        written?;
        reach(Point::DeliveryWritten);
        let properties = message::plain()
            .with_message_id(name.into())
            .with_content_type(content_type(name).into());
        let outgoing = Outgoing {
            exchange: "".into(),
            key: self.name(),
            body: body.bytes,
            properties,
        };
        let is_in = self.publish(outgoing, true)?;
        reach(Point::DeliveryRenamed);
        is_in.then_some(()).ok_or(UNAVAILABLE)
    }
}

/// What a document is, by the ending of its name.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("edi") => "application/edi-x12",
        Some("ndjson") => "application/x-ndjson",
        Some("asc" | "pgp") => "application/pgp-encrypted",
        _ => "application/octet-stream",
    }
}

/// The body of a message, as long as one may be.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    is_too_large: bool,
}

impl io::Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + bytes.len()) as u64 > MESSAGE_BYTES {
            self.is_too_large = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

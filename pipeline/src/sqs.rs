//! Queues of AWS's SQS, and of servers that speak as it does: messages are taken in hand as they come, and confirmed when what they
//! announce is done. One that is not confirmed comes again.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::aws;
use crate::failure::Result;
use crate::profile::Service;

/// How long the service waits for a message before it says that there is none, in seconds: the longest that it may.
const WAIT_S: i32 = 20;

/// Messages that it gives at once: the most that it may.
const AT_ONCE: i32 = 10;

/// Messages that may wait to be looked at.
const WAITING: usize = 100;

/// How long it is left alone when it did not do what it was asked.
const PAUSE: Duration = Duration::from_secs(5);

/// The service. Calls block: they are for threads that may.
#[derive(Clone)]
pub struct Sqs {
    client: Client,
    handle: Handle,
}

/// A queue of it.
pub struct MessageQueue {
    sqs: Sqs,
    url: String,
}

/// A message in hand.
pub struct Message {
    /// The same each time that it comes.
    pub id: String,
    /// What it says.
    pub body: String,
    /// By what it is confirmed, this time.
    pub receipt: Receipt,
}

/// By what a message is confirmed.
pub struct Receipt(String);

/// Messages of a queue as they come, taken until this is dropped.
pub struct Inbox {
    messages: mpsc::Receiver<Message>,
    taking: JoinHandle<()>,
}

impl Sqs {
    /// Prepares to ask the service; it is not asked yet, but for credentials.
    ///
    /// # Errors
    /// [`Permanent`](crate::failure::Failure::Permanent) if its address is none that is allowed.
    pub async fn new(service: Service<'_>) -> Result<Self> {
        let shared = aws::config(service).await?;
        Ok(Self {
            client: Client::new(&shared),
            handle: Handle::current(),
        })
    }

    /// The queue of this address.
    #[must_use]
    pub fn queue(&self, url: &str) -> MessageQueue {
        MessageQueue {
            sqs: self.clone(),
            url: url.to_owned(),
        }
    }
}

impl MessageQueue {
    /// Begins to take messages in hand, in a task of its own: nobody waits for them.
    #[must_use]
    pub fn take(&self) -> Inbox {
        let (sender, messages) = mpsc::channel(WAITING);
        let (client, url) = (self.sqs.client.clone(), self.url.clone());
        Inbox {
            messages,
            taking: self.sqs.handle.spawn(take(client, url, sender)),
        }
    }

    /// Confirms a message. One that cannot be confirmed now comes again.
    pub fn confirm(&self, receipt: &Receipt) {
        let confirmed = self.sqs.client.delete_message().queue_url(&self.url);
        let confirmed = confirmed.receipt_handle(&receipt.0).send();
        if let Err(error) = self.sqs.handle.block_on(confirmed) {
            refused(&error);
        }
    }
}

impl Inbox {
    /// The next message, if one is there.
    pub fn pop(&mut self) -> Option<Message> {
        self.messages.try_recv().ok()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

/// Takes messages until nobody looks at them any more.
async fn take(client: Client, url: String, sender: mpsc::Sender<Message>) {
    while !sender.is_closed() {
        let asked = client.receive_message().queue_url(&url);
        let asked = asked.wait_time_seconds(WAIT_S);
        let came = match asked.max_number_of_messages(AT_ONCE).send().await {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(error) => {
                refused(&error);
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        for message in came {
            let (Some(id), Some(receipt)) = (message.message_id, message.receipt_handle) else {
                continue;
            };
            let message = Message {
                id,
                body: message.body.unwrap_or_default(),
                receipt: Receipt(receipt),
            };
            if sender.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// Codes, never words, which name queues and accounts.
fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) {
    let (kind, code) = aws::told(error);
    tracing::warn!(kind, code, "a queue of events did not do what it was asked");
}

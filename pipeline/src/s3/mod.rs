//! Buckets: of S3, and of servers that speak as it does.

mod announced;
mod event;
mod read;
mod store;
mod transport;
mod write;

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::runtime::Handle;

use crate::aws;
use crate::failure::{Failure, Result};
use crate::profile::{Bucket, S3Settings};

pub use announced::AnnouncedBucket;
pub use store::BucketStore;
pub use transport::BucketTransport;

/// A server with buckets. Calls block: they are for threads that may.
#[derive(Clone)]
pub struct S3 {
    client: Client,
    handle: Handle,
}

impl S3 {
    /// Prepares to ask a server; it is not asked yet, but for credentials.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if the address is none that is allowed.
    pub async fn new(settings: &S3Settings) -> Result<Self> {
        let shared = aws::config(settings.service()).await?;
        let config = aws_sdk_s3::config::Builder::from(&shared);
        let config = config.force_path_style(settings.path_style);
        Ok(Self {
            client: Client::from_conf(config.build()),
            handle: Handle::current(),
        })
    }

    /// Waits for an answer.
    fn wait<T, E: ProvideErrorMetadata, R>(
        &self,
        asked: impl Future<Output = std::result::Result<T, SdkError<E, R>>>,
    ) -> std::result::Result<T, Refusal> {
        self.handle.block_on(asked).map_err(|error| refusal(&error))
    }
}

/// Why a server did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    /// There is no such object.
    Missing,
    /// There is one of that name, or one is just being written.
    Exists,
    /// The server cannot do that.
    Unknown,
    /// Anything else.
    Other,
}

impl Refusal {
    fn failure(self) -> Failure {
        match self {
            Self::Missing => Failure::permanent("object-missing", "there is no such object"),
            Self::Exists | Self::Unknown | Self::Other => {
                Failure::transient("store-unavailable", "the store cannot be used")
            }
        }
    }
}

/// What is told of an error: codes, never words, which name keys and accounts.
fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Refusal {
    let (kind, code) = aws::told(error);
    match code {
        "NoSuchKey" | "NoSuchVersion" | "NotFound" => Refusal::Missing,
        "PreconditionFailed" | "ConditionalRequestConflict" => Refusal::Exists,
        "NotImplemented" => Refusal::Unknown,
        _ => {
            tracing::warn!(kind, code, "a bucket did not do what it was asked");
            Refusal::Other
        }
    }
}

/// A bucket, and what the keys of our objects in it begin with.
#[derive(Clone)]
struct Place {
    s3: S3,
    bucket: Bucket,
}

impl Place {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.bucket.prefix)
    }

    /// Removes an object: exactly that version, which is gone then, or what has the key.
    fn remove(&self, key: String, version: Option<String>) -> Result<()> {
        let client = &self.s3.client;
        let removed = client
            .delete_object()
            .bucket(&self.bucket.name)
            .key(key)
            .set_version_id(version)
            .send();
        match self.s3.wait(removed) {
            Ok(_) | Err(Refusal::Missing) => Ok(()),
            Err(refusal) => Err(refusal.failure()),
        }
    }
}

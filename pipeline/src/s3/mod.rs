//! Buckets: of S3, and of servers that speak as it does.
//!
//! Credentials are found as AWS's own tools find them: the environment, a shared file, a role of the task or the machine. Each request is
//! tried up to three times, with pauses that grow and differ; what streams but stands still is given up.

mod read;
mod store;
mod transport;
mod write;

use std::future::Future;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::runtime::Handle;

use crate::failure::{Failure, Result};
use crate::host::Host;
use crate::profile::{Bucket, S3Settings};

pub use store::BucketStore;
pub use transport::BucketTransport;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one attempt of a request may take until its answer begins; a part of an object is sent in it.
const ATTEMPT: Duration = Duration::from_secs(60);

/// What is sealed or encrypted already may be seen by nobody on the way all the same, nor who sends what to whom.
fn check(settings: &S3Settings) -> Result<()> {
    let Some(endpoint) = &settings.endpoint else {
        return Ok(());
    };
    let may_be = match endpoint.split_once("://") {
        Some(("https", at)) => !at.is_empty(),
        Some(("http", at)) => {
            let authority = at.split('/').next().unwrap_or_default();
            let host = Host::read(authority);
            host.is_some_and(|host| settings.plain || host.is_this())
        }
        _ => false,
    };
    if may_be {
        return Ok(());
    }
    let what = "a server with buckets on another host is reached by https://, or with plain = true";
    Err(Failure::permanent("bucket-plain", what))
}

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
        check(settings)?;
        let provider = Provider::Rustls(CryptoMode::Ring);
        let http = Builder::new().tls_provider(provider).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT);
        let mut shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts.build());
        if let Some(region) = &settings.region {
            shared = shared.region(Region::new(region.clone()));
        }
        let shared = shared.load().await;
        let mut config = aws_sdk_s3::config::Builder::from(&shared);
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Self {
            client: Client::from_conf(config.force_path_style(settings.path_style).build()),
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
    /// Anything else.
    Other,
}

impl Refusal {
    fn failure(self) -> Failure {
        match self {
            Self::Missing => Failure::permanent("object-missing", "there is no such object"),
            Self::Exists | Self::Other => {
                Failure::transient("store-unavailable", "the store cannot be used")
            }
        }
    }
}

/// What is told of an error: codes, never words, which name keys and accounts.
fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Refusal {
    let (kind, code) = match error {
        SdkError::ServiceError(answer) => ("answer", answer.err().code().unwrap_or_default()),
        SdkError::TimeoutError(_) => ("no answer in time", ""),
        SdkError::DispatchFailure(failure) if failure.is_user() => ("not sent", ""),
        SdkError::DispatchFailure(_) => ("no connection", ""),
        SdkError::ResponseError(_) => ("an answer that is none", ""),
        _ => ("not asked", ""),
    };
    match code {
        "NoSuchKey" | "NotFound" => Refusal::Missing,
        "PreconditionFailed" | "ConditionalRequestConflict" => Refusal::Exists,
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

    fn remove(&self, key: String) -> Result<()> {
        let client = &self.s3.client;
        let removed = client
            .delete_object()
            .bucket(&self.bucket.name)
            .key(key)
            .send();
        match self.s3.wait(removed) {
            Ok(_) | Err(Refusal::Missing) => Ok(()),
            Err(refusal) => Err(refusal.failure()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_leaves_this_host_only_if_allowed() {
        let cases = [
            ("https://s3.example", false, true),
            ("http://s3.example", false, false),
            ("http://s3.example", true, true),
            ("http://127.0.0.1:9000", false, true),
            ("http://localhost", false, true),
            ("http://localhost.example", false, false),
            ("ftp://s3.example", true, false),
            ("", true, false),
        ];
        for (endpoint, plain, good) in cases {
            let settings = S3Settings {
                endpoint: Some(endpoint.to_owned()),
                plain,
                ..S3Settings::default()
            };
            assert_eq!(check(&settings).is_ok(), good, "{endpoint}");
        }
    }
}

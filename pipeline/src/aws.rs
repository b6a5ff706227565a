//! What all services of AWS share, and servers that speak as they do: how they are reached, and what is told of their refusals.
//!
//! Credentials are found as AWS's own tools find them: the environment, a shared file, a role of the task or the machine. Each request is
//! tried up to three times, with pauses that grow and differ; what streams but stands still is given up.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::failure::Result;
use crate::profile::Service;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one attempt of a request may take until its answer begins; a part of an object is sent in it.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How a service is reached; it is not asked yet, but for credentials.
///
/// # Errors
/// [`Permanent`](crate::failure::Failure::Permanent) if its address is none that is allowed.
pub async fn config(service: Service<'_>) -> Result<SdkConfig> {
    service.check()?;
    let provider = Provider::Rustls(CryptoMode::Ring);
    let http = Builder::new().tls_provider(provider).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT);
    let mut shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts.build());
    if let Some(region) = service.region {
        shared = shared.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = service.endpoint {
        shared = shared.endpoint_url(endpoint);
    }
    Ok(shared.load().await)
}

/// What may be told of a refusal: its kind, and the service's code; never its words, which name keys and accounts.
pub fn told<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> (&'static str, &str) {
    match error {
        SdkError::ServiceError(answer) => ("answer", answer.err().code().unwrap_or_default()),
        SdkError::TimeoutError(_) => ("no answer in time", ""),
        SdkError::DispatchFailure(failure) if failure.is_user() => ("not sent", ""),
        SdkError::DispatchFailure(_) => ("no connection", ""),
        SdkError::ResponseError(_) => ("an answer that is none", ""),
        _ => ("not asked", ""),
    }
}

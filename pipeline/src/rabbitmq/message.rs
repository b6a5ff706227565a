//! A message: it names a job, and carries nothing of a document.
//!
//! The body is JSON, the headers are those of CloudEvents in binary mode as Knative's binding for RabbitMQ has them (the official one is
//! for AMQP 1.0 alone), and of W3C Trace Context: all messages of an arrival are one trace.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::object::JobId;
use crate::queue::Notice;

/// AMQP's delivery mode of what outlives the broker's process.
const PERSISTENT: u8 = 2;

/// A message's body could not be made.
pub(super) const UNWRITTEN: Failure =
    Failure::permanent("message-broken", "a message could not be written down");

/// The body.
#[derive(Deserialize, Serialize)]
struct Body<'a> {
    job: &'a str,
}

/// The body that names a job.
pub(super) fn body(job: JobId) -> Result<Vec<u8>> {
    let job = job.to_string();
    serde_json::to_vec(&Body { job: &job }).map_err(|_| UNWRITTEN)
}

/// The job that a body names.
pub(super) fn job(body: &[u8]) -> Option<JobId> {
    let Body { job } = serde_json::from_slice(body).ok()?;
    job.parse().ok()
}

/// Properties and headers of a job's message.
pub(super) fn properties(notice: &Notice) -> BasicProperties {
    let job = notice.job.to_string();
    let mut headers = FieldTable::default();
    let mut insert = |name: &str, value: String| {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    };
    insert("ce-specversion", "1.0".to_owned());
    insert("ce-id", job.clone());
    insert("ce-source", "/x12-pipeline".to_owned());
    insert("ce-type", format!("x12.job.{}", notice.step.name()));
    insert("ce-subject", notice.arrival.to_string());
    insert("traceparent", traceparent(notice));
    plain()
        .with_message_id(job.into())
        .with_content_type("application/json".into())
        .with_headers(headers)
}

/// Properties of any message of ours.
pub(super) fn plain() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(PERSISTENT)
}

/// What is kept of a message's properties when it is to come again: what we wrote, and nothing that the broker added.
pub(super) fn kept(properties: &BasicProperties) -> BasicProperties {
    let mut headers = FieldTable::default();
    let written = properties
        .headers()
        .iter()
        .flat_map(|table| table.into_iter());
    for (name, value) in written {
        if name.as_str().starts_with("ce-") || name.as_str() == "traceparent" {
            headers.insert(name.clone(), value.clone());
        }
    }
    properties.clone().with_headers(headers)
}

/// Version, trace, span and flags: the arrival is the trace, the job the span, and it is recorded.
fn traceparent(notice: &Notice) -> String {
    let span = &notice.job.0.as_bytes()[8..];
    let span: String = span.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("00-{}-{span}-01", notice.arrival.0.simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Step;

    #[test]
    fn a_body_names_its_job_and_nothing_else_is_one() {
        let id = JobId::new();
        let written = body(id).expect("it is written");
        assert_eq!(job(&written), Some(id));
        for other in [b"".as_slice(), b"{}", b"{\"job\":\"1\"}", b"ISA*00*"] {
            assert_eq!(job(other), None);
        }
    }

    #[test]
    fn messages_of_an_arrival_are_one_trace() {
        let arrival = JobId::new();
        let of = |step| Notice {
            job: arrival.following(step, 0),
            arrival,
            step,
            partner: "acme".to_owned(),
        };
        let [first, second] = [Step::Decrypt, Step::Route].map(|step| traceparent(&of(step)));
        assert_eq!(first.len(), 55);
        assert_eq!(first[..36], second[..36]);
        assert_ne!(first[36..], second[36..]);
    }
}

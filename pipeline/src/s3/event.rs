//! Reads what a message says of objects: events as S3 sends them to a queue, through a topic of SNS or not, or through EventBridge.
//!
//! Only where an object was left is taken from it. What is there, in which version and how large, the object itself tells.

use serde_json::Value;

use crate::limits::EVENT_OBJECTS;
use crate::profile::Bucket;

/// What the name of an event of S3 begins with that tells of an object that was left, and how EventBridge calls it.
const CREATED: (&str, &str) = ("ObjectCreated:", "Object Created");

/// The names, directly below our prefix, of objects that were left: none if it tells of anything else, or of other places. `None` if
/// nobody can read it.
pub(super) fn left(body: &str, bucket: &Bucket) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (of, key) in created(&serde_json::from_str(body).ok()?)? {
        let name = key.strip_prefix(&bucket.prefix);
        let name = name.filter(|name| !name.is_empty() && !name.contains('/'));
        // What is hidden is not taken.
        let name = name.filter(|name| of == bucket.name && !name.starts_with('.'));
        names.extend(name.map(str::to_owned));
    }
    Some(names)
}

/// Buckets and keys of objects that were left.
fn created(event: &Value) -> Option<Vec<(String, String)>> {
    if event["Type"] == "Notification" {
        let inner: Value = serde_json::from_str(event["Message"].as_str()?).ok()?;
        // One letter in another is one too many.
        return (inner["Type"].is_null()).then(|| created(&inner))?;
    }
    if let Some(records) = event["Records"].as_array() {
        let is_created = |record: &&Value| {
            let name = record["eventName"].as_str();
            name.is_some_and(|name| name.starts_with(CREATED.0))
        };
        if records.len() > EVENT_OBJECTS {
            return None;
        }
        let created = records.iter().filter(is_created).map(|record| {
            let (bucket, key) = object(&record["s3"])?;
            Some((bucket.to_owned(), decoded(key)?))
        });
        return created.collect();
    }
    if event["source"] == "aws.s3" && event["detail-type"] == CREATED.1 {
        let (bucket, key) = object(&event["detail"])?;
        return Some(vec![(bucket.to_owned(), key.to_owned())]);
    }
    // A test of S3's, or what EventBridge tells of others.
    let is_known = event["Event"].is_string() || event["detail-type"].is_string();
    is_known.then(Vec::new)
}

fn object(of: &Value) -> Option<(&str, &str)> {
    let bucket = of["bucket"]["name"].as_str()?;
    Some((bucket, of["object"]["key"].as_str()?))
}

/// A key as it is, of one as forms of the web have it: `+` is a blank, `%2B` a plus.
fn decoded(key: &str) -> Option<String> {
    let mut bytes = key.bytes();
    let mut decoded = Vec::with_capacity(key.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, bucket: &str, key: &str) -> String {
        format!(
            r#"{{"eventSource":"aws:s3","eventName":"{name}","s3":{{"bucket":{{"name":"{bucket}"}},"object":{{"key":"{key}","size":1}}}}}}"#
        )
    }

    fn put(key: &str) -> String {
        let record = record("ObjectCreated:Put", "ours", key);
        format!(r#"{{"Records":[{record}]}}"#)
    }

    fn bridged(kind: &str, key: &str) -> String {
        format!(
            r#"{{"version":"0","detail-type":"{kind}","source":"aws.s3","detail":{{"bucket":{{"name":"ours"}},"object":{{"key":"{key}","version-id":"1"}}}}}}"#
        )
    }

    fn notified(message: &str) -> String {
        let letter = serde_json::json!({"Type": "Notification", "Message": message});
        letter.to_string()
    }

    #[test]
    fn events_name_what_was_left_below_our_prefix() {
        let bucket = Bucket {
            name: "ours".to_owned(),
            prefix: "in/".to_owned(),
        };
        let of = |records: &[String]| format!(r#"{{"Records":[{}]}}"#, records.join(","));
        let cases: Vec<(String, Option<&[&str]>)> = vec![
            (put("in/a.edi"), Some(&["a.edi"])),
            (put("in/a+b%2Bc%C3%A4%25.edi"), Some(&["a b+c\u{e4}%.edi"])),
            (bridged("Object Created", "in/a+b%2B"), Some(&["a+b%2B"])),
            (notified(&put("in/a.edi")), Some(&["a.edi"])),
            (
                of(&[
                    record("ObjectCreated:CompleteMultipartUpload", "ours", "in/a"),
                    record("ObjectRemoved:Delete", "ours", "in/b"),
                    record("ObjectCreated:Copy", "ours", "in/c"),
                ]),
                Some(&["a", "c"]),
            ),
            (
                of(&[record("ObjectCreated:Put", "theirs", "in/a")]),
                Some(&[]),
            ),
            (put("in/"), Some(&[])),
            (put("in/deeper/a.edi"), Some(&[])),
            (put("in/.hidden"), Some(&[])),
            (put("out/a.edi"), Some(&[])),
            (bridged("Object Deleted", "in/a"), Some(&[])),
            (
                r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"ours"}"#.to_owned(),
                Some(&[]),
            ),
            (
                r#"{"source":"aws.ec2","detail-type":"x","detail":5}"#.to_owned(),
                Some(&[]),
            ),
            (of(&vec!["{}".to_owned(); EVENT_OBJECTS]), Some(&[])),
            (of(&vec!["{}".to_owned(); EVENT_OBJECTS + 1]), None),
            (put("in/%"), None),
            (put("in/%+5"), None),
            (put("in/%FF"), None),
            (
                of(&[r#"{"eventName":"ObjectCreated:Put"}"#.to_owned()]),
                None,
            ),
            (bridged("Object Created", "in/a").replace("key", "k"), None),
            (notified("nonsense"), None),
            (notified(&notified(&put("in/a.edi"))), None),
            (r#"{"Type":"Notification"}"#.to_owned(), None),
            ("{}".to_owned(), None),
            ("[]".to_owned(), None),
            ("5".to_owned(), None),
            ("nonsense".to_owned(), None),
            (String::new(), None),
            ("[".repeat(100_000), None),
        ];
        for (body, expected) in cases {
            let names = left(&body, &bucket);
            let names: Option<Vec<_>> = names
                .as_ref()
                .map(|of| of.iter().map(String::as_str).collect());
            assert_eq!(names.as_deref(), expected, "{body:.200}");
        }
    }
}

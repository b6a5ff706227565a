//! A gate before the key service, which does what moto does not: it is away for a while, and refuses as AWS does.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::http::{ask, read, serve};

/// What stands in each refusal, as AWS names keys and accounts there: nobody may repeat it.
pub const WORDS: &str = "arn:aws:kms:us-east-1:123456789012:key/words-of-the-service";

/// What becomes of requests.
#[derive(Clone, Copy)]
pub enum Mode {
    /// The service answers them.
    Open,
    /// Connections break off.
    Away,
    /// What is to be opened is refused with this code, all else answered.
    Refusing(&'static str),
}

/// The gate. It stands as long as the process.
pub struct Gate {
    /// Its address.
    pub endpoint: String,
    inside: Arc<Inside>,
}

struct Inside {
    /// Host and port of the service.
    service: String,
    mode: Mutex<Mode>,
    /// Bodies of requests and answers.
    passed: Mutex<Vec<Value>>,
}

impl Gate {
    /// A gate before the service of this address.
    pub fn before(endpoint: &str) -> Self {
        let service = endpoint.strip_prefix("http://").expect("it is plain");
        let inside = Arc::new(Inside {
            service: service.to_owned(),
            mode: Mutex::new(Mode::Open),
            passed: Mutex::default(),
        });
        let gate = Arc::clone(&inside);
        Self {
            endpoint: serve(move |client| gate.pass(client)),
            inside,
        }
    }

    /// What becomes of requests from now on.
    pub fn set(&self, mode: Mode) {
        *self.inside.mode.lock().expect("no other thread panicked") = mode;
    }

    /// All keys that passed, wrapped or not, as logs might show them: in base 64, in hex, as a list of numbers.
    pub fn keys(&self) -> Vec<String> {
        let passed = self.inside.passed.lock().expect("no other thread panicked");
        let of = |body: &Value| ["Plaintext", "CiphertextBlob"].map(|name| body[name].clone());
        let texts = passed.iter().flat_map(of);
        let texts = texts.filter_map(|value| value.as_str().map(str::to_owned));
        texts
            .flat_map(|text| {
                let bytes = STANDARD.decode(&text).expect("it is base 64");
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let list = format!("{bytes:?}");
                [text, hex, list.trim_matches(['[', ']']).to_owned()]
            })
            .collect()
    }
}

impl Inside {
    /// Lets one request through, and its answer.
    fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        let mode = *self.mode.lock().expect("no other thread panicked");
        if matches!(mode, Mode::Away) {
            return Ok(());
        }
        let (head, body) = read(&client)?;
        if let Mode::Refusing(code) = mode
            && head.contains("TrentService.Decrypt")
        {
            return client.write_all(refusal(code).as_bytes());
        }
        let (answer, begin) = ask(&self.service, &head, &body)?;
        let bodies = [&body[..], &answer[begin..]];
        let bodies = bodies.map(|body| serde_json::from_slice(body).expect("it is JSON"));
        let mut passed = self.passed.lock().expect("no other thread panicked");
        passed.extend(bodies);
        client.write_all(&answer)
    }
}

/// As AWS answers.
fn refusal(code: &str) -> String {
    let body = format!("{{\"__type\":\"{code}\",\"message\":\"{WORDS}\"}}");
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

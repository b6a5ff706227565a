//! A gate before the server with buckets, which does what moto does not: it fails now and then, in each way in which a server can.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::http::{ask, read, serve};

/// How a server fails.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It breaks down (500), and does nothing.
    Broken,
    /// It has too much to do (503), and does nothing.
    Busy,
    /// It does what it was asked, and nobody hears of it.
    Unheard,
    /// The answer breaks off.
    Cut,
    /// A bit of the answer is another one.
    Wrong,
    /// The answer comes in pieces.
    Slow,
}

/// What becomes of answers with contents, one after the other.
const OF_READING: [Fault; 6] = [
    Fault::Wrong,
    Fault::Broken,
    Fault::Cut,
    Fault::Busy,
    Fault::Slow,
    Fault::Unheard,
];

/// The same of all others.
const OF_WRITING: [Fault; 4] = [Fault::Unheard, Fault::Busy, Fault::Slow, Fault::Broken];

/// Between the pieces of an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// The gate. It stands as long as the process.
pub struct Gate {
    /// Its address.
    pub endpoint: String,
    inside: Arc<Inside>,
}

struct Inside {
    /// Host and port of the server.
    server: String,
    /// Of so many requests one fails; none if it is zero.
    every: u32,
    requests: AtomicU32,
    /// Faults so far: of reading, and of writing.
    faults: [AtomicU32; 2],
}

impl Gate {
    /// A gate before the server of this address, at which one of so many requests fails, or none.
    pub fn before(endpoint: &str, every: u32) -> Self {
        let server = endpoint.strip_prefix("http://").expect("it is plain");
        let inside = Arc::new(Inside {
            server: server.to_owned(),
            every,
            requests: AtomicU32::new(0),
            faults: Default::default(),
        });
        let gate = Arc::clone(&inside);
        Self {
            endpoint: serve(move |client| gate.pass(client)),
            inside,
        }
    }

    /// How many requests there were.
    pub fn requests(&self) -> u32 {
        self.inside.requests.load(Ordering::SeqCst)
    }

    /// How many of them failed.
    pub fn faults(&self) -> u32 {
        let of = |faults: &AtomicU32| faults.load(Ordering::SeqCst);
        self.inside.faults.iter().map(of).sum()
    }
}

impl Inside {
    /// What is to become of a request.
    fn fault(&self, reads: bool) -> Option<Fault> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        if self.every == 0 || !number.is_multiple_of(self.every) {
            return None;
        }
        let all: &[Fault] = if reads { &OF_READING } else { &OF_WRITING };
        let number = self.faults[usize::from(reads)].fetch_add(1, Ordering::SeqCst);
        Some(all[number as usize % all.len()])
    }

    /// Lets one request through, and its answer.
    fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        let (head, body) = read(&client)?;
        let fault = self.fault(head.starts_with("GET "));
        match fault {
            Some(Fault::Broken) => return client.write_all(&refusal("500", "InternalError")),
            Some(Fault::Busy) => return client.write_all(&refusal("503", "SlowDown")),
            _ => {}
        }
        let (mut answer, begin) = ask(&self.server, &head, &body)?;
        let middle = begin + (answer.len() - begin) / 2;
        match fault {
            Some(Fault::Unheard) => Ok(()),
            Some(Fault::Cut) => client.write_all(&answer[..middle]),
            Some(Fault::Slow) => answer.chunks(answer.len() / 4 + 1).try_for_each(|piece| {
                thread::sleep(PAUSE);
                client.write_all(piece)
            }),
            Some(Fault::Wrong) => {
                // An answer without contents is as it should be.
                answer[middle..]
                    .iter_mut()
                    .take(1)
                    .for_each(|byte| *byte ^= 1);
                client.write_all(&answer)
            }
            _ => client.write_all(&answer),
        }
    }
}

/// As S3 answers.
fn refusal(status: &str, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let head = format!("HTTP/1.1 {status} {code}\r\ncontent-type: application/xml\r\n");
    let rest = format!(
        "content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    format!("{head}{rest}").into_bytes()
}

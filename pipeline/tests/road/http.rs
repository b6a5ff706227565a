//! As much of HTTP as stands between a house and a service whose faults a test makes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Answers connections as long as the process lives; the address at which it does.
pub fn serve(pass: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    let pass = Arc::new(pass);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let pass = Arc::clone(&pass);
            // Whoever breaks off asks again.
            thread::spawn(move || pass(client));
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// The head of a request, without the empty line at its end, and its body.
pub fn read(client: &TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut client = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if client.read_line(&mut line)? <= 2 {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("it is a number");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    Ok((head, body))
}

/// What a server at this host and port answers to a request, and where the body begins in it.
pub fn ask(server: &str, head: &str, body: &[u8]) -> io::Result<(Vec<u8>, usize)> {
    let mut server = TcpStream::connect(server)?;
    write!(server, "{head}connection: close\r\n\r\n")?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let begin = memchr::memmem::find(&answer, b"\r\n\r\n").map_or(0, |at| at + 4);
    Ok((answer, begin))
}

//! A TCP proxy of ours between a house and a server, which does to connections what networks do to them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// What the proxy does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Passes on what comes.
    Pass,
    /// Resets what is there, and each new connection.
    Reset,
    /// Passes on what comes, but resets each new connection.
    Refuse,
    /// Passes nothing on and tells nobody; what comes waits until the proxy does something else.
    Silent,
    /// The same of what servers say alone.
    Deaf,
    /// Passes on what comes after so long.
    Late(Duration),
    /// Passes on one byte at a time.
    Slices,
}

/// How long a thread waits for bytes before it looks what the proxy does now.
const LOOK: Duration = Duration::from_millis(20);

/// The proxy; it ends with the test process, and takes no connection once it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    server: SocketAddr,
    mode: Mutex<Mode>,
    /// Connections so far.
    connections: AtomicU32,
    /// Up to which of them nothing is passed on any more.
    silent: AtomicU32,
}

impl Proxy {
    /// In front of a server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there are ports");
        let address = listener.local_addr().expect("it has one");
        let shared = Arc::new(Shared {
            server,
            mode: Mutex::new(Mode::Pass),
            connections: AtomicU32::new(0),
            silent: AtomicU32::new(0),
        });
        let its = Arc::clone(&shared);
        spawn(move || its.listen(&listener));
        Self { shared, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this from now on, also to connections that are there.
    pub fn set(&self, mode: Mode) {
        *self.shared.lock() = mode;
    }

    /// Passes nothing on of what is there, ever, and tells nobody: both sides think that the other is there. New connections are good.
    pub fn leave_half_open(&self) {
        self.shared
            .silent
            .store(self.connections(), Ordering::SeqCst);
    }

    /// How many connections there were.
    pub fn connections(&self) -> u32 {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Mode::Reset);
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Mode> {
        self.mode.lock().expect("nobody breaks down with it")
    }

    fn mode(&self) -> Mode {
        *self.lock()
    }

    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().flatten() {
            let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
            if matches!(self.mode(), Mode::Reset | Mode::Refuse) {
                abort(&client);
                continue;
            }
            let Ok(server) = TcpStream::connect(self.server) else {
                abort(&client);
                continue;
            };
            let ways = [(&client, &server, false), (&server, &client, true)];
            for (from, to, is_answer) in ways {
                let (from, to) = (from.try_clone(), to.try_clone());
                let (Ok(from), Ok(to)) = (from, to) else {
                    continue;
                };
                let shared = Arc::clone(&self);
                spawn(move || shared.pass((number, is_answer), from, to));
            }
        }
    }

    /// Passes bytes on in one direction until one side ends or all is reset.
    fn pass(&self, way: (u32, bool), mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 1 << 16];
        let prepared = from
            .set_read_timeout(Some(LOOK))
            .and_then(|()| to.set_nodelay(true));
        if prepared.is_err() {
            return;
        }
        loop {
            // What comes stays in the buffers of the system.
            self.hold(way);
            if self.mode() == Mode::Reset {
                abort(&from);
                return abort(&to);
            }
            let read = match from.read(&mut buffer) {
                Ok(0) => {
                    // The other direction may go on.
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(read) => &buffer[..read],
                Err(error) if is_time_over(error.kind()) => continue,
                Err(_) => return end(&to),
            };
            // It may have been told meanwhile.
            self.hold(way);
            if self.write(read, &mut to).is_err() {
                return end(&from);
            }
        }
    }

    /// Waits as long as nothing is passed on in this direction.
    fn hold(&self, (number, is_answer): (u32, bool)) {
        let is_held = || match self.mode() {
            Mode::Reset => false,
            Mode::Silent => true,
            Mode::Deaf if is_answer => true,
            _ => number <= self.silent.load(Ordering::SeqCst),
        };
        while is_held() {
            sleep(LOOK);
        }
    }

    fn write(&self, bytes: &[u8], to: &mut TcpStream) -> std::io::Result<()> {
        match self.mode() {
            Mode::Reset => Err(ErrorKind::ConnectionReset.into()),
            Mode::Slices => bytes.iter().try_for_each(|byte| to.write_all(&[*byte])),
            Mode::Late(wait) => {
                sleep(wait);
                to.write_all(bytes)
            }
            _ => to.write_all(bytes),
        }
    }
}

fn is_time_over(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A connection that lingers for no time is reset when the last who has it drops it.
fn abort(stream: &TcpStream) {
    // One that has ended already needs no reset.
    let _ = set_socket_linger(stream, Some(Duration::ZERO));
}

/// Ends a connection, also for the thread that still reads from it.
fn end(stream: &TcpStream) {
    // It may have ended already.
    let _ = stream.shutdown(Shutdown::Both);
}

/// A server that says back what it hears, behind a proxy, and a connection to it.
fn echo() -> (Proxy, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are ports");
    let proxy = Proxy::to(listener.local_addr().expect("it has one"));
    spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut back = client.try_clone().expect("it is a socket");
            spawn(move || std::io::copy(&mut client, &mut back));
        }
    });
    let stream = TcpStream::connect(proxy.address()).expect("it listens");
    let wait = Some(Duration::from_millis(300));
    stream.set_read_timeout(wait).expect("it is a socket");
    (proxy, stream)
}

fn said_back(stream: &mut TcpStream) -> std::io::Result<[u8; 5]> {
    let mut back = [0; 5];
    stream.write_all(b"hello")?;
    stream.read_exact(&mut back)?;
    Ok(back)
}

#[test]
fn it_does_what_it_is_told() {
    let (proxy, mut stream) = echo();
    for mode in [
        Mode::Pass,
        Mode::Slices,
        Mode::Late(Duration::from_millis(20)),
    ] {
        proxy.set(mode);
        let back = said_back(&mut stream).expect("it passes");
        assert_eq!(&back, b"hello", "{mode:?}");
    }
    for mode in [Mode::Silent, Mode::Deaf] {
        proxy.set(mode);
        let silent = said_back(&mut stream).expect_err("nothing comes");
        assert!(is_time_over(silent.kind()), "{mode:?}: {silent}");
        proxy.set(Mode::Pass);
        let mut back = [0; 5];
        stream.read_exact(&mut back).expect("what waited comes");
        assert_eq!(&back, b"hello", "{mode:?}");
    }
    proxy.set(Mode::Refuse);
    let mut refused = TcpStream::connect(proxy.address()).expect("it listens");
    assert!(said_back(&mut refused).is_err());
    assert_eq!(&said_back(&mut stream).expect("it passes"), b"hello");
    proxy.set(Mode::Pass);
    proxy.leave_half_open();
    let silent = said_back(&mut stream).expect_err("nothing comes");
    assert!(is_time_over(silent.kind()), "{silent}");
    let mut other = TcpStream::connect(proxy.address()).expect("it listens");
    assert_eq!(&said_back(&mut other).expect("it passes"), b"hello");
    proxy.set(Mode::Reset);
    sleep(LOOK * 5);
    let ended = said_back(&mut other).expect_err("it was reset");
    assert!(!is_time_over(ended.kind()), "{ended}");
    assert_eq!(proxy.connections(), 3);
}

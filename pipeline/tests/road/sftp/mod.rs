//! An OpenSSH server of our own: its host key, the keys that it lets in, and a folder in which all that is exchanged lies.

mod faults;
mod files;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::house::folder_of_our_own;

/// The server, stopped and removed with it.
pub struct Server {
    pub folder: PathBuf,
    pub port: u16,
    child: Child,
}

/// What a server does not let anybody do.
#[derive(Clone, Copy, Debug)]
pub enum Denies {
    /// It lets us do all that we ask.
    Nothing,
    /// Nothing can be changed.
    Writing,
    /// No file can have more than 512 bytes.
    LongFiles,
}

/// The kinds of key that are tried.
pub const KINDS: [&str; 2] = ["ed25519", "rsa"];

impl Server {
    /// Starts one that lets in whoever has our key of a kind.
    pub fn start(kind: &str) -> Self {
        let folder = folder_of_our_own("sftp");
        for below in ["in", "out"] {
            fs::create_dir_all(folder.join("files").join(below))
                .expect("the target folder can be written");
        }
        for key in ["host", "other", "stranger"] {
            make_key(&folder.join(key), "ed25519");
        }
        make_key(&folder.join("ours"), kind);
        fs::copy(folder.join("ours.pub"), folder.join("let-in")).expect("the folder is ours");
        let port = free_port();
        let child = serve(&folder, port, ("host", Denies::Nothing));
        Self {
            folder,
            port,
            child,
        }
    }

    /// The same server, as if somebody else stood in its place: with another host key.
    pub fn replace(&mut self) {
        self.stop();
        self.child = serve(&self.folder, self.port, ("other", Denies::Nothing));
    }

    /// Nobody listens any more.
    pub fn stop(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Somebody listens again.
    pub fn start_again(&mut self) {
        self.start_again_denying(Denies::Nothing);
    }

    /// The same, but not everything can be done.
    pub fn start_again_denying(&mut self, denies: Denies) {
        self.child = serve(&self.folder, self.port, ("host", denies));
    }

    /// The host key, as a known-hosts file has it behind the name.
    pub fn host_key(&self) -> String {
        let line = fs::read_to_string(self.folder.join("host.pub")).expect("it was made");
        line.trim().to_owned()
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A file, or the folder, of what is exchanged.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join("files").join(name)
    }

    /// Names in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("the folder is ours");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("the folder is ours")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn make_key(file: &Path, kind: &str) {
    let mut make = Command::new("ssh-keygen");
    make.args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(file);
    assert!(make.status().is_ok_and(|made| made.success()), "ssh-keygen");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are ports");
    listener.local_addr().expect("it has one").port()
}

fn serve(folder: &Path, port: u16, (host_key, denies): (&str, Denies)) -> Child {
    let read_only = match denies {
        Denies::Writing => " -R",
        _ => "",
    };
    let at = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPidFile none\nLogLevel VERBOSE\nSubsystem sftp internal-sftp{read_only} -d {}\n",
        at(host_key),
        at("let-in"),
        at("files")
    );
    fs::write(folder.join("config"), config).expect("the folder is ours");
    if rustix::process::getuid().is_root() {
        // Root's server wants it, and only the system's own start makes it.
        fs::create_dir_all("/run/sshd").expect("root may");
    }
    let mut server = match denies {
        Denies::LongFiles => {
            // Who ignores the signal of that limit is told by an error.
            let mut shell = Command::new("sh");
            let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
            shell.args(["-c", limited]).arg(program());
            shell
        }
        _ => Command::new(program()),
    };
    // In the foreground, its log to a file; a program that is started by its full path starts itself again for each connection.
    let server = server
        .arg("-D")
        .arg("-f")
        .arg(folder.join("config"))
        .arg("-E")
        .arg(folder.join("log"));
    let child = server
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("OpenSSH's server starts");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "OpenSSH's server does not listen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn program() -> PathBuf {
    let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("openssh-server is installed: `make test` does it")
}

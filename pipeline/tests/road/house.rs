//! A house with partners, in a folder of its own: the real command runs in it, with real files, and is killed there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use toml::Table;

use crate::bucket::Server;
use crate::checker::Input;
use crate::counts::STUCK_S;
use crate::partner::PARTNER;
use crate::servers::{Servers, psql};

/// How long a run may take before it counts as stuck.
pub fn stuck() -> Duration {
    Duration::from_secs(STUCK_S.times().into())
}

/// Quick polls, leases and retries: what is tested is what happens, not when.
pub const CONFIG: &str =
    "[work]\npoll_ms = 20\nlease_s = 1\n[retry]\nfirst_ms = 20\nmost_ms = 200\n";

/// The profile of a partner who sends and receives plain files.
pub const PLAIN: &str = r#"
[theirs]
isa = ["ZZ:MADEUPSENDER"]
gs = ["MADEUP"]
[ours]
isa = "ZZ:MADEUPRECEIVER"
gs = "RECEIVER"
[pgp]
plain = true
"#;

/// The home folder of a pipeline, removed with it.
pub struct House {
    pub home: PathBuf,
    pub servers: Servers,
}

/// How the command is run.
#[derive(Clone, Default)]
pub struct How<'a> {
    /// `X12_PIPELINE_FAILPOINT`.
    pub failpoint: Option<String>,
    /// The command and arguments in front: strace, with faults.
    pub under: &'a [String],
}

impl House {
    /// A house with one partner, `acme`, beside the servers that this process was given.
    pub fn new(profile: &str) -> Self {
        Self::beside(Servers::given(), profile)
    }

    /// A house with one partner, `acme`, beside these servers.
    pub fn beside(servers: Servers, profile: &str) -> Self {
        let home = folder_of_our_own("road");
        fs::create_dir_all(home.join("partners")).expect("the target folder can be written");
        let house = Self { home, servers };
        let used = [
            house
                .servers
                .postgres
                .as_ref()
                .map(|server| house.use_database(server)),
            house
                .servers
                .rabbitmq
                .as_ref()
                .map(|url| house.use_broker(url)),
            house
                .servers
                .s3
                .as_ref()
                .map(|server| house.use_bucket(server)),
        ];
        let used: String = used.into_iter().flatten().collect();
        house.write("config.toml", format!("{CONFIG}{used}").as_bytes());
        house.partner("acme", profile);
        house
    }

    /// Writes a file of the home folder.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let file = self.home.join(name);
        let folder = file.parent().expect("it is below the home folder");
        fs::create_dir_all(folder).expect("the home folder can be written");
        fs::write(file, bytes).expect("the home folder can be written");
    }

    /// A file of the home folder, which is text.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.home.join(name)).expect("the house has it")
    }

    /// Lays settings over those that are there: TOML, table by table.
    pub fn configure(&self, more: &str) {
        let mut settings: Table = self.text("config.toml").parse().expect("it is TOML");
        let more: Table = more.parse().expect("it is TOML");
        for (name, table) in more {
            let known = settings.entry(name).or_insert_with(|| Table::new().into());
            let known = known.as_table_mut().expect("settings stand in tables");
            known.extend(table.as_table().expect("settings stand in tables").clone());
        }
        self.write("config.toml", settings.to_string().as_bytes());
    }

    /// Waits until so many files have arrived and all have come to their ends.
    pub fn wait_for_ends(&self, arrivals: usize, most: Duration) {
        let begun = Instant::now();
        while !self.have_ended(arrivals) {
            let arrived = self.arrivals();
            assert!(begun.elapsed() < most, "it does not go on: {arrived:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether so many files have arrived and all have come to their ends.
    pub fn have_ended(&self, arrivals: usize) -> bool {
        let arrived = self.arrivals();
        arrived.len() >= arrivals && arrived.iter().all(|arrival| arrival.state != "open")
    }

    /// Adds a partner, or writes its profile anew.
    pub fn partner(&self, id: &str, profile: &str) {
        self.write(&format!("partners/{id}.toml"), profile.as_bytes());
        for folder in ["in", "out"] {
            let folder = self.home.join("exchange").join(id).join(folder);
            fs::create_dir_all(folder).expect("the home folder can be written");
        }
        let submit = self.home.join("backend/submit").join(id);
        fs::create_dir_all(submit).expect("the home folder can be written");
    }

    /// Its name on servers.
    pub fn name(&self) -> String {
        let name = self.home.file_name().expect("it has a name");
        format!("road_{}", name.to_string_lossy().replace('-', "_"))
    }

    /// A file that only its owner may read.
    pub fn write_secret(&self, name: &str, text: &str) {
        self.write(name, text.as_bytes());
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.home.join(name), private).expect("it is ours");
    }

    /// Its queues are its own in the broker of this address.
    fn use_broker(&self, url: &str) -> String {
        self.write_secret("keys/broker.url", url);
        let prefix = self.name();
        format!("[queue]\nurl_file = \"keys/broker.url\"\nprefix = \"{prefix}\"\n")
    }

    /// Its sealed objects lie in a bucket.
    fn use_bucket(&self, server: &str) -> String {
        let folder = format!("s3://x12-test/{}", self.name());
        format!(
            "[store]\nfolder = \"{folder}\"\n[s3]\nendpoint = \"{server}\"\npath_style = true\n"
        )
    }

    /// Its ledger is a database of its own on the server of this address.
    fn use_database(&self, server: &str) -> String {
        let name = self.name();
        let made = psql(server, "postgres", &[&format!("CREATE DATABASE {name}")]);
        made.expect("it makes databases");
        self.write_secret("keys/database.url", &format!("{server}/{name}\n"));
        "[database]\nurl_file = \"keys/database.url\"\n".to_owned()
    }

    /// The partner leaves a file.
    pub fn receive(&self, name: &str, bytes: &[u8]) {
        self.write(&format!("exchange/acme/in/{name}"), bytes);
    }

    /// From now on the partner leaves files in a bucket, below `in`; what else is said of the folder is TOML.
    pub fn receive_from(&self, bucket: &str, more: &str) {
        let profile = self.text("partners/acme.toml");
        let folder = format!("[folder]\nin = \"s3://{bucket}/in\"\n{more}\n");
        self.partner("acme", &format!("{profile}\n{folder}"));
    }

    /// Our own systems leave a submission.
    pub fn submit(&self, name: &str, bytes: &[u8]) {
        self.write(&format!("backend/submit/acme/{name}"), bytes);
    }

    /// Whether the partner encrypts.
    pub fn is_encrypted(&self) -> bool {
        self.home.join("keys/acme.asc").exists()
    }

    /// Where a file is left.
    pub fn door(&self, input: &Input) -> PathBuf {
        let folder = match input.is_submission() {
            true => "backend/submit/acme",
            false => "exchange/acme/in",
        };
        self.home.join(folder).join(&input.file)
    }

    /// A file, or a part of it, is left.
    pub fn leave(&self, input: &Input, bytes: &[u8]) {
        fs::write(self.door(input), bytes).expect("the home folder can be written");
    }

    /// The command with these arguments.
    pub fn command(&self, arguments: &[&str], how: &How<'_>) -> Command {
        let program = env!("CARGO_BIN_EXE_x12-pipeline");
        let mut command = match how.under.split_first() {
            Some((under, more)) => {
                let mut command = Command::new(under);
                command.args(more).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("--home").arg(&self.home).args(arguments);
        command
            .env_remove("X12_PIPELINE_FAILPOINT")
            .env_remove("RUST_LOG");
        if let Some(failpoint) = &how.failpoint {
            command.env("X12_PIPELINE_FAILPOINT", failpoint);
        }
        command
    }

    /// Runs until nothing is left to be done, or it is killed. Its log is kept beside the home folder.
    pub fn run(&self, how: &How<'_>) -> ExitStatus {
        let child = self.begin(&["run", "--until-idle"], how);
        ends(child)
    }

    /// Begins a run whose log goes to a file.
    pub fn begin(&self, arguments: &[&str], how: &How<'_>) -> Running {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log());
        let mut command = self.command(arguments, how);
        command
            .stderr(log.expect("the target folder can be written"))
            .stdout(Stdio::null());
        Running(command.spawn().expect("the command starts"))
    }

    /// Names and contents of its sealed objects, wherever they lie: `objects/af/4c320fd2-…/route-0`.
    pub fn objects(&self) -> Vec<(String, Vec<u8>)> {
        if let Some(server) = self.servers.s3.as_deref().map(Server::new) {
            let prefix = format!("{}/", self.name());
            let objects = server.objects(&prefix).into_iter();
            return objects
                .map(|(key, bytes)| (key[prefix.len()..].to_owned(), bytes))
                .collect();
        }
        let store = self.home.join("store");
        let mut files = Vec::new();
        below(&store, &mut files);
        let named = |file: PathBuf| {
            let bytes = fs::read(&file).expect("the house is ours");
            let name = file.strip_prefix(&store).expect("it is below");
            (name.to_string_lossy().into_owned(), bytes)
        };
        files.into_iter().map(named).collect()
    }

    /// Waits until a word stands so often in its logs: before it runs, no process can be told anything.
    pub fn wait_for(&self, word: &str, times: usize) {
        let begun = Instant::now();
        while fs::read_to_string(self.log())
            .unwrap_or_default()
            .matches(word)
            .count()
            < times
        {
            assert!(
                begun.elapsed() < stuck(),
                "`{word}` never stands in the log"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What its logs say.
    pub fn text_of_log(&self) -> String {
        fs::read_to_string(self.log()).expect("it has run")
    }

    /// Begins its logs anew: words are counted in them.
    pub fn forget_log(&self) {
        fs::write(self.log(), "").expect("the target folder can be written");
    }

    /// The file of its logs.
    pub fn log(&self) -> PathBuf {
        self.home.with_extension("log")
    }

    /// What the command prints; it must succeed.
    pub fn print(&self, arguments: &[&str]) -> String {
        let output = self
            .command(arguments, &How::default())
            .output()
            .expect("the command starts");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    }

    /// What the command prints as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.print(arguments)).expect("it prints JSON")
    }

    /// All arrivals.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let status = self.json(&["status", "--json", "--last", "100000"]);
        serde_json::from_value(status["latest"].clone()).expect("arrivals are printed so")
    }

    /// What the partner finds, by name, decrypted.
    pub fn sent(&self) -> Vec<(String, String)> {
        let out = self.files("exchange/acme/out").into_iter();
        let out = out.map(|(name, bytes)| match name.ends_with(".asc") {
            true => (name, PARTNER.open(&bytes)),
            false => (name, bytes),
        });
        out.map(|(name, bytes)| (name, String::from_utf8(bytes).expect("it is text")))
            .collect()
    }

    /// The TA1s, 997s and 999s among it.
    pub fn answers(&self) -> Vec<(String, String)> {
        let mut sent = self.sent();
        sent.retain(|(name, _)| name.starts_with("acknowledgment-"));
        sent
    }

    /// Names and contents of the files in a folder, sorted by name; what is hidden is not there yet.
    pub fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.home.join(folder))
            .into_iter()
            .flatten()
            .map(|entry| {
                let entry = entry.expect("the folder is ours");
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read(entry.path()).expect("the folder is ours"))
            })
            .filter(|(name, _): &(String, _)| !name.starts_with('.'))
            .collect();
        files.sort();
        files
    }

    /// Texts of the files in a folder.
    pub fn texts(&self, folder: &str) -> Vec<String> {
        let text = |(_, bytes)| String::from_utf8(bytes).expect("it is text");
        self.files(folder).into_iter().map(text).collect()
    }
}

/// An arrival as the command prints it.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Arrival {
    pub id: String,
    pub file: String,
    pub state: String,
    pub reason: String,
    #[serde(rename = "replayOf")]
    pub replay_of: String,
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let partners = self.files("partners").into_iter();
        let partners =
            partners.filter_map(|(name, _)| Some(name.strip_suffix(".toml")?.to_owned()));
        self.servers
            .forget(&self.name(), &partners.collect::<Vec<_>>());
        // What is left behind lies in the target folder.
        let _ = fs::remove_dir_all(&self.home);
        let _ = fs::remove_file(self.log());
    }
}

/// A folder in the target folder that nobody else has, also no process of before with the same number; it is not made yet.
pub fn folder_of_our_own(room: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("{}-{count}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(room).join(name);
        if !folder.exists() {
            return folder;
        }
    }
}

/// All files below a folder.
pub fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the house is ours") {
        let entry = entry.expect("the house is ours");
        match entry.file_type().expect("the house is ours").is_dir() {
            true => below(&entry.path(), files),
            false => files.push(entry.path()),
        }
    }
}

/// A run, which ends at the latest with the test that began it.
pub struct Running(Child);

impl std::ops::Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl std::ops::DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Running {
    /// Kills it.
    pub fn stop(mut self) {
        self.kill().expect("it is our child");
        self.wait().expect("it is our child");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it has a number"), signal).expect("it is our child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.kill();
        let _ = self.wait();
    }
}

/// Waits for the end of a run; one that does not end is stuck.
pub fn ends(mut child: Running) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status;
        }
        if begun.elapsed() > stuck() {
            panic!("the run did not end within {:?}", stuck());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A sample, with another control number in its interchange header and trailer.
pub fn sample(name: &str, isa13: u32) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name);
    let text = fs::read_to_string(&file).expect("it is a sample");
    let number = format!("{isa13:09}");
    let header = text.get(..90).expect("it begins with ISA");
    let old = text.get(90..99).expect("ISA13 stands there");
    let rest = text.get(99..).expect("ISA goes on");
    format!("{header}{number}{}", rest.replace(old, &number)).into_bytes()
}

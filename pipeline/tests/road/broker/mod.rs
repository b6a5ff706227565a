//! The broker that `.ci/with-rabbitmq` started, as its operator has it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

/// One test at a time has the broker: what is done to it is done to all.
static ONE: Mutex<Restarted> = Mutex::new(Restarted(None));

/// The broker as a test started it again.
struct Restarted(Option<Child>);

/// The broker, as long as a test has it.
pub struct Broker {
    folder: PathBuf,
    pub url: String,
    restarted: MutexGuard<'static, Restarted>,
}

impl Broker {
    /// Takes it.
    pub fn take() -> Self {
        let one = ONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let of = |name| {
            std::env::var(name)
                .unwrap_or_else(|_| panic!("no {name}: run this with .ci/with-rabbitmq"))
        };
        Self {
            folder: of("X12_TEST_RABBITMQ_FOLDER").into(),
            url: of("X12_TEST_RABBITMQ"),
            restarted: one,
        }
    }

    fn script(&self, name: &str) -> Command {
        let script = self.folder.join(name);
        if !rustix::process::getuid().is_root() {
            return Command::new(script);
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups"])
            .arg(script);
        command
    }

    /// What `rabbitmqctl` prints; it must succeed.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let output = self.script("ctl").args(arguments).output();
        let output = output.expect("rabbitmqctl starts");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    }

    /// Kills it with all that it has in memory, and starts it again.
    pub fn kill_and_restart(&mut self) {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("it runs");
        let pid = pid
            .trim()
            .parse()
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("it has a number");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
        while rustix::process::test_kill_process(pid).is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
        if let Some(mut before) = self.restarted.0.take() {
            before.wait().expect("it was ours");
        }
        let log = fs::File::create(self.folder.join("restarted.log")).expect("the folder is ours");
        let mut server = self.script("server");
        let server = server.stdout(Stdio::null()).stderr(log).spawn();
        self.restarted.0 = Some(server.expect("the broker starts"));
        let begun = Instant::now();
        while !self
            .script("ctl")
            .arg("await_startup")
            .output()
            .is_ok_and(|out| out.status.success())
        {
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "the broker does not come back"
            );
        }
    }

    /// How many messages wait in a queue in which some must; the broker counts every few seconds.
    pub fn waiting(&self, queue: &str) -> u32 {
        let begun = Instant::now();
        loop {
            let waiting = self.messages(queue);
            if waiting > 0 {
                return waiting;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "nothing waits in {queue}"
            );
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn messages(&self, queue: &str) -> u32 {
        let listed = self.ctl(&["--silent", "list_queues", "name", "messages"]);
        let mut lines = listed.lines();
        let line = lines.find_map(|line| line.strip_prefix(queue)?.strip_prefix('\t'));
        line.map_or(0, |count| count.trim().parse().expect("a number"))
    }

    /// Does something on a channel of our own.
    pub fn on_channel<F: Future>(&self, use_it: impl FnOnce(Channel) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        runtime.expect("there are threads").block_on(async {
            let properties = ConnectionProperties::default();
            let connection = Connection::connect(&self.url, properties)
                .await
                .expect("it is there");
            let channel = connection.create_channel().await.expect("it has channels");
            use_it(channel).await
        })
    }

    /// Publishes a body to an exchange.
    pub fn publish(&self, exchange: &str, key: &str, body: &[u8]) {
        self.on_channel(|channel| async move {
            let (options, properties) =
                (BasicPublishOptions::default(), BasicProperties::default());
            let sent =
                channel.basic_publish(exchange.into(), key.into(), options, body, properties);
            sent.await.expect("it takes it").await.expect("it has it");
            // The connection may end before the broker has read what was sent, unless it is asked something.
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let queue = format!("{}.{key}", exchange.trim_end_matches(".jobs"));
            let _ = channel
                .queue_declare(queue.into(), passive, FieldTable::default())
                .await;
        });
    }

    /// Takes a message out of a queue: its body, and its headers as text.
    pub fn get(&self, queue: &str) -> Option<(Vec<u8>, String)> {
        self.on_channel(|channel| async move {
            let options = BasicGetOptions { no_ack: true };
            let got = channel
                .basic_get(queue.into(), options)
                .await
                .expect("there is the queue")?;
            let properties = &got.delivery.properties;
            let headers = properties
                .headers()
                .iter()
                .flat_map(|table| table.into_iter());
            let headers = headers.map(|(name, value)| match value {
                AMQPValue::LongString(text) => format!("{name}: {text}\n"),
                other => format!("{name}: {other:?}\n"),
            });
            let headers = headers.collect();
            Some((got.delivery.data.clone(), headers))
        })
    }
}

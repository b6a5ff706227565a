//! The road while its broker fails, in a broker of our own.

mod documents;
mod faults;
mod lines;
mod messages;
mod thrice;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lapin::message::Delivery;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::house::House;
use crate::servers::{Servers, Started};
use crate::ways::profile;

/// One test at a time has the broker: what is done to it is done to all.
static ONE: Mutex<Option<Running>> = Mutex::new(None);

/// The broker as it was started, and as a test started it again.
struct Running {
    started: Started,
    again: Option<Child>,
}

/// The broker, as long as a test has it.
pub struct Broker {
    folder: PathBuf,
    url: String,
    tls: String,
    running: MutexGuard<'static, Option<Running>>,
}

impl Broker {
    /// Takes it, and starts it if nobody has yet.
    pub fn take() -> Self {
        let mut running = ONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Running { started, .. } = running.get_or_insert_with(|| Running {
            started: Started::by("with-rabbitmq"),
            again: None,
        });
        Self {
            folder: started.told("X12_TEST_RABBITMQ_FOLDER").into(),
            url: started.told("X12_TEST_RABBITMQ").to_owned(),
            tls: started.told("X12_TEST_RABBITMQ_TLS").to_owned(),
            running,
        }
    }

    /// A house with this broker, whose partner does not encrypt.
    pub fn house(&self) -> House {
        let servers = Servers {
            rabbitmq: Some(self.url.clone()),
            ..Servers::given()
        };
        House::beside(servers, &profile())
    }

    /// Where it speaks TLS, and the certificates of its authority.
    pub fn with_tls(&self) -> (String, String) {
        let authority = fs::read_to_string(self.folder.join("authority.pem"));
        (self.tls.clone(), authority.expect("the folder is ours"))
    }

    /// What `rabbitmqctl` prints; it must succeed.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let output = script(&self.folder, "ctl").args(arguments).output();
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
        let running = self.running.as_mut().expect("it was started");
        if let Some(mut before) = running.again.take() {
            before.wait().expect("it was ours");
        }
        let log = fs::File::create(self.folder.join("restarted.log")).expect("the folder is ours");
        let mut server = script(&self.folder, "server");
        let server = server.stdout(Stdio::null()).stderr(log).spawn();
        running.again = Some(server.expect("the broker starts"));
        let begun = Instant::now();
        while !script(&self.folder, "ctl")
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
        self.count_at_least(queue, 1)
    }

    /// Deletes a queue with all that is in it, once it is there: who lost it makes it anew, after a pause that grows.
    pub fn delete_queue(&self, queue: &str) {
        self.count_at_least(queue, 0);
        self.ctl(&["delete_queue", queue]);
    }

    /// The messages of a queue, once it is there and so many are in it.
    fn count_at_least(&self, queue: &str, least: u32) -> u32 {
        let begun = Instant::now();
        loop {
            match self.messages(queue) {
                Some(messages) if messages >= least => return messages,
                _ => {}
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{queue} has no {least} messages"
            );
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn messages(&self, queue: &str) -> Option<u32> {
        let listed = self.ctl(&["--silent", "list_queues", "name", "messages"]);
        let mut lines = listed.lines();
        let count = lines.find_map(|line| line.strip_prefix(queue)?.strip_prefix('\t'))?;
        Some(count.trim().parse().expect("a number"))
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
        self.submit((exchange, key), body, BasicProperties::default());
    }

    /// Publishes a message to an exchange.
    pub fn submit(&self, (exchange, key): (&str, &str), body: &[u8], properties: BasicProperties) {
        self.on_channel(|channel| async move {
            let confirms = ConfirmSelectOptions::default();
            channel.confirm_select(confirms).await.expect("it confirms");
            let options = BasicPublishOptions::default();
            let sent =
                channel.basic_publish(exchange.into(), key.into(), options, body, properties);
            let confirmed = sent.await.expect("it takes it").await.expect("it has it");
            assert!(confirmed.is_ack(), "the broker does not take a message");
        });
    }

    /// Takes a message out of a queue: its body, and its headers as text.
    pub fn get(&self, queue: &str) -> Option<(Vec<u8>, String)> {
        let message = self.take_message(queue)?;
        let headers = message.properties.headers().iter();
        let headers = headers.flat_map(|table| table.into_iter());
        let headers = headers.map(|(name, value)| match value {
            AMQPValue::LongString(text) => format!("{name}: {text}\n"),
            other => format!("{name}: {other:?}\n"),
        });
        let headers = headers.collect();
        Some((message.data, headers))
    }

    /// Takes a message out of a queue.
    pub fn take_message(&self, queue: &str) -> Option<Delivery> {
        self.on_channel(|channel| async move {
            let options = BasicGetOptions { no_ack: true };
            let got = channel.basic_get(queue.into(), options).await;
            Some(got.expect("there is the queue")?.delivery)
        })
    }

    /// Makes a queue.
    pub fn make_queue(&self, queue: &str) {
        self.on_channel(|channel| async move {
            let (options, arguments) = (QueueDeclareOptions::default(), FieldTable::default());
            let made = channel.queue_declare(queue.into(), options, arguments);
            made.await.expect("it is made");
        });
    }
}

/// A queue that gets what the queues behind these keys get.
async fn tap(channel: &Channel, prefix: &str, keys: &[&str]) -> String {
    let tap = format!("{prefix}-tap-{}", keys.join("-"));
    let (options, none) = (QueueDeclareOptions::default(), FieldTable::default());
    let made = channel.queue_declare(tap.as_str().into(), options, none);
    made.await.expect("it is made");
    for &key in keys {
        let jobs = format!("{prefix}.jobs");
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound = channel.queue_bind(tap.as_str().into(), jobs.into(), key.into(), options, none);
        bound.await.expect("the exchange is there");
    }
    tap
}

/// A script of the broker's folder, as whoever the broker is.
fn script(folder: &Path, name: &str) -> Command {
    let script = folder.join(name);
    if !rustix::process::getuid().is_root() {
        return Command::new(script);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups"])
        .arg(script);
    command
}

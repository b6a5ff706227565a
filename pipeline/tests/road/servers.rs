//! The servers beside which a house stands: those that this process was given, and such as a test starts for itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Connection, ConnectionProperties};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::bucket::Server;

/// Where servers are; what is none lies in the home folder.
#[derive(Clone, Default)]
pub struct Servers {
    /// The address of a PostgreSQL server, in front of the name of a database.
    pub postgres: Option<String>,
    /// The address of a RabbitMQ broker.
    pub rabbitmq: Option<String>,
    /// The address of a server with buckets.
    pub s3: Option<String>,
}

impl Servers {
    /// Those that `.ci/with-postgres`, `.ci/with-rabbitmq` and `.ci/with-s3` started for this process.
    pub fn given() -> Self {
        let of = |name| std::env::var(name).ok();
        Self {
            postgres: of("X12_TEST_POSTGRES"),
            rabbitmq: of("X12_TEST_RABBITMQ"),
            s3: of("X12_TEST_S3"),
        }
    }

    /// Removes what a house of this name made, so that servers hold what is used alone: a broker that keeps the queues of thousands of
    /// houses takes no more connections. A server that is gone has nothing left.
    pub fn forget(&self, name: &str, partners: &[String]) {
        if let Some(server) = &self.postgres {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = psql(server, "postgres", &[&drop]);
        }
        if let Some(url) = &self.rabbitmq {
            let deleted = delete_queues(url, name, partners);
            let runtime = Runtime::new().expect("there are threads");
            let _ = runtime.block_on(async { timeout(Duration::from_secs(30), deleted).await });
        }
        if let Some(server) = self.s3.as_deref().map(Server::new) {
            server.delete_below(&format!("{name}/"));
        }
    }
}

/// Lets `psql` do something in a database of this server: what it tells, a line for each row, or of what it complains.
pub fn psql(server: &str, database: &str, commands: &[&str]) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--tuples-only", "--no-align"]);
    psql.args(["--dbname", &format!("{server}/{database}")]);
    for command in commands {
        psql.args(["--command", command]);
    }
    let told = psql.output().expect("psql is there");
    let text = |bytes| String::from_utf8(bytes).expect("it tells text");
    match told.status.success() {
        true => Ok(text(told.stdout)),
        false => Err(text(told.stderr)),
    }
}

/// Deletes the queues and exchanges of a house, as the map in `rabbitmq/topology.rs` names them; what is not there needs no deletion.
async fn delete_queues(url: &str, prefix: &str, partners: &[String]) -> lapin::Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let waits = ["250", "2000", "15000", "120000", "900000"].map(|ms| format!("again.{ms}"));
    let parts = ["translate", "respond", "deliver"].map(|part| format!("alone.{part}"));
    let of_partners = ["deliver", "forward"]
        .into_iter()
        .flat_map(|step| partners.iter().map(move |id| format!("{step}.{id}")));
    let queues = ["translate", "respond", "unreadable"].map(str::to_owned);
    let queues = queues.into_iter().chain(parts).chain(of_partners);
    for queue in queues.chain(waits.clone()) {
        let queue = format!("{prefix}.{queue}");
        let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
        deleted.await?;
    }
    for exchange in waits.into_iter().chain(["jobs".to_owned()]) {
        let exchange = format!("{prefix}.{exchange}");
        let deleted = channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default());
        deleted.await?;
    }
    connection.close(200, "done".into()).await
}

/// A server that a script of `.ci` runs as long as this process.
pub struct Started {
    /// What the script tells of it.
    variables: BTreeMap<String, String>,
    /// Its standard input ends with this process, and so it does.
    _script: Child,
}

impl Started {
    /// Starts it.
    pub fn by(script: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let tell_and_stay = "printenv | grep ^X12_TEST_; echo; exec cat >/dev/null";
        let mut child = Command::new(root.join(".ci").join(script))
            .args(["sh", "-c", tell_and_stay])
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script is there");
        let told = BufReader::new(child.stdout.take().expect("it is piped"));
        let lines = told.lines().map(|line| line.expect("it tells text"));
        let variables: BTreeMap<_, _> = lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| {
                let (name, value) = line.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        assert!(!variables.is_empty(), "{script} does not start its server");
        Self {
            variables,
            _script: child,
        }
    }

    /// What the script tells under a name.
    pub fn told(&self, name: &str) -> &str {
        &self.variables[name]
    }
}

//! The servers beside which a house stands: those that this process was given, and such as a test starts for itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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

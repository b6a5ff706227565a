//! A PostgreSQL server that ends sessions, takes no changes, or lets nobody at a table (reliability §7, F12): what failed is done again.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::checker::{Input, check};
use crate::counts::F12;
use crate::house::{House, How};
use crate::servers::{Servers, Started};
use crate::ways::profile;

/// Files left in each round.
const FILES: u32 = 4;

/// Faults in each round.
const FAULTS: u32 = 3;

/// The operator of a database.
struct Operator {
    server: String,
    name: String,
}

impl Operator {
    /// Lets `psql` do something, in this database of the server.
    fn psql(&self, database: &str, commands: &[&str]) {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "--output", "/dev/null"]);
        psql.args(["--dbname", &format!("{}/{database}", self.server)]);
        for command in commands {
            psql.args(["--command", command]);
        }
        assert!(psql.status().is_ok_and(|done| done.success()), "psql");
    }

    /// Ends all sessions, whatever they are doing.
    fn end_sessions(&self) {
        let name = &self.name;
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        self.psql("postgres", &[&end]);
    }

    /// Whether sessions that begin from now on may change anything.
    fn set_read_only(&self, is_read_only: bool) {
        let word = if is_read_only { "on" } else { "off" };
        let name = &self.name;
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {word}");
        self.psql("postgres", &[&set]);
        self.end_sessions();
    }

    /// Lets nobody else at the table of jobs for a second.
    fn lock(&self) {
        let lock = "BEGIN; LOCK TABLE job IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";
        self.psql(&self.name, &[lock]);
    }
}

#[test]
fn a_database_that_fails_loses_nothing() {
    let mut servers = Servers::given();
    let own = servers
        .postgres
        .is_none()
        .then(|| Started::by("with-postgres"));
    if let Some(own) = &own {
        servers.postgres = Some(own.told("X12_TEST_POSTGRES").to_owned());
    }
    let server = servers.postgres.clone().expect("there is one");
    let house = House::beside(servers, &profile());
    house.configure("[work]\nsilent_s = 2\n[retry]\nattempts = 1000");
    let name = house.name();
    let operator = Operator { server, name };
    let rounds = F12.times() / FAULTS;
    let mut inputs = Vec::new();
    let mut child = house.begin(&["run"], &How::default());
    house.wait_for("running", 1);
    for round in 0..rounds {
        let claims = Input::claims(round * FILES + 1, FILES);
        claims.iter().for_each(|input| input.leave(&house));
        inputs.extend(claims);
        sleep(Duration::from_millis(100 + 50 * u64::from(round % 8)));
        operator.end_sessions();
        sleep(Duration::from_millis(300));
        operator.set_read_only(true);
        sleep(Duration::from_millis(500));
        operator.set_read_only(false);
        operator.lock();
    }
    assert!(
        child.try_wait().expect("it is our child").is_none(),
        "it ended"
    );
    child.stop();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "the database failed");
    say!(
        "{} times the database ended sessions, took no changes or was locked: nothing lost, nothing twice",
        rounds * FAULTS
    );
}

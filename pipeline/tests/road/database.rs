//! A PostgreSQL server that ends sessions, takes no changes, or lets nobody at a table (reliability §7, F12): what failed is done again; and
//! one that is full.

use std::thread::sleep;
use std::time::Duration;

use crate::answers::further;
use crate::checker::{Input, check};
use crate::counts::F12;
use crate::house::{House, How, PLAIN};
use crate::servers::{Servers, Started, psql};
use crate::ways::{ALWAYS, json, profile};

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
    /// Lets `psql` do something, in this database of the server; what it tells, a line for each row.
    fn psql(&self, database: &str, commands: &[&str]) -> String {
        psql(&self.server, database, commands).expect("it does what it is told")
    }

    /// Ends all sessions, whatever they are doing.
    fn end_sessions(&self) {
        let name = &self.name;
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        self.psql("postgres", &[&end]);
    }

    /// What holds of sessions that begin from now on.
    fn set(&self, setting: &str) {
        let set = format!("ALTER DATABASE {} SET {setting}", self.name);
        self.psql("postgres", &[&set]);
    }

    /// Whether anything may be changed from now on.
    fn set_read_only(&self, is_read_only: bool) {
        let word = if is_read_only { "on" } else { "off" };
        self.set(&format!("default_transaction_read_only = {word}"));
        self.end_sessions();
    }

    /// Lets nobody else at the table of jobs for a second.
    fn lock(&self) {
        let lock = "BEGIN; LOCK TABLE job IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";
        self.psql(&self.name, &[lock]);
    }
}

/// A house with a database, of a server of its own if there is none yet, and who operates it.
fn house_and_operator(profile: &str) -> (House, Operator, Option<Started>) {
    let mut servers = Servers::given();
    let own = servers
        .postgres
        .is_none()
        .then(|| Started::by("with-postgres"));
    if let Some(own) = &own {
        servers.postgres = Some(own.told("X12_TEST_POSTGRES").to_owned());
    }
    let server = servers.postgres.clone().expect("there is one");
    let house = House::beside(servers, profile);
    let name = house.name();
    (house, Operator { server, name }, own)
}

#[test]
fn a_database_that_fails_loses_nothing() {
    let (house, operator, _own) = house_and_operator(&profile());
    house.configure("[work]\nsilent_s = 2\n[retry]\nattempts = 1000");
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

/// What has come to its end, of each kind this many.
const ENDED: u32 = 20_000;

/// Arrivals, jobs, interchanges, groups and sets that nobody will ask for again.
fn ended() -> Vec<String> {
    let all = format!("generate_series(1, {ENDED}) i");
    let into =
        |table: &str, values: &str| format!("INSERT INTO {table} SELECT {values} FROM {all}");
    vec![
        into(
            "arrival (id, partner, direction, identity, name, bytes, received_ms, state, reason, replay_of)",
            "'a' || i, 'acme', 'outbound', 'i' || i, '', 1, i, 'delivered', '', ''",
        ),
        into(
            "job (id, arrival, partner, step, task, state, attempts, fence, lease_until_ms, due_ms, created_ms, changed_ms, reason, note, leader)",
            "'j' || i, 'a' || i, 'acme', 'deliver', '', 'done', 1, 1, 0, 0, i, i, '', '', CASE i % 100 WHEN 0 THEN 'j' || i ELSE '' END",
        ),
        into(
            "interchange (arrival, ordinal, partner, direction, sender, receiver, isa13, isa15, state, answer)",
            "'a' || i, 1, 'acme', 'outbound', 'S', 'R', 'n' || i, 'T', 'accepted', ''",
        ),
        into(
            "functional_group (arrival, interchange, ordinal, partner, direction, gs01, gs06, gs08, state, answer)",
            "'a' || i, 1, 1, 'acme', 'outbound', 'HC', 'n' || i, '', 'accepted', ''",
        ),
        into(
            "transaction_set (arrival, interchange, functional_group, ordinal, st01, st02, state, answer, records, reference, digest)",
            "'a' || i, 1, 1, 1, '837', '0001', 'accepted', '', '', '', CASE i % 100 WHEN 0 THEN 'd' || i ELSE '' END",
        ),
    ]
}

/// Plans are as they are for who has been connected for long: made for any value.
#[test]
fn what_has_ended_is_not_read_again() {
    let (house, operator, _own) = house_and_operator(&format!("{PLAIN}\n{ALWAYS}every_s = 1\n"));
    house.submit("claims.json", &json("005010X222A1/two-claims.json"));
    assert!(house.run(&How::default()).success());
    let (_, sent) = house.sent().pop().expect("it was sent");
    let ended = ended();
    let ended: Vec<_> = ended.iter().map(String::as_str).collect();
    operator.psql(&operator.name, &ended);
    operator.psql(&operator.name, &["ANALYZE"]);
    operator.set("plan_cache_mode = force_generic_plan");
    // What a session has read it tells when it ends.
    operator.psql(&operator.name, &["SELECT pg_stat_reset()"]);
    for input in Input::claims(1, 4) {
        input.leave(&house);
    }
    let [answer, _] = further(&sent, 80);
    house.receive("answer.edi", &answer);
    assert!(house.run(&How::default()).success());
    let read = "SELECT relname, seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_user_tables";
    let read = operator.psql(&operator.name, &[read]);
    let many = |line: &&str| {
        let (_, rows) = line.split_once('|').expect("it has two columns");
        rows.parse::<u32>().expect("it is a number") >= ENDED
    };
    let whole: Vec<_> = read.lines().filter(many).collect();
    assert!(whole.is_empty(), "read whole: {whole:?} of {read}");
    // All of it was done: answers that leave together, and what the partner said.
    let together = |(_, text): &(String, String)| text.matches("ISA*").count() > 1;
    assert!(
        house.sent().iter().any(together),
        "no answers left together"
    );
    let said = house.texts("backend/responses/acme").join("");
    assert!(said.contains("\"of\":\"claim\""), "{said}");
    let rows: Vec<_> = read.split_whitespace().collect();
    say!(
        "{ENDED} of each that have ended; of each were read: {}",
        rows.join(", ")
    );
}

//! What became known of interchanges, groups and transaction sets.

use std::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::connections::Connections;
use super::{column, unavailable};
use crate::failure::Result;
use crate::job::{Direction, Fact, GroupFact, InterchangeFact, Job, SetFact, Task};
use crate::object::JobId;

/// Rows of one statement. SQLite looks for the name of each parameter among all of them: with 250 rows that took ten times as long.
const ROWS: usize = 24;

/// Records facts of an arrival; the same facts again change nothing.
///
/// What became known of interchanges, groups and sets is written many rows at a time: a million of them, one by one, took minutes.
pub(super) async fn record(job: &Job, facts: &[Fact], change: &mut AnyConnection) -> Result<()> {
    // What is said of a whole, as that it is rejected, is said of what was recorded before it.
    for run in facts.chunk_by(|one, next| is_unit(one) && is_unit(next)) {
        let (mut interchanges, mut groups, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        for fact in run {
            match fact {
                Fact::Interchange(fact) => interchanges.push(fact),
                Fact::Group(fact) => groups.push(fact),
                Fact::Set(fact) => sets.push(fact),
                said => update(job, said, change).await?,
            }
        }
        insert(&INTERCHANGE, job, &interchanges, change).await?;
        insert(&GROUP, job, &groups, change).await?;
        insert(&SET, job, &sets, change).await?;
    }
    Ok(())
}

/// Whether it is a row of its own.
fn is_unit(fact: &Fact) -> bool {
    matches!(fact, Fact::Interchange(_) | Fact::Group(_) | Fact::Set(_))
}

type Statement<'q> = Query<'q, sqlx::Any, AnyArguments>;

/// How rows of a kind are inserted.
struct Rows<F> {
    into: &'static str,
    /// Columns of a row.
    columns: usize,
    on_conflict: &'static str,
    bind: for<'q> fn(Statement<'q>, &Job, &F) -> Statement<'q>,
}

async fn insert<F>(
    rows: &Rows<F>,
    job: &Job,
    facts: &[&F],
    change: &mut AnyConnection,
) -> Result<()> {
    for facts in facts.chunks(ROWS) {
        let text = rows.text(facts.len());
        // Only the text of a full statement comes again and again.
        let mut statement =
            sqlx::query(AssertSqlSafe(text)).persistent(facts.len() == ROWS || facts.len() == 1);
        for fact in facts {
            statement = (rows.bind)(statement, job, fact);
        }
        execute(statement, change).await?;
    }
    Ok(())
}

async fn execute(statement: Statement<'_>, change: &mut AnyConnection) -> Result<()> {
    let done = statement.execute(&mut *change).await;
    done.map(drop).map_err(|error| unavailable(&error))
}

impl<F> Rows<F> {
    /// The statement for so many rows; nothing in it comes from outside.
    fn text(&self, rows: usize) -> String {
        let mut text = format!("INSERT INTO {} VALUES ", self.into);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..=self.columns {
                let comma = if column == 1 { "" } else { ", " };
                // A `String` takes whatever is written to it.
                let _ = write!(text, "{comma}${}", row * self.columns + column);
            }
            text.push(')');
        }
        text + " " + self.on_conflict
    }
}

const INTERCHANGE: Rows<InterchangeFact> = Rows {
    into: "interchange (arrival, ordinal, partner, direction, sender, receiver, isa13, isa15, state, answer)",
    columns: 10,
    on_conflict: "ON CONFLICT (arrival, ordinal) DO UPDATE SET state = excluded.state, answer = excluded.answer",
    bind: |statement, job, fact| {
        statement
            .bind(job.arrival.to_string())
            .bind(i64::from(fact.ordinal))
            .bind(job.partner.clone())
            .bind(direction(job).name())
            .bind(fact.sender.clone())
            .bind(fact.receiver.clone())
            .bind(fact.isa13.clone())
            .bind(fact.isa15.clone())
            .bind(fact.state)
            .bind(fact.answer.clone())
    },
};

const GROUP: Rows<GroupFact> = Rows {
    into: "functional_group (arrival, interchange, ordinal, partner, direction, gs01, gs06, gs08, state, answer)",
    columns: 10,
    on_conflict: "ON CONFLICT (arrival, interchange, ordinal) DO UPDATE SET state = excluded.state",
    bind: |statement, job, fact| {
        statement
            .bind(job.arrival.to_string())
            .bind(i64::from(fact.interchange))
            .bind(i64::from(fact.ordinal))
            .bind(job.partner.clone())
            .bind(direction(job).name())
            .bind(fact.gs01.clone())
            .bind(fact.gs06.clone())
            .bind(fact.gs08.clone())
            .bind(fact.state)
            .bind("")
    },
};

const SET: Rows<SetFact> = Rows {
    into: "transaction_set (arrival, interchange, functional_group, ordinal, st01, st02, state, answer, records, reference, digest)",
    columns: 11,
    on_conflict: "ON CONFLICT (arrival, interchange, functional_group, ordinal) DO UPDATE SET state = excluded.state, records = excluded.records",
    bind: |statement, job, fact| {
        statement
            .bind(job.arrival.to_string())
            .bind(i64::from(fact.interchange))
            .bind(i64::from(fact.group))
            .bind(i64::from(fact.ordinal))
            .bind(fact.st01.clone())
            .bind(fact.st02.clone())
            .bind(fact.state)
            .bind("")
            .bind(fact.records.clone())
            .bind("")
            .bind(fact.digest.clone())
    },
};

/// The interchanges of an arrival, without their states and answers.
pub(super) async fn interchanges(
    arrival: JobId,
    readers: &Connections,
) -> Result<Vec<InterchangeFact>> {
    let query = sqlx::query(
        "SELECT ordinal, sender, receiver, isa13, isa15 FROM interchange WHERE arrival = $1 ORDER BY ordinal",
    );
    let rows = readers.rows(query.bind(arrival.to_string())).await?;
    rows.iter().map(interchange).collect()
}

fn interchange(row: &AnyRow) -> Result<InterchangeFact> {
    let text = |name| column(row, name);
    let ordinal: i64 = column(row, "ordinal")?;
    Ok(InterchangeFact {
        ordinal: u32::try_from(ordinal).unwrap_or_default(),
        sender: text("sender")?,
        receiver: text("receiver")?,
        isa13: text("isa13")?,
        isa15: text("isa15")?,
        ..InterchangeFact::default()
    })
}

async fn update(job: &Job, fact: &Fact, change: &mut AnyConnection) -> Result<()> {
    for statement in updates(job, fact) {
        execute(statement, change).await?;
    }
    Ok(())
}

fn updates(job: &Job, fact: &Fact) -> Vec<Statement<'static>> {
    match fact {
        // Who was quicker and answered before this is recorded is not overwritten.
        Fact::Outgoing(state) => [
            "UPDATE interchange SET state = $2 WHERE arrival = $1 AND state = 'made'",
            "UPDATE functional_group SET state = $2 WHERE arrival = $1 AND state = 'made'",
            "UPDATE transaction_set SET state = $2 WHERE arrival = $1 AND state = 'made'",
        ]
        .map(|statement| sqlx::query(statement).bind(job.arrival.to_string()).bind(*state))
        .into(),
        Fact::RejectedGroup { interchange, group } => vec![
            sqlx::query("UPDATE transaction_set SET state = 'rejected' WHERE arrival = $1 AND interchange = $2 AND functional_group = $3")
                .bind(job.arrival.to_string())
                .bind(i64::from(*interchange))
                .bind(i64::from(*group)),
        ],
        Fact::Divided {
            interchange,
            group,
            set,
            reference,
        } => vec![
            sqlx::query(
                "UPDATE transaction_set SET reference = $5 \
                 WHERE arrival = $1 AND interchange = $2 AND functional_group = $3 AND ordinal = $4",
            )
            .bind(job.arrival.to_string())
            .bind(i64::from(*interchange))
            .bind(i64::from(*group))
            .bind(i64::from(*set))
            .bind(reference.clone()),
        ],
        Fact::RejectedInterchange(interchange) => [
            "UPDATE functional_group SET state = 'rejected' WHERE arrival = $1 AND interchange = $2",
            "UPDATE transaction_set SET state = 'rejected' WHERE arrival = $1 AND interchange = $2",
        ]
        .map(|statement| sqlx::query(statement).bind(job.arrival.to_string()).bind(i64::from(*interchange)))
        .into(),
        answered => said(job, answered).into_iter().collect(),
    }
}

/// What a partner said of something that we sent.
fn said(job: &Job, answered: &Fact) -> Option<Statement<'static>> {
    match answered {
        Fact::AnsweredInterchange { isa13, code, note } => Some(
            sqlx::query(
                "UPDATE interchange SET state = $3, answer = $4 WHERE partner = $1 AND direction = 'outbound' AND isa13 = $2",
            )
            .bind(job.partner.clone())
            .bind(isa13.clone())
            .bind(state(code))
            .bind(format!("TA1 {code} {note}")),
        ),
        Fact::AnsweredGroup { gs01, gs06, code } => Some(
            sqlx::query(
                "UPDATE functional_group SET state = $4, answer = $5 \
                 WHERE partner = $1 AND direction = 'outbound' AND gs01 = $2 AND gs06 = $3",
            )
            .bind(job.partner.clone())
            .bind(gs01.clone())
            .bind(gs06.clone())
            .bind(state(code))
            .bind(format!("AK9 {code}")),
        ),
        Fact::AnsweredSet {
            gs01,
            gs06,
            st02,
            said_in,
            code,
        } => Some(
            sqlx::query(
                "UPDATE transaction_set SET state = $5, answer = $6 WHERE st02 = $4 AND (arrival, interchange, functional_group) IN \
                 (SELECT arrival, interchange, ordinal FROM functional_group \
                 WHERE partner = $1 AND direction = 'outbound' AND gs01 = $2 AND gs06 = $3)",
            )
            .bind(job.partner.clone())
            .bind(gs01.clone())
            .bind(gs06.clone())
            .bind(st02.clone())
            .bind(state(code))
            .bind(format!("{said_in} {code}")),
        ),
        _ => said_of_records(job, answered),
    }
}

/// What a partner said of the records of a transaction set that we sent.
fn said_of_records(job: &Job, answered: &Fact) -> Option<Statement<'static>> {
    match answered {
        Fact::AnsweredClaims { digest, said } => Some(
            sqlx::query("UPDATE transaction_set SET records = $2 WHERE digest = $1 AND digest <> ''")
                .bind(digest.clone())
                .bind(said.clone()),
        ),
        Fact::Advised {
            gs06,
            st01,
            st02,
            said,
        } => Some(
            sqlx::query(
                "UPDATE transaction_set SET records = $5 WHERE st01 = $3 AND st02 = $4 AND (arrival, interchange, functional_group) IN \
                 (SELECT arrival, interchange, ordinal FROM functional_group \
                 WHERE partner = $1 AND direction = 'outbound' AND gs06 = $2)",
            )
            .bind(job.partner.clone())
            .bind(gs06.clone())
            .bind(st01.clone())
            .bind(st02.clone())
            .bind(said.clone()),
        ),
        _ => None,
    }
}

/// What a partner's code says, as a state.
fn state(code: &str) -> &'static str {
    match code {
        "A" => "accepted",
        "E" => "accepted with errors",
        "P" => "partly accepted",
        _ => "rejected",
    }
}

/// Facts of what goes out are made where it is translated; all others are of what came in.
fn direction(job: &Job) -> Direction {
    match job.task {
        Task::Translate { direction, .. } => direction,
        _ => Direction::Inbound,
    }
}

//! What became known of interchanges, groups and transaction sets.

use sqlx::AnyConnection;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use super::unavailable;
use crate::failure::Result;
use crate::job::{Direction, Fact, GroupFact, InterchangeFact, Job, SetFact, Task};

/// Records facts of an arrival; the same facts again change nothing.
pub(super) async fn record(job: &Job, facts: &[Fact], change: &mut AnyConnection) -> Result<()> {
    for statement in facts.iter().flat_map(|fact| statements(job, fact)) {
        statement
            .execute(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
    }
    Ok(())
}

type Statement = Query<'static, sqlx::Any, AnyArguments>;

fn statements(job: &Job, fact: &Fact) -> Vec<Statement> {
    match fact {
        Fact::Interchange(fact) => vec![interchange(job, fact)],
        Fact::Group(fact) => vec![group(job, fact)],
        Fact::Set(fact) => vec![set(job, fact)],
        // Who was quicker and answered before this is recorded is not overwritten.
        Fact::Outgoing(state) => [
            "UPDATE interchange SET state = $2 WHERE arrival = $1 AND state = 'made'",
            "UPDATE functional_group SET state = $2 WHERE arrival = $1 AND state = 'made'",
            "UPDATE transaction_set SET state = $2 WHERE arrival = $1 AND state = 'made'",
        ]
        .map(|statement| sqlx::query(statement).bind(job.arrival.to_string()).bind(*state))
        .into(),
        Fact::AnsweredInterchange { isa13, code, note } => vec![
            sqlx::query(
                "UPDATE interchange SET state = $3, answer = $4 WHERE partner = $1 AND direction = 'outbound' AND isa13 = $2",
            )
            .bind(job.partner.clone())
            .bind(isa13.clone())
            .bind(state(code))
            .bind(format!("TA1 {code} {note}")),
        ],
        Fact::AnsweredGroup { gs01, gs06, code } => vec![
            sqlx::query(
                "UPDATE functional_group SET state = $4, answer = $5 \
                 WHERE partner = $1 AND direction = 'outbound' AND gs01 = $2 AND gs06 = $3",
            )
            .bind(job.partner.clone())
            .bind(gs01.clone())
            .bind(gs06.clone())
            .bind(state(code))
            .bind(format!("AK9 {code}")),
        ],
        Fact::AnsweredSet {
            gs01,
            gs06,
            st02,
            said_in,
            code,
        } => vec![
            sqlx::query(
                "UPDATE transaction_set SET state = $5, answer = $6 WHERE st02 = $4 AND EXISTS (SELECT 1 FROM functional_group g \
                 WHERE g.partner = $1 AND g.direction = 'outbound' AND g.gs01 = $2 AND g.gs06 = $3 \
                 AND g.arrival = transaction_set.arrival AND g.interchange = transaction_set.interchange \
                 AND g.ordinal = transaction_set.functional_group)",
            )
            .bind(job.partner.clone())
            .bind(gs01.clone())
            .bind(gs06.clone())
            .bind(st02.clone())
            .bind(state(code))
            .bind(format!("{said_in} {code}")),
        ],
    }
}

fn interchange(job: &Job, fact: &InterchangeFact) -> Statement {
    sqlx::query(
        "INSERT INTO interchange (arrival, ordinal, partner, direction, sender, receiver, isa13, isa15, state, answer) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (arrival, ordinal) DO UPDATE SET state = $9, answer = $10",
    )
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
}

fn group(job: &Job, fact: &GroupFact) -> Statement {
    sqlx::query(
        "INSERT INTO functional_group (arrival, interchange, ordinal, partner, direction, gs01, gs06, gs08, state, answer) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '') ON CONFLICT (arrival, interchange, ordinal) DO UPDATE SET state = $9",
    )
    .bind(job.arrival.to_string())
    .bind(i64::from(fact.interchange))
    .bind(i64::from(fact.ordinal))
    .bind(job.partner.clone())
    .bind(direction(job).name())
    .bind(fact.gs01.clone())
    .bind(fact.gs06.clone())
    .bind(fact.gs08.clone())
    .bind(fact.state)
}

fn set(job: &Job, fact: &SetFact) -> Statement {
    sqlx::query(
        "INSERT INTO transaction_set (arrival, interchange, functional_group, ordinal, st01, st02, state, answer) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT (arrival, interchange, functional_group, ordinal) DO UPDATE SET state = $7",
    )
    .bind(job.arrival.to_string())
    .bind(i64::from(fact.interchange))
    .bind(i64::from(fact.group))
    .bind(i64::from(fact.ordinal))
    .bind(fact.st01.clone())
    .bind(fact.st02.clone())
    .bind(fact.state)
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

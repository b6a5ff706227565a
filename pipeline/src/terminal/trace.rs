//! What became of one arrival.

use std::io::Write;

use serde_json::{Value, json};

use super::{Home, Stop, table};
use crate::clock::for_people;
use crate::ledger::{ArrivalRow, JobRow, Ledger, UnitRow};

/// Interchanges, groups and transaction sets shown.
const UNITS: u32 = 200;

/// Shows it.
pub async fn show(
    home: &Home,
    (id, as_json): (&str, bool),
    out: &mut impl Write,
) -> Result<(), Stop> {
    let ledger = home.ledger().await?;
    let arrival = one(&*ledger, id).await?;
    let jobs = ledger.jobs(&arrival.id).await?;
    let units = ledger.units(&arrival.id, UNITS + 1).await?;
    if as_json {
        let text = json!({
            "arrival": arrival_json(&arrival),
            "jobs": jobs.iter().map(job_json).collect::<Vec<_>>(),
            "units": units.iter().map(unit_json).collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{text}")?);
    }
    head(&arrival, out)?;
    writeln!(out)?;
    steps(&jobs, out)?;
    if !units.is_empty() {
        writeln!(out)?;
        parts(&units, out)?;
    }
    Ok(())
}

/// The one arrival whose identifier begins or ends so.
pub async fn one(ledger: &dyn Ledger, id: &str) -> Result<ArrivalRow, Stop> {
    let mut found = ledger.find(id).await?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(Stop::no(format!(
            "no arrival's identifier begins or ends with `{}`; `x12-pipeline status` lists the latest",
            id.escape_debug()
        ))),
        (Some(_), more) => Err(Stop::no(format!(
            "{} arrivals begin or end with `{}`: give more of the identifier",
            more + 1,
            id.escape_debug()
        ))),
    }
}

fn head(arrival: &ArrivalRow, out: &mut impl Write) -> Result<(), Stop> {
    let ArrivalRow {
        id,
        partner,
        direction,
        name,
        bytes,
        received_ms,
        state,
        reason,
        replay_of,
        ..
    } = arrival;
    writeln!(out, "arrival    {id}")?;
    writeln!(out, "partner    {partner}, {direction}")?;
    writeln!(out, "file       {name}, {}", table::bytes(*bytes))?;
    writeln!(out, "received   {}", for_people(*received_ms))?;
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    writeln!(out, "state      {state}{why}")?;
    if !replay_of.is_empty() {
        writeln!(out, "replay of  {replay_of}")?;
    }
    Ok(())
}

fn steps(jobs: &[JobRow], out: &mut impl Write) -> Result<(), Stop> {
    let row = |job: &JobRow| {
        let tries = if job.attempts > 1 {
            format!("{} tries", job.attempts)
        } else {
            String::new()
        };
        let note = match job.reason.is_empty() {
            true => job.note.clone(),
            false => format!("{} [{}]", job.note, job.reason),
        };
        vec![
            job.step.clone(),
            job.state.clone(),
            for_people(job.changed_ms),
            tries,
            note,
        ]
    };
    let rows: Vec<_> = jobs.iter().map(row).collect();
    Ok(table::write(
        out,
        &["step", "state", "at", "", "what"],
        &rows,
    )?)
}

fn parts(units: &[UnitRow], out: &mut impl Write) -> Result<(), Stop> {
    let row = |unit: &UnitRow| {
        let depth = unit
            .place
            .iter()
            .skip(1)
            .filter(|ordinal| **ordinal > 0)
            .count();
        let kind = format!(
            "{:indent$}{} {}",
            "",
            unit.kind,
            unit.identity,
            indent = 2 * depth
        );
        vec![kind, unit.state.clone(), unit.answer.clone()]
    };
    let rows: Vec<_> = units.iter().take(UNITS as usize).map(row).collect();
    table::write(out, &["part", "state", "answer"], &rows)?;
    if units.len() > UNITS as usize {
        writeln!(out, "and more: `--json` is cut off too")?;
    }
    Ok(())
}

/// An arrival as JSON.
pub fn arrival_json(arrival: &ArrivalRow) -> Value {
    json!({
        "id": arrival.id, "partner": arrival.partner, "direction": arrival.direction, "file": arrival.name, "bytes": arrival.bytes,
        "receivedMs": arrival.received_ms, "state": arrival.state, "reason": arrival.reason, "replayOf": arrival.replay_of,
        "sets": arrival.sets, "answers": arrival.answers, "delivered": arrival.delivered,
    })
}

fn job_json(job: &JobRow) -> Value {
    json!({
        "id": job.id, "step": job.step, "state": job.state, "attempts": job.attempts, "changedMs": job.changed_ms, "reason": job.reason,
        "note": job.note,
    })
}

fn unit_json(unit: &UnitRow) -> Value {
    json!({"kind": unit.kind, "place": unit.place, "identity": unit.identity, "state": unit.state, "answer": unit.answer})
}

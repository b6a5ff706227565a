//! What arrived, and where it stands.

use std::io::Write;

use super::{Home, Stop, table};
use crate::clock::for_people;
use crate::ledger::{ArrivalRow, Waiting};

/// Shows it.
pub async fn show(
    home: &Home,
    (last, json): (u32, bool),
    out: &mut impl Write,
) -> Result<(), Stop> {
    let ledger = home.ledger().await?;
    let arrived = ledger.arrived().await?;
    let waiting = ledger.waiting().await?;
    let latest = ledger.arrivals(None, last).await?;
    if json {
        let latest: Vec<_> = latest.iter().map(super::trace::arrival_json).collect();
        let text = serde_json::json!({
            "arrivals": arrived.iter().map(|(direction, state, count)| serde_json::json!({
                "direction": direction, "state": state, "count": count,
            })).collect::<Vec<_>>(),
            "jobs": waiting.iter().map(|jobs| serde_json::json!({
                "step": jobs.step, "state": jobs.state, "count": jobs.count,
            })).collect::<Vec<_>>(),
            "oldestMs": oldest_ms(&waiting),
            "latest": latest,
        });
        return Ok(writeln!(out, "{text}")?);
    }
    summary(&arrived, &waiting, out)?;
    if latest.is_empty() {
        let home = home.folder().display();
        return Ok(writeln!(
            out,
            "nothing has arrived yet; partners leave files in {home}/exchange/PARTNER/in"
        )?);
    }
    writeln!(out)?;
    arrivals(&latest, out)
}

/// When the oldest of the jobs was created.
fn oldest_ms(waiting: &[Waiting]) -> Option<i64> {
    waiting.iter().map(|jobs| jobs.oldest_ms).min()
}

fn summary(
    arrived: &[(String, String, i64)],
    waiting: &[Waiting],
    out: &mut impl Write,
) -> Result<(), Stop> {
    for (direction, state, count) in arrived {
        writeln!(out, "{count:>6}  {direction} {state}")?;
    }
    for Waiting {
        step, state, count, ..
    } in waiting
    {
        writeln!(out, "{count:>6}  jobs to {step}, {state}")?;
    }
    if let Some(oldest) = oldest_ms(waiting) {
        writeln!(
            out,
            "the oldest job has been waiting since {}",
            for_people(oldest)
        )?;
    }
    Ok(())
}

/// Arrivals as a table.
pub fn arrivals(rows: &[ArrivalRow], out: &mut impl Write) -> Result<(), Stop> {
    let row = |row: &ArrivalRow| {
        let what = match row.reason.is_empty() {
            true => row.answers.clone(),
            false => row.reason.clone(),
        };
        vec![
            short(&row.id).to_owned(),
            row.partner.clone(),
            way(&row.direction).to_owned(),
            row.name.clone(),
            table::bytes(row.bytes),
            row.state.clone(),
            row.sets.clone(),
            what,
            parcels(&row.delivered),
        ]
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let head = [
        "id",
        "partner",
        "way",
        "file",
        "size",
        "state",
        "sets",
        "answer or reason",
        "went out",
    ];
    Ok(table::write(out, &head, &rows)?)
}

/// What was made of it, in the words with which files begin.
fn parcels(delivered: &[String]) -> String {
    let name = |place: &String| {
        let name = place.rsplit('/').next().unwrap_or_default();
        name.split('-').next().unwrap_or_default().to_owned()
    };
    let names: Vec<_> = delivered.iter().map(name).collect();
    names.join(", ")
}

/// The end of an identifier, where it differs most: enough to ask for it.
fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

fn way(direction: &str) -> &str {
    match direction {
        "inbound" => "in",
        "outbound" => "out",
        other => other,
    }
}

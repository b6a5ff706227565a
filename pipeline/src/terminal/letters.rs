//! What did not reach its end, and sending it once more.

use std::io::Write;

use super::{Home, Stop, status, trace};
use crate::clock::{Clock, SystemClock};
use crate::ledger::Replay;
use crate::object::JobId;

/// Most that are shown.
const MOST: u32 = 1000;

/// Shows dead letters and quarantine.
pub async fn show(home: &Home, json: bool, out: &mut impl Write) -> Result<(), Stop> {
    let ledger = home.ledger().await?;
    let mut rows = ledger.arrivals(Some("dead"), MOST).await?;
    rows.append(&mut ledger.arrivals(Some("quarantined"), MOST).await?);
    rows.sort_by_key(|row| std::cmp::Reverse(row.received_ms));
    if json {
        for row in &rows {
            writeln!(out, "{}", trace::arrival_json(row))?;
        }
        return Ok(());
    }
    if rows.is_empty() {
        return Ok(writeln!(out, "no dead letters, and nothing in quarantine")?);
    }
    status::arrivals(&rows, out)
}

/// Sends arrivals once more.
pub async fn replay(home: &Home, ids: &[String], out: &mut impl Write) -> Result<(), Stop> {
    let ledger = home.ledger().await?;
    for id in ids {
        let arrival = trace::one(&*ledger, id).await?;
        let replay = JobId::new();
        match ledger
            .replay(&arrival.id, replay, SystemClock.now_ms())
            .await?
        {
            Some(Replay::Begun(replay)) => {
                writeln!(out, "{} is sent again as {replay}", arrival.id)?
            }
            Some(Replay::Running(running)) => {
                writeln!(out, "{} is on its way already, as {running}", arrival.id)?;
            }
            None => {
                return Err(Stop::no(format!(
                    "{} has nothing to begin with",
                    arrival.id
                )));
            }
        }
    }
    Ok(())
}

//! Versions of the ledger: one of an older version is brought up to date with all that is in it, and in one of a newer version this one
//! goes on working beside the newer (reliability §7, F17).

use sqlx::{AnyConnection, Connection, Row};

use crate::checker::{Input, check};
use crate::house::{House, How};
use crate::ways::loaded;

/// What undoes each step behind the first.
const UNDO: [&[&str]; 3] = [
    &["DROP INDEX group_unanswered", "DROP INDEX arrival_stopped"],
    &["ALTER TABLE job DROP COLUMN lefts"],
    &["DROP INDEX arrival_by_time"],
];

/// What makes a ledger forget later steps: it is one of before there were any, or of the first ones alone.
const FORGET: [&str; 4] = [
    "DROP TABLE schema_step",
    "DELETE FROM schema_step WHERE number > 1",
    "DELETE FROM schema_step WHERE number > 2",
    "DELETE FROM schema_step WHERE number > 3",
];

/// What a later version may do: it adds what this one knows nothing of.
const NEWER: [&str; 4] = [
    "ALTER TABLE job ADD COLUMN made_up TEXT NOT NULL DEFAULT 'x'",
    "ALTER TABLE arrival ADD COLUMN made_up BIGINT NOT NULL DEFAULT 7",
    "CREATE TABLE made_up (job TEXT PRIMARY KEY)",
    "INSERT INTO schema_step (number) VALUES (99)",
];

/// Does something in the ledger of a house.
fn execute(house: &House, statements: &[&'static str]) -> i64 {
    let url = match house.servers.postgres {
        Some(_) => house.text("keys/database.url"),
        None => format!("sqlite://{}", house.home.join("ledger.db").display()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("there are threads").block_on(async {
        sqlx::any::install_default_drivers();
        let mut ledger = AnyConnection::connect(url.trim())
            .await
            .expect("it is there");
        for statement in statements {
            let done = sqlx::query(*statement).execute(&mut ledger).await;
            done.expect("the ledger is as it was made");
        }
        let steps = sqlx::query("SELECT MAX(number) AS last FROM schema_step");
        let steps = steps.fetch_one(&mut ledger).await;
        steps.map_or(0, |row| row.get("last"))
    })
}

/// A house that was left in the middle of its work.
fn half_done() -> (House, Vec<Input>) {
    let (house, inputs) = loaded();
    let how = How {
        failpoint: Some("job-done 4 kill".to_owned()),
        ..How::default()
    };
    assert!(!house.run(&how).success(), "it is killed");
    (house, inputs)
}

#[test]
fn a_ledger_of_an_older_version_is_brought_up_to_date() {
    for (steps, forget) in FORGET.into_iter().enumerate() {
        let (house, inputs) = half_done();
        let undone = UNDO[steps.max(1) - 1..].concat();
        execute(&house, &[undone, vec![forget]].concat());
        assert!(house.run(&How::default()).success());
        check(&house, &inputs, "of an older version");
        assert_eq!(execute(&house, &[]), 4, "all steps are done");
    }
}

#[test]
fn in_a_ledger_of_a_newer_version_work_goes_on() {
    let (house, inputs) = half_done();
    execute(&house, &NEWER);
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "of a newer version");
    assert_eq!(execute(&house, &[]), 99);
    assert!(house.text_of_log().contains("of a newer version"));
}

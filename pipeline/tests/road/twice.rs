//! The same again, and at once: a job that three take, a control number that many files have (reliability §7, F9 and F10).

use std::sync::Arc;

use x12_pipeline::database::Database;
use x12_pipeline::job::{Direction, Outcome, Task};
use x12_pipeline::ledger::{Arrival, Lease, Ledger, Settled};
use x12_pipeline::object::{JobId, ObjectId, Step};

use crate::checker::Input;
use crate::counts::{F9, F10};
use crate::house::{House, How};
use crate::ways::profile;

/// A moment, in milliseconds since 1970; a lease lasts a minute.
const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn arrival() -> Arrival {
    let id = JobId::new();
    let raw = ObjectId {
        job: id,
        step: Step::Intake,
        ordinal: 0,
    };
    Arrival {
        id,
        partner: "acme".to_owned(),
        direction: Direction::Inbound,
        identity: id.to_string(),
        name: "claims.edi".to_owned(),
        bytes: 1,
        received_ms: NOW,
        replay_of: None,
        first: Task::Decrypt {
            raw,
            direction: Direction::Inbound,
        },
    }
}

/// Connections of three processes to the ledger of a house.
async fn ledgers(house: &House) -> [Arc<Database>; 3] {
    let mut all = Vec::new();
    for _ in 0..3 {
        let opened = match house.servers.postgres {
            Some(_) => Database::connect(house.text("keys/database.url").trim()).await,
            None => Database::open(&house.home.join("ledger.db")).await,
        };
        all.push(Arc::new(opened.expect("the ledger opens")));
    }
    all.try_into().unwrap_or_else(|_| panic!("there are three"))
}

/// What three get who want the same job at the same time.
async fn leased(ledgers: &[Arc<Database>; 3], job: JobId, now: i64) -> Vec<Lease> {
    let mut tasks = tokio::task::JoinSet::new();
    for ledger in ledgers {
        let ledger = Arc::clone(ledger);
        tasks.spawn(async move { ledger.lease(&[job], now, now + MINUTE).await });
    }
    let leases = tasks.join_all().await.into_iter();
    leases
        .flat_map(|leases| leases.expect("the ledger answers"))
        .collect()
}

#[test]
fn of_three_who_take_a_job_at_once_one_has_it() {
    let house = House::new(&profile());
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let rounds = F9.times();
    runtime.block_on(async {
        let ledgers = ledgers(&house).await;
        for _ in 0..rounds {
            let arrival = arrival();
            let known_as = ledgers[0].arrive(std::slice::from_ref(&arrival)).await;
            assert_eq!(known_as.expect("the ledger answers"), [arrival.id]);
            let job = arrival.id.following(Step::Decrypt, 0);
            let mut taken = Vec::new();
            let mut busy = 0;
            for lease in leased(&ledgers, job, NOW).await {
                match lease {
                    Lease::Taken(job) => taken.push(job),
                    Lease::Busy(_) => busy += 1,
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((taken.len(), busy), (1, 2));
            // The lease ends; another takes it, and the first comes too late.
            let again = leased(&ledgers, job, NOW + 2 * MINUTE).await;
            let second = again.into_iter().find_map(|lease| match lease {
                Lease::Taken(job) => Some(job),
                _ => None,
            });
            let (first, second) = (&taken[0], second.expect("one has it"));
            let done = Outcome::default();
            for (job, counts) in [(&**first, false), (&*second, true), (&*second, false)] {
                let settled = ledgers[1]
                    .complete(job, &done, NOW + 2 * MINUTE, None)
                    .await;
                let settled = settled.expect("the ledger answers");
                assert_eq!(matches!(settled, Settled::Done(_)), counts);
            }
            let after = leased(&ledgers, job, NOW + 9 * MINUTE).await;
            assert!(after.iter().all(|lease| matches!(lease, Lease::Settled)));
        }
    });
    say!("{rounds} jobs, each taken by three at once: done by one");
}

#[test]
fn of_many_files_with_a_control_number_one_is_accepted() {
    let house = House::new(&profile());
    let files = F10.times();
    for number in 0..files {
        let file = format!("{number}.edi");
        let body = Input::received(&file, "005010X222A1/one-claim.edi", 1, 1)
            .with("26463774", &format!("{:08}", number + 1));
        body.leave(&house);
    }
    assert!(house.run(&How::default()).success());
    let answers = house.answers();
    let count = |what: &str| {
        let told = answers.iter().filter(|(_, answer)| answer.contains(what));
        told.count()
    };
    let all = files as usize;
    assert_eq!(count("*A*000~"), 1, "one is accepted");
    assert_eq!(count("*R*025~"), all - 1, "the others are duplicates");
    let documents = house.texts("backend/received/acme");
    assert_eq!(documents.join("").matches("{\"set\":").count(), 1);
    say!("{files} files with the same control number and other contents: one is accepted");
}

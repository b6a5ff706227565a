//! The rule by which the number of workers follows what waits, against a model of a queue: it drains in time when the ceiling allows, does
//! not swing, and takes no busy worker away.

mod model;

use model::{LOOK_MS, Model};
use x12_pipeline::scaling::{Scaler, Scaling};

const SCALING: Scaling = Scaling {
    floor: 1,
    ceiling: 10,
    drain_ms: 60_000,
    cool_down_ms: 120_000,
    jobs: 8,
};

#[test]
fn a_burst_is_drained_in_time_and_the_workers_go() {
    let (mut model, mut scaler) = (Model::new(20_000, SCALING), Scaler::new(SCALING));
    model.run(&mut scaler, 30_000, |_| 0);
    model.burst(6_000);
    let begun = model.now_ms;
    // A worker does 20 a second: 5 of them in the 60 seconds.
    while !model.waiting.is_empty() {
        model.run(&mut scaler, LOOK_MS, |_| 0);
        assert!(model.now_ms < begun + 75_000, "{:?}", model.history);
    }
    assert!(model.most() <= 8, "{:?}", model.history);
    model.run(&mut scaler, 200_000, |_| 0);
    assert_eq!(model.workers.len(), 1);
    assert_eq!(model.swings(), 1, "{:?}", model.history);
}

#[test]
fn what_comes_all_the_time_has_as_many_as_it_needs() {
    let (mut model, mut scaler) = (Model::new(20_000, SCALING), Scaler::new(SCALING));
    // 70 a second: 3.5 workers.
    model.run(&mut scaler, 1_800_000, |_| 70_000);
    let late: Vec<_> = model
        .history
        .iter()
        .filter(|(at, ..)| *at > 600_000)
        .collect();
    assert!(
        late.iter().all(|(_, depth, _)| *depth < 70 * 90),
        "{late:?}"
    );
    assert!(
        late.iter().all(|(_, _, workers)| (3..=6).contains(workers)),
        "{late:?}"
    );
    assert!(
        model.swings() <= 8,
        "{} swings: {:?}",
        model.swings(),
        model.history
    );
}

#[test]
fn a_wave_of_a_day_is_followed() {
    let (mut model, mut scaler) = (Model::new(20_000, SCALING), Scaler::new(SCALING));
    let hour = 3_600_000;
    // From nothing at midnight to 120 a second at noon.
    let wave = |now: u64| {
        let of_day = now % (24 * hour);
        let to_noon = of_day.min(24 * hour - of_day);
        120_000 * to_noon / (12 * hour)
    };
    model.run(&mut scaler, 24 * hour, wave);
    let deepest = model.history.iter().map(|&(_, depth, _)| depth).max();
    assert!(deepest < Some(120 * 90), "{deepest:?}");
    assert!((6..=10).contains(&model.most()));
    // Six up and six down, and some doubt at each step.
    assert!(model.swings() <= 60, "{} swings", model.swings());
    let of_night = model.history.last().expect("it looked");
    assert_eq!(of_night.2, 1);
}

#[test]
fn slow_files_get_no_more_workers_than_there_are_files() {
    let (mut model, mut scaler) = (Model::new(20, SCALING), Scaler::new(SCALING));
    model.burst(3);
    model.run(&mut scaler, 600_000, |_| 0);
    assert!(model.most() <= 3, "{:?}", model.history);
}

#[test]
fn many_slow_files_get_the_ceiling() {
    let (mut model, mut scaler) = (Model::new(200, SCALING), Scaler::new(SCALING));
    model.burst(1_000);
    model.run(&mut scaler, 300_000, |_| 0);
    assert_eq!(model.workers.len(), 10, "{:?}", model.history);
}

#[test]
fn a_partner_who_cannot_be_reached_gets_no_workers() {
    let (mut model, mut scaler) = (Model::new(20_000, SCALING), Scaler::new(SCALING));
    // What is tried again waits for its time and is not counted; a few of it are in hand at a time.
    for _ in 0..200 {
        model.burst(2);
        model.run(&mut scaler, LOOK_MS, |_| 0);
    }
    assert_eq!(model.most(), 1, "{:?}", model.history);
}

#[test]
fn workers_who_wait_for_work_do_not_look_slow() {
    let (mut model, mut scaler) = (Model::new(20_000, SCALING), Scaler::new(SCALING));
    model.burst(6_000);
    model.run(&mut scaler, 90_000, |_| 0);
    let known = scaler.rate().expect("it was seen");
    // Little comes, for hours.
    model.run(&mut scaler, 7_200_000, |_| 1_000);
    assert_eq!(scaler.rate(), Some(known));
    assert_eq!(model.workers.len(), 1);
}

#[test]
fn how_long_it_takes_is_told_before() {
    // By what is waiting and what the rule has learned: depth over rate and workers.
    for rate in [5_000, 20_000, 50_000] {
        let (mut model, mut scaler) = (Model::new(rate, SCALING), Scaler::new(SCALING));
        model.burst(12_000);
        model.run(&mut scaler, 30_000, |_| 0);
        let (done, ms) = scaler.rate().expect("it was seen");
        let workers = model.workers.len() as u64;
        let told = model.waiting.len() as u64 * ms / done / workers;
        let begun = model.now_ms;
        while !model.waiting.is_empty() {
            model.run(&mut scaler, 1_000, |_| 0);
        }
        let took = model.now_ms - begun;
        assert!(
            took.abs_diff(told) * 5 <= told.max(10_000),
            "told {told} ms, took {took} ms"
        );
    }
}

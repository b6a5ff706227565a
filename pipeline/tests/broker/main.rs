//! The road while its broker fails, in a broker of our own: `.ci/with-rabbitmq cargo test -p x12-pipeline --test broker -- --ignored`.

macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stderr(), $($words)*).expect("standard error is open")
    }};
}

#[allow(dead_code)]
#[path = "../road/bucket.rs"]
mod bucket;
#[allow(dead_code)]
#[path = "../road/checker.rs"]
mod checker;
#[allow(dead_code)]
#[path = "../road/house.rs"]
mod house;
#[allow(dead_code)]
#[path = "../road/partner.rs"]
mod partner;
#[allow(dead_code)]
#[path = "../road/ways.rs"]
mod ways;

mod broker;
mod faults;
mod messages;

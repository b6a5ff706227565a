//! The road in the real command: what comes in ends where it must, whatever happens in between.

/// Prints a figure, also when the test runner keeps what tests print.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stderr(), $($words)*).expect("standard error is open")
    }};
}

mod answers;
mod broker;
mod bucket;
mod checker;
mod children;
mod clocks;
mod counts;
mod database;
mod house;
mod http;
mod kills;
mod kms;
mod network;
mod pages;
mod partner;
mod poison;
mod protection;
mod proxy;
mod replays;
mod scale;
mod secrets;
mod servers;
mod sftp;
mod slow;
mod storage;
mod twice;
mod uploads;
mod verdicts;
mod versions;
mod ways;
mod workers;

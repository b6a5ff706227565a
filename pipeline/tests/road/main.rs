//! The road in the real command: what comes in ends where it must, whatever happens in between.

mod checker;
mod house;
mod kills;
mod partner;
mod secrets;
mod storage;
mod uploads;
mod ways;
mod workers;

//! The queue workers' command.

fn main() {}

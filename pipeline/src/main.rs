//! The command `x12-pipeline`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(x12_pipeline::terminal::main())
}

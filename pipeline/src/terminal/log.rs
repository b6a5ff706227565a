//! Logs to standard error, through tracing.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::arguments::LogForm;

/// Begins to log; `RUST_LOG` says what, by default what a person wants to know.
pub fn begin(form: LogForm) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=off"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match form {
        LogForm::Json => logs.json().flatten_event(true).init(),
        LogForm::Text => logs
            .with_ansi(std::io::stderr().is_terminal())
            .compact()
            .init(),
    }
}

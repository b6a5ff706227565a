//! How far a long run has come: a bar on the terminal, with the rate, and the time left where the input's length is known.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

const KNOWN: &str = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const UNKNOWN: &str = "{spinner} {bytes}, {bytes_per_sec}";

/// A bar that appears when the run proves to be long; nothing where stderr is no terminal.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
}

impl Progress {
    /// No bar.
    pub fn none() -> Self {
        Self {
            bar: None,
            begun: Instant::now(),
        }
    }

    /// A bar over so many bytes, if that is known.
    pub fn over(bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        let template = if bytes.is_some() { KNOWN } else { UNKNOWN };
        // The templates are constants that indicatif knows; should it once refuse them, its own style will do.
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: Some(bar.with_style(style)),
            begun: Instant::now(),
        }
    }

    /// So many bytes more have been read.
    pub fn advance(&self, bytes: usize) {
        let Some(bar) = &self.bar else { return };
        bar.inc(bytes as u64);
        if bar.is_hidden() && self.begun.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Does something with the bar out of the way.
    pub fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => bar.suspend(act),
            _ => act(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

//! [`ProgressLine`]: progress on stderr: one line rewritten in place on a terminal, a line now and then in a log. Written here because
//! `indicatif` draws nothing where stderr is no terminal, and a log on a cluster needs its lines.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Interval of lines in a log.
const LOG_INTERVAL: Duration = Duration::from_secs(15);

/// Progress on stderr.
#[derive(Debug)]
pub struct ProgressLine {
    terminal: bool,
    drawn: bool,
    last_log: Instant,
}

impl ProgressLine {
    /// Nothing drawn yet.
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), drawn: false, last_log: Instant::now() }
    }

    /// Shows the progress.
    pub fn show(&mut self, text: &str) {
        if self.terminal {
            // Cut to one row: a wrapped line could not be rewritten.
            let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100_usize);
            let text: String = text.chars().take(width.saturating_sub(1)).collect();
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush());
            self.drawn = true;
        } else if self.last_log.elapsed() >= LOG_INTERVAL {
            self.last_log = Instant::now();
            eprintln!("{text}");
        }
    }

    /// Prints a line that stays.
    pub fn say(&mut self, text: &str) {
        self.clear();
        self.last_log = Instant::now();
        eprintln!("{text}");
    }

    /// Removes the rewritten line.
    pub fn clear(&mut self) {
        if self.drawn {
            eprint!("\r\x1b[2K");
            self.drawn = false;
        }
    }
}

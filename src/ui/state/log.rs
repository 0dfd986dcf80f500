//! [`Log`]: events of jobs and output of the worker, with time, job and level. It is bounded: the oldest lines are removed first.

use std::collections::VecDeque;

use super::store::{Store, title};
use super::worker_event::WorkerEvent;
use flatland_core::job::{JobEvent, JobId, now};

/// Maximum number of lines.
const LINES: usize = 5000;
/// Maximum number of characters in a line.
const CHARACTERS: usize = 1000;

/// Severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Output of the worker.
    Output,
    /// Information.
    Info,
    /// A warning; the work continues.
    Warning,
    /// An error.
    Error,
}

impl Level {
    /// All levels, the least severe first.
    pub const ALL: [Level; 4] = [Level::Output, Level::Info, Level::Warning, Level::Error];

    /// Name shown in the window.
    pub fn label(self) -> &'static str {
        match self {
            Level::Output => "output",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }

    /// Name of the filter that keeps this level and all more severe ones.
    pub fn and_above(self) -> &'static str {
        match self {
            Level::Output => "everything",
            Level::Info => "all but output",
            Level::Warning => "warnings and errors",
            Level::Error => "errors",
        }
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Seconds since 1970.
    pub time: f64,
    /// Severity.
    pub level: Level,
    /// The job, as `Landscape · ERM`; empty when the line belongs to no job.
    pub job: String,
    /// The message.
    pub text: String,
}

impl Line {
    /// The line as it is copied: `12:34:56 UTC  warning  Landscape · ERM  text`.
    pub fn to_text(&self) -> String {
        let Self { time, level, job, text } = self;
        format!("{} UTC  {:<7}  {}{text}", clock(*time), level.label(), if job.is_empty() { String::new() } else { format!("{job}  ") })
    }
}

/// The log and its filter.
#[derive(Debug)]
pub struct Log {
    /// Whether the panel is shown.
    pub open: bool,
    /// Only lines that contain this text, in the message or the job, without regard to case.
    pub filter: String,
    /// Only lines of this level or more severe.
    pub min_level: Level,
    lines: VecDeque<Line>,
    /// Grows with every change of the lines.
    revision: u64,
    /// The lines that match the filter, as indices into `lines`, and the revision, filter and level for which they were found.
    matching: Option<((u64, String, Level), Vec<usize>)>,
}

impl Default for Log {
    fn default() -> Self {
        Self { open: false, filter: String::new(), min_level: Level::Output, lines: VecDeque::new(), revision: 0, matching: None }
    }
}

impl Log {
    /// Appends a line; line breaks in `text` are replaced.
    pub fn push(&mut self, level: Level, job: String, text: &str) {
        self.push_at(now(), level, job, text);
    }

    pub fn push_at(&mut self, time: f64, level: Level, job: String, text: &str) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        let text = text.trim_end().chars().map(|c| if c == '\n' { ' ' } else { c }).take(CHARACTERS).collect();
        self.lines.push_back(Line { time, level, job, text });
        self.revision += 1;
    }

    /// Records an event of the worker; `running` is the job that the worker has.
    pub fn record(&mut self, event: &WorkerEvent, store: &Store, running: Option<JobId>) {
        let title_of = |id: JobId| store.jobs.get(&id).map(|job| title(&job.spec)).unwrap_or_default();
        let (level, job, text) = match event {
            WorkerEvent::OutputLine(line) if line.trim().is_empty() => return,
            WorkerEvent::OutputLine(line) => (Level::Output, running.map(title_of).unwrap_or_default(), line.clone()),
            WorkerEvent::Exited(message) => (Level::Error, String::new(), format!("the worker ended: {message}")),
            WorkerEvent::Job(id, event) => {
                let (level, text) = match event {
                    JobEvent::Started => (Level::Info, "started".into()),
                    JobEvent::Paused => (Level::Info, "paused".into()),
                    JobEvent::Resumed => (Level::Info, "goes on".into()),
                    JobEvent::Done { .. } => (Level::Info, "done".into()),
                    JobEvent::Cancelled => (Level::Info, "cancelled".into()),
                    JobEvent::Warning { message } => (Level::Warning, message.clone()),
                    JobEvent::Note { message } => (Level::Info, message.clone()),
                    JobEvent::Failed { message } => (Level::Error, message.clone()),
                    // They arrive many times a second and are shown with the job.
                    JobEvent::Progress { .. }
                    | JobEvent::Cells { .. }
                    | JobEvent::Estimate { .. }
                    | JobEvent::Cost { .. }
                    | JobEvent::Sharpness { .. }
                    | JobEvent::Positions { .. }
                    | JobEvent::Partial { .. } => return,
                };
                (level, title_of(*id), text)
            }
        };
        self.push(level, job, &text);
    }

    /// Removes all lines.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.revision += 1;
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line at an index.
    pub fn line(&self, index: usize) -> Option<&Line> {
        self.lines.get(index)
    }

    /// Indices of the lines that match the filter, the oldest first. They are searched again only after a change.
    pub fn matching(&mut self) -> &[usize] {
        let key = (self.revision, self.filter.to_lowercase(), self.min_level);
        if self.matching.as_ref().is_none_or(|(of, _)| *of != key) {
            let holds = |text: &str| text.to_lowercase().contains(key.1.trim());
            let matches = |line: &Line| line.level >= self.min_level && (holds(&line.text) || holds(&line.job));
            let indices = self.lines.iter().enumerate().filter(|(_, line)| matches(line)).map(|(index, _)| index).collect();
            self.matching = Some((key, indices));
        }
        self.matching.as_ref().map_or(&[], |(_, indices)| indices)
    }

    /// The lines that match the filter, as text.
    pub fn copy(&mut self) -> String {
        let indices = self.matching().to_vec();
        indices.into_iter().filter_map(|index| self.line(index)).map(|line| line.to_text() + "\n").collect()
    }
}

/// The time of day in UTC: `12:34:56`.
pub fn clock(time: f64) -> String {
    let second = time.max(0.0) as u64 % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_latest_lines_and_cuts_long_ones() {
        let mut log = Log::default();
        for k in 0..LINES + 10 {
            log.push(Level::Output, String::new(), &format!("line {k} {}", "x".repeat(3 * CHARACTERS)));
        }
        assert_eq!(log.len(), LINES);
        assert!(log.line(0).is_some_and(|line| line.text.starts_with("line 10 ") && line.text.chars().count() == CHARACTERS));
    }

    #[test]
    fn lines_are_filtered_by_text_job_and_level() {
        let mut log = Log::default();
        log.push(Level::Info, "Landscape · ERM".into(), "started");
        log.push(Level::Warning, "Sharpness · OE".into(), "12 images cannot be read");
        log.push(Level::Error, String::new(), "the worker ended:\nkilled");
        assert_eq!(log.matching(), [0, 1, 2]);
        log.filter = " erm".into();
        assert_eq!(log.matching(), [0]);
        log.filter = String::new();
        log.min_level = Level::Warning;
        assert_eq!(log.matching(), [1, 2]);
        log.push(Level::Error, String::new(), "again");
        assert_eq!(log.matching(), [1, 2, 3], "a new line is seen");
        assert!(log.copy().lines().count() == 3 && log.copy().contains("error    the worker ended: killed"), "{}", log.copy());
        log.clear();
        assert!(log.matching().is_empty());
    }

    #[test]
    fn a_time_is_that_of_the_day() {
        assert_eq!(clock(1_764_201_600.0 + 3723.9), "01:02:03");
    }
}

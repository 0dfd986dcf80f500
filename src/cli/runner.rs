//! [`Runner`]: runs jobs one after the other on one worker, shows progress, and stops them on Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::progress_line::ProgressLine;
use crate::figure::number::duration;
use flatland_core::job::{JobEvent, JobId, JobOutput, JobSpec, WorkerEvent, WorkerHandle, WorkerMessage, WorkerOptions};
use flatland_core::session::CheckpointEntry;

/// The user pressed Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; what is finished is on disk, and the same command goes on from there")]
pub struct Interrupted;

/// The only job failed, and the reason was printed already.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub struct AlreadyReported;

/// A worker with progress on stderr.
pub struct Runner {
    worker: WorkerHandle,
    interrupted: Arc<AtomicBool>,
    line: ProgressLine,
    failures: usize,
    asked: usize,
    /// Messages that were printed already.
    noted: Vec<String>,
}

impl Runner {
    /// Starts a worker and handles Ctrl-C.
    pub fn start(options: WorkerOptions) -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        // A second handler cannot be set; then Ctrl-C ends the process, and the worker with it.
        let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Release));
        Self {
            worker: WorkerHandle::start(options, || {}),
            interrupted,
            line: ProgressLine::new(),
            failures: 0,
            asked: 0,
            noted: Vec::new(),
        }
    }

    /// Replaces the worker.
    pub fn restart(&mut self, options: WorkerOptions) {
        self.worker = WorkerHandle::start(options, || {});
    }

    /// Runs `jobs` and hands each that succeeds to `done`. A failure is printed to stderr and counted; the others run.
    ///
    /// # Errors
    /// When interrupted, when `done` fails, or when the worker cannot be started.
    pub fn run(&mut self, jobs: Vec<JobSpec>, mut done: impl FnMut(&JobSpec, JobOutput) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let total = jobs.len();
        for (position, job) in jobs.into_iter().enumerate() {
            let title = title(&job);
            let place = if total > 1 { format!("[{}/{total}] {title}", position + 1) } else { title.clone() };
            self.asked += 1;
            let started = Instant::now();
            match self.run_one(&job, &place)? {
                Ok(output) => {
                    self.line.clear();
                    if !matches!(job, JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. }) {
                        self.line.say(&format!("{place}: done in {}", duration(started.elapsed().as_secs_f64())));
                    }
                    done(&job, output)?;
                }
                Err(message) => {
                    self.failures += 1;
                    self.line.say(&format!("error: {title}: {message}"));
                }
            }
        }
        Ok(())
    }

    /// Names of the checkpoints that cannot be read as stated, or whose network the user has to choose. Each is printed to stderr
    /// and counted.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn refused(&mut self, checkpoints: &[CheckpointEntry]) -> anyhow::Result<Vec<String>> {
        let inspect = |entry: &CheckpointEntry| JobSpec::Inspect { path: entry.path.clone(), choice: entry.choice() };
        let mut refused = Vec::new();
        self.run(checkpoints.iter().map(inspect).collect(), |job, output| {
            if let JobOutput::Inspection(report) = output
                && let Some(reason) = report.error.or(report.question)
            {
                let names = checkpoints.iter().filter(|entry| inspect(entry) == *job).map(|entry| (entry.name.clone(), reason.clone()));
                let new: Vec<(String, String)> = names.filter(|one| !refused.contains(one)).collect();
                refused.extend(new);
            }
            Ok(())
        })?;
        for (name, reason) in &refused {
            self.failures += 1;
            self.line.say(&format!("error: checkpoint {name}: {reason}"));
        }
        Ok(refused.into_iter().map(|(name, _)| name).collect())
    }

    /// Starts a job in a temporary folder and stops it when it has reported its cost: seconds and bytes. `None` if it failed, which is
    /// printed and counted.
    ///
    /// # Errors
    /// When interrupted, or when the worker cannot be started.
    pub fn cost(&mut self, mut job: JobSpec) -> anyhow::Result<Option<(f64, u64)>> {
        let title = title(&job);
        let folder = tempfile::tempdir()?;
        job.set_out(folder.path().to_owned());
        self.asked += 1;
        let id = self.worker.submit(job);
        let mut cost = None;
        loop {
            if self.interrupted.load(Ordering::Acquire) {
                return Err(Interrupted.into());
            }
            match self.worker.wait_event(Duration::from_millis(100)) {
                Some(WorkerEvent::Died { message }) => anyhow::bail!(message),
                Some(WorkerEvent::Message(WorkerMessage { id: of, event })) if of == id => match event {
                    JobEvent::Cost { seconds, bytes } => {
                        cost = Some((seconds, bytes));
                        self.worker.cancel(id);
                    }
                    JobEvent::Failed { message } => {
                        self.failures += 1;
                        self.line.say(&format!("error: {title}: {message}"));
                        return Ok(None);
                    }
                    JobEvent::Done { .. } | JobEvent::Cancelled => return Ok(cost),
                    JobEvent::Started
                    | JobEvent::Paused
                    | JobEvent::Resumed
                    | JobEvent::Progress { .. }
                    | JobEvent::Warning { .. }
                    | JobEvent::Note { .. }
                    | JobEvent::Cells { .. }
                    | JobEvent::Estimate { .. }
                    | JobEvent::Sharpness { .. }
                    | JobEvent::Positions { .. }
                    | JobEvent::Partial { .. } => {}
                },
                Some(WorkerEvent::Message(_) | WorkerEvent::OutputLine { .. }) | None => {}
            }
        }
    }

    /// Fails if a job has failed so far.
    ///
    /// # Errors
    /// The message says how many jobs failed.
    pub fn verdict(&self) -> anyhow::Result<()> {
        match self.failures {
            0 => Ok(()),
            1 if self.asked == 1 => Err(AlreadyReported.into()),
            failures => anyhow::bail!("{failures} of {} jobs failed", self.asked),
        }
    }

    /// The outer error ends the command, the inner one only this job.
    fn run_one(&mut self, job: &JobSpec, place: &str) -> anyhow::Result<Result<JobOutput, String>> {
        let id = self.worker.submit(job.clone());
        let mut cancelling = false;
        loop {
            if self.interrupted.load(Ordering::Acquire) && !cancelling {
                cancelling = true;
                self.line.show("stopping");
                self.worker.cancel(id);
            }
            match self.worker.wait_event(Duration::from_millis(100)) {
                None | Some(WorkerEvent::OutputLine { .. }) => {}
                // Its jobs have failed before this event, unless it never started.
                Some(WorkerEvent::Died { message }) => {
                    self.line.clear();
                    anyhow::bail!(message);
                }
                Some(WorkerEvent::Message(message)) => {
                    if let Some(end) = self.hear(id, message, place)? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    fn hear(&mut self, id: JobId, message: WorkerMessage, place: &str) -> anyhow::Result<Option<Result<JobOutput, String>>> {
        if message.id != id {
            return Ok(None);
        }
        match message.event {
            JobEvent::Progress { done, total, unit, message, eta_secs } => {
                let left = eta_secs.map_or(String::new(), |eta| format!(", {} left", duration(eta)));
                self.line.show(&format!("{place}: {message}, {done}/{total} {unit}{left}"));
            }
            JobEvent::Warning { message } => self.line.say(&format!("warning: {message}")),
            JobEvent::Note { message } => {
                // Every job on the same images reports the same.
                if !self.noted.contains(&message) {
                    self.line.say(&format!("note: {message}"));
                    self.noted.push(message);
                }
            }
            JobEvent::Cost { seconds, bytes } => {
                self.line.say(&format!("{place}: {}", cost_text(seconds, bytes)));
            }
            JobEvent::Done { output } => return Ok(Some(Ok(output))),
            JobEvent::Failed { message } => {
                // After a job that failed because the worker ended, the event of its end follows; the next job gets a new worker.
                if self.worker.pid().is_none() {
                    self.worker.wait_event(Duration::from_secs(1));
                    self.worker.restart();
                }
                return Ok(Some(Err(message)));
            }
            JobEvent::Cancelled => {
                self.line.clear();
                return Err(Interrupted.into());
            }
            JobEvent::Started
            | JobEvent::Paused
            | JobEvent::Resumed
            | JobEvent::Cells { .. }
            | JobEvent::Estimate { .. }
            | JobEvent::Sharpness { .. }
            | JobEvent::Positions { .. }
            | JobEvent::Partial { .. } => {}
        }
        Ok(None)
    }
}

/// Time and memory, for a message.
pub fn cost_text(seconds: f64, bytes: u64) -> String {
    format!("about {}, {:.0} MB", duration(seconds), (bytes as f64 / 1e6).ceil())
}

/// The title of a job, for messages.
fn title(job: &JobSpec) -> String {
    let checkpoint = job.checkpoint().map_or("", |checkpoint| checkpoint.name.as_str());
    match job {
        JobSpec::Inspect { path, .. } => path.display().to_string(),
        JobSpec::Methods => "methods".into(),
        JobSpec::Pace { run, .. } => format!("pace of {}", run.method.name),
        JobSpec::Landscape(job) => format!("landscape of {checkpoint} on {}", job.dataset.source.name),
        JobSpec::Weights(job) => format!("weights of {checkpoint} at ({}, {})", job.at[0], job.at[1]),
        JobSpec::Sharpness(job) => format!("sharpness of {checkpoint} on {}", job.dataset.source.name),
        JobSpec::Hessian(job) => format!("Hessian of {checkpoint} on {}", job.dataset.source.name),
        JobSpec::Embedding(_) => format!("embedding of {checkpoint}"),
        JobSpec::Score(_) => format!("scores of {checkpoint}"),
        JobSpec::Conformance(job) => match &job.landscape {
            Some(landscape) => format!("conformance of {checkpoint} on {}", landscape.dataset.source.name),
            None => "conformance of the definitions".into(),
        },
    }
}

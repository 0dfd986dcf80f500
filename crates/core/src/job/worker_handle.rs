//! [`WorkerHandle`]: a `flatland-worker serve` process. It runs, cancels and pauses jobs, and can be restarted.
//!
//! A supervisor thread owns the process. The handle sends to it over channels and never blocks. Events wait in an unbounded channel, so a
//! slow window neither loses one nor delays the worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::process::{Output, WorkerProcess};
use super::{JobEvent, JobId, JobSpec, WorkerMessage, WorkerRequest};

/// What a handle reports to its owner.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerEvent {
    /// Something happened to a job.
    Message(WorkerMessage),
    /// A line that it wrote beside the protocol, on stderr.
    OutputLine {
        /// The line, cut where it is very long.
        line: String,
    },
    /// The process has ended. Every open job has got its [`JobEvent::Failed`] before this. [`WorkerHandle::restart`] starts another process.
    Died {
        /// How it ended, with the last lines that it wrote.
        message: String,
    },
}

/// How to start a worker.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    /// The program; `None` = `FLATLAND_WORKER`, or `flatland-worker` beside this executable.
    pub program: Option<PathBuf>,
    /// Threads of its arithmetic; `None` = all cores.
    pub threads: Option<usize>,
    /// Whether landscapes may be computed in TF32. Everything that this worker computes on a GPU is in TF32 then.
    pub tf32: bool,
}

impl WorkerOptions {
    /// The program that will be started.
    pub fn program(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(locate)
    }
}

/// `FLATLAND_WORKER`, or `flatland-worker` beside the executable, or one folder up (test binaries lie in `target/*/deps`).
fn locate() -> PathBuf {
    if let Some(path) = std::env::var_os("FLATLAND_WORKER").filter(|path| !path.is_empty()) {
        return path.into();
    }
    let name = format!("flatland-worker{}", std::env::consts::EXE_SUFFIX);
    let Ok(executable) = std::env::current_exe().and_then(|path| path.canonicalize()) else { return name.into() };
    let beside = executable.with_file_name(&name);
    let above = executable.parent().and_then(Path::parent).map(|folder| folder.join(&name));
    match above {
        Some(above) if !beside.is_file() && above.is_file() => above,
        _ => beside,
    }
}

enum Control {
    Submit(JobId, Box<JobSpec>),
    Cancel(JobId),
    Pause(JobId, bool),
    Restart,
    Output { generation: u64, output: Output },
    Close,
}

/// A worker process and the jobs it was given. Dropping it ends the process.
pub struct WorkerHandle {
    control: Sender<Control>,
    events: Receiver<WorkerEvent>,
    next_id: AtomicU64,
    pid: Arc<AtomicU32>,
    supervisor: Option<std::thread::JoinHandle<()>>,
}

impl WorkerHandle {
    /// Starts a worker. `wake` is called from another thread after every event; the window requests a repaint in it.
    /// A worker that cannot be started is reported as [`WorkerEvent::Died`].
    pub fn start(options: WorkerOptions, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (control, requests) = channel();
        let (sender, events) = channel();
        let pid = Arc::new(AtomicU32::new(0));
        let mut supervisor = Supervisor {
            program: options.program(),
            threads: options.threads,
            tf32: options.tf32,
            control: control.clone(),
            events: sender,
            wake: Box::new(wake),
            pid: pid.clone(),
            process: None,
            generation: 0,
            open: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("worker supervisor".into()).spawn(move || supervisor.run(&requests));
        Self { control, events, next_id: AtomicU64::new(1), pid, supervisor: thread.ok() }
    }

    /// Gives the worker a job. It runs after all earlier ones.
    pub fn submit(&self, spec: JobSpec) -> JobId {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let _ = self.control.send(Control::Submit(id, Box::new(spec)));
        id
    }

    /// Stops a job, running or waiting: [`JobEvent::Cancelled`] comes within a second. A worker that does not react is
    /// killed, and a new one gets the jobs that wait.
    pub fn cancel(&self, id: JobId) {
        let _ = self.control.send(Control::Cancel(id));
    }

    /// Pauses a running job between two batches, or resumes it. [`JobEvent::Paused`] and [`JobEvent::Resumed`] confirm it.
    pub fn pause(&self, id: JobId, paused: bool) {
        let _ = self.control.send(Control::Pause(id, paused));
    }

    /// Kills the worker if it lives and starts another; open jobs end in [`JobEvent::Failed`].
    pub fn restart(&self) {
        let _ = self.control.send(Control::Restart);
    }

    /// Process id, while the worker lives.
    pub fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Acquire)).filter(|&pid| pid != 0)
    }

    /// The next event, if one is there.
    pub fn try_event(&self) -> Option<WorkerEvent> {
        self.events.try_recv().ok()
    }

    /// The next event, waiting at most `timeout` for it.
    pub fn wait_event(&self, timeout: Duration) -> Option<WorkerEvent> {
        self.events.recv_timeout(timeout).ok()
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        let _ = self.control.send(Control::Close);
        if let Some(thread) = self.supervisor.take() {
            let _ = thread.join();
        }
    }
}

/// A job that has not ended.
struct OpenJob {
    id: JobId,
    spec: Box<JobSpec>,
    kill_at: Option<Instant>,
}

struct Supervisor {
    program: PathBuf,
    threads: Option<usize>,
    tf32: bool,
    control: Sender<Control>,
    events: Sender<WorkerEvent>,
    wake: Box<dyn Fn() + Send + Sync>,
    pid: Arc<AtomicU32>,
    process: Option<WorkerProcess>,
    /// Number of the present process: output of an earlier one is ignored.
    generation: u64,
    /// In the order of submission; the first is the one that runs.
    open: Vec<OpenJob>,
}

impl Supervisor {
    /// How long a cancelled job may take to stop by itself.
    const GRACE: Duration = Duration::from_millis(800);

    fn run(&mut self, requests: &Receiver<Control>) {
        self.spawn();
        loop {
            let deadline = self.open.iter().filter_map(|job| job.kill_at).min();
            let next = match deadline {
                Some(at) => requests.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(Control::Submit(id, spec)) => self.submit(id, spec),
                Ok(Control::Cancel(id)) => self.cancel(id),
                Ok(Control::Pause(id, paused)) => self.pause(id, paused),
                Ok(Control::Restart) => {
                    self.stop("the worker was restarted");
                    self.spawn();
                }
                Ok(Control::Output { generation, output }) if generation == self.generation => self.receive(output),
                Ok(Control::Output { .. }) => {}
                Err(RecvTimeoutError::Timeout) => self.enforce_cancel(),
                Ok(Control::Close) | Err(RecvTimeoutError::Disconnected) => {
                    // The worker ends by itself when its stdin closes; one that does not is killed.
                    if let Some(process) = self.process.take() {
                        process.end(Duration::from_secs(1));
                    }
                    return;
                }
            }
        }
    }

    fn spawn(&mut self) {
        self.generation += 1;
        let (generation, control) = (self.generation, self.control.clone());
        let tell = move |output| {
            let _ = control.send(Control::Output { generation, output });
        };
        match WorkerProcess::spawn(&self.program, self.threads, self.tf32, tell) {
            Ok(process) => {
                self.pid.store(process.pid(), Ordering::Release);
                self.process = Some(process);
            }
            Err(source) => {
                let program = self.program.display();
                self.died(&format!(
                    "cannot start the worker: {source}; expected the program `flatland-worker` beside `flatland` or named by FLATLAND_WORKER \
                     ({program})"
                ));
            }
        }
    }

    fn submit(&mut self, id: JobId, spec: Box<JobSpec>) {
        match &self.process {
            Some(process) => {
                process.send(&WorkerRequest::Run { id, spec: (*spec).clone() });
                self.open.push(OpenJob { id, spec, kill_at: None });
            }
            None => self.report(id, JobEvent::Failed { message: "the worker is not running; restart it".into() }),
        }
    }

    fn cancel(&mut self, id: JobId) {
        if let (Some(job), Some(process)) = (self.open.iter_mut().find(|job| job.id == id), &self.process) {
            job.kill_at.get_or_insert_with(|| Instant::now() + Self::GRACE);
            process.send(&WorkerRequest::Cancel { id });
        }
    }

    fn pause(&self, id: JobId, paused: bool) {
        if let Some(process) = &self.process {
            process.send(&WorkerRequest::Pause { id, paused });
        }
    }

    /// Kills a worker that did not stop a cancelled job in time; the jobs that wait move to a new one.
    fn enforce_cancel(&mut self) {
        let now = Instant::now();
        if !self.open.iter().any(|job| job.kill_at.is_some_and(|at| at <= now)) {
            return;
        }
        if let Some(process) = self.process.take() {
            process.end(Duration::ZERO);
        }
        let (cancelled, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(|job| job.kill_at.is_some());
        for job in cancelled {
            self.report(job.id, JobEvent::Cancelled);
        }
        self.spawn();
        for job in waiting {
            self.submit(job.id, job.spec);
        }
    }

    fn receive(&mut self, output: Output) {
        match output {
            Output::Message(WorkerMessage { id, event }) => {
                if matches!(event, JobEvent::Done { .. } | JobEvent::Failed { .. } | JobEvent::Cancelled) {
                    self.open.retain(|job| job.id != id);
                }
                self.report(id, event);
            }
            Output::Line(line) => self.send(WorkerEvent::OutputLine { line }),
            Output::Closed => {
                if let Some(process) = self.process.take() {
                    let message = process.end_message();
                    self.died(&message);
                }
            }
        }
    }

    fn stop(&mut self, why: &str) {
        if let Some(process) = self.process.take() {
            process.end(Duration::ZERO);
        }
        self.pid.store(0, Ordering::Release);
        for job in std::mem::take(&mut self.open) {
            self.report(job.id, JobEvent::Failed { message: why.into() });
        }
    }

    fn died(&mut self, message: &str) {
        self.stop(message);
        self.send(WorkerEvent::Died { message: message.into() });
    }

    fn report(&self, id: JobId, event: JobEvent) {
        self.send(WorkerEvent::Message(WorkerMessage { id, event }));
    }

    fn send(&self, event: WorkerEvent) {
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

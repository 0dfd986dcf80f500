//! [`WorkerClient`]: sends jobs to the worker. It sends one job at a time, chosen when the worker is free, so that what the user looks at
//! is computed first.

use crate::ui::state::worker_event::WorkerEvent;
use flatland_core::job::{self, JobEvent, JobId, JobSpec, WorkerHandle};

/// A worker; tests use a fake one.
pub trait Worker {
    /// Sends it a job.
    fn submit(&mut self, spec: JobSpec) -> JobId;
    /// Stops a job.
    fn cancel(&mut self, id: JobId);
    /// Pauses a job, or resumes it.
    fn pause(&mut self, id: JobId, paused: bool);
    /// Starts it again.
    fn restart(&mut self);
    /// Its next event; `None` when there is none yet.
    fn next_event(&mut self) -> Option<WorkerEvent>;
    /// Id of its process, while it runs.
    fn pid(&self) -> Option<u32> {
        None
    }
}

impl Worker for WorkerHandle {
    fn submit(&mut self, spec: JobSpec) -> JobId {
        WorkerHandle::submit(self, spec)
    }

    fn cancel(&mut self, id: JobId) {
        WorkerHandle::cancel(self, id);
    }

    fn pause(&mut self, id: JobId, paused: bool) {
        WorkerHandle::pause(self, id, paused);
    }

    fn restart(&mut self) {
        WorkerHandle::restart(self);
    }

    fn next_event(&mut self) -> Option<WorkerEvent> {
        self.try_event().map(|event| match event {
            job::WorkerEvent::Message(message) => WorkerEvent::Job(message.id, message.event),
            job::WorkerEvent::OutputLine { line } => WorkerEvent::OutputLine(line),
            job::WorkerEvent::Died { message } => WorkerEvent::Exited(message),
        })
    }

    fn pid(&self) -> Option<u32> {
        WorkerHandle::pid(self)
    }
}

/// The worker, and the job of the window that it has.
pub struct WorkerClient {
    worker: Box<dyn Worker>,
    /// (id of the worker, id of the window)
    in_flight: Option<(JobId, JobId)>,
    /// Why the worker ended, if it did.
    exit_reason: Option<String>,
}

impl WorkerClient {
    /// A client of this worker.
    pub fn new(worker: Box<dyn Worker>) -> Self {
        Self { worker, in_flight: None, exit_reason: None }
    }

    /// Whether the worker can take a job now.
    pub fn is_free(&self) -> bool {
        self.in_flight.is_none() && self.exit_reason.is_none()
    }

    /// Whether the worker has no job, or has ended.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_none()
    }

    /// Id of the worker's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.worker.pid()
    }

    /// The job that the worker has.
    pub fn job(&self) -> Option<JobId> {
        self.in_flight.map(|(_, ours)| ours)
    }

    /// Why the worker ended; `None` while it runs.
    pub fn exit_reason(&self) -> Option<&str> {
        self.exit_reason.as_deref()
    }

    /// Sends a job, which has the id `id` in the window.
    pub fn submit(&mut self, id: JobId, spec: JobSpec) {
        self.in_flight = Some((self.worker.submit(spec), id));
    }

    /// Stops the job if the worker has it.
    pub fn cancel(&mut self, id: JobId) -> bool {
        let Some((worker_id, _)) = self.in_flight.filter(|(_, ours)| *ours == id) else { return false };
        self.worker.cancel(worker_id);
        true
    }

    /// Pauses the job or resumes it, if the worker has it.
    pub fn pause(&mut self, id: JobId, paused: bool) {
        if let Some((worker_id, _)) = self.in_flight.filter(|(_, ours)| *ours == id) {
            self.worker.pause(worker_id, paused);
        }
    }

    /// Starts the worker again.
    pub fn restart(&mut self) {
        self.exit_reason = None;
        self.in_flight = None;
        self.worker.restart();
    }

    /// The next event, with the job ids of the window.
    pub fn next_event(&mut self) -> Option<WorkerEvent> {
        loop {
            match self.worker.next_event()? {
                WorkerEvent::Job(worker_id, event) => {
                    let Some((_, id)) = self.in_flight.filter(|(theirs, _)| *theirs == worker_id) else { continue };
                    if matches!(event, JobEvent::Done { .. } | JobEvent::Failed { .. } | JobEvent::Cancelled) {
                        self.in_flight = None;
                    }
                    return Some(WorkerEvent::Job(id, event));
                }
                WorkerEvent::OutputLine(line) => return Some(WorkerEvent::OutputLine(line)),
                WorkerEvent::Exited(message) => {
                    self.in_flight = None;
                    self.exit_reason = Some(message.clone());
                    return Some(WorkerEvent::Exited(message));
                }
            }
        }
    }
}

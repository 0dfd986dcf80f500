//! [`WorkerClient`]: the window's side of the worker. One job at a time goes out, chosen when the worker is free, so that what the
//! person looks at comes first.

use crate::ui::state::worker_event::WorkerEvent;
use flatland_core::job::{self, JobEvent, JobId, JobSpec, WorkerHandle};

/// A worker as the window needs it; a test puts its own in.
pub trait Worker {
    /// Gives it a job.
    fn submit(&mut self, spec: JobSpec) -> JobId;
    /// Stops a job.
    fn cancel(&mut self, id: JobId);
    /// Lets a job pause, or go on.
    fn pause(&mut self, id: JobId, paused: bool);
    /// Starts it anew.
    fn restart(&mut self);
    /// What it said since.
    fn next_event(&mut self) -> Option<WorkerEvent>;
    /// Its process, while it lives.
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
            job::WorkerEvent::Said { line } => WorkerEvent::Said(line),
            job::WorkerEvent::Died { message } => WorkerEvent::Died(message),
        })
    }

    fn pid(&self) -> Option<u32> {
        WorkerHandle::pid(self)
    }
}

/// The worker, and which of the window's jobs it has.
pub struct WorkerClient {
    worker: Box<dyn Worker>,
    /// (the worker's number, the window's number)
    in_flight: Option<(JobId, JobId)>,
    /// How the worker ended, if it did.
    death: Option<String>,
}

impl WorkerClient {
    /// A client of this worker.
    pub fn new(worker: Box<dyn Worker>) -> Self {
        Self { worker, in_flight: None, death: None }
    }

    /// Whether it would take a job now.
    pub fn is_free(&self) -> bool {
        self.in_flight.is_none() && self.death.is_none()
    }

    /// Whether the worker has no job, or is dead.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_none()
    }

    /// The worker's process, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.worker.pid()
    }

    /// The job that the worker has.
    pub fn job(&self) -> Option<JobId> {
        self.in_flight.map(|(_, ours)| ours)
    }

    /// How the worker ended, while it is dead.
    pub fn death(&self) -> Option<&str> {
        self.death.as_deref()
    }

    /// Sends a job, known to the window as `id`.
    pub fn submit(&mut self, id: JobId, spec: JobSpec) {
        self.in_flight = Some((self.worker.submit(spec), id));
    }

    /// Stops the job if the worker has it.
    pub fn cancel(&mut self, id: JobId) -> bool {
        match self.in_flight {
            Some((worker_id, ours)) if ours == id => {
                self.worker.cancel(worker_id);
                true
            }
            _ => false,
        }
    }

    /// Lets the job pause, or go on, if the worker has it.
    pub fn pause(&mut self, id: JobId, paused: bool) {
        if let Some((worker_id, _)) = self.in_flight.filter(|(_, ours)| *ours == id) {
            self.worker.pause(worker_id, paused);
        }
    }

    /// Starts the worker anew.
    pub fn restart(&mut self) {
        self.death = None;
        self.in_flight = None;
        self.worker.restart();
    }

    /// What happened since, in the window's numbers.
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
                WorkerEvent::Said(line) => return Some(WorkerEvent::Said(line)),
                WorkerEvent::Died(message) => {
                    self.in_flight = None;
                    self.death = Some(message.clone());
                    return Some(WorkerEvent::Died(message));
                }
            }
        }
    }
}

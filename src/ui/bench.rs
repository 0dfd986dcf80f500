//! [`Bench`]: the window's side of the worker. One job at a time goes out, chosen when the bench is free, so that what
//! the person looks at comes first.

use flatland_core::job::{JobEvent, JobId, JobSpec, WorkerEvent, WorkerHandle};

/// What a worker tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Something happened to a job, by the worker's number.
    Job(JobId, JobEvent),
    /// It wrote a line beside the protocol.
    Said(String),
    /// The process is gone; every open job has been told.
    Died(String),
}

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
    fn hear(&mut self) -> Option<Heard>;
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

    fn hear(&mut self) -> Option<Heard> {
        self.try_event().map(|event| match event {
            WorkerEvent::Message(message) => Heard::Job(message.id, message.event),
            WorkerEvent::Said { line } => Heard::Said(line),
            WorkerEvent::Died { message } => Heard::Died(message),
        })
    }

    fn pid(&self) -> Option<u32> {
        WorkerHandle::pid(self)
    }
}

/// The worker, and which of the window's jobs it has.
pub struct Bench {
    worker: Box<dyn Worker>,
    /// (the worker's number, the window's number)
    in_flight: Option<(JobId, JobId)>,
    /// How the worker ended, if it did.
    death: Option<String>,
}

impl Bench {
    /// A bench with this worker.
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
    pub fn hear(&mut self) -> Option<Heard> {
        loop {
            match self.worker.hear()? {
                Heard::Job(worker_id, event) => {
                    let Some((_, id)) = self.in_flight.filter(|(theirs, _)| *theirs == worker_id) else { continue };
                    if matches!(event, JobEvent::Done { .. } | JobEvent::Failed { .. } | JobEvent::Cancelled) {
                        self.in_flight = None;
                    }
                    return Some(Heard::Job(id, event));
                }
                Heard::Said(line) => return Some(Heard::Said(line)),
                Heard::Died(message) => {
                    self.in_flight = None;
                    self.death = Some(message.clone());
                    return Some(Heard::Died(message));
                }
            }
        }
    }
}

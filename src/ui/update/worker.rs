//! Handles the events of the worker.

use super::App;
use crate::ui::state::worker_event::WorkerEvent;
use crate::ui::work::results;
use flatland_core::job::{JobEvent, JobOutput, JobSpec};

impl App {
    pub(in crate::ui) fn worker_event(&mut self, event: WorkerEvent) {
        self.state.log.record(&event, &self.state.store, self.worker.job());
        match event {
            WorkerEvent::OutputLine(_) => {}
            WorkerEvent::Job(id, JobEvent::Partial { path }) => {
                if let Some(spec) = self.state.store.jobs.get(&id).map(|job| job.spec.clone()) {
                    self.spawn(move || results::load_partial(&spec, &path), move |app, loaded| app.partial_read(id, loaded));
                }
            }
            WorkerEvent::Job(id, event) => {
                if let JobEvent::Done { output: JobOutput::Methods { methods } } = &event {
                    self.set_methods(methods.clone());
                }
                let done = matches!(event, JobEvent::Done { .. });
                let warned = matches!(event, JobEvent::Warning { .. });
                let is_inspection = matches!(event, JobEvent::Done { output: JobOutput::Inspection(_) });
                let inspected = self.state.store.jobs.get(&id).filter(|_| is_inspection).and_then(|job| {
                    if let JobSpec::Inspect { path, choice } = &job.spec { Some((path.clone(), choice.clone())) } else { None }
                });
                let written = self
                    .state
                    .store
                    .jobs
                    .get(&id)
                    .and_then(|job| if let JobSpec::Weights(job) = &job.spec { Some(job.clone()) } else { None });
                let written = written.filter(|_| done);
                let reread = self.state.store.apply(id, event).is_some();
                if let Some((path, choice)) = inspected {
                    self.remove_refused();
                    self.remember_program(&path, &choice);
                    self.assume_programs(&path, &choice);
                }
                if let Some(job) = written {
                    self.cell_kept(&job);
                }
                if let (true, Some(spec)) = (reread || warned, self.state.store.jobs.get(&id).map(|job| job.spec.clone())) {
                    self.read_check(id, &spec);
                    if reread {
                        self.read_result(id, spec);
                    }
                }
            }
            WorkerEvent::Exited(message) => self.state.store.interrupt(&message),
        }
    }
}

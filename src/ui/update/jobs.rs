//! Plans the jobs of the session, and gives the worker the next one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::App;
use super::results::REFUSED;
use crate::ui::state::queue::{self, Focus};
use crate::ui::state::store::{Job, JobState, analysis_of, dataset_of};
use crate::ui::work::{origin, plan};
use flatland_core::job::{Analysis, JobId, JobSpec, PlanOptions};
use flatland_core::result::cell_cache;
use flatland_core::session::NetworkChoice;

/// The job without the folder of its result.
fn without_folder(mut job: JobSpec) -> JobSpec {
    job.set_out(PathBuf::new());
    job
}

impl App {
    /// Plans the session's jobs in the background; new ones are then requested.
    pub(in crate::ui) fn replan(&mut self) {
        self.state.generation += 1;
        self.state.analyses_on_hold = false;
        let (session, generation) = (self.state.session.clone(), self.state.generation);
        // A view may name a dataset that was closed since.
        let is_open = |name: &String| session.datasets.iter().any(|dataset| dataset.name == *name);
        let datasets: Vec<String> = session.view.dataset.clone().into_iter().filter(is_open).collect();
        let paths: Vec<PathBuf> = session.checkpoints.iter().map(|checkpoint| checkpoint.path.clone()).collect();
        self.spawn(move || origin::origins(paths), |app, origins| app.state.store.origins.extend(origins));
        self.spawn(
            move || plan::plan(&session, &datasets),
            move |app, (jobs, errors)| {
                if generation == app.state.generation {
                    app.insert_planned_jobs(jobs);
                    if !errors.is_empty() {
                        app.state.report_error(errors.join("\n"));
                    }
                }
            },
        );
    }

    /// The jobs of the session on every measured dataset, not only the chosen one, without the folders of results.
    fn jobs_on_all_datasets(&self) -> Vec<JobSpec> {
        let measured: BTreeSet<&str> = self.state.store.jobs.values().filter_map(|job| dataset_of(&job.spec)).collect();
        let open = self.state.session.datasets.iter().filter(|dataset| dataset.role.has_classes()).map(|dataset| &dataset.name);
        let open = open.filter(|name| measured.contains(name.as_str()));
        let options = PlanOptions { datasets: open.cloned().collect(), cells: Some(cell_cache()), ..PlanOptions::default() };
        if options.datasets.is_empty() {
            return Vec::new();
        }
        let analyses = Analysis::of(&self.state.session).into_iter().filter(|analysis| analysis.is_per_dataset());
        // Errors of planning were reported before.
        let jobs = analyses
            .flat_map(|analysis| flatland_core::job::plan(&self.state.session, analysis, Path::new("/"), &options).unwrap_or_default());
        jobs.map(without_folder).collect()
    }

    /// Adds the new jobs, and removes jobs and results that the session does not ask for any more.
    fn insert_planned_jobs(&mut self, specs: Vec<JobSpec>) {
        let same = |a: &JobSpec, b: &JobSpec| {
            let checkpoint = |spec: &JobSpec| spec.checkpoint().map(|checkpoint| checkpoint.name.clone());
            analysis_of(a) == analysis_of(b) && checkpoint(a) == checkpoint(b) && dataset_of(a) == dataset_of(b)
        };
        let on_all_datasets = self.jobs_on_all_datasets();
        let is_obsolete = |job: &JobSpec| match dataset_of(job) {
            _ if analysis_of(job).is_none() || specs.contains(job) => false,
            // Landscapes and curves on datasets that are not chosen now stay.
            Some(_) => specs.iter().any(|spec| same(spec, job)) || !on_all_datasets.contains(&without_folder(job.clone())),
            None => true,
        };
        let obsolete: Vec<JobId> = self.state.store.jobs.iter().filter(|(_, job)| is_obsolete(&job.spec)).map(|(id, _)| *id).collect();
        for id in obsolete {
            self.worker.cancel(id);
            self.state.store.forget(id);
        }
        for spec in specs {
            if self.state.store.jobs.values().any(|job| job.spec == spec) {
                continue;
            }
            if spec.out().is_some() {
                let id = self.state.store.add(spec.clone(), JobState::CheckingCache);
                self.read_check(id, &spec);
                self.read_result(id, spec);
            } else {
                self.state.store.add(spec, JobState::Waiting);
            }
        }
        self.ask_differences();
    }

    pub(in crate::ui) fn cancel(&mut self, id: JobId) {
        self.state.store.preempted.take_if(|preempted| *preempted == id);
        if self.worker.cancel(id) {
            self.state.store.stopping = Some(id);
        } else {
            self.state.set_state(id, JobState::Cancelled);
        }
    }

    /// Computes a job again. A checkpoint that could not be read is read again first, and every job that waits for it is computed: its file may
    /// have been written since.
    pub(in crate::ui) fn retry(&mut self, id: JobId) {
        let of = |spec: &JobSpec| {
            if let JobSpec::Inspect { path, choice } = spec {
                return Some((path.clone(), choice.clone()));
            }
            spec.checkpoint().map(|checkpoint| (checkpoint.path.clone(), checkpoint.choice()))
        };
        let read = self.state.store.jobs.get(&id).and_then(|job| of(&job.spec));
        let inspections = &self.state.store.inspections;
        let is_refused = |read: &(PathBuf, NetworkChoice)| inspections.get(read).is_some_and(|inspection| inspection.error.is_some());
        if let Some(read) = read.filter(is_refused) {
            self.state.store.inspections.shift_remove(&read);
            let is_left = |job: &Job| {
                matches!(&job.state, JobState::Failed(message) if message == REFUSED) || matches!(job.spec, JobSpec::Inspect { .. })
            };
            for job in self.state.store.jobs.values_mut().filter(|job| of(&job.spec).as_ref() == Some(&read) && is_left(job)) {
                job.state = JobState::Waiting;
            }
        }
        self.state.set_state(id, JobState::Waiting);
    }

    /// Stops a running landscape for jobs that take a moment (inspections, the list of methods) and for another analysis that the user looks
    /// at. It continues afterwards: it may take an hour, and it keeps its cells. A landscape that the user paused is not stopped.
    fn preempt_landscape(&mut self) {
        let running = self.worker.job().and_then(|id| Some((id, self.state.store.jobs.get(&id)?)));
        let Some((id, _)) =
            running.filter(|(_, job)| job.state == JobState::Running && analysis_of(&job.spec) == Some(Analysis::Landscape))
        else {
            return;
        };
        let shown = self.tabs.analysis(&self.state.session.view.tab).filter(|shown| *shown != Analysis::Landscape);
        let has_priority = |job: &Job| analysis_of(&job.spec).is_none_or(|of| Some(of) == shown);
        let asked = self.state.store.jobs.values().any(|job| job.state == JobState::Waiting && has_priority(job));
        if asked && self.state.store.stopping != Some(id) && self.state.store.preempted != Some(id) {
            self.state.store.preempted = Some(id);
            self.worker.cancel(id);
        }
    }

    /// Gives the worker its next job, see [`queue::waiting`].
    pub(in crate::ui) fn dispatch(&mut self) {
        self.preempt_landscape();
        if !self.worker.is_free() || self.state.store.jobs.values().any(|job| job.state == JobState::CheckingCache) {
            return;
        }
        let dataset = self.state.dataset();
        let focus = Focus { analysis: self.tabs.analysis(&self.state.session.view.tab), dataset: dataset.as_deref() };
        let waiting: Vec<(JobId, JobSpec)> =
            queue::waiting(&self.state.store, focus).iter().map(|(id, job)| (*id, job.spec.clone())).collect();
        for (id, spec) in waiting {
            // Every job of this checkpoint would fail with the same message.
            if self.state.store.is_refused(&spec) {
                self.state.set_state(id, JobState::Failed(REFUSED.into()));
                continue;
            }
            self.state.set_state(id, JobState::Running);
            return self.worker.submit(id, spec);
        }
    }
}

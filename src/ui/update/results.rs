//! Reads results in the background, and computes the differences between them.

use std::path::Path;
use std::sync::Arc;

use super::App;
use crate::ui::state::store::{Job, JobState, Loaded};
use crate::ui::work::results::{self, JobFiles};
use flatland_core::job::{Analysis, JobId, JobSpec};
use flatland_core::result::{LossSurface, NetworkCheck, ScoreDifference, ScoreTable};

/// Why a job was not started: its checkpoint cannot be read, or the user has to choose its network.
pub const REFUSED: &str = "not started: the checkpoint cannot be read; its row at the left says why";

impl App {
    /// Starts reading the result of a job.
    pub(in crate::ui) fn read_result(&mut self, id: JobId, spec: JobSpec) {
        self.spawn(move || results::load(&spec), move |app, found| app.result_read(id, found));
    }

    /// Handles what was read from a job's folder.
    pub(in crate::ui) fn result_read(&mut self, id: JobId, found: JobFiles) {
        // It was computed before the file turned out to be unusable.
        if self.state.store.jobs.get(&id).is_some_and(|job| self.state.store.is_refused(&job.spec)) {
            return self.state.store.refuse(id, REFUSED);
        }
        let JobFiles { loaded, complete, error } = found;
        if let Some(loaded) = loaded {
            self.state.store.insert(id, *loaded);
        }
        if self.state.store.jobs.get(&id).is_some_and(|job| job.state == JobState::CheckingCache) {
            // A result that cannot be read is computed again.
            let unfinished = if self.state.analyses_on_hold { JobState::Cancelled } else { JobState::Waiting };
            self.state.set_state(id, if complete { JobState::Done } else { unfinished });
        } else if let Some(error) = error {
            self.state.set_state(id, JobState::Failed(error));
        }
        self.ask_differences();
    }

    /// Stores a partial result of a running job; `None` when the job has ended and removed it.
    pub(in crate::ui) fn partial_read(&mut self, id: JobId, loaded: Option<Loaded>) {
        if let Some(loaded) = loaded {
            self.state.store.insert_partial(id, loaded);
        }
    }

    /// Starts computing the missing differences of accuracies and AUROCs to the baseline.
    fn ask_score_differences(&mut self) {
        let Some(baseline) = self.state.session.landscape_baseline().map(str::to_owned) else { return };
        let Some(base) = self.state.store.scores.get(&baseline).cloned() else { return };
        let missing =
            |(name, _): &(&String, &Arc<ScoreTable>)| **name != baseline && !self.state.store.score_differences.contains_key(*name);
        let asked: Vec<_> = self.state.store.scores.iter().filter(missing).map(|(name, table)| (name.clone(), table.clone())).collect();
        for (name, table) in asked {
            self.state.store.score_differences.insert(name.clone(), None);
            let (base, baseline) = (base.clone(), baseline.clone());
            self.spawn(
                move || Arc::new(ScoreDifference::between(&table, &base, &baseline)),
                move |app, difference| {
                    // The baseline may have changed since.
                    if app.state.session.landscape_baseline() == Some(&difference.baseline) {
                        app.state.store.score_differences.insert(name, Some(difference));
                    }
                },
            );
        }
    }

    /// Starts computing the missing differences to the present baseline, if they are shown and both surfaces are finished.
    pub(in crate::ui) fn ask_differences(&mut self) {
        self.state.store.set_baseline(self.state.session.landscape_baseline());
        self.ask_score_differences();
        let baseline = self.state.session.landscape_baseline().map(str::to_owned).filter(|_| self.state.session.view.difference);
        let (Some(baseline), Some(dataset)) = (baseline, self.state.dataset()) else { return };
        let folder = |name: &str| {
            let (_, job) =
                self.state.store.job(Analysis::Landscape, name, Some(&dataset)).filter(|(_, job)| job.state == JobState::Done)?;
            job.spec.out().map(Path::to_owned)
        };
        let Some(base) = folder(&baseline) else { return };
        let missing =
            |name: &&String| **name != baseline && !self.state.store.differences.contains_key(&((*name).clone(), dataset.clone()));
        let names = self.state.session.checkpoints.iter().map(|checkpoint| &checkpoint.name).filter(missing);
        let asked: Vec<_> = names.filter_map(|name| Some(((name.clone(), dataset.clone()), folder(name)?))).collect();
        for (key, own) in asked {
            let (base, baseline) = (base.clone(), baseline.clone());
            let subtract = move || (results::difference(&key, &own, &base, &baseline), key);
            self.spawn(subtract, |app, (difference, key)| app.difference_read(key, difference));
        }
    }

    /// Starts reading the network check that is stored beside the result of a job.
    pub(in crate::ui) fn read_check(&mut self, id: JobId, spec: &JobSpec) {
        if let Some(folder) = spec.out().map(Path::to_owned) {
            self.spawn(
                move || NetworkCheck::load(&folder).ok(),
                move |app, check| {
                    if let Some(check) = check {
                        app.state.store.insert_check(id, check);
                    }
                },
            );
        }
    }

    /// Removes the results and jobs of checkpoints that cannot be read or whose network the user has to choose.
    pub(in crate::ui) fn remove_refused(&mut self) {
        let is_left =
            |job: &Job| job.spec.out().is_some() && !matches!(job.state, JobState::Failed(_)) && self.state.store.is_refused(&job.spec);
        let refused: Vec<JobId> = self.state.store.jobs.iter().filter(|(_, job)| is_left(job)).map(|(id, _)| *id).collect();
        for id in refused {
            self.worker.cancel(id);
            self.state.store.refuse(id, REFUSED);
        }
    }

    /// Handles the difference of a checkpoint's loss on a dataset to the baseline's, or the reason why there is none.
    pub(in crate::ui) fn difference_read(&mut self, key: (String, String), difference: Result<LossSurface, String>) {
        match difference {
            Ok(surface) => {
                // The baseline may have changed since.
                if self.state.session.landscape_baseline() == surface.baseline.as_deref() {
                    self.state.store.insert_difference(key, surface);
                }
            }
            Err(reason) => self.state.report_error(reason),
        }
    }
}

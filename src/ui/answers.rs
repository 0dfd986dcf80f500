//! What comes back: answers of slow work and of the worker, and what the worker is asked next.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::app::App;
use super::bench::Heard;
use super::command::Command;
use super::loader::{self, Finished};
use super::queue::{self, Focus};
use super::store::{Job, JobState, analysis_of, dataset_of};
use super::view::analysis;
use flatland_core::job::{Analysis, JobEvent, JobId, JobOutput, JobSpec, PlanOptions, plan};
use flatland_core::result::{ScoreDifference, ScoreTable, cell_cache};

/// The job, wherever its result lies.
fn without_folder(mut job: JobSpec) -> JobSpec {
    job.set_out(PathBuf::new());
    job
}

/// What is said where the desktop has no file dialog.
const NO_DIALOG: &str = "No file dialog answered: expected a desktop portal or the program zenity. Paths can be typed: at the left to open, \
                         in the export line to export, and after `save as` in the palette (Ctrl+K) to save.";

/// Why a job of a checkpoint that cannot be read, or asks which network it is, was not begun.
const REFUSED: &str = "not begun: the checkpoint cannot be read as it is, its row at the left says why";

impl App {
    /// What the session asks for on every dataset that something is measured on, whichever is chosen now, without the folders of results.
    fn asked_on_any_dataset(&self) -> Vec<JobSpec> {
        let measured: BTreeSet<&str> = self.store.jobs.values().filter_map(|job| dataset_of(&job.spec)).collect();
        let open = self.session.datasets.iter().filter(|dataset| dataset.role.has_classes()).map(|dataset| &dataset.name);
        let open = open.filter(|name| measured.contains(name.as_str()));
        let options = PlanOptions { datasets: open.cloned().collect(), cells: Some(cell_cache()), ..PlanOptions::default() };
        if options.datasets.is_empty() {
            return Vec::new();
        }
        let analyses = Analysis::of(&self.session).into_iter().filter(|analysis| analysis.is_per_dataset());
        // What cannot be planned has been told.
        let jobs = analyses.flat_map(|analysis| plan(&self.session, analysis, Path::new("/"), &options).unwrap_or_default());
        jobs.map(without_folder).collect()
    }

    /// Takes in the jobs that are new; what was asked of other data or with other settings is moot.
    fn planned(&mut self, specs: Vec<JobSpec>) {
        let same = |a: &JobSpec, b: &JobSpec| {
            let checkpoint = |spec: &JobSpec| spec.checkpoint().map(|checkpoint| checkpoint.name.clone());
            analysis_of(a) == analysis_of(b) && checkpoint(a) == checkpoint(b) && dataset_of(a) == dataset_of(b)
        };
        let asked_elsewhere = self.asked_on_any_dataset();
        let is_moot = |job: &JobSpec| match dataset_of(job) {
            _ if analysis_of(job).is_none() || specs.contains(job) => false,
            // Landscapes and curves on datasets that are not chosen now stay.
            Some(_) => specs.iter().any(|spec| same(spec, job)) || !asked_elsewhere.contains(&without_folder(job.clone())),
            None => true,
        };
        let moot: Vec<JobId> = self.store.jobs.iter().filter(|(_, job)| is_moot(&job.spec)).map(|(id, _)| *id).collect();
        for id in moot {
            self.bench.cancel(id);
            self.store.forget(id);
        }
        for spec in specs {
            if self.store.jobs.values().any(|job| job.spec == spec) {
                continue;
            }
            if spec.out().is_some() {
                let id = self.store.add(spec.clone(), JobState::Looking);
                self.read_check(id, &spec);
                self.spawn(move || loader::load(id, &spec));
            } else {
                self.store.add(spec, JobState::Waiting);
            }
        }
        self.ask_differences();
    }

    pub(super) fn finished(&mut self, finished: Finished) {
        match finished {
            Finished::Opened(opened) => self.opened(opened),
            Finished::Planned { generation, jobs, complaints } => {
                if generation == self.generation {
                    self.planned(jobs);
                    if !complaints.is_empty() {
                        self.complain(complaints.join("\n"));
                    }
                }
            }
            // What was computed before the file was known for what it is.
            Finished::Loaded { id, .. } if self.store.jobs.get(&id).is_some_and(|job| self.store.is_refused(&job.spec)) => {
                self.store.refuse(id, REFUSED);
            }
            Finished::Loaded { id, loaded, complete, error } => {
                if let Some(loaded) = loaded {
                    self.store.insert(id, *loaded);
                }
                if self.store.jobs.get(&id).is_some_and(|job| job.state == JobState::Looking) {
                    // What cannot be read is computed anew.
                    let unfinished = if self.holds { JobState::Cancelled } else { JobState::Waiting };
                    self.set_state(id, if complete { JobState::Done } else { unfinished });
                } else if let Some(error) = error {
                    self.set_state(id, JobState::Failed(error));
                }
                self.ask_differences();
            }
            Finished::Checked(id, check) => self.store.insert_check(id, *check),
            Finished::LoadedPartly(id, loaded) => self.store.insert_partial(id, *loaded),
            Finished::Differed(key, Ok(surface)) => {
                // The baseline may be another one by now.
                if self.session.landscape_baseline() == surface.baseline.as_deref() {
                    self.store.insert_difference(key, *surface);
                }
            }
            Finished::Differed(_, Err(reason)) => self.complain(reason),
            Finished::CellLosses(found) => self.store.cell_losses = Some(found),
            Finished::Chosen(paths, open_as) => self.execute(Command::Open(paths, open_as)),
            Finished::ExportPath(path) => self.write_figure(path, true),
            Finished::NoDialog => self.complain(NO_DIALOG),
            Finished::ScoresDiffered(name, difference) => {
                // The baseline may be another one by now.
                if self.session.landscape_baseline() == Some(&difference.baseline) {
                    self.store.score_differences.insert(name, Some(difference));
                }
            }
            Finished::Origins(origins) => self.store.origins.extend(origins),
            Finished::Nothing => {}
            Finished::Scatter(found) => self.found_for_scatter(found),
            Finished::Looked(watch, sight) => self.looked(*watch, sight),
            Finished::RunAsked(answer) => self.run_asked(answer),
            Finished::Exported(Ok(path)) => {
                let boxes = self.typefaces.complaint().map_or(String::new(), |complaint| format!("; {complaint}"));
                self.tell(format!("Written: {}{boxes}", path.display()));
            }
            Finished::Typefaces(found) => self.use_typefaces(found),
            Finished::Exported(Err(error)) | Finished::Copied(Err(error)) => self.complain(error),
            Finished::SavePath(number, path) => self.save_where_chosen(number, path),
            Finished::Saved(number, saved) => self.saved(number, saved),
            Finished::Remembered(memory, report) => self.remembered(memory, *report),
            Finished::RunsStopped(complaints) => self.runs_stopped(complaints),
            Finished::Copied(Ok(image)) => {
                self.tell(format!("Copied: an image of {} × {} pixels", image.size[0], image.size[1]));
                self.ctx.copy_image(image);
            }
        }
    }

    /// Has the differences of accuracies and AUROCs to the baseline's computed that are not there yet.
    fn ask_score_differences(&mut self) {
        let Some(baseline) = self.session.landscape_baseline().map(str::to_owned) else { return };
        let Some(base) = self.store.scores.get(&baseline).cloned() else { return };
        let missing = |(name, _): &(&String, &Arc<ScoreTable>)| **name != baseline && !self.store.score_differences.contains_key(*name);
        let asked: Vec<_> = self.store.scores.iter().filter(missing).map(|(name, table)| (name.clone(), table.clone())).collect();
        for (name, table) in asked {
            self.store.score_differences.insert(name.clone(), None);
            let (base, baseline) = (base.clone(), baseline.clone());
            self.spawn(move || Finished::ScoresDiffered(name, Arc::new(ScoreDifference::between(&table, &base, &baseline))));
        }
    }

    /// Has the differences to the present baseline computed that are shown and not there yet, of surfaces that are finished.
    pub(super) fn ask_differences(&mut self) {
        self.store.differ_from(self.session.landscape_baseline());
        self.ask_score_differences();
        let baseline = self.session.landscape_baseline().map(str::to_owned).filter(|_| self.session.view.difference);
        let (Some(baseline), Some(dataset)) = (baseline, self.dataset()) else { return };
        let folder = |name: &str| {
            let (_, job) = self.store.job(Analysis::Landscape, name, Some(&dataset)).filter(|(_, job)| job.state == JobState::Done)?;
            job.spec.out().map(Path::to_owned)
        };
        let Some(base) = folder(&baseline) else { return };
        let missing = |name: &&String| **name != baseline && !self.store.differences.contains_key(&((*name).clone(), dataset.clone()));
        let names = self.session.checkpoints.iter().map(|checkpoint| &checkpoint.name).filter(missing);
        let asked: Vec<_> = names.filter_map(|name| Some(((name.clone(), dataset.clone()), folder(name)?))).collect();
        for (key, own) in asked {
            let (base, baseline) = (base.clone(), baseline.clone());
            self.spawn(move || loader::difference(key, &own, &base, &baseline));
        }
    }

    pub(super) fn heard(&mut self, heard: Heard) {
        self.log.hear(&heard, &self.store, self.bench.job());
        match heard {
            Heard::Said(_) => {}
            Heard::Job(id, JobEvent::Partial { path }) => {
                if let Some(spec) = self.store.jobs.get(&id).map(|job| job.spec.clone()) {
                    self.spawn(move || loader::load_partial(id, &spec, &path));
                }
            }
            Heard::Job(id, event) => {
                if let JobEvent::Done { output: JobOutput::Methods { methods } } = &event {
                    self.know_methods(methods.clone());
                }
                let done = matches!(event, JobEvent::Done { .. });
                let warned = matches!(event, JobEvent::Warning { .. });
                let inspected = matches!(event, JobEvent::Done { output: JobOutput::Inspection(_) });
                let written =
                    self.store.jobs.get(&id).and_then(|job| if let JobSpec::Weights(job) = &job.spec { Some(job.clone()) } else { None });
                let written = written.filter(|_| done);
                let reread = self.store.apply(id, event).is_some();
                if inspected {
                    self.withdraw_refused();
                }
                if let Some(job) = written {
                    self.cell_kept(&job);
                }
                if let (true, Some(spec)) = (reread || warned, self.store.jobs.get(&id).map(|job| job.spec.clone())) {
                    self.read_check(id, &spec);
                    if reread {
                        self.spawn(move || loader::load(id, &spec));
                    }
                }
            }
            Heard::Died(message) => self.store.interrupt(&message),
        }
    }

    /// Has what lies beside the result of a job read of its network's statistics.
    fn read_check(&mut self, id: JobId, spec: &JobSpec) {
        if let Some(folder) = spec.out().map(Path::to_owned) {
            self.spawn(move || loader::check(id, &folder));
        }
    }

    /// Takes results from sight, and jobs from the worker, whose checkpoint has turned out to be none or to ask something first.
    fn withdraw_refused(&mut self) {
        let is_left = |job: &Job| job.spec.out().is_some() && !matches!(job.state, JobState::Failed(_)) && self.store.is_refused(&job.spec);
        let refused: Vec<JobId> = self.store.jobs.iter().filter(|(_, job)| is_left(job)).map(|(id, _)| *id).collect();
        for id in refused {
            self.bench.cancel(id);
            self.store.refuse(id, REFUSED);
        }
    }

    /// A landscape steps aside for what is answered at once (which network is this, what can be trained with) and for another analysis that
    /// is looked at, and goes on after it: it may take an hour, and keeps its cells. What somebody paused stays where it is.
    fn let_others_first(&mut self) {
        let running = self.bench.job().and_then(|id| Some((id, self.store.jobs.get(&id)?)));
        let Some((id, _)) =
            running.filter(|(_, job)| job.state == JobState::Running && analysis_of(&job.spec) == Some(Analysis::Landscape))
        else {
            return;
        };
        let seen = analysis(self.session.view.tab).filter(|seen| *seen != Analysis::Landscape);
        let goes_first = |job: &Job| analysis_of(&job.spec).is_none_or(|of| Some(of) == seen);
        let asked = self.store.jobs.values().any(|job| job.state == JobState::Waiting && goes_first(job));
        if asked && self.store.stopping != Some(id) && self.store.stepping_aside != Some(id) {
            self.store.stepping_aside = Some(id);
            self.bench.cancel(id);
        }
    }

    /// Gives the worker its next job, see [`queue::waiting`].
    pub(super) fn dispatch(&mut self) {
        self.let_others_first();
        if !self.bench.is_free() || self.store.jobs.values().any(|job| job.state == JobState::Looking) {
            return;
        }
        let dataset = self.dataset();
        let focus = Focus { analysis: analysis(self.session.view.tab), dataset: dataset.as_deref() };
        let waiting: Vec<(JobId, JobSpec)> = queue::waiting(&self.store, focus).iter().map(|(id, job)| (*id, job.spec.clone())).collect();
        for (id, spec) in waiting {
            // Every job of it would fail in the same words.
            if self.store.is_refused(&spec) {
                self.set_state(id, JobState::Failed(REFUSED.into()));
                continue;
            }
            self.set_state(id, JobState::Running);
            return self.bench.submit(id, spec);
        }
    }
}

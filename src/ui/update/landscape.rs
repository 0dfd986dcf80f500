//! Executes the commands on landscapes.

use super::App;
use crate::figure::number::fixed;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::history::UndoStep;
use crate::ui::state::store::JobState;
use crate::ui::state::unused_name;
use crate::ui::work::results;
use flatland_core::job::{Analysis, JobSpec, WeightsJob};
use flatland_core::result::{content_key, safe_name, state_root};
use flatland_core::session::{Axes, CheckpointEntry, InputPlane, LandscapeSettings, NetworkChoice, PickedCell, Statistics, Tab};

impl App {
    pub(in crate::ui) fn landscape_command(&mut self, command: LandscapeCommand) {
        match command {
            LandscapeCommand::OpenCell { cell, dataset } => self.open_cell(cell, dataset),
            LandscapeCommand::KeepCell { cell, dataset } => self.keep_cell(&cell, &dataset),
            LandscapeCommand::AroundImage { dataset, image, axes } => {
                let plane = InputPlane { image, axes: Some(axes), ..InputPlane::default() };
                self.state.session.view.dataset = Some(dataset);
                self.set_plane(Axes::Input(plane));
            }
            LandscapeCommand::LineBetween { from, to } => {
                self.set_plane(Axes::Line { through: [from, to], statistics: Statistics::default() })
            }
            LandscapeCommand::AroundWeights => self.set_plane(Axes::default()),
            edit => edit.edit(&mut self.state.session.view.landscape),
        }
    }

    /// Sets the plane of landscapes, and resets the settings that are valid for other planes only.
    fn set_plane(&mut self, plane: Axes) {
        let before = &self.state.session.landscape;
        let (grid, baseline, datasets) = (before.grid, before.baseline.clone(), before.datasets.clone());
        let fresh = LandscapeSettings { grid, baseline, datasets, ..LandscapeSettings::default() };
        self.state.session.landscape = if plane.input().is_some() {
            LandscapeSettings { plane, ..fresh }
        } else {
            let LandscapeSettings { extent, alpha, beta, planes, project, directions, .. } = fresh;
            LandscapeSettings { extent, alpha, beta, planes, project, directions, plane, ..before.clone() }
        };
        let view = &mut self.state.session.view;
        (view.tab, view.quantity, view.difference, view.landscape.picked) = (Tab::LANDSCAPE, None, false, None);
        view.see_all(Tab::LANDSCAPE);
        self.replan();
    }

    /// Writes the weights at a node to a file named after them. The session refers to the file, so it is not in the cache.
    fn keep_cell(&mut self, cell: &PickedCell, dataset: &str) {
        let job = self.state.store.job(Analysis::Landscape, &cell.checkpoint, Some(dataset)).map(|(_, job)| &job.spec);
        let Some(JobSpec::Landscape(landscape)) = job else {
            return self.state.report_error(format!("expected a landscape of {} on {dataset}, found none", cell.checkpoint));
        };
        let (landscape, at) = (landscape.clone(), [cell.alpha, cell.beta]);
        let folder = content_key(&format!("{at:?} {}", landscape.out.display()), &[landscape.checkpoint.path.as_path()]);
        let name = format!("{} at {} {}.safetensors", cell.checkpoint, fixed(cell.alpha, 2), fixed(cell.beta, 2));
        let file = state_root().join("weights").join(folder).join(safe_name(&name));
        self.state.store.add(JobSpec::Weights(Box::new(WeightsJob { landscape, at, file })), JobState::Waiting);
    }

    /// Opens the weights at a node after they were written.
    pub(in crate::ui) fn cell_kept(&mut self, job: &WeightsJob) {
        let before = self.state.session.clone();
        let source = &job.landscape.checkpoint;
        let name = format!("{} at ({}, {})", source.name, fixed(job.at[0], 2), fixed(job.at[1], 2));
        if self.state.session.checkpoints.iter().any(|checkpoint| checkpoint.path == job.file) {
            return self.state.inform(format!("{name} is open already"));
        }
        let name = unused_name(&name, |name| self.state.session.checkpoints.iter().any(|checkpoint| checkpoint.name == name));
        let NetworkChoice { architecture, features, output, .. } = source.choice().network_of(&source.path);
        self.state.session.add_checkpoint(CheckpointEntry {
            name: name.clone(),
            path: job.file.clone(),
            architecture,
            features,
            output,
            normalization: source.normalization,
            input: source.input,
            ..Default::default()
        });
        self.record(UndoStep::separate(format!("open {name}")), before);
        self.state.inform(format!("{name} is now a checkpoint of this session; all analyses will be computed"));
        self.replan();
    }

    fn open_cell(&mut self, cell: PickedCell, dataset: String) {
        let folder = self.state.store.job(Analysis::Landscape, &cell.checkpoint, Some(&dataset)).and_then(|(_, job)| job.spec.out());
        let surface = self.state.store.landscapes.get(&(cell.checkpoint.clone(), dataset.clone())).map(|found| found.surface.clone());
        let (Some(folder), Some(surface)) = (folder.map(std::path::Path::to_owned), surface) else {
            return self.state.report_error(format!("expected a landscape of {} on {dataset}, found none", cell.checkpoint));
        };
        self.spawn(move || results::cell_losses(&surface, &folder, cell, dataset), |app, found| app.state.store.cell_losses = Some(found));
    }
}

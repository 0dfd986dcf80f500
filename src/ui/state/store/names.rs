//! What the store does when a checkpoint is closed or renamed.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{JobState, Store, analysis_of, subject_of};
use flatland_core::job::JobSpec;
use flatland_core::session::CheckpointEntry;

impl Store {
    /// Removes what was read from a file.
    pub fn forget_inspection(&mut self, path: &Path) {
        self.jobs.retain(|_, job| !matches!(&job.spec, JobSpec::Inspect { path: inspected, .. } if inspected == path));
        self.inspections.retain(|(inspected, _), _| inspected != path);
    }

    /// Removes the jobs and results of a checkpoint. What was read from its file stays, in case it is opened again; a file that another
    /// checkpoint uses (`is_read`) is still being read.
    pub fn forget_checkpoint(&mut self, entry: &CheckpointEntry, is_read: bool) {
        let name = entry.name.as_str();
        self.jobs.retain(|_, job| match &job.spec {
            JobSpec::Inspect { path, choice } => is_read || *path != entry.path || *choice != entry.choice() || job.state == JobState::Done,
            spec => analysis_of(spec).is_none() || subject_of(spec) != name,
        });
        self.forget_differences_of(name);
        self.landscapes.retain(|(checkpoint, _), _| checkpoint != name);
        self.bands.retain(|(checkpoint, _), _| checkpoint != name);
        self.sharpness.retain(|(checkpoint, _), _| checkpoint != name);
        self.hessians.retain(|(checkpoint, _), _| checkpoint != name);
        self.embeddings.shift_remove(name);
        self.scores.shift_remove(name);
        self.cell_losses.take_if(|found| found.cell.checkpoint == name);
    }

    /// Renames a checkpoint; its jobs and results stay.
    pub fn rename_checkpoint(&mut self, from: &str, to: &str) {
        let name = |name: &str| if name == from { to.to_owned() } else { name.to_owned() };
        for job in self.jobs.values_mut() {
            job.spec = job.spec.renamed(name);
        }
        // They contain the name of the checkpoint.
        self.forget_differences();
        rename_pairs(&mut self.landscapes, from, to);
        self.rename_ends(from, to);
        rename_pairs(&mut self.bands, from, to);
        rename_pairs(&mut self.sharpness, from, to);
        self.sharpness.values_mut().for_each(|curve| curve.checkpoint = name(&curve.checkpoint));
        rename_pairs(&mut self.hessians, from, to);
        rename(&mut self.embeddings, from, to);
        rename(&mut self.scores, from, to);
        self.cell_losses.iter_mut().for_each(|found| found.cell.checkpoint = name(&found.cell.checkpoint));
    }

    /// Renames a checkpoint at an end of a line, or on a plane.
    fn rename_ends(&mut self, from: &str, to: &str) {
        let name = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        for landscape in self.landscapes.values_mut() {
            let plane = landscape.surface.manifest.plane.as_ref();
            let is_named = plane
                .is_some_and(|plane| plane.through.iter().chain(plane.points.iter().map(|point| &point.name)).any(|name| name == from));
            if !is_named {
                continue;
            }
            self.revision += 1;
            landscape.revision = self.revision;
            if let Some(plane) = &mut Arc::make_mut(&mut landscape.surface).manifest.plane {
                plane.through.iter_mut().for_each(name);
                plane.points.iter_mut().for_each(|point| name(&mut point.name));
            }
        }
    }
}

fn rename_pairs<T>(results: &mut IndexMap<(String, String), T>, from: &str, to: &str) {
    let named = |(key, value): ((String, String), T)| if key.0 == from { ((to.to_owned(), key.1), value) } else { (key, value) };
    *results = std::mem::take(results).into_iter().map(named).collect();
}

fn rename<T>(results: &mut IndexMap<String, T>, from: &str, to: &str) {
    let named = |(key, value): (String, T)| if key == from { (to.to_owned(), value) } else { (key, value) };
    *results = std::mem::take(results).into_iter().map(named).collect();
}

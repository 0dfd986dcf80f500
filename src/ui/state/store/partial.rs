//! [`Partial`]: partial results of running jobs. Only views show them; figures, comparisons and the scatter need complete
//! results.

use std::sync::Arc;

use super::{JobState, Loaded, Store};
use flatland_core::job::{Analysis, JobId};
use flatland_core::result::{HessianSpectrum, ScoreTable};

/// A partial result.
#[derive(Clone, Debug)]
pub enum Partial {
    /// Eigenvalues with their present residuals; trace and density when they are known.
    Hessian(Arc<HessianSpectrum>),
    /// The scores of the datasets that are finished.
    Scores(Arc<ScoreTable>),
}

impl Store {
    /// Stores a partial result of a job, unless the job has ended.
    pub fn insert_partial(&mut self, id: JobId, loaded: Loaded) {
        if !self.jobs.get(&id).is_some_and(|job| matches!(job.state, JobState::Running | JobState::Paused)) {
            return;
        }
        let partial = match loaded {
            Loaded::Hessian(spectrum) => Partial::Hessian(Arc::new(spectrum)),
            Loaded::Scores(table) => Partial::Scores(Arc::new(table)),
            Loaded::Landscape(_) | Loaded::Planes(..) | Loaded::Sharpness(_) | Loaded::Embedding(_) => return,
        };
        self.partial.insert(id, partial);
    }

    /// The known scores of a checkpoint, complete or partial.
    pub fn scores_so_far(&self, checkpoint: &str) -> Option<&Arc<ScoreTable>> {
        self.scores.get(checkpoint).or_else(|| match self.partial.get(&self.job(Analysis::Scores, checkpoint, None)?.0)? {
            Partial::Scores(table) => Some(table),
            Partial::Hessian(_) => None,
        })
    }

    /// The known spectrum of a checkpoint on a dataset, complete or partial.
    pub fn hessian_so_far(&self, checkpoint: &str, dataset: &str) -> Option<&Arc<HessianSpectrum>> {
        let whole = self.hessians.get(&(checkpoint.to_owned(), dataset.to_owned()));
        whole.or_else(|| match self.partial.get(&self.job(Analysis::Hessian, checkpoint, Some(dataset))?.0)? {
            Partial::Hessian(spectrum) => Some(spectrum),
            Partial::Scores(_) => None,
        })
    }
}

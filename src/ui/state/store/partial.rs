//! [`Partial`]: results as far as they are known while their jobs run. Only views look at them: figures, comparisons and the scatter wait
//! for the whole.

use std::sync::Arc;

use super::{JobState, Loaded, Store};
use flatland_core::job::{Analysis, JobId};
use flatland_core::result::{HessianSpectrum, ScoreTable};

/// A result as far as it is known.
#[derive(Clone, Debug)]
pub enum Partial {
    /// Eigenvalues with the residuals so far; trace and density when they are there.
    Hessian(Arc<HessianSpectrum>),
    /// Of the datasets that are scored.
    Scores(Arc<ScoreTable>),
}

impl Store {
    /// Puts what is known so far of a job in its place; one that has ended meanwhile needs none.
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

    /// The scores of a checkpoint, as far as they are known.
    pub fn scores_so_far(&self, checkpoint: &str) -> Option<&Arc<ScoreTable>> {
        self.scores.get(checkpoint).or_else(|| match self.partial.get(&self.job(Analysis::Scores, checkpoint, None)?.0)? {
            Partial::Scores(table) => Some(table),
            Partial::Hessian(_) => None,
        })
    }

    /// The spectrum of a checkpoint on a dataset, as far as it is known.
    pub fn hessian_so_far(&self, checkpoint: &str, dataset: &str) -> Option<&Arc<HessianSpectrum>> {
        let whole = self.hessians.get(&(checkpoint.to_owned(), dataset.to_owned()));
        whole.or_else(|| match self.partial.get(&self.job(Analysis::Hessian, checkpoint, Some(dataset))?.0)? {
            Partial::Hessian(spectrum) => Some(spectrum),
            Partial::Scores(_) => None,
        })
    }
}

//! [`FilterChoice`]: what one filter is in the tensors that a session names, where it is not an index of the first dimension.
//!
//! Li et al. 2018 (arXiv 1712.09913, section 4) define filters of convolutions and of linear layers. They say nothing about packed projections,
//! embeddings, tokens and factors of channels; their code takes the first dimension of every tensor.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

/// What one filter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// The whole tensor.
    Tensor,
    /// One index of this dimension, counted from 0, with all indices of the others.
    Dim(usize),
    /// So many successive indices of the first dimension, which they divide: the rows of a head, or all rows of the queries.
    Rows(NonZeroUsize),
    /// There is none: the tensor does not move.
    Fixed,
}

/// What one filter is in some tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterChoice {
    /// Globs on the names of the tensors.
    pub tensors: Vec<String>,
    /// What one of their filters is.
    pub filter: Filter,
}

impl FilterChoice {
    /// As said below figures: `*.in_proj_weight by 64 rows`.
    pub fn label(&self) -> String {
        let tensors = self.tensors.join(", ");
        match self.filter {
            Filter::Tensor => format!("{tensors} as a whole"),
            Filter::Dim(dim) => format!("{tensors} by dimension {dim}"),
            Filter::Rows(rows) => format!("{tensors} by {rows} rows"),
            Filter::Fixed => format!("{tensors} fixed"),
        }
    }
}

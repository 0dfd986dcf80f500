//! [`extremes`]: the largest eigenpairs and the smallest, by Lanczos, with measured residuals.

use flatland_core::result::Eigenvalue;
use tch::Tensor;

use super::Symmetric;
use super::lanczos::{Lanczos, Ritz};
use crate::analysis::AnalysisError;
use crate::analysis::flat::{dot, draws, norm, normal};

/// An approximate eigenpair.
pub(in crate::analysis) struct Eigenpair {
    /// λ = vᵀHv
    pub value: f64,
    /// ‖Hv − λv‖₂, measured: an eigenvalue lies within it.
    pub residual: f64,
    /// v, of length 1; its entry of largest magnitude is positive.
    pub vector: Tensor,
}

/// What is searched for.
pub(in crate::analysis) struct Search {
    /// Largest eigenpairs (algebraically), ≥ 1; fewer come back when the space is smaller.
    pub top: usize,
    /// Whether the smallest is wanted too.
    pub bottom: bool,
    /// Steps at most.
    pub steps: usize,
    /// Found when each residual is at most this share of the largest |λ|.
    pub tolerance: f64,
    /// Seed of the start.
    pub seed: u64,
}

/// The eigenpairs that were found.
pub(in crate::analysis) struct Extremes {
    /// Descending.
    pub top: Vec<Eigenpair>,
    /// The smallest, when wanted.
    pub bottom: Option<Eigenpair>,
    /// Lanczos steps.
    pub steps: usize,
    /// Whether all measured residuals are as small as wanted.
    pub converged: bool,
}

/// The extreme eigenpairs of `map`. An eigenvalue of multiplicity r may be found once only: a Krylov space holds one vector of its
/// eigenspace, and others enter by rounding or once the space is exhausted.
///
/// # Errors
/// When cancelled, second derivatives are not finite, or libtorch fails.
pub(in crate::analysis) fn extremes(map: &mut dyn Symmetric, search: &Search) -> Result<Extremes, AnalysisError> {
    let mut krylov = KrylovSearch::new(map, search)?;
    while krylov.step(map)? {}
    krylov.finish(map)
}

/// [`extremes`], a product at a time.
pub(super) struct KrylovSearch<'a> {
    search: &'a Search,
    zero: Tensor,
    lanczos: Lanczos,
    limit: usize,
    top: usize,
    starts: usize,
    ritz: Option<Ritz>,
}

impl<'a> KrylovSearch<'a> {
    pub fn new(map: &dyn Symmetric, search: &'a Search) -> Result<Self, AnalysisError> {
        let zero = map.zero()?;
        let limit = search.steps.min(zero.numel());
        let lanczos = Lanczos::new(&start(&zero, search, 0)?, limit)?;
        Ok(Self { search, lanczos, limit, top: search.top.min(limit), starts: 1, ritz: None, zero })
    }

    /// One product further; `false` when the pairs are found or the steps are used up.
    pub fn step(&mut self, map: &mut dyn Symmetric) -> Result<bool, AnalysisError> {
        if self.lanczos.steps() >= self.limit {
            return Ok(false);
        }
        let goes_on = self.lanczos.step(map)?;
        if self.lanczos.steps() >= self.top {
            let found = self.lanczos.ritz()?;
            let done = self.lanczos.steps() > self.top && settled(&found, self.top, self.search);
            self.ritz = Some(found);
            if done {
                return Ok(false);
            }
        }
        if !goes_on && self.lanczos.steps() < self.limit {
            self.lanczos.restart(&start(&self.zero, self.search, self.starts)?)?;
            self.starts += 1;
        }
        Ok(true)
    }

    /// The largest eigenvalues so far, descending, and the smallest; with the residuals that exact arithmetic would have. `None` before
    /// the space is as large as the pairs are many.
    pub fn so_far(&self) -> Option<(Vec<Eigenvalue>, Eigenvalue)> {
        let ritz = self.ritz.as_ref()?;
        let pair = |k: usize| Eigenvalue { value: ritz.values[k], residual: ritz.residuals[k] };
        let m = ritz.values.len();
        Some(((0..self.top).map(|k| pair(m - 1 - k)).collect(), pair(0)))
    }

    /// The pairs, each measured with one product more.
    pub fn finish(self, map: &mut dyn Symmetric) -> Result<Extremes, AnalysisError> {
        let Self { search, lanczos, top, ritz, .. } = self;
        let Some(ritz) = ritz else { return Err(AnalysisError::Invalid("expected at least one parameter, found none".into())) };
        let m = ritz.values.len();
        let mut pairs = Vec::with_capacity(top);
        for k in 0..top {
            pairs.push(measured(map, lanczos.lift(&ritz.vectors[m - 1 - k])?)?);
        }
        pairs.sort_by(|a, b| b.value.total_cmp(&a.value));
        let bottom = if search.bottom { Some(measured(map, lanczos.lift(&ritz.vectors[0])?)?) } else { None };
        let bound = search.tolerance * largest(&ritz);
        let converged = pairs.iter().chain(&bottom).all(|pair| pair.residual <= bound);
        Ok(Extremes { top: pairs, bottom, steps: lanczos.steps(), converged })
    }
}

fn start(zero: &Tensor, search: &Search, k: usize) -> Result<Tensor, AnalysisError> {
    normal(zero, &mut draws("lanczos", search.seed, k))
}

fn largest(ritz: &Ritz) -> f64 {
    ritz.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

/// Half of what is allowed: the measured residual adds rounding.
fn settled(ritz: &Ritz, top: usize, search: &Search) -> bool {
    let bound = 0.5 * search.tolerance * largest(ritz);
    let m = ritz.values.len();
    let wanted = (m - top..m).chain(search.bottom.then_some(0));
    wanted.into_iter().all(|k| ritz.residuals[k] <= bound)
}

fn measured(map: &mut dyn Symmetric, v: Tensor) -> Result<Eigenpair, AnalysisError> {
    let image = map.apply(&v)?;
    // Zero instead of −0.
    let value = dot(&v, &image)? + 0.0;
    let residual = norm(&image.f_sub(&v.f_mul_scalar(value)?)?)?;
    let extreme = v.f_abs()?.f_argmax(None, false)?;
    let sign = f64::try_from(v.f_take(&extreme)?)?.signum();
    Ok(Eigenpair { value, residual, vector: v.f_mul_scalar(sign)? })
}

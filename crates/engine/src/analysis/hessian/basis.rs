//! [`Basis`]: orthonormal vectors in one buffer; each new vector is orthogonalised twice.

use tch::Tensor;

use crate::analysis::AnalysisError;
use crate::analysis::flat::norm;

/// Orthonormal rows. Memory: capacity × P values of the kind of its vectors.
pub(super) struct Basis {
    rows: Tensor,
    len: usize,
}

impl Basis {
    /// Space for `capacity` vectors like `like` (pages are used as they are filled).
    pub fn new(like: &Tensor, capacity: usize) -> Result<Self, AnalysisError> {
        Ok(Self { rows: Tensor::f_empty([capacity.max(1) as i64, like.numel() as i64], (like.kind(), like.device()))?, len: 0 })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// `w` without its components along the basis. Gram-Schmidt twice is enough (Giraud et al. 2005).
    pub fn orthogonalised(&self, w: &Tensor) -> Result<Tensor, AnalysisError> {
        let mut w = w.shallow_clone();
        if self.len > 0 {
            let rows = self.filled()?;
            for _ in 0..2 {
                let along = rows.f_mv(&w)?;
                w = w.f_sub(&rows.f_transpose(0, 1)?.f_mv(&along)?)?;
            }
        }
        Ok(w)
    }

    /// Adds a vector of length 1 that is orthogonal to the others.
    pub fn push(&mut self, unit: &Tensor) -> Result<(), AnalysisError> {
        self.rows.f_select(0, self.len as i64)?.f_copy_(unit)?;
        self.len += 1;
        Ok(())
    }

    /// Adds the direction of `w` that is new; `false` when there is none (its new part is below 1e-5 of it).
    pub fn extend(&mut self, w: &Tensor) -> Result<bool, AnalysisError> {
        let (before, rest) = (norm(w)?, self.orthogonalised(w)?);
        let length = norm(&rest)?;
        if length.is_nan() || length <= 1e-5 * before {
            return Ok(false);
        }
        // What is left of a nearly dependent vector is not yet orthogonal in the precision of its new length.
        let rest = self.orthogonalised(&rest.f_div_scalar(length)?)?;
        self.push(&rest.f_div_scalar(norm(&rest)?)?)?;
        Ok(true)
    }

    pub fn row(&self, k: usize) -> Result<Tensor, AnalysisError> {
        Ok(self.rows.f_select(0, k as i64)?)
    }

    /// Σ cₖ·row k
    pub fn combination(&self, coefficients: &[f64]) -> Result<Tensor, AnalysisError> {
        let rows = self.filled()?;
        let c = Tensor::f_from_slice(coefficients)?.f_to_kind(rows.kind())?.f_to_device(rows.device())?;
        Ok(rows.f_transpose(0, 1)?.f_mv(&c)?)
    }

    fn filled(&self) -> Result<Tensor, AnalysisError> {
        Ok(self.rows.f_narrow(0, 0, self.len as i64)?)
    }
}

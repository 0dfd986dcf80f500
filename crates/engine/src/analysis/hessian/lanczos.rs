//! [`Lanczos`]: a symmetric map seen from a Krylov space, with full re-orthogonalisation.

use tch::{Device, Kind, Tensor};

use super::Symmetric;
use super::basis::Basis;
use crate::analysis::AnalysisError;
use crate::analysis::flat::{dot, norm};

/// A β below this share of the largest entry so far is rounding of f32 products: the Krylov space is exhausted.
const EXHAUSTED: f64 = 1e-6;

/// The tridiagonal matrix (α, β) of a map in the basis of a Krylov space, built step by step.
pub(super) struct Lanczos {
    basis: Basis,
    alpha: Vec<f64>,
    /// β\[j\] couples step j to step j + 1.
    beta: Vec<f64>,
    scale: f64,
    next: Option<Tensor>,
}

/// Eigenpairs of the tridiagonal matrix.
pub(super) struct Ritz {
    /// Ascending.
    pub values: Vec<f64>,
    /// Of each value, in the basis of the steps.
    pub vectors: Vec<Vec<f64>>,
    /// |β_m s_m|: the residual of each Ritz pair in exact arithmetic.
    pub residuals: Vec<f64>,
}

impl Lanczos {
    /// Starts from `v` ≠ 0 with room for `capacity` steps.
    pub fn new(v: &Tensor, capacity: usize) -> Result<Self, AnalysisError> {
        let next = Some(v.f_div_scalar(norm(v)?)?);
        Ok(Self { basis: Basis::new(v, capacity)?, alpha: Vec::new(), beta: Vec::new(), scale: 0.0, next })
    }

    pub fn steps(&self) -> usize {
        self.alpha.len()
    }

    /// Does one more product. `false` when the Krylov space is exhausted: it is invariant, and its Ritz values are eigenvalues.
    pub fn step(&mut self, map: &mut dyn Symmetric) -> Result<bool, AnalysisError> {
        let Some(v) = self.next.take() else { return Ok(false) };
        let image = map.apply(&v)?;
        let alpha = dot(&v, &image)?;
        if !alpha.is_finite() {
            return Err(AnalysisError::Invalid(format!("expected finite second derivatives, found vᵀHv = {alpha}")));
        }
        self.basis.push(&v)?;
        let rest = self.basis.orthogonalised(&image)?;
        let beta = norm(&rest)?;
        self.alpha.push(alpha);
        self.scale = self.scale.max(alpha.abs()).max(beta);
        if beta <= EXHAUSTED * self.scale {
            self.beta.push(0.0);
            return Ok(false);
        }
        self.beta.push(beta);
        // Where β is small, rounding of the subtraction is not: orthogonal again at unit length.
        let unit = self.basis.orthogonalised(&rest.f_div_scalar(beta)?)?;
        self.next = Some(unit.f_div_scalar(norm(&unit)?)?);
        Ok(true)
    }

    /// Continues in a direction outside of the exhausted space.
    pub fn restart(&mut self, v: &Tensor) -> Result<(), AnalysisError> {
        let rest = self.basis.orthogonalised(&v.f_div_scalar(norm(v)?)?)?;
        self.next = Some(rest.f_div_scalar(norm(&rest)?)?);
        Ok(())
    }

    /// Eigenpairs of the tridiagonal matrix so far (LAPACK on the CPU, f64).
    pub fn ritz(&self) -> Result<Ritz, AnalysisError> {
        let m = self.steps();
        let mut matrix = vec![0.0; m * m];
        for j in 0..m {
            matrix[j * m + j] = self.alpha[j];
            if j + 1 < m {
                matrix[(j + 1) * m + j] = self.beta[j];
                matrix[j * m + j + 1] = self.beta[j];
            }
        }
        let side = m as i64;
        let matrix = Tensor::f_from_slice(&matrix)?.f_view([side, side])?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
        let (values, vectors) = matrix.f_linalg_eigh("L")?;
        let vectors = vectors.f_transpose(0, 1)?.f_contiguous()?;
        let vectors = (0..side).map(|i| Ok(Vec::<f64>::try_from(&vectors.f_select(0, i)?)?)).collect::<Result<Vec<_>, AnalysisError>>()?;
        let last = self.beta.last().copied().unwrap_or(0.0);
        let residuals = vectors.iter().map(|s| (last * s.last().copied().unwrap_or(0.0)).abs()).collect();
        // Zero instead of −0.
        Ok(Ritz { values: Vec::<f64>::try_from(&values)?.iter().map(|value| value + 0.0).collect(), vectors, residuals })
    }

    /// The vector of the large space that a Ritz vector stands for, of length 1.
    pub fn lift(&self, coefficients: &[f64]) -> Result<Tensor, AnalysisError> {
        let v = self.basis.combination(coefficients)?;
        Ok(v.f_div_scalar(norm(&v)?)?)
    }
}

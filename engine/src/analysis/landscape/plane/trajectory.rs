//! The plane of a training run: principal components of the weights that it has kept.
//!
//! Only the N × N Gram matrix of the kept weights is ever whole; the weights pass through in blocks. As in tomgoldstein's
//! `projection.py` the components are those of sklearn's PCA (centred) of θ_k − θ_last.

use std::path::{Path, PathBuf};

use flatland::job::{Reporter, RunFolder};
use tch::{Kind, Tensor};

use super::super::super::AnalysisError;
use super::super::Directions;
use super::super::direction::{Direction, Part, tensor};
use super::weight_file::WeightFile;
use crate::model::Network;

/// Numbers of each checkpoint that are in memory at a time.
const BLOCK: usize = 1 << 16;
/// Smallest share of the first component's variance at which a second one is more than rounding.
const FLAT: f64 = 1e-9;

/// A run's plane.
pub struct Trajectory {
    /// The first two components, each as long as the trajectory reaches from its end: it lies within [−1, 1] along both.
    pub directions: Directions,
    /// Shares of the variance, descending.
    pub explained_variance: Vec<f64>,
    /// The kept weights in the order of training, named by epoch.
    pub files: Vec<(String, PathBuf)>,
}

impl Trajectory {
    /// # Errors
    /// [`AnalysisError::Cancelled`]; when the run has kept fewer than three checkpoints or ones that lie on a line (as far as the rounding of float32 tells), and when one cannot be
    /// read or is of another network.
    pub fn of_run(run: &Path, network: &Network, reporter: &mut dyn Reporter) -> Result<Self, AnalysisError> {
        let invalid = |message: String| AnalysisError::Invalid(format!("{message} ({})", run.display()));
        let kept = RunFolder::new(run).kept_weights().map_err(|error| invalid(error.to_string()))?;
        if kept.len() < 3 {
            let found = kept.len();
            return Err(invalid(format!(
                "expected a run with at least 3 kept checkpoints, found {found}: set `keep_every` in its run file"
            )));
        }
        let files: Vec<(String, PathBuf)> = kept.into_iter().map(|(epoch, path)| (format!("epoch {epoch}"), path)).collect();
        let mut weights = Blocks::open(&files, network)?;
        let n = files.len() as i64;
        let mut gram = Tensor::zeros([n, n], (Kind::Double, tch::Device::Cpu));
        weights.each(reporter, |_, block| {
            gram = gram.f_add(&block.f_matmul(&block.f_tr()?)?)?;
            Ok(())
        })?;
        let components = Components::of(&gram)?;
        // Rounding moves each checkpoint by about that much from where it would be.
        let rounding = n as f64 * (network.theta()?.norm()? / (1 << 23) as f64).powi(2);
        let [first, second] = [components.variance[0], components.variance[1]];
        if first <= rounding {
            return Err(invalid(
                "expected kept checkpoints that span a plane, found the same weights in all of them, up to rounding".into(),
            ));
        }
        if second <= rounding.max(FLAT * first) {
            return Err(invalid(format!(
                "expected kept checkpoints that span a plane, found them on one line up to rounding. For the loss along it add two of them \
                 to the session, for example those of {} and {}, and take the plane kind = \"line\" through these",
                files[0].0,
                files[files.len() - 1].0
            )));
        }
        let mut axes: [Vec<Part>; 2] = [Vec::new(), Vec::new()];
        weights.each(reporter, |name, block| {
            let values = components.mixture.f_matmul(block)?.f_to_kind(Kind::Float)?;
            for (k, parts) in axes.iter_mut().enumerate() {
                let values = Vec::<f32>::try_from(&values.f_get(k as i64)?)?;
                match parts.last_mut().filter(|part| part.name == name) {
                    Some(part) => part.values.extend(values),
                    None => parts.push(Part { name: name.into(), shape: Vec::new(), values }),
                }
            }
            Ok(())
        })?;
        for part in axes.iter_mut().flatten() {
            part.shape = tensor(network, &part.name)?.size().iter().map(|&n| n as usize).collect();
        }
        let [delta, eta] = axes.map(|parts| Direction { parts });
        let total: f64 = components.variance.iter().sum();
        let explained_variance = components.variance.iter().map(|variance| variance / total).collect();
        Ok(Self { directions: Directions::new(delta, eta, network), explained_variance, files })
    }
}

/// Principal components as mixtures of the differences θ_k − θ_last.
struct Components {
    /// Descending, ≥ 0, [N].
    variance: Vec<f64>,
    /// Rows δ and η as weights of the differences, [2, N].
    mixture: Tensor,
}

impl Components {
    /// From the Gram matrix of the differences, [N, N]: its centred form has the spectrum of the covariance (times N).
    fn of(gram: &Tensor) -> Result<Self, AnalysisError> {
        let n = gram.size()[0];
        let center = Tensor::f_eye(n, (Kind::Double, tch::Device::Cpu))?.f_sub_scalar(1.0 / n as f64)?;
        let (values, vectors) = center.f_matmul(gram)?.f_matmul(&center)?.f_linalg_eigh("L")?;
        let mut variance = Vec::<f64>::try_from(&values)?;
        variance.iter_mut().for_each(|value| *value = value.max(0.0));
        variance.reverse();
        let mut rows = Vec::new();
        for k in 0..2 {
            // A unit vector in weight space; entries of a centred eigenvector sum to zero, so differences need no centring.
            let row = vectors.f_select(1, n - 1 - k)?.f_div_scalar(variance[k as usize].sqrt().max(f64::MIN_POSITIVE))?;
            let reach = gram.f_mv(&row)?;
            let furthest = f64::try_from(reach.f_abs()?.f_max()?)?;
            // Eigenvectors have no sign: the first checkpoint lies on the positive side.
            let sign = if f64::try_from(reach.f_get(0)?)? < 0.0 { -1.0 } else { 1.0 };
            rows.push(row.f_mul_scalar(sign * furthest)?);
        }
        Ok(Self { variance, mixture: Tensor::f_stack(&rows, 0)? })
    }
}

/// The kept weights, parameter by parameter and block by block.
struct Blocks {
    files: Vec<WeightFile>,
    /// (name, numbers)
    tensors: Vec<(String, usize)>,
}

impl Blocks {
    fn open(files: &[(String, PathBuf)], network: &Network) -> Result<Self, AnalysisError> {
        let mut tensors = Vec::new();
        for name in network.parameter_names() {
            tensors.push((name.clone(), tensor(network, &name)?.numel()));
        }
        Ok(Self { files: files.iter().map(|(_, path)| WeightFile::open(path)).collect::<Result<_, _>>()?, tensors })
    }

    /// Calls `with` with each block of θ_k − θ_last, [N, numbers] f64.
    fn each(
        &mut self,
        reporter: &mut dyn Reporter,
        mut with: impl FnMut(&str, &Tensor) -> Result<(), AnalysisError>,
    ) -> Result<(), AnalysisError> {
        for (name, len) in &self.tensors {
            for from in (0..*len).step_by(BLOCK) {
                if reporter.cancelled() {
                    return Err(AnalysisError::Cancelled);
                }
                let numbers = BLOCK.min(len - from);
                let mut rows = Vec::new();
                for file in &mut self.files {
                    rows.push(Tensor::f_from_slice(&file.read(name, from, numbers)?)?.f_to_kind(Kind::Double)?);
                }
                let block = Tensor::f_stack(&rows, 0)?;
                let last = block.f_select(0, -1)?.f_unsqueeze(0)?;
                with(name, &block.f_sub(&last)?)?;
            }
        }
        Ok(())
    }
}

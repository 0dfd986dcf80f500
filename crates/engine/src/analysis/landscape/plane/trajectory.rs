//! The plane of a trajectory: principal components of its checkpoints.
//!
//! Only the N × N Gram matrix of the checkpoints is ever whole; the weights pass through in blocks. As in tomgoldstein's
//! `projection.py` the components are those of sklearn's PCA (centred) of θ_k − θ_last.

use std::path::PathBuf;

use flatland_core::job::{JobEvent, LandscapeJob, Reporter, TrajectoryFile, TrajectoryFiles};
use flatland_core::result::LeftOut;
use flatland_core::session;
use tch::{Kind, Tensor};

use super::super::super::AnalysisError;
use super::super::Directions;
use super::super::direction::{Direction, Part};
use super::trajectory_weights::TrajectoryWeights;
use crate::model::Network;

/// Smallest share of the first component's variance at which a second one is more than rounding.
const FLAT: f64 = 1e-9;

/// The plane along checkpoints.
pub struct Trajectory {
    /// The first two components, each as long as the trajectory reaches from its end: it lies within [−1, 1] along both.
    pub directions: Directions,
    /// Shares of the variance, descending.
    pub explained_variance: Vec<f64>,
    /// The checkpoints in order, each with what it is called.
    pub files: Vec<(String, PathBuf)>,
    /// What says the order; empty for a run.
    pub order: String,
    /// Files of the folder that do not count.
    pub left_out: Vec<LeftOut>,
}

impl Trajectory {
    /// # Errors
    /// [`AnalysisError::Cancelled`]; when there are fewer than three different checkpoints or ones that lie on a line, and when one cannot
    /// be read or is of another network.
    pub fn of(
        said: &session::Trajectory,
        network: &Network,
        job: &LandscapeJob,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, AnalysisError> {
        let found = TrajectoryFiles::of(said).map_err(AnalysisError::Invalid)?;
        let (order, doubt) = (found.order.clone(), found.doubt.clone());
        let mut weights = TrajectoryWeights::open(said, found, network, job, reporter)?;
        tell(&weights.left_out, doubt, &order, reporter);
        let here = || said.inputs().first().map_or_else(String::new, |(_, path)| path.display().to_string());
        let invalid = |message: String| AnalysisError::Invalid(format!("{message} ({})", here()));
        enough(&weights).map_err(invalid)?;
        let n = weights.files.len() as i64;
        let mut gram = Tensor::zeros([n, n], (Kind::Double, tch::Device::Cpu));
        weights.each(reporter, |_, block| {
            gram = gram.f_add(&block.f_matmul(&block.f_tr()?)?)?;
            Ok(())
        })?;
        let components = Components::of(&gram)?;
        // Rounding moves each checkpoint by about that much from where it would be.
        let rounding = n as f64 * (network.theta()?.norm()? / (1 << 23) as f64).powi(2);
        let [first, second] = [components.variance[0], components.variance[1]];
        let expected = "expected checkpoints that span a plane, found";
        if first <= rounding {
            return Err(invalid(format!("{expected} the same weights in all of them, up to rounding")));
        }
        if second <= rounding.max(FLAT * first) {
            return Err(invalid(format!("{expected} them on one line, up to rounding: for the line between two of them, kind = \"line\"")));
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
            part.shape = network.tensor(&part.name)?.size().iter().map(|&n| n as usize).collect();
        }
        let [delta, eta] = axes.map(|parts| Direction { parts });
        let total: f64 = components.variance.iter().sum();
        let explained_variance = components.variance.iter().map(|variance| variance / total).collect();
        let TrajectoryWeights { files, left_out, .. } = weights;
        let files = files.into_iter().map(|TrajectoryFile { name, path, .. }| (name, path)).collect();
        Ok(Self { directions: Directions::new(delta, eta, network), explained_variance, files, order, left_out })
    }
}

/// Tells what does not count, and why the order may be another.
fn tell(left_out: &[LeftOut], doubt: Option<String>, order: &str, reporter: &mut dyn Reporter) {
    const TOLD: usize = 8;
    if !left_out.is_empty() {
        let name = |file: &LeftOut| file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let told: Vec<String> = left_out.iter().take(TOLD).map(|file| format!("`{}` ({})", name(file), file.reason)).collect();
        let more = left_out.len().saturating_sub(TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        reporter.report(JobEvent::Warning { message: format!("left out of the trajectory: {}{more}", told.join(", ")) });
    }
    if let Some(doubt) = doubt {
        reporter.report(JobEvent::Warning { message: format!("the trajectory is ordered {order}: {doubt}") });
    }
}

/// Whether there are as many different checkpoints as a plane needs.
fn enough(weights: &TrajectoryWeights) -> Result<(), String> {
    let name = |k: usize| format!("`{}`", weights.files[k].path.file_name().unwrap_or_default().to_string_lossy());
    let (all, copies) = (weights.files.len(), weights.copies());
    let different = all - copies.len();
    if different >= 3 {
        return Ok(());
    }
    let told: Vec<String> = if copies.is_empty() {
        (0..all).map(name).collect()
    } else {
        copies.iter().take(4).map(|&(copy, first)| format!("{} holds the weights of {}", name(copy), name(first))).collect()
    };
    let files = if copies.is_empty() { String::new() } else { format!(" in {all} files") };
    let line = if different == 2 { "; for the line between two checkpoints, kind = \"line\"" } else { "" };
    let told = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
    Err(format!("expected a trajectory of at least 3 different checkpoints, found {different}{files}{told}{line}"))
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

#[cfg(test)]
mod tests;

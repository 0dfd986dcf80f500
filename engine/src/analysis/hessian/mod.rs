//! The Hessian of the mean cross-entropy at θ: extreme eigenpairs, trace, spectral density, all from exact products Hv.
//!
//! All trainable parameters move; BatchNorm is frozen (evaluation mode). Every number comes with what it is worth: eigenpairs with the
//! measured residual ‖Hv − λv‖ (some eigenvalue lies that near), the trace with a standard error over its probes, the density with its
//! probes apart. The products run in f32 and lose about six digits; dots and small eigenproblems run in f64.
//! Deliberately absent: Gauss-Newton and Fisher matrices, finite differences, blocks of H.

mod basis;
mod density;
mod eigenpairs;
mod lanczos;
mod product;
#[cfg(test)]
mod tests;
mod trace;

use std::path::Path;

use flatland::job::{HessianJob, Partial, ProgressMeter, Reporter, label_record};
use flatland::result::{Eigenvalue, HessianSpectrum, Npz, SpectralDensity, Trace};
use tch::Tensor;

use super::AnalysisError;
use super::flat::{norm, push_tensors, save_tensors};
use super::objective::Objective;
use crate::model::{Network, ParameterVector, Samples};
use density::add_probe;
pub(super) use density::quadrature;
use eigenpairs::KrylovSearch;
pub(super) use eigenpairs::{Eigenpair, Search, extremes};
pub(super) use product::HessianProduct;
pub(super) use trace::hutch_plus_plus;

/// A symmetric linear map of flat vectors.
pub(super) trait Symmetric {
    /// The zero vector: its length, kind and device are those of all vectors.
    fn zero(&self) -> Result<Tensor, AnalysisError>;

    /// The image of `v`.
    fn apply(&mut self, v: &Tensor) -> Result<Tensor, AnalysisError>;
}

/// Measures the Hessian of `network` on `samples` and writes `hessian.json` (and eigenvectors when asked) into `job.out`.
///
/// # Errors
/// When settings or labels are not as they must be, L(θ) or its derivatives are not finite, the job is cancelled, or a file cannot be
/// written.
pub fn run(network: &Network, samples: &Samples, job: &HessianJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let settings = &job.settings;
    settings.check().map_err(|message| AnalysisError::Invalid(format!("hessian: {message}")))?;
    let objective = Objective::new(network, samples)?;
    let zero = objective.zero()?;
    let (losses, gradient) = objective.gradient(&zero, reporter)?;
    let center_loss = losses.iter().sum::<f64>() / losses.len() as f64;
    let gradient_norm = norm(&gradient)?;
    if !(center_loss.is_finite() && gradient_norm.is_finite()) {
        return Err(AnalysisError::Invalid(format!(
            "the Hessian needs a finite loss and gradient at θ, found {center_loss} and {gradient_norm} on `{}`",
            samples.dataset.name
        )));
    }
    let (steps, probes) = settings.density.size();
    let parameters = zero.numel();
    let planned = settings.lanczos_steps.min(parameters) + settings.top + 1 + 3 * settings.trace_probes + steps.min(parameters) * probes;
    let meter = ProgressMeter::new("products", format!("Hessian on {}", samples.dataset.name), 0, planned as u64);
    let mut h = HessianProduct::new(&objective, &zero, None, meter, reporter);
    let mut partial = Partial::of(&job.out);
    let mut spectrum = HessianSpectrum {
        checkpoint: job.checkpoint.name.clone(),
        dataset: samples.dataset.name.clone(),
        center_loss,
        gradient_norm,
        theta_norm: objective.theta().norm()?,
        samples: samples.len(),
        labels: Some(label_record(&samples.dataset)),
        parameters,
        tensors: "all trainable parameters".into(),
        batch_norm: "frozen".into(),
        precision: "f32".into(),
        seed: job.seed,
        tolerance: settings.tolerance,
        ..HessianSpectrum::default()
    };

    let search = Search { top: settings.top, bottom: true, steps: settings.lanczos_steps, tolerance: settings.tolerance, seed: job.seed };
    let mut krylov = KrylovSearch::new(&h, &search)?;
    while krylov.step(&mut h)? {
        if let Some((top, lambda_min)) = krylov.so_far() {
            (spectrum.top, spectrum.lambda_min) = (top, lambda_min);
            partial.tell(h.reporter(), |folder| spectrum.save(folder));
        }
    }
    let found = krylov.finish(&mut h)?;
    let number = |pair: &Eigenpair| Eigenvalue { value: pair.value, residual: pair.residual };
    spectrum.top = found.top.iter().map(number).collect();
    spectrum.lambda_min = found.bottom.as_ref().map(number).unwrap_or_default();
    (spectrum.lanczos_steps, spectrum.converged) = (found.steps, found.converged);
    partial.tell(h.reporter(), |folder| spectrum.save(folder));
    h.skip_to((planned - 3 * settings.trace_probes - steps.min(parameters) * probes) as u64);

    if settings.trace_probes > 0 {
        spectrum.trace = Some(hutch_plus_plus(&mut h, settings.trace_probes, job.seed)?);
        partial.tell(h.reporter(), |folder| spectrum.save(folder));
    }
    if probes > 0 {
        let mut density = SpectralDensity { steps: steps.min(parameters), probes, ..SpectralDensity::default() };
        for _ in 0..probes {
            add_probe(&mut density, &mut h, job.seed)?;
            spectrum.density = Some(density.clone());
            partial.tell(h.reporter(), |folder| spectrum.save(folder));
        }
    }
    spectrum.products = h.products();

    if job.save_eigenvectors {
        save_eigenvectors(objective.theta(), &found.top, found.bottom.as_ref(), &job.out)?;
    }
    check_finite(&spectrum)?;
    Ok(spectrum.save(&job.out)?)
}

fn check_finite(spectrum: &HessianSpectrum) -> Result<(), AnalysisError> {
    let values = spectrum.top.iter().chain([&spectrum.lambda_min]).flat_map(|e| [e.value, e.residual]);
    let trace = spectrum.trace.iter().flat_map(|Trace { value, std_error, .. }| [*value, *std_error]);
    let nodes = spectrum.density.iter().flat_map(|SpectralDensity { nodes, .. }| nodes.iter().flatten().copied());
    match values.chain(trace).chain(nodes).find(|value| !value.is_finite()) {
        Some(value) => Err(AnalysisError::Invalid(format!("expected finite second derivatives at θ, found {value}"))),
        None => Ok(()),
    }
}

/// `eigenvector_<k>.npz` (k from 1, in descending order of the eigenvalues), `eigenvector_min.npz`, and `directions.npz`: the plane of
/// the first two for `flatland landscape --directions`. Eigenvectors have unit length and so do δ and η: α and β are distances in
/// parameter space, comparable with ρ of the plain l2 sharpness. The entry of largest magnitude is positive.
fn save_eigenvectors(theta: &ParameterVector, top: &[Eigenpair], bottom: Option<&Eigenpair>, out: &Path) -> Result<(), AnalysisError> {
    for (k, pair) in top.iter().enumerate() {
        save_tensors(theta, &pair.vector, &out.join(format!("eigenvector_{}.npz", k + 1)))?;
    }
    if let Some(pair) = bottom {
        save_tensors(theta, &pair.vector, &out.join("eigenvector_min.npz"))?;
    }
    if let [first, second, ..] = top {
        let mut npz = Npz::default();
        push_tensors(&mut npz, "delta/", theta, &first.vector)?;
        push_tensors(&mut npz, "eta/", theta, &second.vector)?;
        npz.save(&out.join("directions.npz"))?;
    }
    Ok(())
}

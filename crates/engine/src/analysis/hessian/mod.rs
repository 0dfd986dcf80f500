//! The Hessian of the mean loss at θ: extreme eigenpairs, trace, spectral density, all from exact products Hv.
//!
//! All trainable parameters move, or those of some layers, and also those of each layer alone; BatchNorm is frozen (evaluation mode). Every
//! number comes with its uncertainty: eigenpairs with the measured residual ‖Hv − λv‖ (some eigenvalue lies that near), the trace with a standard error over its probes, the density with its
//! probes apart. The products run in f32 and lose about six digits; dots and small eigenproblems run in f64.
//! Not here: Gauss-Newton and Fisher matrices, finite differences, blocks of H off its diagonal.

mod basis;
mod density;
mod eigenpairs;
mod lanczos;
mod per_layer;
#[cfg(test)]
mod per_layer_tests;
mod product;
#[cfg(test)]
mod tests;
mod trace;

use std::path::Path;

use flatland_core::job::{HessianJob, JobEvent, Partial, ProgressMeter, Reporter, label_record, unreadable_images};
use flatland_core::result::{Eigenvalue, HessianSpectrum, Npz, SpectralDensity, Trace};
use tch::Tensor;

use super::flat::{embedded, norm, push_tensors, save_tensors};
use super::objective::Objective;
use super::{AnalysisError, Loss, layers};
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

/// Measures the Hessian of `network` on `samples` and writes `hessian.json` (and eigenvectors on request) into `job.out`.
///
/// # Errors
/// When settings or labels are not as they must be, L(θ) or its derivatives are not finite, the job is cancelled, or a file cannot be
/// written.
pub fn run(network: &Network, samples: &Samples, job: &HessianJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let settings = &job.settings;
    settings.check().map_err(|message| AnalysisError::Invalid(format!("hessian: {message}")))?;
    let names = layers::chosen(&settings.layers, network.parameter_names(), ["hessian", "layers"])?;
    let layers = if settings.per_layer { layers::of(&names) } else { Vec::new() };
    let objective = Objective::of(network, samples, Loss(settings.loss), &names)?;
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
    let whole = settings.lanczos_steps.min(parameters) + settings.top + 1 + 3 * settings.trace_probes + steps.min(parameters) * probes;
    let planned = whole + per_layer::products(settings, layers.len());
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
        tensors: if settings.layers.is_empty() {
            "all trainable parameters".into()
        } else {
            format!("parameters that match {}", settings.layers.join(", "))
        },
        loss: settings.loss.description(),
        batch_norm: "frozen".into(),
        precision: "f32".into(),
        seed: job.seed,
        tolerance: settings.tolerance,
        unreadable: unreadable_images(&samples.dataset),
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
    h.skip_to((whole - 3 * settings.trace_probes - steps.min(parameters) * probes) as u64);

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
    h.skip_to(whole as u64);
    if !layers.is_empty() {
        let traces = per_layer::traces(&mut h, objective.theta(), &layers, settings, job.seed)?;
        for (layer, trace) in layers.iter().zip(traces) {
            let part = Objective::of(network, samples, Loss(settings.loss), &layer.parameters)?;
            spectrum.layers.push(per_layer::curvature(&mut h, &part, layer, trace, &search)?);
            partial.tell(h.reporter(), |folder| spectrum.save(folder));
        }
    }
    spectrum.products = h.products();
    spectrum.warning = vanished(&spectrum);
    if let Some(message) = &spectrum.warning {
        h.reporter().report(JobEvent::Warning { message: message.clone() });
    }

    if job.save_eigenvectors {
        let embed = |pair: &Eigenpair| embedded(network, objective.theta(), &pair.vector);
        let top = found.top.iter().map(|pair| Ok((pair, embed(pair)?))).collect::<Result<Vec<_>, AnalysisError>>()?;
        save_eigenvectors(&top, found.bottom.as_ref().map(embed).transpose()?.as_ref(), &job.out)?;
        if let Some(message) = no_plane(&spectrum) {
            reporter.report(JobEvent::Warning { message });
        }
    }
    check_finite(&spectrum)?;
    Ok(spectrum.save(&job.out)?)
}

/// A note for H = 0 in float32, as the loss itself rarely has no curvature at all.
fn vanished(spectrum: &HessianSpectrum) -> Option<String> {
    let flat = spectrum.top.iter().chain([&spectrum.lambda_min]).all(|pair| pair.value == 0.0 && pair.residual == 0.0);
    flat.then(|| {
        let slope = if spectrum.gradient_norm == 0.0 { " and so is the gradient, as where logits are saturated" } else { "" };
        format!(
            "the Hessian at θ is zero in float32{slope}: eigenvalues of 0 are no measure of flatness, and their eigenvectors are arbitrary"
        )
    })
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

/// Whether an eigenvalue other than 0 lies within `residual` of `value`: otherwise the vector is arbitrary.
fn is_told_from_zero(value: f64, residual: f64) -> bool {
    value.abs() > residual
}

/// Why there is no plane of the first two eigenvectors.
fn no_plane(spectrum: &HessianSpectrum) -> Option<String> {
    let why = match spectrum.top.as_slice() {
        [first, second, ..] => {
            let arbitrary = [(1, first), (2, second)].into_iter().find(|(_, pair)| !is_told_from_zero(pair.value, pair.residual));
            let (k, pair) = arbitrary?;
            format!(
                "λ{k} = {:.1e} cannot be distinguished from 0 with its residual of {:.1e}, so that its eigenvector is arbitrary",
                pair.value + 0.0,
                pair.residual
            )
        }
        found => format!("expected two eigenvectors, found {}: set `top` to 2 or more", found.len()),
    };
    Some(format!("directions.npz, the plane of the first two eigenvectors, is not written: {why}"))
}

/// `eigenvector_<k>.npz` (k from 1, in descending order of the eigenvalues), `eigenvector_min.npz`, and `directions.npz`: the plane of
/// the first two for `flatland landscape --directions`. Eigenvectors have unit length and so do δ and η: α and β are distances in
/// parameter space, comparable with ρ of the plain l2 sharpness. The entry of largest magnitude is positive.
fn save_eigenvectors(top: &[(&Eigenpair, ParameterVector)], bottom: Option<&ParameterVector>, out: &Path) -> Result<(), AnalysisError> {
    for (k, (_, vector)) in top.iter().enumerate() {
        save_tensors(vector, vector.flat(), &out.join(format!("eigenvector_{}.npz", k + 1)))?;
    }
    if let Some(vector) = bottom {
        save_tensors(vector, vector.flat(), &out.join("eigenvector_min.npz"))?;
    }
    if let [(first, delta), (second, eta), ..] = top
        && [first, second].into_iter().all(|pair| is_told_from_zero(pair.value, pair.residual))
    {
        let mut npz = Npz::default();
        push_tensors(&mut npz, "delta/", delta, delta.flat())?;
        push_tensors(&mut npz, "eta/", eta, eta.flat())?;
        npz.save(&out.join("directions.npz"))?;
    }
    Ok(())
}

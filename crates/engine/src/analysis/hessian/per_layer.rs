//! Blocks on the diagonal of H: the Hessian by the parameters of one layer alone.
//!
//! Eigenvalues come from products with the block. Traces of all blocks come from the same products with H: with random signs v over all
//! parameters, the part of v·Hv within a layer has the trace of its block as its mean, for what the other layers send into it is
//! multiplied by signs of the layer's own (Hutchinson 1990).

use flatland_core::metric::mean_std_error;
use flatland_core::result::{Eigenvalue, LayerCurvature, Trace};
use flatland_core::session::HessianSettings;
use tch::Kind;

use super::product::HessianProduct;
use super::{Search, Symmetric, extremes};
use crate::analysis::AnalysisError;
use crate::analysis::flat::{draws, signs};
use crate::analysis::layers::Layer;
use crate::analysis::objective::Objective;
use crate::model::ParameterVector;

/// Random signs for the traces: as many products as Hutch++ takes for the whole.
fn probes(settings: &HessianSettings) -> usize {
    3 * settings.trace_probes
}

/// Products with H and with its blocks, at most.
pub(super) fn products(settings: &HessianSettings, layers: usize) -> usize {
    if layers == 0 { 0 } else { probes(settings) + layers * (settings.lanczos_steps + 1) }
}

/// The trace of each layer's block, from products with all of H; `None` where no trace is asked for.
pub(super) fn traces(
    h: &mut HessianProduct<'_>,
    theta: &ParameterVector,
    layers: &[Layer<'_>],
    settings: &HessianSettings,
    seed: u64,
) -> Result<Vec<Option<Trace>>, AnalysisError> {
    if settings.trace_probes == 0 {
        return Ok(vec![None; layers.len()]);
    }
    let zero = h.zero()?;
    let mut values = vec![Vec::with_capacity(probes(settings)); layers.len()];
    for k in 0..probes(settings) {
        let v = signs(&zero, &mut draws("trace of layers", seed, k))?;
        let products = v.f_mul(&h.apply(&v)?)?.f_to_kind(Kind::Double)?;
        for (layer, values) in layers.iter().zip(&mut values) {
            let mut sum = 0.0;
            for (_, shape, offset) in theta.layout().entries.iter().filter(|(name, ..)| layer.parameters.contains(name)) {
                sum += f64::try_from(products.f_narrow(0, *offset, shape.iter().product())?.f_sum(Kind::Double)?)?;
            }
            values.push(sum);
        }
    }
    let trace = |values: &Vec<f64>| {
        let (value, std_error) = mean_std_error(values).unwrap_or((f64::NAN, f64::NAN));
        Some(Trace { value, std_error, probes: values.len() })
    };
    Ok(values.iter().map(trace).collect())
}

/// λ_max of the block of `layer` with the objective `part`; `h` counts and reports the products.
pub(super) fn curvature(
    h: &mut HessianProduct<'_>,
    part: &Objective<'_>,
    layer: &Layer<'_>,
    trace: Option<Trace>,
    search: &Search,
) -> Result<LayerCurvature, AnalysisError> {
    let zero = part.zero()?;
    let Search { steps, tolerance, seed, .. } = *search;
    let found = extremes(&mut h.of(part, &zero), &Search { top: 1, bottom: false, steps, tolerance, seed })?;
    let lambda_max = found.top.first().map(|pair| Eigenvalue { value: pair.value, residual: pair.residual }).unwrap_or_default();
    Ok(LayerCurvature {
        name: layer.name.to_owned(),
        parameters: zero.numel(),
        theta_norm: part.theta().norm()?,
        lambda_max,
        converged: found.converged,
        trace,
    })
}

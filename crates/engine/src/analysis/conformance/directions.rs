//! Random directions: their draws, their scaling, their angle, and the definitions of other tools.

use flatland_core::metric::{error_of_largest, largest_error, largest_relative_error};
use flatland_core::result::{Checks, Definition};
use flatland_core::session::{DirectionRule, DirectionSettings, Law, OneDimensional, Orthogonalization, Preset, Scaling};
use tch::{Device, Tensor};

use super::super::values::values;
use super::subjects::convolutional;
use crate::analysis::AnalysisError;
use crate::analysis::landscape::{Direction, Directions};
use crate::model::Network;

const SEED: u64 = 7;
/// Directions are rounded to float32.
const F32: f64 = 1e-6;

/// A tensor of an axis beside its weight, f64.
#[derive(Clone, Debug)]
struct Part {
    shape: Vec<usize>,
    weight: Vec<f64>,
    d: Vec<f64>,
}

/// Checks on a ResNet-20 and on a small network all of whose tensors move.
pub(super) fn checks(checks: &mut Checks) -> Result<(), AnalysisError> {
    let network = Network::random("resnet20", 10, 1, Device::Cpu)?;
    li2018(checks, &network)?;
    draws(checks, &network)?;
    scalings(checks)?;
    presets(checks)
}

fn li2018(checks: &mut Checks, network: &Network) -> Result<(), AnalysisError> {
    let li = "Li et al. 2018, section 4; tomgoldstein/loss-landscape, net_plotter.py";
    let directions = Directions::li2018(network, SEED)?;
    let both = [parts(network, &directions.delta)?, parts(network, &directions.eta)?].concat();
    checks.add(
        Definition::new("li2018: filter norms", "‖δ_i‖₂ = ‖w_i‖₂ for every output index i of a tensor with ≥ 2 dimensions", li),
        "norms of the 2 × 698 filters of a ResNet-20",
        "‖w_i‖₂",
        largest_relative_error(both.iter().filter(|part| part.shape.len() > 1).flat_map(Part::filter_norms)),
        F32,
    );
    let flat = both.iter().filter(|part| part.shape.len() < 2).flat_map(|part| &part.d);
    checks.add(
        Definition::new("li2018: 1-D tensors", "δ = η = 0 for biases and BatchNorm", li),
        "the largest entry",
        "",
        flat.fold(0.0, |largest: f64, x| largest.max(x.abs())),
        0.0,
    );
    let settings = DirectionSettings { orthogonal: Some(true), ..DirectionSettings::default() };
    let directions = Directions::random(network, &settings.rule(), SEED)?;
    let (delta, eta) = (parts(network, &directions.delta)?, parts(network, &directions.eta)?);
    let axes = || delta.iter().zip(&eta).filter(|(part, _)| part.shape.len() > 1);
    let cosines = axes().flat_map(|(a, b)| a.filters().zip(b.filters()).map(|(a, b)| dot(a, b) / norm(a) / norm(b)).collect::<Vec<_>>());
    let own = "per-filter Gram-Schmidt; docs/landscape.md";
    checks.add(
        Definition::new("orthogonal = true: right angle", "⟨δ_i, η_i⟩ = 0 in every filter, so ⟨δ, η⟩ = 0", own),
        "the largest |cos| of all filters",
        "‖δ_i‖‖η_i‖",
        cosines.fold(0.0, |largest: f64, cosine| largest.max(cosine.abs())),
        F32,
    );
    checks.add(
        Definition::new("orthogonal = true: filter norms", "‖η_i‖₂ = ‖w_i‖₂ as before", own),
        "norms of the filters",
        "‖w_i‖₂",
        largest_relative_error(axes().flat_map(|(_, eta)| eta.filter_norms())),
        F32,
    );
    Ok(())
}

fn draws(checks: &mut Checks, network: &Network) -> Result<(), AnalysisError> {
    let normal = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    type Distribution<'a> = &'a dyn Fn(f64) -> f64;
    let laws: [(&str, Law, Distribution<'_>); 2] = [("N(0, 1)", Law::Normal, &normal), ("U[0, 1)", Law::Uniform, &|x| x)];
    for (name, law, distribution) in laws {
        let raw = Directions::random(network, &raw(law), SEED)?;
        let mut values: Vec<f64> = parts(network, &raw.delta)?.into_iter().flat_map(|part| part.d).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let steps = values.iter().enumerate().map(|(k, &x)| {
            let expected = distribution(x);
            (expected - k as f64 / n).abs().max((expected - (k as f64 + 1.0) / n).abs())
        });
        checks.add(
            Definition::new(
                format!("Draws {name}"),
                format!("entries are independent {name}"),
                "a generator keyed by (seed, axis, tensor name)",
            ),
            "Kolmogorov-Smirnov distance of 269,722 draws; its 1 % quantile is 1.63/√n",
            "",
            steps.fold(0.0, f64::max),
            1.63 / n.sqrt(),
        );
    }
    let (one, other) = (Directions::random(network, &raw(Law::Normal), SEED)?, Network::random("resnet20", 10, 2, Device::Cpu)?);
    let (one, other) = (parts(network, &one.delta)?, parts(&other, &Directions::random(&other, &raw(Law::Normal), SEED)?.delta)?);
    let different = one.iter().zip(&other).flat_map(|(a, b)| a.d.iter().zip(&b.d)).filter(|(a, b)| a != b).count();
    checks.add(
        Definition::new("Shared draws", "checkpoints of one architecture get the same draws", ""),
        "entries that differ between two networks with other weights",
        "",
        different as f64,
        0.0,
    );
    Ok(())
}

fn scalings(checks: &mut Checks) -> Result<(), AnalysisError> {
    let network = subject()?;
    type Rule = (&'static str, Scaling, &'static str, fn(&mut Part));
    let scalings: [Rule; 6] = [
        (
            "filter",
            Scaling::Filter,
            "each output index of d gets the norm of the weight's; a 1-D tensor as a whole",
            Part::by_filter_or_whole,
        ),
        ("layer", Scaling::Layer, "each tensor of d gets the norm of the weight's", Part::by_layer),
        ("weight", Scaling::Weight, "d · w, entry by entry", Part::by_weight),
        ("none", Scaling::None, "d as drawn", |_| {}),
        ("across_outputs", Scaling::AcrossOutputs, "entries across outputs get the norm of the weight's", Part::across_or_whole),
        ("unit_rms", Scaling::UnitRms, "each tensor gets root mean square 1", Part::unit_rms),
    ];
    for (name, scaling, formula, scale) in scalings {
        let rule = DirectionRule { normalization: scaling, ..raw(Law::Normal) };
        let [delta, eta] = drawn(&network, Law::Normal)?;
        let expected = [delta, eta].map(|axis| {
            axis.into_iter().map(|mut part| {
                scale(&mut part);
                part
            })
        });
        compare(
            checks,
            Definition::new(format!("normalization = \"{name}\""), formula, "docs/landscape.md"),
            &network,
            &rule,
            expected.map(Iterator::collect),
        )?;
    }
    Ok(())
}

fn presets(checks: &mut Checks) -> Result<(), AnalysisError> {
    let network = subject()?;
    for preset in
        [Preset::Li2018, Preset::Tomgoldstein, Preset::LossLandscapes, Preset::Lla, Preset::Landscaper, Preset::Xxxnell, Preset::Pascalsun]
    {
        let rule = DirectionSettings { preset, ..DirectionSettings::default() }.rule();
        let [mut delta, mut eta] = drawn(&network, rule.law)?;
        let formula = other_tool(preset, &mut delta, &mut eta);
        let definition = Definition::new(format!("preset = \"{}\"", preset.key()), formula, "that tool's code; docs/landscape.md");
        compare(checks, definition, &network, &rule, [delta, eta])?;
    }
    Ok(())
}

/// Computes the directions of a tool from draws by its own rule over all tensors, and names the rule.
fn other_tool(preset: Preset, delta: &mut [Part], eta: &mut [Part]) -> &'static str {
    match preset {
        Preset::Li2018 => {
            each(delta, eta, |part| if part.shape.len() < 2 { part.d.fill(0.0) } else { part.by_filter() });
            "N(0, 1), filters, 1-D tensors 0"
        }
        Preset::Tomgoldstein => {
            each(delta, eta, |part| if part.shape.len() < 2 { part.d.clone_from(&part.weight) } else { part.by_filter() });
            "N(0, 1), filters, 1-D tensors d = w"
        }
        Preset::LossLandscapes => {
            subtract(delta, eta, true);
            each(delta, eta, |part| {
                if part.shape.len() < 2 {
                    part.d.iter_mut().zip(&part.weight).for_each(|(d, w)| *d = if *d < 0.0 { -w.abs() } else { w.abs() });
                } else {
                    part.by_filter();
                }
            });
            as_long_as_theta(delta);
            as_long_as_theta(eta);
            "U[0, 1), draws orthogonal, filters, 1-D tensors ±|w|, then ‖θ‖ as a whole"
        }
        Preset::Lla => {
            subtract(delta, eta, true);
            each(delta, eta, Part::by_filter_or_whole);
            "U[0, 1), draws orthogonal, filters, 1-D tensors as a vector"
        }
        Preset::Landscaper => {
            subtract(delta, eta, false);
            each(delta, eta, Part::unit_rms);
            as_long_as_theta(delta);
            as_long_as_theta(eta);
            "N(0, 1), η − ⟨η, δ⟩δ undivided, unit RMS, then ‖θ‖ as a whole"
        }
        Preset::Xxxnell => {
            each(delta, eta, |part| if part.shape.len() < 2 { part.d.fill(0.0) } else { part.across_outputs() });
            "N(0, 1), norms across outputs, 1-D tensors 0"
        }
        Preset::Pascalsun => {
            each(delta, eta, Part::by_layer);
            subtract(delta, eta, false);
            eta.iter_mut().for_each(Part::by_layer);
            "N(0, 1), whole tensors, η − ⟨η, δ⟩δ undivided, scaled again"
        }
    }
}

fn each(delta: &mut [Part], eta: &mut [Part], scale: impl Fn(&mut Part)) {
    delta.iter_mut().chain(eta).for_each(scale);
}

/// η − ⟨η, δ⟩ δ over all tensors, over ⟨δ, δ⟩ where `divided`.
fn subtract(delta: &[Part], eta: &mut [Part], divided: bool) {
    let over = |a: &[Part], b: &[Part]| a.iter().zip(b).map(|(a, b)| dot(&a.d, &b.d)).sum::<f64>();
    let along = over(delta, eta) / if divided { over(delta, delta) } else { 1.0 };
    for (part, other) in eta.iter_mut().zip(delta) {
        part.d.iter_mut().zip(&other.d).for_each(|(e, d)| *e -= along * d);
    }
}

fn as_long_as_theta(axis: &mut [Part]) {
    let length = |of: &dyn Fn(&Part) -> f64| axis.iter().map(of).sum::<f64>().sqrt();
    let by = length(&|part| dot(&part.weight, &part.weight)) / length(&|part| dot(&part.d, &part.d));
    axis.iter_mut().flat_map(|part| &mut part.d).for_each(|d| *d *= by);
}

fn compare(
    checks: &mut Checks,
    definition: Definition,
    network: &Network,
    rule: &DirectionRule,
    expected: [Vec<Part>; 2],
) -> Result<(), AnalysisError> {
    let found = Directions::random(network, rule, SEED)?;
    let mut errors = Vec::new();
    for (axis, expected) in [&found.delta, &found.eta].into_iter().zip(&expected) {
        for (part, expected) in parts(network, axis)?.iter().zip(expected) {
            errors.push(error_of_largest(&part.d, &expected.d));
        }
    }
    let against = "the rule over all tensors of a small network in float64, from the same draws";
    checks.add(definition, against, "the largest entry of a tensor", largest_error(errors), 1e-5);
    Ok(())
}

/// Conv, BatchNorm and affine map, with a bias that is not 0.
fn subject() -> Result<Network, AnalysisError> {
    let mut network = convolutional(3, 5)?;
    network.tensors.insert("fc.bias".into(), Tensor::f_from_slice(&[0.3f32, -0.7, 0.2])?);
    Ok(network)
}

/// Everything moves, by the draws.
fn raw(law: Law) -> DirectionRule {
    DirectionRule {
        law,
        normalization: Scaling::None,
        one_dimensional: OneDimensional::Vector,
        bias: true,
        batch_norm: true,
        orthogonalization: Orthogonalization::None,
        model_length: false,
        layers: Vec::new(),
        filters: Vec::new(),
    }
}

fn drawn(network: &Network, law: Law) -> Result<[Vec<Part>; 2], AnalysisError> {
    let raw = Directions::random(network, &raw(law), SEED)?;
    Ok([parts(network, &raw.delta)?, parts(network, &raw.eta)?])
}

/// The tensors of an axis in the order of the state dict.
fn parts(network: &Network, direction: &Direction) -> Result<Vec<Part>, AnalysisError> {
    let tensors = direction.tensors(Device::Cpu)?;
    let mut parts = Vec::new();
    for name in network.parameter_names() {
        let (Some(d), Some(weight)) = (tensors.get(&name), network.tensors.get(&name)) else { continue };
        parts.push(Part { shape: d.size().iter().map(|&n| n as usize).collect(), weight: values(weight)?, d: values(d)? });
    }
    Ok(parts)
}

impl Part {
    fn row(&self) -> usize {
        self.d.len() / self.shape[0]
    }

    fn filters(&self) -> impl Iterator<Item = &[f64]> {
        self.d.chunks(self.row())
    }

    /// Of δ and of the weight.
    fn filter_norms(&self) -> Vec<(f64, f64)> {
        self.filters().zip(self.weight.chunks(self.row())).map(|(d, w)| (norm(d), norm(w))).collect()
    }

    fn by_filter(&mut self) {
        let row = self.row();
        for (d, w) in self.d.chunks_mut(row).zip(self.weight.chunks(row)) {
            let by = norm(w) / norm(d);
            d.iter_mut().for_each(|d| *d *= by);
        }
    }

    fn by_layer(&mut self) {
        let by = norm(&self.weight) / norm(&self.d);
        self.d.iter_mut().for_each(|d| *d *= by);
    }

    fn by_weight(&mut self) {
        self.d.iter_mut().zip(&self.weight).for_each(|(d, w)| *d *= w);
    }

    fn unit_rms(&mut self) {
        let by = 1.0 / (dot(&self.d, &self.d) / self.d.len() as f64).sqrt();
        self.d.iter_mut().for_each(|d| *d *= by);
    }

    fn across_outputs(&mut self) {
        let row = self.row();
        for k in 0..row {
            let column = |values: &[f64]| norm(&values.iter().skip(k).step_by(row).copied().collect::<Vec<_>>());
            let by = column(&self.weight) / column(&self.d);
            self.d.iter_mut().skip(k).step_by(row).for_each(|d| *d *= by);
        }
    }

    fn by_filter_or_whole(&mut self) {
        if self.shape.len() < 2 { self.by_layer() } else { self.by_filter() }
    }

    fn across_or_whole(&mut self) {
        if self.shape.len() < 2 { self.by_layer() } else { self.across_outputs() }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

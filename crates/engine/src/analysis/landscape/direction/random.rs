//! Random directions by a [`DirectionRule`].

use std::collections::HashSet;

use flatland_core::session::{DirectionRule, Filter, Orthogonalization};

use super::super::super::values::values_f32;
use super::super::super::{AnalysisError, layers};
use super::filters::Filters;
use super::scaling::{orthogonalize, ratio, scale, units};
use super::{AXES, Direction, Directions, Part, draw};
use crate::model::{Network, Op, give_back_memory_after};

/// A tensor that the directions may move.
struct Slot {
    name: String,
    shape: Vec<usize>,
    filter: Option<Filter>,
    moves: bool,
}

impl Slot {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Draws of a tensor of an axis: (axis, name, number).
pub type Draws<'a> = &'a dyn Fn(&str, &str, usize) -> Vec<f64>;

/// The directions of `rule` at the weights of `network`, drawn with `seed`.
///
/// # Errors
/// When a glob is none or matches no parameter, when nothing moves, or when libtorch fails.
pub fn random(network: &Network, rule: &DirectionRule, seed: u64) -> Result<Directions, AnalysisError> {
    of_draws(network, rule, &|axis, name, n| draw::draws(rule.law, seed, axis, name, n))
}

/// The η of `rule` for a δ that is not random; orthogonal to it in each unit of the scaling where the rule requires that.
///
/// # Errors
/// As [`random`].
pub fn random_eta(network: &Network, rule: &DirectionRule, seed: u64, delta: &Direction) -> Result<Direction, AnalysisError> {
    let drawn = DirectionRule { orthogonalization: Orthogonalization::None, ..rule.clone() };
    let mut eta = random(network, &drawn, seed)?.eta;
    if rule.orthogonalization == Orthogonalization::PerUnit {
        let filters = filters(network, rule)?;
        for part in &mut eta.parts {
            let Some(other) = delta.parts.iter().find(|other| other.name == part.name) else { continue };
            let mut values = f64s(&part.values);
            let units = units(rule.normalization, filters.of(&part.name), &part.shape);
            orthogonalize(&units, &f64s(&other.values), &mut values);
            part.values = f32s(&values);
        }
    }
    Ok(eta)
}

/// The same of any draws.
pub fn of_draws(network: &Network, rule: &DirectionRule, draws: Draws) -> Result<Directions, AnalysisError> {
    let slots = slots(network, rule)?;
    if !slots.iter().any(|slot| slot.moves) {
        return Err(AnalysisError::Invalid(format!(
            "expected directions that move a tensor, found that none may: layers {:?}, bias = {}, batch_norm = {}{}",
            rule.layers,
            rule.bias,
            rule.batch_norm,
            rule.filters.iter().map(|choice| format!(", {}", choice.label())).collect::<String>()
        )));
    }
    let along = along(rule, &slots, draws);
    let (mut delta, mut eta, mut still) = (Vec::new(), Vec::new(), 0);
    // One tensor and one axis at a time: the draws of a large tensor take megabytes in f64.
    for slot in slots {
        let part = |values: Vec<f32>| Part { name: slot.name.clone(), shape: slot.shape.clone(), values };
        if !slot.moves {
            delta.push(part(vec![0.0; slot.len()]));
            eta.push(part(vec![0.0; slot.len()]));
            continue;
        }
        let weight = values_f32(network.tensor(&slot.name)?)?;
        let drawn = |axis: usize| draws(AXES[axis], &slot.name, slot.len());
        let scaled = |mut values: Vec<f64>| {
            scale(rule, slot.filter, &slot.shape, &weight, &mut values);
            values
        };
        let d = scaled(drawn(0));
        delta.push(part(f32s(&d)));
        let d = (rule.orthogonalization == Orthogonalization::PerUnit).then_some(d);
        let mut e = drawn(1);
        if along != 0.0 {
            e.iter_mut().zip(drawn(0)).for_each(|(e, d)| *e -= along * d);
        }
        let mut e = scaled(e);
        drop(weight);
        if let Some(d) = d {
            still += orthogonalize(&units(rule.normalization, slot.filter, &slot.shape), &d, &mut e);
        }
        eta.push(part(f32s(&e)));
        drop(e);
        give_back_memory_after(slot.len());
    }
    let mut directions = Directions { delta: Direction { parts: delta }, eta: Direction { parts: eta }, still };
    if rule.orthogonalization == Orthogonalization::ScaledUndivided {
        subtract_undivided(network, rule, &mut directions)?;
    }
    if rule.model_length {
        let theta = network.theta()?.norm()?;
        directions.delta.scale(ratio(theta, directions.delta.norm()));
        directions.eta.scale(ratio(theta, directions.eta.norm()));
    }
    Ok(directions)
}

/// The multiple of δ's draws that is subtracted from η's.
fn along(rule: &DirectionRule, slots: &[Slot], draws: Draws) -> f64 {
    let divided = match rule.orthogonalization {
        Orthogonalization::Draws => true,
        Orthogonalization::DrawsUndivided => false,
        Orthogonalization::None | Orthogonalization::PerUnit | Orthogonalization::ScaledUndivided => return 0.0,
    };
    let (mut dot, mut square) = (0.0, 0.0);
    for slot in slots.iter().filter(|slot| slot.moves) {
        let (d, e) = (draws(AXES[0], &slot.name, slot.len()), draws(AXES[1], &slot.name, slot.len()));
        dot += d.iter().zip(&e).map(|(d, e)| d * e).sum::<f64>();
        square += d.iter().map(|d| d * d).sum::<f64>();
    }
    if divided { ratio(dot, square) } else { dot }
}

/// η − ⟨η, δ⟩ δ, scaled again.
fn subtract_undivided(network: &Network, rule: &DirectionRule, directions: &mut Directions) -> Result<(), AnalysisError> {
    let (dot, filters) = (directions.dot(), filters(network, rule)?);
    for (eta, delta) in directions.eta.parts.iter_mut().zip(&directions.delta.parts) {
        let weight = values_f32(network.tensor(&eta.name)?)?;
        let mut values: Vec<f64> = eta.values.iter().zip(&delta.values).map(|(&e, &d)| f64::from(e) - dot * f64::from(d)).collect();
        scale(rule, filters.of(&eta.name), &eta.shape, &weight, &mut values);
        eta.values = f32s(&values);
    }
    Ok(())
}

fn f32s(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

fn f64s(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Every parameter, and whether `rule` moves it.
fn slots(network: &Network, rule: &DirectionRule) -> Result<Vec<Slot>, AnalysisError> {
    let shapes = shapes(network)?;
    let names = shapes.iter().map(|(name, _)| name.clone()).collect();
    let chosen: HashSet<String> = layers::chosen(&rule.layers, names, ["landscape.directions", "layers"])?.into_iter().collect();
    let batch_norm: HashSet<String> = (network.graph.nodes.iter())
        .filter_map(|node| if let Op::BatchNorm(norm) = &node.op { norm.affine.clone() } else { None })
        .flatten()
        .collect();
    let filters = Filters::new(rule, &shapes)?;
    let slot = |(name, shape): (String, Vec<usize>)| {
        let filter = filters.of(&name);
        let kind = if batch_norm.contains(&name) { rule.batch_norm } else { shape.len() >= 2 || rule.bias };
        let moves = kind && chosen.contains(&name) && filter != Some(Filter::Fixed);
        Slot { name, shape, filter, moves }
    };
    Ok(shapes.into_iter().map(slot).collect())
}

/// Every parameter with its shape, in the order of the state dict.
fn shapes(network: &Network) -> Result<Vec<(String, Vec<usize>)>, AnalysisError> {
    let shape = |name: &str| Ok::<_, AnalysisError>(network.tensor(name)?.size().iter().map(|&n| n as usize).collect());
    network.parameter_names().into_iter().map(|name| Ok((name.clone(), shape(&name)?))).collect()
}

fn filters(network: &Network, rule: &DirectionRule) -> Result<Filters, AnalysisError> {
    Filters::new(rule, &shapes(network)?)
}

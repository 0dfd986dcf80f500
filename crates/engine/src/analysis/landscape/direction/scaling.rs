//! Scaling of a tensor's draws by its weight, and orthogonalization of two axes within each unit of the scaling. f64 throughout.

use flatland_core::session::{OneDimensional, Scaling};

/// What is scaled, and made orthogonal, as one: indices `start + k·step` for k < `len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    start: usize,
    step: usize,
    len: usize,
}

impl Unit {
    fn of<'a>(self, values: &'a [impl Copy + Into<f64>]) -> impl Iterator<Item = f64> + 'a {
        (0..self.len).map(move |k| values[self.start + k * self.step].into())
    }

    fn scale(self, values: &mut [f64], by: f64) {
        for k in 0..self.len {
            values[self.start + k * self.step] *= by;
        }
    }

    fn norm(self, values: &[impl Copy + Into<f64>]) -> f64 {
        self.of(values).map(|x| x * x).sum::<f64>().sqrt()
    }

    fn dot(self, a: &[f64], b: &[f64]) -> f64 {
        self.of(a).zip(self.of(b)).map(|(x, y)| x * y).sum()
    }
}

/// The units of a tensor of this shape: its filters, its columns, or the whole. A tensor of fewer than two dimensions is one.
pub fn units(scaling: Scaling, shape: &[usize]) -> Vec<Unit> {
    let len: usize = shape.iter().product();
    if shape.len() < 2 || len == 0 {
        return vec![Unit { start: 0, step: 1, len }];
    }
    let (outputs, row) = (shape[0], len / shape[0]);
    match scaling {
        Scaling::Filter => (0..outputs).map(|i| Unit { start: i * row, step: 1, len: row }).collect(),
        Scaling::AcrossOutputs => (0..row).map(|k| Unit { start: k, step: row, len: outputs }).collect(),
        Scaling::Layer | Scaling::Weight | Scaling::None | Scaling::UnitRms => vec![Unit { start: 0, step: 1, len }],
    }
}

/// Scales `draws` of a tensor of this shape by its `weight`. A unit that is zero, in the draws or in the weight, becomes zero.
pub fn scale(scaling: Scaling, one_dimensional: OneDimensional, shape: &[usize], weight: &[f32], draws: &mut [f64]) {
    if shape.len() < 2 {
        match one_dimensional {
            OneDimensional::Weight => return draws.iter_mut().zip(weight).for_each(|(d, &w)| *d = w.into()),
            OneDimensional::Magnitude => {
                return draws.iter_mut().zip(weight).for_each(|(d, w)| *d = if *d == 0.0 { 0.0 } else { d.signum() * f64::from(w.abs()) });
            }
            OneDimensional::Vector => {}
        }
    }
    match scaling {
        Scaling::None => {}
        Scaling::Weight => draws.iter_mut().zip(weight).for_each(|(d, &w)| *d *= f64::from(w)),
        Scaling::UnitRms => {
            let all = Unit { start: 0, step: 1, len: draws.len() };
            all.scale(draws, ratio((draws.len() as f64).sqrt(), all.norm(draws)));
        }
        Scaling::Filter | Scaling::Layer | Scaling::AcrossOutputs => {
            for unit in units(scaling, shape) {
                unit.scale(draws, ratio(unit.norm(weight), unit.norm(draws)));
            }
        }
    }
}

/// `target / norm`, 0 where there is nothing to scale.
pub fn ratio(target: f64, norm: f64) -> f64 {
    if norm > 0.0 { target / norm } else { 0.0 }
}

/// In each unit removes the component of `eta` along `delta` and restores its length. Where no orthogonal vector exists (a unit of one entry,
/// parallel vectors) `eta` becomes zero. Returns the number of such units.
pub fn orthogonalize(units: &[Unit], delta: &[f64], eta: &mut [f64]) -> usize {
    let mut still = 0;
    for unit in units {
        let (square, length) = (unit.dot(delta, delta), unit.norm(eta));
        if square == 0.0 || length == 0.0 {
            continue;
        }
        // Twice: the second pass removes the rounding error of the first.
        for _ in 0..2 {
            let along = unit.dot(delta, eta) / square;
            for k in 0..unit.len {
                eta[unit.start + k * unit.step] -= along * delta[unit.start + k * unit.step];
            }
        }
        let rest = unit.norm(eta);
        let free = unit.len > 1 && rest > 1e-9 * length;
        unit.scale(eta, if free { length / rest } else { 0.0 });
        still += usize::from(!free);
    }
    still
}

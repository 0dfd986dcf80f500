//! Scaling of a tensor's draws by its weight, and orthogonalization of two axes within each unit of the scaling. f64 throughout.

use flatland_core::session::{DirectionRule, Filter, OneDimensional, Scaling};

/// What is scaled, and made orthogonal, as one: indices `start + i·step + j` for i < `runs` and j < `run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    start: usize,
    runs: usize,
    step: usize,
    run: usize,
}

impl Unit {
    /// The `len` successive entries from `start` on.
    fn successive(start: usize, len: usize) -> Self {
        Self { start, runs: 1, step: len, run: len }
    }

    fn len(self) -> usize {
        self.runs * self.run
    }

    fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.runs).flat_map(move |i| (0..self.run).map(move |j| self.start + i * self.step + j))
    }

    fn of<'a>(self, values: &'a [impl Copy + Into<f64>]) -> impl Iterator<Item = f64> + 'a {
        self.indices().map(move |k| values[k].into())
    }

    fn scale(self, values: &mut [f64], by: f64) {
        self.indices().for_each(|k| values[k] *= by);
    }

    fn norm(self, values: &[impl Copy + Into<f64>]) -> f64 {
        self.of(values).map(|x| x * x).sum::<f64>().sqrt()
    }

    fn dot(self, a: &[f64], b: &[f64]) -> f64 {
        self.of(a).zip(self.of(b)).map(|(x, y)| x * y).sum()
    }
}

/// The units of a tensor of this shape: its filters, its columns, or the whole. A tensor of fewer than two dimensions is one, unless `filter`
/// says what its filters are; it must be defined for the shape.
pub fn units(scaling: Scaling, filter: Option<Filter>, shape: &[usize]) -> Vec<Unit> {
    let len: usize = shape.iter().product();
    let whole = || vec![Unit::successive(0, len)];
    if len == 0 {
        return whole();
    }
    match filter {
        Some(Filter::Tensor | Filter::Fixed) => whole(),
        Some(Filter::Dim(dim)) => along(dim, shape, len),
        Some(Filter::Rows(rows)) => {
            let unit = shape.first().map_or(len, |outputs| rows.get() * (len / outputs));
            (0..len).step_by(unit.max(1)).map(|start| Unit::successive(start, unit)).collect()
        }
        None if shape.len() < 2 => whole(),
        None => match scaling {
            Scaling::Filter => along(0, shape, len),
            Scaling::AcrossOutputs => {
                let row = len / shape[0];
                (0..row).map(|k| Unit { start: k, runs: shape[0], step: row, run: 1 }).collect()
            }
            Scaling::Layer | Scaling::Weight | Scaling::None | Scaling::UnitRms => whole(),
        },
    }
}

/// One unit for each index of dimension `dim`.
fn along(dim: usize, shape: &[usize], len: usize) -> Vec<Unit> {
    let (Some(&count), run) = (shape.get(dim), shape.iter().skip(dim + 1).product::<usize>()) else {
        return vec![Unit::successive(0, len)];
    };
    let step = count * run;
    (0..count).map(|index| Unit { start: index * run, runs: len / step, step, run }).collect()
}

/// Scales `draws` of a tensor of this shape by its `weight`, as `rule` says or, where the session says what one filter is, by each `filter`. A
/// unit that is zero, in the draws or in the weight, becomes zero.
pub fn scale(rule: &DirectionRule, filter: Option<Filter>, shape: &[usize], weight: &[f32], draws: &mut [f64]) {
    let DirectionRule { normalization: scaling, one_dimensional, .. } = *rule;
    if filter.is_none() && shape.len() < 2 {
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
            let all = Unit::successive(0, draws.len());
            all.scale(draws, ratio((draws.len() as f64).sqrt(), all.norm(draws)));
        }
        Scaling::Filter | Scaling::Layer | Scaling::AcrossOutputs => {
            for unit in units(scaling, filter, shape) {
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
            unit.indices().for_each(|k| eta[k] -= along * delta[k]);
        }
        let rest = unit.norm(eta);
        let free = unit.len() > 1 && rest > 1e-9 * length;
        unit.scale(eta, if free { length / rest } else { 0.0 });
        still += usize::from(!free);
    }
    still
}

//! Whether two axes span a plane, as far as rounded weights can tell.
//!
//! A weight that was rounded to a precision of u is off by at most u·|w|. So a checkpoint on the line through two others, rounded, lies
//! beside that line by about as much, and along such a difference the loss shows nothing but rounding. Whether one axis is a multiple of the
//! other is judged tensor by tensor: the bias of a large network may be all that leaves the line. Running statistics have no say, they are no directions.

use flatland_core::job::LandscapeJob;
use tch::Kind;

use super::super::super::AnalysisError;
use super::super::Directions;
use super::super::direction::Part;
use crate::model::{Network, is_parameter};

/// Roundings that a checkpoint may have gone through: averaging in float32 takes two or three.
const ROUNDINGS: f64 = 2.0;
/// u of float32.
const FLOAT32: f64 = 1.0 / (1 << 24) as f64;

/// What keeps two axes from spanning a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lack {
    /// δ is zero.
    Delta,
    /// η is zero.
    Eta,
    /// Both are.
    Both,
    /// η = `along`·δ.
    Parallel {
        /// The factor.
        along: f64,
        /// ‖η − `along`·δ‖₂
        beside: f64,
        /// What rounding accounts for, ‖·‖₂ over all tensors.
        rounding: f64,
    },
}

/// A tensor of both axes, with its norms and what rounding of the weights accounts for of them.
struct Pair<'a> {
    delta: &'a Part,
    eta: &'a Part,
    delta_norm: f64,
    eta_norm: f64,
    rounding: f64,
}

impl<'a> Pair<'a> {
    fn new(delta: &'a Part, eta: &'a Part, rounding: &Rounding) -> Self {
        let norm = |part: &Part| part.values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        Self { delta, eta, delta_norm: norm(delta), eta_norm: norm(eta), rounding: rounding.of_tensor(&delta.name) }
    }

    fn both(&self) -> impl Iterator<Item = (f64, f64)> {
        self.delta.values.iter().zip(&self.eta.values).map(|(&d, &e)| (d.into(), e.into()))
    }

    /// ‖η − `along`·δ‖₂
    fn beside(&self, along: f64) -> f64 {
        self.both().map(|(d, e)| (e - along * d).powi(2)).sum::<f64>().sqrt()
    }

    /// What rounding accounts for of it, on a grid that goes `reach` along η.
    fn off(&self, along: f64, reach: f64) -> f64 {
        self.rounding / reach + ROUNDINGS * FLOAT32 * (self.eta_norm + along.abs() * self.delta_norm)
    }
}

/// What each tensor may be off by, ‖·‖₂, because the weights of one network are rounded, or of several of the same architecture, together.
#[derive(Default)]
pub struct Rounding {
    by_name: Vec<(String, f64)>,
}

impl Rounding {
    /// Takes in the weights of `network`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn add(&mut self, network: &Network) -> Result<(), AnalysisError> {
        let (relative, absolute) = precision(network)?;
        for (k, name) in network.parameter_names().into_iter().enumerate() {
            let weight = network.tensor(&name)?;
            let norm = f64::try_from(weight.f_to_kind(Kind::Double)?.f_square()?.f_sum(Kind::Double)?)?.sqrt();
            let off = ROUNDINGS * (relative * norm + absolute * (weight.numel() as f64).sqrt());
            match self.by_name.get_mut(k) {
                Some((_, sum)) => *sum += off,
                None => self.by_name.push((name, off)),
            }
        }
        Ok(())
    }

    fn of_tensor(&self, name: &str) -> f64 {
        self.by_name.iter().find(|(own, _)| own == name).map_or(0.0, |(_, off)| *off)
    }
}

/// Relative and absolute rounding of a network's weights: those of half precision where all of them are numbers of it.
fn precision(network: &Network) -> Result<(f64, f64), AnalysisError> {
    let all_of = |kind: Kind| -> Result<bool, AnalysisError> {
        for name in network.parameter_names() {
            let weight = network.tensor(&name)?;
            if !weight.f_to_kind(kind)?.f_to_kind(weight.kind())?.f_equal(weight)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    // Below 2⁻¹⁴ the numbers of float16 lie at equal distances.
    let kinds = [(Kind::Half, 2f64.powi(-11), 2f64.powi(-25)), (Kind::BFloat16, 2f64.powi(-8), 0.0)];
    for (kind, relative, absolute) in kinds {
        if all_of(kind)? {
            return Ok((relative, absolute));
        }
    }
    Ok((FLOAT32, 0.0))
}

/// What keeps `directions` from spanning the part of a plane that `job` evaluates; `None` where they do. A grid along one axis needs that one
/// alone.
pub fn lack(directions: &Directions, rounding: &Rounding, job: &LandscapeJob) -> Option<Lack> {
    let reach = |axis: &[f64]| axis.iter().fold(0.0f64, |reach, x| reach.max(x.abs()));
    let (along, up) = (reach(&job.alpha), reach(&job.beta));
    let parts = directions.delta.parts.iter().zip(&directions.eta.parts).filter(|(part, _)| is_parameter(&part.name));
    let pairs: Vec<Pair> = parts.map(|(delta, eta)| Pair::new(delta, eta, rounding)).collect();
    // A step along an axis is lost where all of it is no longer than the rounding of θ itself.
    let total = |of: fn(&Pair) -> f64| pairs.iter().map(|pair| of(pair).powi(2)).sum::<f64>().sqrt();
    let is_zero = |norm: fn(&Pair) -> f64, reach: f64| total(norm) * reach <= total(|pair| pair.rounding);
    match (along > 0.0 && is_zero(|pair| pair.delta_norm, along), up > 0.0 && is_zero(|pair| pair.eta_norm, up)) {
        (true, true) => return Some(Lack::Both),
        (true, false) => return Some(Lack::Delta),
        (false, true) => return Some(Lack::Eta),
        (false, false) => {}
    }
    if job.alpha.len() < 2 || job.beta.len() < 2 { None } else { parallel(&pairs, up) }
}

/// The factor is that of weighted least squares, a tensor counting by what rounding leaves of it.
fn parallel(pairs: &[Pair], reach: f64) -> Option<Lack> {
    let (mut both, mut square) = (0.0, 0.0);
    for pair in pairs.iter().filter(|pair| pair.delta_norm > 0.0) {
        let weight = pair.off(0.0, reach).max(1e-150).powi(-2);
        both += weight * pair.both().map(|(d, e)| d * e).sum::<f64>();
        square += weight * pair.delta_norm.powi(2);
    }
    let along = if square > 0.0 { both / square } else { return None };
    if pairs.iter().any(|pair| pair.beside(along) > pair.off(along, reach)) {
        return None;
    }
    let total = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(|pair| of(pair).powi(2)).sum::<f64>().sqrt();
    Some(Lack::Parallel { along, beside: total(&|pair| pair.beside(along)), rounding: total(&|pair| pair.off(along, reach)) })
}

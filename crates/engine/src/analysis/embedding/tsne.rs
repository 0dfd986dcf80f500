//! t-SNE (van der Maaten & Hinton 2008) by the crate `bhtsne`, made repeatable and cancellable.
//!
//! Repeatable: the initial embedding and the neighbours are ours, and the fit runs in a pool of one thread, because `bhtsne`
//! draws its vantage points at random and sums in an order that depends on the scheduling of threads. The same points
//! give the same bytes on any number of cores. Cancellable: the fit runs on another thread; when the
//! caller stops, the epoch callback unwinds the fit's stack.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;

use bhtsne::{Neighbor, tSNE};
use flatland_core::result::FEWEST_POINTS;
use rayon::prelude::*;

use crate::analysis::AnalysisError;

/// Points above which repulsion is interpolated on a grid (FIt-SNE); below, the Barnes-Hut tree is faster.
const INTERPOLATE_ABOVE: usize = 2000;

/// Barnes-Hut's θ, as in openTSNE and scikit-learn.
const THETA: f64 = 0.5;

/// Rows of the neighbour table between two checks of the cancel flag.
const NEIGHBOR_ROWS: usize = 256;

/// Settings of t-SNE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TsneSettings {
    /// Perplexity, from 1 to [`largest_perplexity`].
    pub perplexity: f64,
    /// Gradient steps; the first quarter, at most 250, exaggerates the attraction twelvefold.
    pub iterations: usize,
}

/// Whether a fit continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continue {
    /// Continue.
    Yes,
    /// Stop; the fit ends in [`AnalysisError::Cancelled`].
    No,
}

/// Largest perplexity that n points allow: three times as many neighbours are needed.
pub fn largest_perplexity(n: usize) -> f64 {
    n.saturating_sub(1) as f64 / 3.0
}

/// Embeds `points` [N, dim] in the plane, starting from `initial` `[N]`. `on_iteration` is called on this thread with the number of
/// iterations done (0 while neighbours are sought) and the positions so far, and returns whether to continue.
///
/// # Errors
/// When there are fewer than [`FEWEST_POINTS`] points, shapes or perplexity do not fit, a value is not finite, or it was stopped.
pub fn fit(
    points: &[f64],
    dim: usize,
    initial: &[[f64; 2]],
    settings: TsneSettings,
    on_iteration: &mut dyn FnMut(usize, &[[f64; 2]]) -> Continue,
) -> Result<Vec<[f64; 2]>, AnalysisError> {
    let n = initial.len();
    let perplexity = settings.perplexity;
    if n < FEWEST_POINTS || dim == 0 || points.len() != n * dim {
        return Err(AnalysisError::Invalid(format!(
            "t-SNE needs at least {FEWEST_POINTS} points, found {n} of {dim} dimensions in {} values",
            points.len()
        )));
    }
    if !(1.0..=largest_perplexity(n)).contains(&perplexity) {
        return Err(AnalysisError::Invalid(format!(
            "t-SNE of {n} points needs a perplexity from 1 to {:.1}, found {perplexity}",
            largest_perplexity(n)
        )));
    }
    if !points.iter().chain(initial.iter().flatten()).all(|x| x.is_finite()) {
        return Err(AnalysisError::Invalid("t-SNE needs finite points".into()));
    }
    let count = ((3.0 * perplexity) as usize).clamp(1, n - 1);
    let mut neighbors = Vec::with_capacity(n);
    for start in (0..n).step_by(NEIGHBOR_ROWS) {
        if on_iteration(0, initial) == Continue::No {
            return Err(AnalysisError::Cancelled);
        }
        let rows = (start..(start + NEIGHBOR_ROWS).min(n)).into_par_iter();
        neighbors.par_extend(rows.map(|i| nearest(points, dim, i, count)));
    }
    descend(&neighbors, initial, settings, on_iteration)
}

/// The `count` nearest points of point `i`, nearest first, ties by index.
fn nearest(points: &[f64], dim: usize, i: usize, count: usize) -> Vec<Neighbor<f64>> {
    let own = &points[i * dim..(i + 1) * dim];
    let squared = |other: &[f64]| own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut all: Vec<(f64, usize)> = points.chunks_exact(dim).enumerate().map(|(j, other)| (squared(other), j)).collect();
    all.swap_remove(i);
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if count < all.len() {
        let _ = all.select_nth_unstable_by(count, order);
        all.truncate(count);
    }
    all.sort_unstable_by(order);
    all.into_iter().map(|(squared, index)| Neighbor { index, distance: squared.sqrt() }).collect()
}

/// What the fit sends to the caller.
enum Message {
    Positions(usize, Vec<f64>),
    Done(Vec<f64>),
    Failed(String),
}

/// Panic payload that unwinds `bhtsne` when no receiver is left.
struct Stopped;

fn descend(
    neighbors: &[Vec<Neighbor<f64>>],
    initial: &[[f64; 2]],
    settings: TsneSettings,
    on_iteration: &mut dyn FnMut(usize, &[[f64; 2]]) -> Continue,
) -> Result<Vec<[f64; 2]>, AnalysisError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| AnalysisError::Invalid(format!("t-SNE needs a thread: {error}")))?;
    let mut outcome = Err(AnalysisError::Cancelled);
    pool.in_place_scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        scope.spawn(move |_| {
            let positions = sender.clone();
            let fitted = catch_unwind(AssertUnwindSafe(|| {
                let samples = vec![(); neighbors.len()];
                let exaggerated = (settings.iterations / 4).min(250);
                let mut tsne: tSNE<'_, f64, (), 2> = tSNE::new(&samples);
                tsne.perplexity(settings.perplexity)
                    .epochs(settings.iterations)
                    .stop_lying_epoch(exaggerated)
                    .momentum_switch_epoch(exaggerated)
                    .initial_embedding(initial.as_flattened())
                    .epoch_callback(move |epoch, y| {
                        if positions.send(Message::Positions(epoch + 1, y.to_vec())).is_err() {
                            // Runs on the fitting thread outside rayon's jobs; nothing but the fit's own buffers is unwound.
                            resume_unwind(Box::new(Stopped));
                        }
                    });
                if neighbors.len() > INTERPOLATE_ABOVE {
                    tsne.fit_sne_with_neighbors(neighbors);
                } else {
                    tsne.barnes_hut_with_neighbors(THETA, neighbors);
                }
                tsne.embedding()
            }));
            // Without a receiver the result is dropped.
            let _ = sender.send(match fitted {
                Ok(y) => Message::Done(y),
                Err(panic) => Message::Failed(describe(&*panic)),
            });
        });
        for message in receiver {
            match message {
                Message::Positions(iteration, y) => {
                    if on_iteration(iteration, y.as_chunks().0) == Continue::No {
                        return;
                    }
                }
                Message::Done(y) => outcome = Ok(y.as_chunks().0.to_vec()),
                Message::Failed(message) => outcome = Err(AnalysisError::Invalid(format!("t-SNE failed: {message}"))),
            }
        }
    });
    outcome
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into()).trim().to_owned()
}

#[cfg(test)]
mod tests;

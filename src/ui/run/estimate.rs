//! About how long a run will take, and what that rests on.

use super::book::Run;
use crate::job::{MethodInfo, RunConfig};
use crate::session::{DatasetEntry, Role};
use crate::ui::widget::number::{count, duration};

/// Steps that a run must have done before its pace says something.
const ENOUGH: usize = 5;

/// A sentence: the time of `run` from the pace of earlier runs of the same network, or why it cannot be told.
/// `architecture` is the network of the checkpoint that is started from; `runs` are the known ones, the ones to trust first.
pub fn estimate(run: &RunConfig, architecture: Option<&str>, methods: &[MethodInfo], runs: &[&Run]) -> String {
    let Some(steps) = steps(run, runs) else {
        return "How long it takes cannot be told: the number of training images is known once a run has read them.".into();
    };
    let steps_text = format!("{} steps", count(steps as u64));
    let network = architecture.or(run.architecture.as_deref());
    let Some(network) = network else {
        return format!("{steps_text}. How long they take cannot be told: the network of the checkpoint is not known yet.");
    };
    let alike = |other: &&&Run| {
        let state = &other.view.state;
        other.view.config.architecture.as_deref() == Some(network) && state.step >= ENOUGH && state.elapsed_secs > 0.0
    };
    // A run of the same method and batches is the best witness.
    let same = |other: &Run| {
        let config = &other.view.config;
        config.method.name == run.method.name && work(config, methods) == work(run, methods)
    };
    let Some(witness) = runs.iter().filter(alike).max_by_key(|other| same(other)) else {
        return format!("{steps_text}. How long they take cannot be told: no run of a {network} in this folder to go by.");
    };
    let state = &witness.view.state;
    let per_step = state.elapsed_secs / state.step as f64 * work(run, methods) / work(&witness.view.config, methods);
    let basis = if same(witness) { "took" } else { "took, scaled by images and passes" };
    let name = witness.view.name();
    format!("About {}: {steps_text} at {:.2} s, as {name} {basis}", duration(per_step * steps as f64), per_step)
}

/// Image passes of a step: what its time is taken to be proportional to.
fn work(run: &RunConfig, methods: &[MethodInfo]) -> f64 {
    let method = methods.iter().find(|method| method.key == run.method.name);
    let outliers = if method.is_some_and(|method| method.outliers) { run.outlier_batch } else { 0 };
    // Methods with a radius ascend first: every image goes through the network twice.
    let passes = if method.is_some_and(|method| method.parameters.iter().any(|parameter| parameter.key == "rho")) { 2.0 } else { 1.0 };
    passes * (run.batch + outliers) as f64
}

/// Steps of `run`; `None` while the number of its training images is not known.
fn steps(run: &RunConfig, runs: &[&Run]) -> Option<usize> {
    let train = run.datasets.iter().find(|entry| entry.role == Role::Train)?;
    let images = train.first.or(train.limit).map(|images| images as f64).or_else(|| runs.iter().find_map(|other| images(other, train)))?;
    Some(run.epochs? * (images / run.batch as f64).ceil() as usize)
}

/// About how many images `train` has, by a run that trained on it.
fn images(run: &Run, train: &DatasetEntry) -> Option<f64> {
    let (config, state) = (&run.view.config, &run.view.state);
    let known = config.datasets.iter().find(|entry| entry.role == Role::Train)?;
    let same = known.path == train.path && known.split == train.split && known.limit.is_none() && known.first.is_none();
    let epochs = config.epochs.filter(|epochs| *epochs > 0 && config.max_steps.is_none())?;
    (same && state.steps > 0).then(|| (state.steps / epochs * config.batch) as f64)
}

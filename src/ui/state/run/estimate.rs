//! Estimates how long a run will take, from a trial of its steps or from the speed of an earlier run.

use crate::ui::state::number::{count, duration};
use crate::ui::state::run::run_list::Run;
use flatland_core::job::{MethodInfo, RunConfig, Trial};
use flatland_core::session::{DatasetEntry, Role, architecture_label};

/// Number of steps after which the speed of a run is used.
const MIN_STEPS: usize = 5;

/// The estimated time of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The estimate as a sentence.
    pub text: String,
    /// Whether timing a few steps would improve it.
    pub can_improve: bool,
}

/// A run or trial whose steps were timed.
struct TimedRun<'a> {
    config: &'a RunConfig,
    step_secs: f64,
    /// Seconds of one evaluation when steps were timed without evaluations; the steps of a run include their share.
    evaluation_secs: f64,
    /// Text that names the source: `old took`, `5 steps took in a trial`.
    basis: String,
}

/// The time of `run` from the steps of a trial or of an earlier run of the same network, or why it is not known.
/// `architecture` is the network of the initial checkpoint. The first of `runs` and the last of `trials` are preferred.
pub fn estimate(run: &RunConfig, architecture: Option<&str>, methods: &[MethodInfo], runs: &[&Run], trials: &[Trial]) -> Estimate {
    let open = |text: String| Estimate { text, can_improve: true };
    let Some(steps) = steps(run, runs, trials) else {
        return open("How long it takes is not known yet: the number of training images is known once they have been read.".into());
    };
    let steps_text = format!("{} steps", count(steps as u64));
    let network = architecture.or(run.architecture.as_deref()).map(without_head);
    let Some(network) = network else {
        return open(format!("{steps_text}. How long they take is not known yet: the network of the checkpoint is not known."));
    };
    let timed = trials.iter().rev().filter(|trial| without_head(&trial.pace.architecture) == network).map(|Trial { run, pace }| TimedRun {
        config: run,
        step_secs: pace.step_secs,
        evaluation_secs: pace.evaluation_secs,
        basis: format!("{} steps took in a trial", pace.timed),
    });
    let earlier = runs.iter().filter(|other| {
        let state = &other.view.state;
        other.view.config.architecture.as_deref().map(without_head) == Some(network) && state.step >= MIN_STEPS && state.elapsed_secs > 0.0
    });
    let earlier = earlier.map(|other| TimedRun {
        config: &other.view.config,
        step_secs: other.view.state.elapsed_secs / other.view.state.step as f64,
        evaluation_secs: 0.0,
        basis: format!("{} took", other.view.name()),
    });
    // The same method and batch sizes are preferred; among those a trial, which was timed on this run.
    let same = |timed: &TimedRun<'_>| timed.config.method.name == run.method.name && work(timed.config, methods) == work(run, methods);
    let timed_runs: Vec<TimedRun<'_>> = timed.chain(earlier).collect();
    let Some(timed) = timed_runs.iter().find(|timed| same(timed)).or(timed_runs.first()) else {
        return open(format!("{steps_text}. How long they take is not known yet: this folder has no run of a {network} to compare with."));
    };
    let per_step = timed.step_secs * work(run, methods) / work(timed.config, methods);
    let evaluations = timed.evaluation_secs * (run.epochs.unwrap_or_default() + 1) as f64;
    let scaled = if same(timed) { "" } else { ", scaled by images and passes" };
    let whole = duration(per_step * steps as f64 + evaluations);
    Estimate { text: format!("About {whole}: {steps_text} at {per_step:.2} s, as {}{scaled}", timed.basis), can_improve: !same(timed) }
}

/// The network without the head of a method, of an exported program the name of its file.
fn without_head(architecture: &str) -> &str {
    architecture_label(architecture).split('+').next().unwrap_or_default()
}

/// Number of image passes of an optimizer step; its time is assumed to be proportional to it.
fn work(run: &RunConfig, methods: &[MethodInfo]) -> f64 {
    let method = methods.iter().find(|method| method.key == run.method.name);
    let outliers = if method.is_some_and(|method| method.outliers) { run.outlier_batch } else { 0 };
    // Methods with a radius take an ascent step first: every image goes through the network twice.
    let passes = if method.is_some_and(|method| method.parameters.iter().any(|parameter| parameter.key == "rho")) { 2.0 } else { 1.0 };
    passes * ((run.batch + outliers) * run.accumulate) as f64
}

/// Number of steps of `run`; `None` when the number of its training images is not known.
fn steps(run: &RunConfig, runs: &[&Run], trials: &[Trial]) -> Option<usize> {
    let train = train_of(run)?;
    let counted = || {
        let trial = trials.iter().rev().find(|trial| train_of(&trial.run) == Some(train))?;
        Some(trial.pace.images)
    };
    let images = train.first.or(train.limit).or_else(counted).or_else(|| runs.iter().find_map(|other| images(other, train)))?;
    Some(run.epochs? * run.steps_per_epoch(images))
}

fn train_of(run: &RunConfig) -> Option<&DatasetEntry> {
    run.datasets.iter().find(|entry| entry.role == Role::Train)
}

/// The approximate number of images of `train`, from a run that trained on it.
fn images(run: &Run, train: &DatasetEntry) -> Option<usize> {
    let (config, state) = (&run.view.config, &run.view.state);
    let known = train_of(config)?;
    let same = known.path == train.path && known.split == train.split && known.limit.is_none() && known.first.is_none();
    let epochs = config.epochs.filter(|epochs| *epochs > 0 && config.max_steps.is_none())?;
    (same && state.steps > 0).then(|| state.steps / epochs * config.batch * config.accumulate)
}

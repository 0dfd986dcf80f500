//! [`Training::prepare`]: from a run file to a network, data and a method, with everything that makes no sense refused.

use std::path::PathBuf;
use std::sync::Arc;

use flatland_core::data::{self, Dataset, Preparation, environment};
use flatland_core::job::{self, DROP_LAST_BELOW, RunConfig, TrainPrecision, Transform};
use flatland_core::session::{NetworkChoice, Role, is_program};

use super::TrainError;
use super::dropout::Dropout;
use super::prefetch::BatchSource;
use super::run::Training;
use super::run_directory::RunDirectory;
use super::schedule::Schedule;
use super::step::Trainee;
use super::training_state::TrainingState;
use super::warmup::Warmup;
use crate::method::{self, Method};
use crate::model::{Head, Network, Samples, dropout_graph, network_check, unused_normalization};

/// Step lines of a run whose file does not say `log_every`, about.
const STEP_LINES: usize = 1000;

impl Training {
    /// Reads the run of `directory` and everything it needs, from wherever it stands.
    pub(super) fn prepare(directory: &mut RunDirectory, device: tch::Device) -> Result<Self, TrainError> {
        let state = directory.training_state();
        let fresh = !state.exists();
        let (mut training, warnings) = Self::assemble(directory.config()?, device, !fresh)?;
        directory.note(warnings)?;
        directory.resolve(&training.run)?;
        if !fresh {
            training.state = TrainingState::load(&mut training.trainee, training.method.as_mut(), &state)?;
            training.fresh = false;
        }
        let place = (training.state.epoch, training.state.step);
        directory.rewind((!fresh).then_some(place))?;
        let Self { method, trainee, steps, .. } = &training;
        directory.log(&format!("{} from step {} of {steps}, {}", method.key(), place.1, trainee.network.architecture))?;
        Ok(training)
    }

    /// Network, data and method of `run`, before its first step, with what is worth a warning. A run `under_way` needs the checkpoint
    /// that it began with no more.
    pub(super) fn assemble(mut run: RunConfig, device: tch::Device, under_way: bool) -> Result<(Self, Vec<String>), TrainError> {
        run.method = method::resolve(&run.method)?;
        let method = method::method(&run.method)?;
        check(&run, method.as_ref(), device)?;
        let network = network(&mut run, method.head(), device, under_way)?;
        let size = network.graph.image().map(|[_, height, width]| [height as usize, width as usize]);
        let assumed = run.assumptions().into_iter().map(|assumption| format!("assumed: {assumption}"));
        let mut warnings: Vec<String> = assumed.chain(network.notes()).collect();
        let mut load = |role: Role| -> Result<Vec<Arc<Dataset>>, TrainError> {
            let mut loaded = Vec::new();
            for entry in run.datasets.iter().filter(|entry| entry.role == role) {
                let source = job::source(entry, &run.datasets, run.seed, None);
                let preparation = size.map_or(Preparation::None, |size| job::preparation(run.input, size));
                // Labels of outliers and of semantic-shift images are not the network's.
                let dataset = match role.has_classes() {
                    true => data::load_for(&source, preparation, network.classes as usize),
                    false => data::load(&source, preparation),
                };
                let dataset = dataset.map_err(|source| TrainError::Dataset { name: entry.name.clone(), source })?;
                let labels = job::label_record(&dataset);
                if role.has_classes() && labels.is_inferred() {
                    warnings.push(format!("labels of `{}`: {}", dataset.name, labels.describe()));
                }
                warnings.extend(job::warning_of_unreadable(&dataset).map(|message| format!("warning: {message}")));
                warnings.extend(unused_normalization(&dataset, &run.normalization));
                loaded.push(Arc::new(dataset));
            }
            Ok(loaded)
        };
        let train = only(load(Role::Train)?, "train")?.ok_or_else(|| config("expected a dataset of role `train`, found none"))?;
        check_labels(&train, &network)?;
        if train.arrays.is_some() {
            check_arrays(&run, method.as_ref(), &network.graph.input)?;
        }
        let check = if run.checkpoint.is_some() && !under_way { Some(network_check(&network, &train, &run.normalization)?) } else { None };
        let outliers = only(load(Role::Outliers)?, "outliers")?.filter(|_| method.needs_outliers());
        if method.needs_outliers() && outliers.as_ref().is_none_or(|outliers| outliers.is_empty()) {
            return Err(config(format!("expected a dataset of role `outliers` for {}, found none", method.key())));
        }
        let mut watched = Vec::new();
        for role in [Role::Id, Role::Cs, Role::Near, Role::Far] {
            for dataset in load(role)? {
                watched.push((role, Samples::new(dataset, &run.normalization, &network)?));
            }
        }
        let unlike = check.into_iter().flat_map(|check| check.warnings);
        warnings.extend(unlike.map(|warning| format!("warning: {warning}")));
        // A run that began before there was this setting goes on with all its batches.
        run.drop_last_below.get_or_insert(if under_way { 0.0 } else { DROP_LAST_BELOW });
        let steps_per_epoch = run.steps_per_epoch(train.len());
        let steps = run.epochs.map_or(usize::MAX, |epochs| epochs * steps_per_epoch).min(run.max_steps.unwrap_or(usize::MAX));
        run.log_every.get_or_insert((steps / STEP_LINES).max(1));
        let dropout = match run.dropout {
            job::Dropout::Off => None,
            job::Dropout::On => Some(Dropout { graph: dropout_graph(&network, &run.choice())? }),
        };
        let mut trainee = Trainee::new(network, &run.optimizer, method.as_ref())?;
        trainee.dropout = dropout;
        trainee.bf16 = run.precision == TrainPrecision::Bf16;
        let warmup = Warmup::new(run.schedule.warmup.as_ref(), steps_per_epoch);
        if warmup.steps >= steps {
            return Err(config(format!("expected a warm-up shorter than the run of {steps} steps, found one of {} steps", warmup.steps)));
        }
        let state = TrainingState::fresh(Schedule::new(run.schedule.decay, run.optimizer.lr, steps - warmup.steps));
        let first = method.ascent().and_then(|ascent| ascent.augmentation);
        let environments = method.needs_environments().then(|| environment::environments(&run.leave_out)).transpose()?;
        let source = BatchSource { run: run.clone(), train, outliers, first, environments };
        Ok((Self { run, method, trainee, source, watched, state, warmup, fresh: true, steps_per_epoch, steps }, warnings))
    }
}

fn config(message: impl Into<String>) -> TrainError {
    TrainError::Config(message.into())
}

fn check(run: &RunConfig, method: &dyn Method, device: tch::Device) -> Result<(), TrainError> {
    let require = |holds: bool, message: String| if holds { Ok(()) } else { Err(TrainError::Config(message)) };
    require(run.batch > 0, "expected `batch` of at least 1, found 0".into())?;
    require(run.outlier_batch > 0 || !method.needs_outliers(), "expected `outlier_batch` of at least 1, found 0".into())?;
    let share = run.drop_last_below.unwrap_or_default();
    require((0.0..=1.0).contains(&share), format!("expected `drop_last_below` from 0 to 1, found {share}"))?;
    require(run.epochs.is_some() || run.max_steps.is_some(), "expected `epochs` or `max_steps`, found neither".into())?;
    require(run.log_every != Some(0), "expected `log_every` of at least 1, found 0".into())?;
    require(run.keep_every != Some(0), "expected `keep_every` of at least 1, found 0".into())?;
    let on_gpu = matches!(device, tch::Device::Cuda(_));
    require(run.precision == TrainPrecision::F32 || on_gpu, "expected a CUDA device for `precision = \"bf16\"`, found the CPU".into())?;
    require(run.accumulate > 0, "expected `accumulate` of at least 1, found 0".into())?;
    run.optimizer.check().map_err(TrainError::Config)
}

/// # Errors
/// When float arrays, each of the shape `input`, are to be changed in a way that is defined for images alone.
fn check_arrays(run: &RunConfig, method: &dyn Method, input: &[i64]) -> Result<(), TrainError> {
    let unlike = |expected: &str, found: String| {
        Err(config(format!("expected {expected}: the `train` dataset has float arrays, which are used as they are; found {found}")))
    };
    let augmentation = method.ascent().and_then(|ascent| ascent.augmentation);
    match (run.transform, augmentation) {
        (Transform::CropFlip | Transform::Crop, _) => unlike("`transform = \"none\"`", "crops of images".into()),
        (Transform::None, Some(_)) => unlike("a method without `augmentation`", format!("one in the first pass of {}", method.key())),
        (Transform::None, None) if method.needs_environments() => {
            unlike("a method without environments", format!("{}, whose environments are corruptions of images", method.key()))
        }
        (Transform::None, None) => method.check_input(input).map_err(TrainError::Config),
    }
}

/// The network to start from, with the method's head, and the run with what was left open (architecture, classes) filled in. A run
/// in progress needs its first checkpoint no more: its state holds all weights.
fn network(run: &mut RunConfig, head: Option<Head>, device: tch::Device, under_way: bool) -> Result<Network, TrainError> {
    let mut network = match (&run.checkpoint, &run.architecture, run.classes) {
        (Some(_), Some(architecture), Some(classes)) if under_way && !is_program(architecture) => {
            Network::random(architecture, classes, run.seed, device)?
        }
        (Some(_), Some(architecture), _) if under_way => {
            let program = PathBuf::from(Head::split(architecture).0);
            let choice = NetworkChoice { features: run.features.clone(), output: run.output.clone(), ..NetworkChoice::default() };
            Network::load(&program, &choice, device)?
        }
        (Some(checkpoint), architecture, _) => {
            let plain = architecture.as_deref().map(|architecture| Head::split(architecture).0);
            let choice = run.choice();
            match Network::load(checkpoint, &choice, device) {
                // A run that was cut off before its first save names the architecture that it was going to train.
                Err(_) if head.is_some() && plain != architecture.as_deref() => {
                    Network::load(checkpoint, &NetworkChoice { architecture: plain.map(str::to_owned), ..choice }, device)?
                }
                loaded => loaded?,
            }
        }
        (None, Some(architecture), Some(classes)) => Network::random(architecture, classes, run.seed, device)?,
        (None, ..) => return Err(config("expected `checkpoint`, or `architecture` and `classes` to train from scratch; found neither")),
    };
    if let Some(classes) = run.classes.filter(|&classes| classes != network.classes) {
        return Err(config(format!("expected a checkpoint of {classes} classes, found {}", network.classes)));
    }
    if let Some(head) = head {
        network = network.with_head(head, run.seed)?;
    }
    run.architecture = Some(network.reference());
    run.classes = Some(network.classes);
    Ok(network)
}

fn only(mut datasets: Vec<Arc<Dataset>>, role: &str) -> Result<Option<Arc<Dataset>>, TrainError> {
    if datasets.len() > 1 {
        return Err(config(format!("expected one dataset of role `{role}`, found {}", datasets.len())));
    }
    Ok(datasets.pop())
}

fn check_labels(train: &Dataset, network: &Network) -> Result<(), TrainError> {
    if train.is_empty() {
        return Err(config(format!("expected images in `{}`, found none", train.name)));
    }
    match train.labels.iter().find(|&&label| !(0..network.classes).contains(&label)) {
        Some(label) => Err(config(format!("expected labels of 0 to {} in `{}`, found {label}", network.classes - 1, train.name))),
        None => Ok(()),
    }
}

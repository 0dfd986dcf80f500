//! Runs as specifications: the oracle's DR-SAM steps, methods that contain each other, and what makes no sense.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flatland_core::job::{
    BatchNormUpdate, Decay, Device, Dropout, MethodConfig, OptimizerConfig, RunConfig, RunFolder, RunStatus, TrainPrecision, Transform,
};
use flatland_core::session::{CorruptionEntry, DatasetEntry, NetworkChoice, Normalization, NormalizationPreset, Role};
use flatland_engine::model::Network;
use flatland_engine::train::{TrainError, run};

fn dataset(name: &str, role: Role, path: impl Into<PathBuf>) -> DatasetEntry {
    let path = path.into();
    DatasetEntry {
        name: name.into(),
        role,
        path,
        format: None,
        split: None,
        limit: None,
        first: None,
        corruption: None,
        assumed: Default::default(),
        classes: None,
    }
}

fn brightness() -> Option<CorruptionEntry> {
    Some(CorruptionEntry { kind: "brightness".into(), severity: 1 })
}

fn named(name: &str) -> MethodConfig {
    MethodConfig::new(name)
}

fn dr_sam(rho: f64, lambda: f64, augmentation: Option<CorruptionEntry>) -> MethodConfig {
    let config = named("dr_sam").with("rho", rho).with("lambda", lambda);
    match augmentation {
        Some(augmentation) => config.with("augmentation", serde_json::to_value(augmentation).unwrap()),
        None => config,
    }
}

/// A small run on the demo set from scratch.
fn demo_run(method: MethodConfig) -> RunConfig {
    RunConfig {
        version: 1,
        seed: 3,
        checkpoint: None,
        architecture: Some("resnet8".into()),
        weights: None,
        ignore: Vec::new(),
        features: None,
        output: None,
        classes: Some(7),
        normalization: Normalization::Preset(NormalizationPreset::Half),
        input: None,
        assumed: Default::default(),
        epochs: Some(3),
        max_steps: None,
        batch: 32,
        outlier_batch: 32,
        accumulate: 1,
        drop_last_below: None,
        shuffle: true,
        transform: Transform::Crop,
        leave_out: Vec::new(),
        batch_norm: BatchNormUpdate::First,
        dropout: Dropout::Off,
        precision: TrainPrecision::F32,
        log_every: None,
        keep_every: None,
        method,
        optimizer: OptimizerConfig { lr: 0.02, ..OptimizerConfig::default() },
        schedule: Decay::Plateau { patience: 0, factor: 0.5 }.into(),
        datasets: vec![
            DatasetEntry { limit: Some(160), ..dataset("train", Role::Train, "demo:train") },
            DatasetEntry { limit: Some(100), ..dataset("outliers", Role::Outliers, "demo:outliers") },
            DatasetEntry { limit: Some(60), ..dataset("id", Role::Id, "demo:test") },
            DatasetEntry {
                limit: Some(60),
                corruption: Some(CorruptionEntry { kind: "gaussian_noise".into(), severity: 5 }),
                ..dataset("cs", Role::Cs, "demo:test")
            },
            DatasetEntry { limit: Some(60), ..dataset("near", Role::Near, "demo:near") },
            DatasetEntry { limit: Some(60), ..dataset("far", Role::Far, "demo:far") },
        ],
    }
}

fn train(run_config: &RunConfig, dir: &Path) -> Result<(), TrainError> {
    let path = dir.join("run.toml");
    std::fs::write(&path, run_config.to_toml(&path).unwrap()).unwrap();
    run(dir, Device::Cpu, None)
}

/// All weights after `run_config`, by name.
fn weights(run_config: RunConfig) -> BTreeMap<String, Vec<f32>> {
    let dir = tempfile::tempdir().unwrap();
    train(&run_config, dir.path()).unwrap();
    weights_of(&dir.path().join("checkpoints/last.safetensors"))
}

fn weights_of(path: &Path) -> BTreeMap<String, Vec<f32>> {
    let network = Network::load(path, &NetworkChoice::default(), tch::Device::Cpu).unwrap();
    network.tensors.iter().map(|(name, tensor)| (name.clone(), Vec::try_from(tensor.flatten(0, -1)).unwrap())).collect()
}

fn three_steps(method: MethodConfig) -> RunConfig {
    RunConfig { epochs: None, max_steps: Some(3), ..demo_run(method) }
}

/// At ρ = 0.5 this network multiplies float32 rounding: against the oracle in float64, the golden files themselves are off by up to
/// 1.4e-3 of a tensor's norm (median 2e-4), and so is the oracle run again with one thread. The four variants differ by 2.6e-2 and more.
#[test]
fn three_dr_sam_steps_equal_the_oracle_within_its_own_rounding() {
    let Some(shared) = flatland_core::testing::shared_dir() else { return };
    for (golden, batch_norm, augmentation) in [
        ("first", BatchNormUpdate::First, brightness()),
        ("second", BatchNormUpdate::Second, brightness()),
        ("both", BatchNormUpdate::Both, brightness()),
        ("no_augmentation", BatchNormUpdate::First, None),
    ] {
        let found = weights(RunConfig {
            checkpoint: Some(shared.join("data/checkpoints/resnet20-12fca82f.th")),
            architecture: None,
            classes: None,
            normalization: Normalization::Preset(NormalizationPreset::Imagenet),
            batch: 32,
            outlier_batch: 64,
            shuffle: false,
            transform: Transform::None,
            batch_norm,
            optimizer: OptimizerConfig::default(),
            datasets: vec![
                dataset("train", Role::Train, shared.join("data/cifar-10-batches-bin/data_batch_1.bin")),
                dataset("outliers", Role::Outliers, shared.join("data/outliers_256.npz")),
            ],
            ..three_steps(dr_sam(0.5, 0.5, augmentation))
        });
        let file = std::fs::read(shared.join(format!("golden/drsam_resnet20_{golden}.npz"))).unwrap();
        let mut archive = npyz::npz::NpzArchive::new(std::io::Cursor::new(file)).unwrap();
        let mut offs = Vec::new();
        for (name, found) in &found {
            let array = archive.by_name(name).unwrap().unwrap_or_else(|| panic!("the golden file has no `{name}`"));
            let expected: Vec<f32> = array.into_vec().unwrap();
            let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let off = norm(&mut found.iter().zip(&expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied());
            offs.push((off, name));
        }
        offs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ((worst, name), (median, _)) = (offs[offs.len() - 1], offs[offs.len() / 2]);
        assert!(worst < 4e-3, "{golden}: `{name}` is off by {worst:e}");
        assert!(median < 1e-3, "{golden}: half of the tensors are off by {median:e}");
    }
}

#[test]
fn dr_sam_without_radius_and_augmentation_is_outlier_exposure() {
    let found = weights(three_steps(dr_sam(0.0, 0.5, None)));
    assert!(found == weights(three_steps(named("oe").with("lambda", 0.5))));
    assert!(found != weights(three_steps(named("oe").with("lambda", 0.4))));
}

#[test]
fn dr_sam_without_outliers_and_augmentation_is_sam() {
    let found = weights(three_steps(dr_sam(0.1, 0.0, None)));
    assert!(found == weights(three_steps(named("sam").with("rho", 0.1))));
    assert!(found != weights(three_steps(dr_sam(0.1, 0.0, brightness()))));
}

#[test]
fn dr_sam_without_augmentation_is_sam_with_outlier_exposure() {
    let sam_oe = weights(three_steps(named("sam_oe").with("rho", 0.1).with("lambda", 0.5)));
    assert!(sam_oe == weights(three_steps(dr_sam(0.1, 0.5, None))));
    assert!(sam_oe != weights(three_steps(dr_sam(0.1, 0.5, brightness()))));
}

#[test]
fn outlier_exposure_without_weight_is_erm() {
    assert!(weights(three_steps(named("oe").with("lambda", 0.0))) == weights(three_steps(named("erm"))));
}

#[test]
fn every_method_learns_the_demo_and_tells_how_it_goes() {
    for method in [named("erm"), named("oe").with("lambda", 0.5), named("sam").with("rho", 0.05), dr_sam(0.1, 0.5, brightness())] {
        let dir = tempfile::tempdir().unwrap();
        train(&demo_run(method.clone()), dir.path()).unwrap();
        let metrics: Vec<serde_json::Value> = std::fs::read_to_string(dir.path().join("metrics.jsonl"))
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(metrics.iter().map(|m| m["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3], "{method:?}");
        let get = |epoch: usize, name: &str| metrics[epoch][name].as_f64().unwrap_or_else(|| panic!("{method:?}: no {name}"));
        // Fifteen steps from scratch; with outliers the objective keeps a constant λ ln C, so the fall is absolute.
        assert!(get(3, "train_loss") < get(1, "train_loss") - 0.1, "{method:?}: {metrics:?}");
        for name in ["id_loss", "id_accuracy", "cs_accuracy", "near_auroc", "near_fpr95", "far_auroc", "far_fpr95"] {
            assert!(get(0, name).is_finite() && get(3, name).is_finite());
        }
        let (state, status) = RunFolder::new(dir.path()).state().unwrap();
        assert_eq!((status, state.epoch, state.step, state.steps), (RunStatus::Done, 3, 15, 15));
        assert!(dir.path().join("checkpoints/best.safetensors").exists());
    }
}

/// 165 images in batches of 32: five batches and five images.
fn run_with_five_left_over(epochs: usize, drop_last_below: Option<f64>) -> RunConfig {
    let mut run = RunConfig { epochs: Some(epochs), drop_last_below, log_every: Some(1), ..demo_run(named("erm")) };
    run.datasets.retain(|dataset| dataset.role == Role::Train);
    run.datasets[0].limit = Some(165);
    run
}

#[test]
fn a_last_batch_of_a_handful_of_images_is_left_out_unless_the_run_says_otherwise() {
    for (asked, share, steps) in [(None, 0.25, 5), (Some(0.0), 0.0, 6), (Some(1.0), 1.0, 5)] {
        let dir = tempfile::tempdir().unwrap();
        train(&run_with_five_left_over(1, asked), dir.path()).unwrap();
        let folder = RunFolder::new(dir.path());
        assert_eq!(folder.state().unwrap().0.steps, steps, "{asked:?}");
        assert_eq!(folder.config().unwrap().drop_last_below, Some(share), "the run file says which it was");
    }
}

#[test]
fn a_run_from_before_that_setting_goes_on_with_all_its_batches() {
    let dir = tempfile::tempdir().unwrap();
    train(&run_with_five_left_over(1, Some(0.0)), dir.path()).unwrap();
    train(&run_with_five_left_over(2, None), dir.path()).unwrap();
    assert_eq!(RunFolder::new(dir.path()).state().unwrap().0.step, 12);
    assert!(weights_of(&dir.path().join("checkpoints/last.safetensors")) == weights(run_with_five_left_over(2, Some(0.0))));
}

#[test]
fn runs_that_make_no_sense_say_so() {
    let message = |run_config: RunConfig| {
        let dir = tempfile::tempdir().unwrap();
        train(&run_config, dir.path()).unwrap_err().to_string()
    };
    let erm = || demo_run(named("erm"));
    assert!(message(RunConfig { epochs: None, ..erm() }).contains("`epochs` or `max_steps`"));
    assert!(message(RunConfig { batch: 0, ..erm() }).contains("`batch`"));
    assert!(message(RunConfig { drop_last_below: Some(1.5), ..erm() }).contains("`drop_last_below` from 0 to 1, found 1.5"));
    assert!(message(RunConfig { architecture: None, ..erm() }).contains("`checkpoint`, or `architecture` and `classes`"));
    assert!(message(RunConfig { datasets: Vec::new(), ..erm() }).contains("role `train`"));
    assert!(message(RunConfig { classes: Some(3), ..erm() }).contains("expected labels of 0 to 2"));
    assert!(message(RunConfig { precision: TrainPrecision::Bf16, ..erm() }).contains("expected a CUDA device"));
    assert!(message(RunConfig { accumulate: 0, ..erm() }).contains("`accumulate` of at least 1, found 0"));
    let input = serde_json::from_str("{ \"resize\": 32, \"crop\": 16 }").unwrap();
    assert!(message(RunConfig { input: Some(input), ..erm() }).contains("`input` makes images of 16x16 where the network takes 32x32"));
    let optimizer = |text: &str| RunConfig { optimizer: toml::from_str(text).unwrap(), ..erm() };
    assert!(message(optimizer("clip_norm = 0.0")).contains("`clip_norm` above 0"));
    assert!(message(optimizer("kind = \"adamw\"\nbetas = [0.9, 1.0]")).contains("`betas` from 0 to below 1"));
    let warmup = |text: &str| RunConfig { schedule: toml::from_str(text).unwrap(), ..erm() };
    assert!(message(warmup("warmup = 15")).contains("a warm-up shorter than the run of 15 steps, found one of 15"));
    assert!(message(warmup("warmup = { epochs = 3 }")).contains("found one of 15 steps"));
    let without_outliers =
        RunConfig { datasets: vec![dataset("train", Role::Train, "demo:train")], ..demo_run(named("oe").with("lambda", 0.5)) };
    assert!(message(without_outliers).contains("role `outliers` for oe"));
    let rain = Some(CorruptionEntry { kind: "rain".into(), severity: 1 });
    assert!(message(demo_run(dr_sam(0.1, 0.5, rain))).contains("`rain`"));
}

#[test]
fn weights_are_kept_at_the_start_every_so_many_epochs_and_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let folder = RunFolder::new(dir.path());
    let mut config = RunConfig { keep_every: Some(2), ..demo_run(named("erm")) };
    train(&config, dir.path()).unwrap();
    let kept = folder.kept_weights().unwrap();
    assert_eq!(kept.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>(), [0, 2, 3], "of three epochs");
    let initial = Network::random("resnet8", 7, 3, tch::Device::Cpu).unwrap();
    assert_eq!(
        Network::load(&kept[0].1, &NetworkChoice::default(), tch::Device::Cpu).unwrap().hash(),
        initial.hash(),
        "before the first step"
    );
    assert_eq!(weights_of(&kept[2].1), weights_of(&folder.last_weights()));
    assert_ne!(weights_of(&kept[1].1), weights_of(&kept[2].1));
    config.keep_every = Some(0);
    let message = train(&config, tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
    assert!(message.contains("keep_every"), "{message}");
    let without = tempfile::tempdir().unwrap();
    train(&three_steps(named("erm")), without.path()).unwrap();
    assert!(RunFolder::new(without.path()).kept_weights().unwrap().is_empty());
}

/// Draws of the second batch of a step are its own.
#[test]
fn every_method_trains_on_batches_that_are_accumulated() {
    for info in flatland_engine::method::methods() {
        let mut config = RunConfig { batch: 16, outlier_batch: 16, accumulate: 3, ..three_steps(named(&info.key)) };
        config.optimizer = flatland_core::job::OptimizerKind::AdamW.config();
        config.datasets.retain(|dataset| matches!(dataset.role, Role::Train | Role::Outliers));
        let dir = tempfile::tempdir().unwrap();
        train(&config, dir.path()).unwrap();
        let (state, status) = RunFolder::new(dir.path()).state().unwrap();
        assert_eq!((status, state.step), (RunStatus::Done, 3), "{}", info.key);
        assert!(weights_of(&dir.path().join("checkpoints/last.safetensors")).values().flatten().all(|x| x.is_finite()), "{}", info.key);
    }
}

/// 160 images: ten batches of 16, in steps of four, four and two. A plateau that an epoch would reduce at once is not told while the rate rises.
#[test]
fn an_epoch_has_the_steps_that_its_batches_make_and_a_plateau_waits_for_the_warm_up() {
    let dir = tempfile::tempdir().unwrap();
    let schedule = "kind = \"plateau\"\npatience = 0\nfactor = 0.5\nwarmup = 7";
    let mut config = RunConfig {
        batch: 16,
        accumulate: 4,
        shuffle: false,
        transform: Transform::None,
        schedule: toml::from_str(schedule).unwrap(),
        // The loss hardly moves: every epoch but the first that is told is a bad one.
        optimizer: OptimizerConfig { lr: 3e-8, ..OptimizerConfig::default() },
        epochs: Some(5),
        ..demo_run(named("erm"))
    };
    config.datasets.retain(|dataset| dataset.role == Role::Train);
    train(&config, dir.path()).unwrap();
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(dir.path().join("metrics.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<u64> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [0, 3, 6, 9, 12, 15]);
    let rates: Vec<f64> = lines[1..].iter().map(|line| line["lr"].as_f64().unwrap() / 3e-8).collect();
    // Epochs that end after steps 3 and 6 of 7 say nothing; that of step 9 is the first, the next one is bad.
    let expected = [3.0 / 7.0, 6.0 / 7.0, 1.0, 1.0, 0.5];
    assert!(rates.iter().zip(expected).all(|(found, rate)| (found - rate).abs() < 1e-9), "{rates:?}");
}

/// A run of the program with dropout that `model/exported/dropout/make.py` made; two epochs of three steps.
fn run_with_dropout(dropout: Dropout, seed: u64, method: MethodConfig) -> RunConfig {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/exported/dropout/convolutional.pt2");
    let mut config = RunConfig {
        checkpoint: Some(program),
        architecture: None,
        classes: None,
        seed,
        dropout,
        batch: 54,
        outlier_batch: 54,
        shuffle: false,
        transform: Transform::None,
        epochs: Some(2),
        ..demo_run(method)
    };
    config.datasets.retain(|dataset| matches!(dataset.role, Role::Train | Role::Outliers | Role::Id));
    // `limit` would draw with the seed.
    config.datasets.iter_mut().for_each(|dataset| dataset.first = dataset.limit.take());
    config
}

/// The lines of `metrics.jsonl`, and all weights.
fn outcome(config: &RunConfig) -> (Vec<serde_json::Value>, BTreeMap<String, Vec<f32>>) {
    let dir = tempfile::tempdir().unwrap();
    train(config, dir.path()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("metrics.jsonl")).unwrap();
    let last = dir.path().join("checkpoints/last.safetensors");
    let choice = NetworkChoice::named(config.checkpoint.as_ref().unwrap().display().to_string());
    let network = Network::load(&last, &choice, tch::Device::Cpu).unwrap();
    let values = |tensor: &tch::Tensor| Vec::try_from(tensor.flatten(0, -1)).unwrap();
    let weights = network.tensors.iter().map(|(name, tensor)| (name.clone(), values(tensor))).collect();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), weights)
}

#[test]
fn dropout_acts_in_training_alone_and_follows_the_seed() {
    for method in [named("oe").with("lambda", 0.5), dr_sam(0.05, 0.5, None)] {
        let of = |dropout: Dropout, seed: u64| outcome(&run_with_dropout(dropout, seed, method.clone()));
        let (on, again, off) = (of(Dropout::On, 3), of(Dropout::On, 3), of(Dropout::Off, 3));
        assert!(on == again, "one seed, the same bits");
        assert_eq!(on.0[0], off.0[0], "the evaluation before the first step is of the whole network");
        assert!(on.1 != off.1 && on.0[1]["train_loss"] != off.0[1]["train_loss"], "{}", method.name);
        // Nothing else of these runs is random: without dropout all seeds give the same.
        assert!(off.1 == of(Dropout::Off, 4).1 && on.1 != of(Dropout::On, 4).1, "{}", method.name);
    }
}

#[test]
fn a_run_with_dropout_that_is_resumed_ends_with_the_same_bits() {
    let config = run_with_dropout(Dropout::On, 3, named("erm"));
    let whole = outcome(&config).1;
    // The state after one epoch, from which the run of two goes on.
    let dir = tempfile::tempdir().unwrap();
    train(&RunConfig { epochs: Some(1), ..config.clone() }, dir.path()).unwrap();
    train(&config, dir.path()).unwrap();
    assert_eq!(RunFolder::new(dir.path()).state().unwrap().0.step, 6);
    let choice = NetworkChoice::named(config.checkpoint.unwrap().display().to_string());
    let last = Network::load(&dir.path().join("checkpoints/last.safetensors"), &choice, tch::Device::Cpu).unwrap();
    for (name, expected) in whole {
        assert!(Vec::<f32>::try_from(last.tensors[&name].flatten(0, -1)).unwrap() == expected, "{name}");
    }
}

#[test]
fn dropout_of_a_network_that_has_none_is_refused_before_the_first_step() {
    let dir = tempfile::tempdir().unwrap();
    let message = train(&RunConfig { dropout: Dropout::On, ..demo_run(named("erm")) }, dir.path()).unwrap_err().to_string();
    assert!(message.contains("`dropout = \"on\"`") && message.contains("resnet8"), "{message}");
    assert!(!dir.path().join("metrics.jsonl").exists());
}

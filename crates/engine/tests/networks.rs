//! Architectures whose tensors tell too little, against PyTorch: logits, loss and largest Hessian eigenvalue by `networks/reference.py`,
//! from files that hold the same weights.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flatland_core::data::{Dataset, Provenance};
use flatland_core::job::{AnalysisDataset, HessianJob, Reporter};
use flatland_core::result::HessianSpectrum;
use flatland_core::session::{
    CheckpointEntry, DatasetEntry, DensityQuality, HessianSettings, NetworkChoice, Normalization, NormalizationPreset, Role,
};
use flatland_engine::analysis;
use flatland_engine::model::{Network, Samples, architecture, inspect};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tch::{Device, Kind};

const CLASSES: i64 = 7;
const IMAGES: usize = 4;

/// `count` numbers in [0, 1), as in the script.
fn uniform(key: u32, count: usize) -> impl Iterator<Item = f64> {
    (0..count as u64).map(move |k| {
        let mut x = (k.wrapping_mul(2_654_435_761).wrapping_add(key.into())) & 0xFFFF_FFFF;
        for _ in 0..2 {
            x = ((x ^ (x >> 16)).wrapping_mul(0x45D_9F3B)) & 0xFFFF_FFFF;
        }
        (x ^ (x >> 16)) as f64 / 2f64.powi(32)
    })
}

fn fnv(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |x, byte| (x ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn value(name: &str, shape: &[i64], is_batch_norm: bool) -> Vec<f32> {
    let fan_in = shape[1..].iter().product::<i64>() as f64;
    let scale = move |u: f64| match name.rsplit('.').next().unwrap() {
        _ if shape.len() > 1 => (2.0 * u - 1.0) * (6.0 / fan_in).sqrt(),
        "running_var" => 0.5 + u,
        "weight" if is_batch_norm => 0.5 + u,
        _ => 0.4 * (u - 0.5),
    };
    uniform(fnv(name), shape.iter().product::<i64>() as usize).map(|u| scale(u) as f32).collect()
}

/// A safetensors file of the tensors of `architecture` under the script's names and values, without a word on which network it is.
fn file(folder: &Path, name: &str, rename: &[(&str, &str)], extra: &[(&str, &[i64])]) -> PathBuf {
    let architecture = architecture::named(name, CLASSES).unwrap();
    let mut entries: Vec<(String, Vec<i64>)> = architecture.tensors.iter().map(|spec| (spec.name.clone(), spec.shape.clone())).collect();
    entries.extend(extra.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())));
    let layers: Vec<String> = entries.iter().filter_map(|(name, _)| Some(name.strip_suffix(".running_var")?.to_owned())).collect();
    let written = |name: &str| rename.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to));
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = entries
        .iter()
        .map(|(name, shape)| {
            let is_batch_norm = layers.iter().any(|layer| name.starts_with(&format!("{layer}.")));
            let bytes = value(name, shape, is_batch_norm).into_iter().flat_map(f32::to_le_bytes).collect();
            (written(name), shape.iter().map(|&side| side as usize).collect(), bytes)
        })
        .collect();
    let views: HashMap<&str, TensorView<'_>> =
        data.iter().map(|(name, shape, bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())).collect();
    let path = folder.join(format!("{name}.safetensors"));
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    path
}

fn images(network: &Network) -> Samples {
    let [channels, side, _] = network.graph.image().unwrap().map(|side| side as usize);
    let pixels = uniform(1, IMAGES * side * side * channels).map(|u| (256.0 * u).floor() as u8);
    let images = if channels == 1 { pixels.flat_map(|pixel| [pixel; 3]).collect() } else { pixels.collect() };
    let source = flatland_core::job::source(&entry(), &[], 0, None);
    let dataset = Dataset {
        name: "images".into(),
        arrays: None,
        images,
        height: side,
        width: side,
        labels: (0..IMAGES as i64).map(|n| n % CLASSES).collect(),
        index: (0..IMAGES).collect(),
        classes: Vec::new(),
        provenance: Provenance { source, format: "test".into(), available: IMAGES, unreadable: Vec::new(), labelling: Default::default() },
    };
    Samples::new(Arc::new(dataset), &plain(), network).unwrap()
}

/// Images without a file.
fn entry() -> DatasetEntry {
    toml::from_str("name = 'images'\nrole = 'id'\npath = 'none'").unwrap()
}

fn plain() -> Normalization {
    Normalization::Preset(NormalizationPreset::None)
}

struct Quiet;

impl Reporter for Quiet {
    fn report(&mut self, _: flatland_core::job::JobEvent) {}
    fn cancelled(&self) -> bool {
        false
    }
}

fn largest_eigenvalue(network: &Network, samples: &Samples, out: &Path) -> f64 {
    let checkpoint: CheckpointEntry = toml::from_str("name = 'net'\npath = 'none'\nnormalization = 'none'").unwrap();
    let source = flatland_core::job::source(&entry(), &[], 0, None);
    let settings =
        HessianSettings { top: 1, tolerance: 1e-6, trace_probes: 0, density: DensityQuality::None, ..HessianSettings::default() };
    let job = HessianJob {
        checkpoint: (&checkpoint).into(),
        dataset: AnalysisDataset { source, role: Role::Id },
        settings,
        seed: 0,
        save_eigenvectors: false,
        out: out.into(),
        device: flatland_core::job::Device::Cpu,
    };
    analysis::hessian::run(network, samples, &job, &mut Quiet).unwrap();
    HessianSpectrum::load(out).unwrap().top[0].value
}

fn reference() -> Value {
    serde_json::from_str(include_str!("networks/reference.json")).unwrap()
}

fn loss(logits: &tch::Tensor, samples: &Samples) -> f64 {
    f64::try_from(logits.to_kind(Kind::Double).cross_entropy_for_logits(&samples.y)).unwrap()
}

/// The network that `path` is read as, against the script's `name`.
fn check(name: &str, path: &Path, choice: &NetworkChoice) {
    let expected = &reference()[name];
    let network = Network::load(path, choice, Device::Cpu).unwrap();
    assert_eq!(network.architecture, name);
    let samples = images(&network);
    let logits = tch::no_grad(|| network.forward(&samples.x)).unwrap().logits;
    let found: Vec<f64> = Vec::try_from(logits.to_kind(Kind::Double).flatten(0, -1)).unwrap();
    let values: Vec<f64> =
        expected["logits"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect();
    let scale = values.iter().fold(0.0f64, |scale, x| scale.max(x.abs()));
    assert_eq!(found.len(), values.len());
    for (found, expected) in found.iter().zip(&values) {
        assert!((found - expected).abs() < 1e-5 * scale, "{name}: logit {found}, PyTorch {expected}");
    }
    let (found, expected_loss) = (loss(&logits, &samples), expected["loss"].as_f64().unwrap());
    assert!((found / expected_loss - 1.0).abs() < 1e-5, "{name}: loss {found}, PyTorch {expected_loss}");
    if let Some(expected) = expected["lambda_max"].as_f64() {
        let folder = tempfile::tempdir().unwrap();
        let found = largest_eigenvalue(&network, &samples, folder.path());
        assert!((found / expected - 1.0).abs() < 1e-4, "{name}: λ₁ {found}, PyTorch {expected}");
    }
}

#[test]
fn every_architecture_with_open_questions_is_pytorchs() {
    let folder = tempfile::tempdir().unwrap();
    for name in reference().as_object().unwrap().keys() {
        check(name, &file(folder.path(), name, &[], &[]), &NetworkChoice::named(name.as_str()));
    }
}

#[test]
fn option_b_is_recognized_under_both_names_of_its_shortcuts() {
    let folder = tempfile::tempdir().unwrap();
    check("resnet8_option_b", &file(folder.path(), "resnet8_option_b", &[], &[]), &NetworkChoice::default());
    let renamed = file(folder.path(), "resnet14_option_b", &[(".shortcut.", ".downsample."), ("linear.", "fc.")], &[]);
    check("resnet14_option_b", &renamed, &NetworkChoice::default());
    let network = Network::load(&renamed, &NetworkChoice::default(), Device::Cpu).unwrap();
    assert!(network.names.contains(&"layer2.0.downsample.1.running_var".to_owned()));
}

/// The option-B file of the report: read as option A it lost its shortcuts without a word.
#[test]
fn a_parameter_that_is_left_over_is_an_error_unless_it_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "resnet8_option_b", &[], &[]);
    let named = NetworkChoice::named("resnet8");
    let error = Network::load(&path, &named, Device::Cpu).unwrap_err().to_string();
    for part in [
        "10 tensors that resnet8 does not have: layer2.0.shortcut.0.weight",
        "set architecture = \"resnet8_option_b\"",
        "ignore = [\"layer2.0.shortcut.*\", \"layer3.0.shortcut.*\"]",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(inspect(&path, &named).error, Some(error));
    let ignoring = |globs: &[&str]| NetworkChoice { ignore: globs.iter().map(|&glob| glob.into()).collect(), ..named.clone() };
    let some = Network::load(&path, &ignoring(&["layer2.0.shortcut.*"]), Device::Cpu).unwrap_err().to_string();
    assert!(some.contains("5 tensors") && some.contains("ignore = [\"layer3.0.shortcut.*\"]"), "{some}");
    let network = Network::load(&path, &ignoring(&["layer?.0.shortcut.*"]), Device::Cpu).unwrap();
    assert_eq!((network.architecture.as_str(), network.left_out.len()), ("resnet8", 10));
    assert!(network.left_out_note().unwrap().starts_with("10 tensors of the file left out, as `ignore` says: layer2.0.shortcut.0.weight"));
    let report = inspect(&path, &ignoring(&["layer?.0.shortcut.*"]));
    assert_eq!((report.error, report.architecture.as_deref()), (None, Some("resnet8")));
    assert!(report.notes.iter().any(|note| note.starts_with("left out, as `ignore` says: layer2.0.shortcut.0.weight")));
}

/// TRADES' WideResNets hold a second copy of their first block, `sub_block1`, that they never use; others keep a projection head or
/// an auxiliary classifier.
#[test]
fn what_other_code_leaves_in_its_files_can_be_ignored_and_is_proposed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, extra, glob) in [
        (
            "wrn-10-1",
            &[("sub_block1.layer.0.bn1.weight", &[16i64][..]), ("sub_block1.layer.0.conv1.weight", &[16, 16, 3, 3])][..],
            "sub_block1.*",
        ),
        ("resnet8", &[("projector.0.weight", &[8, 64][..]), ("projector.2.bias", &[8])][..], "projector.*"),
        ("densenet-bc-10-4", &[("temperature", &[1][..])][..], "temperature"),
    ] {
        let path = file(folder.path(), name, &[], extra);
        let report = inspect(&path, &NetworkChoice::default());
        let error = report.error.unwrap();
        assert!(error.contains("no known architecture has these tensors") && error.contains(&format!("ignore = [{glob:?}]")), "{error}");
        let first = &report.loadable[0];
        assert_eq!((first.architecture.as_str(), first.ignore.as_slice()), (name, &[glob.to_owned()][..]));
        for architecture in [None, Some(name.to_owned())] {
            let choice = NetworkChoice { architecture, ignore: vec![glob.into()], ..NetworkChoice::default() };
            let network = Network::load(&path, &choice, Device::Cpu).unwrap();
            assert_eq!((network.architecture.as_str(), network.left_out.len()), (name, extra.len()));
        }
    }
}

#[test]
fn what_ignore_takes_away_and_what_it_does_not_mean_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "resnet8", &[], &[]);
    let ignoring = |glob: &str| NetworkChoice { ignore: vec![glob.into()], ..NetworkChoice::named("resnet8") };
    let error = Network::load(&path, &ignoring("linear.*"), Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("2 missing") && error.contains("2 of the missing are left out by `ignore`"), "{error}");
    let report = inspect(&path, &ignoring("haed.*"));
    assert_eq!(report.error, None);
    assert!(report.notes.iter().any(|note| note == "`haed.*` of `ignore` means no tensor of the file"), "{:?}", report.notes);
    let error = Network::load(&path, &ignoring("layer[1"), Device::Cpu).unwrap_err().to_string();
    assert!(
        error.contains("expected globs of tensor names in `ignore`, found `layer[1`") && error.contains("resnet8.safetensors"),
        "{error}"
    );
}

#[test]
fn a_prefix_is_stripped_when_what_lacks_it_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let rename = [("conv", "module.conv"), ("fc", "module.fc")];
    let path = file(folder.path(), "oe_mnist", &rename, &[("steps_done", &[1])]);
    let choice = |architecture: &str, glob: &str| NetworkChoice { ignore: vec![glob.into()], ..NetworkChoice::named(architecture) };
    assert!(Network::load(&path, &NetworkChoice::named("oe_mnist"), Device::Cpu).is_err());
    check("oe_mnist", &path, &choice("oe_mnist", "steps_*"));
    check("mnist_tutorial", &path, &choice("mnist_tutorial", "steps_*"));
}

#[test]
fn tensors_of_several_networks_ask_for_a_choice_and_others_say_what_is_assumed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, others) in [("oe_mnist", &["mnist_tutorial"][..]), ("lenet5", &["lenet5_relu_avg", "lenet5_tanh_max", "lenet5_tanh_avg"])] {
        let path = file(folder.path(), name, &[], &[]);
        let error = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string();
        let report = inspect(&path, &NetworkChoice::default());
        assert_eq!((report.error, report.architecture.as_deref()), (None, Some(name)));
        assert_eq!(report.ambiguous, others);
        assert!(error.starts_with(&report.question.unwrap()), "{error}");
        for choice in std::iter::once(&name).chain(others) {
            assert!(error.contains(&format!("architecture = \"{choice}\"")), "{error}");
            let report = inspect(&path, &NetworkChoice::named(*choice));
            assert_eq!((report.error, report.question, report.architecture.as_deref()), (None, None, Some(*choice)));
            assert!(report.assumed.is_empty() && report.certain.iter().any(|known| known.what == "architecture"));
            assert!(!report.ambiguous.contains(&(*choice).to_owned()) && report.ambiguous.len() == others.len());
        }
    }
    for (name, others) in [
        ("resnet8", &["resnet8_noshort"][..]),
        ("resnet8_option_b", &[]),
        ("resnet18_32x32", &["resnet18_64x64", "resnet18_32x32_maxpool"]),
    ] {
        let report = inspect(&file(folder.path(), name, &[], &[]), &NetworkChoice::default());
        assert_eq!((report.error, report.question, report.architecture.as_deref()), (None, None, Some(name)));
        assert_eq!(report.ambiguous, others, "{name}");
        assert!(report.assumed.iter().any(|assumed| assumed.what == "activation" && assumed.value == "ReLU"));
    }
}

#[test]
fn a_file_that_flatland_wrote_says_which_network_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mnist_tutorial", "lenet5_tanh_avg", "resnet8_noshort", "resnet8"] {
        let path = folder.path().join("saved.safetensors");
        Network::random(name, CLASSES, 1, Device::Cpu).unwrap().save(&path).unwrap();
        assert_eq!(Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap().architecture, name);
        let report = inspect(&path, &NetworkChoice::default());
        assert_eq!((report.architecture.as_deref(), report.question), (Some(name), None));
        assert!(report.certain.iter().any(|known| known.what == "architecture" && known.value == "the file says so"));
    }
    // What somebody chooses goes before what the file says.
    let path = folder.path().join("saved.safetensors");
    Network::random("mnist_tutorial", CLASSES, 1, Device::Cpu).unwrap().save(&path).unwrap();
    assert_eq!(Network::load(&path, &NetworkChoice::named("oe_mnist"), Device::Cpu).unwrap().architecture, "oe_mnist");
}

/// A run of one step on `checkpoint`; gives what was asked of it and its folder.
fn one_step(folder: &Path, checkpoint: &Path, settings: &str) -> Result<PathBuf, String> {
    let dir = folder.join(format!("run {}", settings.len()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "version = 1\ncheckpoint = '{}'\nnormalization = \"half\"\nmax_steps = 1\nbatch = 32\ntransform = \"none\"\n{settings}\n\
         [method]\nname = \"erm\"\n[[dataset]]\nname = \"train\"\nrole = \"train\"\npath = \"demo:train\"\nlimit = 64\n",
        checkpoint.display()
    );
    std::fs::write(dir.join("run.toml"), text).unwrap();
    flatland_engine::train::run(&dir, flatland_core::job::Device::Cpu, None).map(|()| dir).map_err(|error| error.to_string())
}

/// Shortcuts that a run would have lost without a word.
#[test]
fn training_drops_no_tensor_without_being_told_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "resnet8_option_b", &[], &[]);
    let error = one_step(folder.path(), &path, "architecture = \"resnet8\"").unwrap_err();
    assert!(error.contains("10 tensors that resnet8 does not have"), "{error}");
    let dir = one_step(folder.path(), &path, "architecture = \"resnet8\"\nignore = [\"layer?.0.shortcut.*\"]").unwrap();
    let log = std::fs::read_to_string(dir.join("log.txt")).unwrap();
    assert!(log.contains("10 tensors of the file left out, as `ignore` says: layer2.0.shortcut.0.weight"), "{log}");
    let last = |dir: &Path| Network::load(&dir.join("checkpoints/last.safetensors"), &NetworkChoice::default(), Device::Cpu).unwrap();
    assert_eq!(last(&dir).architecture, "resnet8");
    let whole = one_step(folder.path(), &path, "").unwrap();
    let saved = last(&whole);
    assert_eq!(saved.architecture, "resnet8_option_b");
    assert!(saved.names.contains(&"layer3.0.shortcut.1.weight".to_owned()));
}

/// What a run of an ambiguous network saves is of the network that was trained.
#[test]
fn the_weights_of_a_run_say_which_network_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "mnist_tutorial", &[], &[]);
    let error = one_step(folder.path(), &path, "").unwrap_err();
    assert!(error.contains("architecture = \"oe_mnist\"") && error.contains("architecture = \"mnist_tutorial\""), "{error}");
    for name in ["mnist_tutorial", "oe_mnist"] {
        let dir = one_step(folder.path(), &path, &format!("architecture = \"{name}\"")).unwrap();
        let saved = dir.join("checkpoints/last.safetensors");
        assert_eq!(Network::load(&saved, &NetworkChoice::default(), Device::Cpu).unwrap().architecture, name);
    }
}

//! Real checkpoints and images: names, logits, accuracies. The expected numbers were computed with PyTorch.

use std::io::Read;
use std::path::Path;

use flatland_core::metric;
use flatland_core::session::{NetworkChoice, Normalization, NormalizationPreset};
use tch::{Device, Kind, Tensor};

use super::super::{Network, inspect, to_input};
use super::shared;

/// (file, container, architecture, classes, parameters)
const SUPPORTED: [(&str, &str, &str, i64, i64); 10] = [
    ("resnet20-12fca82f.th", "legacy pickle", "resnet20", 10, 269_722),
    ("resnet32-d509ac18.th", "legacy pickle", "resnet32", 10, 464_154),
    ("resnet56-4bfd9763.th", "legacy pickle", "resnet56", 10, 853_018),
    ("oecc_cifar10_densenet_baseline.pth", "zip pickle", "densenet-bc-100-12", 10, 769_162),
    ("oecc_cifar10_densenet_tuned.pth", "legacy pickle", "densenet-bc-100-12", 10, 769_162),
    ("dice_cifar10_densenet_checkpoint_100.pth.tar", "zip pickle", "densenet-bc-100-12", 10, 769_162),
    ("oe_mnist_baseline_epoch_9.pt", "legacy pickle", "oe_mnist", 10, 21_840),
    ("oe_mnist_oe_tune_epoch_4.pt", "legacy pickle", "oe_mnist", 10, 21_840),
    ("oe_mnist_oe_scratch_epoch_9.pt", "legacy pickle", "oe_mnist", 10, 21_840),
    ("lenet5_best_model.pth", "zip pickle", "lenet5", 10, 62_006),
];

#[test]
fn every_supported_checkpoint_is_named_and_nothing_is_missing_or_left_over() {
    let Some(folder) = shared("data/checkpoints") else { return };
    for (file, container, architecture, classes, parameters) in SUPPORTED {
        let report = inspect(&folder.join(file), &NetworkChoice::default());
        assert_eq!(report.error, None, "{file}");
        assert_eq!(report.container.as_deref(), Some(container), "{file}");
        assert_eq!(report.architecture.as_deref(), Some(architecture), "{file}");
        assert_eq!((report.classes, report.parameters), (Some(classes), parameters), "{file}");
        assert!(report.missing.is_empty() && report.unexpected.is_empty() && report.mismatched.is_empty(), "{file}: {report:?}");
        assert!(report.globals.iter().any(|global| global.starts_with("torch._utils._rebuild_tensor")), "{file}: {:?}", report.globals);
    }
}

#[test]
fn an_unknown_network_is_a_clear_answer() {
    let Some(path) = shared("data/checkpoints/tinygrad_mnist_model.safetensors") else { return };
    let report = inspect(&path, &NetworkChoice::default());
    assert_eq!((report.container.as_deref(), report.architecture.as_deref()), (Some("safetensors"), None));
    let tensors: Vec<(&str, &[i64], &str)> =
        report.tensors.iter().map(|t| (t.name.as_str(), t.shape.as_slice(), t.dtype.as_str())).collect();
    assert_eq!(tensors, [("l1.weight", &[128, 784][..], "f32"), ("l2.weight", &[10, 128][..], "f32")]);
    let error = report.error.unwrap();
    assert!(error.contains("no known architecture has these tensors") && error.contains("l1.weight [128, 784]"), "{error}");
    assert_eq!(Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string(), error);
}

#[test]
fn a_lenet_5_and_a_small_mnist_network_are_computed_with_only_when_asked_for() {
    for (file, choices) in [
        ("lenet5_best_model.pth", &["lenet5", "lenet5_relu_avg", "lenet5_tanh_max", "lenet5_tanh_avg"][..]),
        ("oe_mnist_baseline_epoch_9.pt", &["oe_mnist", "mnist_tutorial"]),
    ] {
        let Some(path) = shared(&format!("data/checkpoints/{file}")) else { return };
        let error = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string();
        assert!(error.contains("networks have these tensors") && error.contains(file), "{error}");
        assert!(choices.iter().all(|choice| error.contains(&format!("architecture = \"{choice}\""))), "{error}");
    }
    let Some(path) = shared("data/checkpoints/lenet5_best_model.pth") else { return };
    let network = Network::load(&path, &NetworkChoice::named("lenet5"), Device::Cpu).unwrap();
    let output = network.forward(&Tensor::zeros([2, 3, 32, 32], (Kind::Float, Device::Cpu))).unwrap();
    assert_eq!((output.features.size(), output.logits.size()), (vec![2, 84], vec![2, 10]));
}

/// Images [count, 3, 32, 32] f32 (normalized) and labels of the CIFAR-10 test set, in file order.
fn cifar10(folder: &Path, first: usize, count: usize, normalization: &Normalization) -> (Tensor, Tensor) {
    let bytes = std::fs::read(folder.join("test_batch.bin")).unwrap();
    let records = &bytes[first * 3073..(first + count) * 3073];
    let labels: Vec<i64> = records.chunks(3073).map(|record| record[0].into()).collect();
    let pixels: Vec<u8> = records.chunks(3073).flat_map(|record| &record[1..]).copied().collect();
    let (mean, std) = normalization.constants();
    let constants = |values: [f64; 3]| Tensor::from_slice(&values.map(|value| value as f32)).view([1, 3, 1, 1]);
    let x = Tensor::from_slice(&pixels).view([count as i64, 3, 32, 32]).to_kind(Kind::Float) / 255.0;
    ((x - constants(mean)) / constants(std), Tensor::from_slice(&labels))
}

fn relative(ours: &Tensor, expected: &[f64]) -> f64 {
    let expected = Tensor::from_slice(expected).view(ours.size().as_slice());
    let difference = (ours.to_kind(Kind::Double) - &expected).abs().max();
    f64::try_from(difference).unwrap() / f64::try_from(expected.abs().max()).unwrap()
}

#[test]
fn logits_and_features_are_those_of_pytorch() {
    let (Some(golden), Some(data)) = (shared("golden"), shared("data")) else { return };
    for (golden_file, checkpoint, count, preset) in [
        ("forward_resnet20.npz", "resnet20-12fca82f.th", 256, NormalizationPreset::Imagenet),
        ("forward_densenet_baseline.npz", "oecc_cifar10_densenet_baseline.pth", 64, NormalizationPreset::Hendrycks),
    ] {
        let expected = flatland_core::result::Npz::load(&golden.join(golden_file)).unwrap();
        let network = Network::load(&data.join("checkpoints").join(checkpoint), &NetworkChoice::default(), Device::Cpu).unwrap();
        let (x, _) = cifar10(&data.join("cifar-10-batches-bin"), 0, count, &Normalization::Preset(preset));
        let output = tch::no_grad(|| network.forward(&x)).unwrap();
        let logits = relative(&output.logits, &expected.f64("logits").unwrap());
        let features = relative(&output.features, &expected.f64("features").unwrap());
        println!("{checkpoint}: logits within {logits:.1e}, features within {features:.1e}");
        assert!(logits < 1e-4 && features < 1e-4, "{checkpoint}: {logits} {features}");
    }
}

/// A published network that is not built in: JPEGs of any size, scaled, cropped and normalized as its author did.
#[test]
fn an_exported_network_gives_the_logits_of_pytorch_on_photographs() {
    let (Some(golden), Some(data)) = (shared("golden"), shared("data")) else { return };
    let expected = flatland_core::result::Npz::load(&golden.join("forward_efficientnet_lite0.npz")).unwrap();
    let network = Network::load(&data.join("exported/efficientnet_lite0.pt2"), &NetworkChoice::default(), Device::Cpu).unwrap();
    let entry = format!("name = 'ImageNet'\nrole = 'id'\nfirst = 12\npath = '{}'", data.join("imagenet256").display());
    let entry: flatland_core::session::DatasetEntry = toml::from_str(&entry).unwrap();
    let steps = flatland_core::data::ResizeAndCrop {
        resize: Some(flatland_core::data::Resize::Shorter(256)),
        crop: Some([224, 224]),
        ..flatland_core::data::ResizeAndCrop::default()
    };
    let preparation = flatland_core::data::Preparation::By(steps, [224, 224]);
    let dataset = flatland_core::data::load(&flatland_core::job::source(&entry, &[], 0, None), preparation).unwrap();
    let x = to_input(&dataset, &Normalization::Preset(NormalizationPreset::Tflite), 3, Device::Cpu).unwrap();
    let logits = tch::no_grad(|| network.forward(&x)).unwrap().logits;
    let found = relative(&logits, &expected.f64("logits").unwrap()[..12 * 1000]);
    println!("logits within {found:.1e}");
    assert!(found < 1e-4, "{found}");
}

/// Accuracy in % on the first `count` CIFAR-10 test images.
fn accuracy(data: &Path, checkpoint: &str, count: usize, preset: NormalizationPreset) -> f64 {
    let network = Network::load(&data.join("checkpoints").join(checkpoint), &NetworkChoice::default(), Device::Cpu).unwrap();
    let normalization = Normalization::Preset(preset);
    let mut correct = 0;
    for first in (0..count).step_by(250) {
        let (x, y) = cifar10(&data.join("cifar-10-batches-bin"), first, 250, &normalization);
        let logits = tch::no_grad(|| network.forward(&x)).unwrap().logits;
        correct += i64::try_from(logits.argmax(1, false).eq_tensor(&y).sum(Kind::Int64)).unwrap();
    }
    100.0 * correct as f64 / count as f64
}

#[test]
fn the_accuracy_on_the_first_thousand_images() {
    let Some(data) = shared("data") else { return };
    // 91.5 %: PyTorch's network on the same subset.
    let found = accuracy(&data, "resnet20-12fca82f.th", 1000, NormalizationPreset::Imagenet);
    assert!((found - 91.5).abs() <= 0.1, "expected 91.5 %, found {found} %");
}

#[test]
#[ignore = "minutes on two cores"]
fn accuracies_on_all_images_that_the_readme_counts() {
    let Some(data) = shared("data") else { return };
    for (checkpoint, count, preset, expected) in [
        ("resnet20-12fca82f.th", 10_000, NormalizationPreset::Imagenet, 91.73),
        ("resnet32-d509ac18.th", 2000, NormalizationPreset::Imagenet, 92.70),
        ("resnet56-4bfd9763.th", 2000, NormalizationPreset::Imagenet, 92.95),
        ("oecc_cifar10_densenet_baseline.pth", 1000, NormalizationPreset::Hendrycks, 94.8),
        ("oecc_cifar10_densenet_tuned.pth", 1000, NormalizationPreset::Hendrycks, 92.8),
        ("dice_cifar10_densenet_checkpoint_100.pth.tar", 1000, NormalizationPreset::Cifar10, 93.7),
    ] {
        let found = accuracy(&data, checkpoint, count, preset);
        println!("{checkpoint}: {found:.2} % of {count}, expected {expected} %");
        assert!((found - expected).abs() <= 0.1, "{checkpoint}: expected {expected} %, found {found} %");
    }
}

/// The elements of an idx.gz file after a header of `header` bytes.
fn idx(path: &Path, header: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes.split_off(header)
}

#[test]
fn the_mnist_networks_have_the_published_errors_and_detect_notmnist_as_published() {
    let Some(data) = shared("data") else { return };
    let images = |folder: &str| {
        let pixels = idx(&data.join(folder).join("t10k-images-idx3-ubyte.gz"), 16);
        Tensor::from_slice(&pixels).view([-1, 1, 28, 28]).to_kind(Kind::Float) / 255.0
    };
    let labels = Tensor::from_slice(&idx(&data.join("mnist/t10k-labels-idx1-ubyte.gz"), 8)).to_kind(Kind::Int64);
    let (mnist, notmnist) = (images("mnist"), images("notmnist"));
    for (file, error, auroc, fpr95) in [
        ("oe_mnist_baseline_epoch_9.pt", 0.94, 96.13, 16.76),
        ("oe_mnist_oe_tune_epoch_4.pt", 0.92, 98.41, 6.87),
        ("oe_mnist_oe_scratch_epoch_9.pt", 1.03, 98.64, 6.24),
    ] {
        let network = Network::load(&data.join("checkpoints").join(file), &NetworkChoice::named("oe_mnist"), Device::Cpu).unwrap();
        let logits = |x: &Tensor| tch::no_grad(|| network.forward(x)).unwrap().logits;
        let msp = |logits: &Tensor| Vec::<f64>::try_from(logits.softmax(1, Kind::Double).amax(1, false)).unwrap();
        let id = logits(&mnist);
        let wrong = i64::try_from(id.argmax(1, false).ne_tensor(&labels).sum(Kind::Int64)).unwrap();
        let (id, ood) = (msp(&id), msp(&logits(&notmnist)));
        let found = [wrong as f64 / 100.0, 100.0 * metric::auroc(&id, &ood).unwrap(), 100.0 * metric::fpr95(&id, &ood).unwrap()];
        println!("{file}: error, AUROC, FPR@95 in %: {found:.2?}");
        for (found, expected) in found.iter().zip([error, auroc, fpr95]) {
            assert!((found - expected).abs() <= 0.011, "{file}: expected {expected} %, found {found} %");
        }
    }
}

#[test]
fn random_networks_are_the_same_for_the_same_seed_and_have_pytorchs_distribution() {
    let make = |seed| Network::random("resnet8", 10, seed, Device::Cpu).unwrap();
    assert_eq!(make(1).hash(), make(1).hash());
    assert_ne!(make(1).hash(), make(2).hash());
    let network = make(1);
    // kaiming_uniform_(a=√5): U(±1/√fan_in), variance bound²/3.
    let weight = &network.tensors["layer3.0.conv2.weight"];
    let bound = 1.0 / (64.0f64 * 9.0).sqrt();
    let max = f64::try_from(weight.abs().max()).unwrap();
    assert!(max <= bound && max > 0.99 * bound, "{max} {bound}");
    let variance = f64::try_from(weight.var(false)).unwrap();
    assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.02);
    assert_eq!(f64::try_from(network.tensors["layer1.0.bn1.weight"].min()).unwrap(), 1.0);
    let output = network.forward(&Tensor::ones([2, 3, 32, 32], (Kind::Float, Device::Cpu))).unwrap();
    assert_eq!((output.features.size(), output.logits.size()), (vec![2, 64], vec![2, 10]));
    assert!(Network::random("resnet9", 10, 0, Device::Cpu).unwrap_err().to_string().contains("expected one of resnet8"));
}

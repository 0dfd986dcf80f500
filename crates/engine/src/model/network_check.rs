//! [`network_check`]: compares the running statistics of a network's BatchNorms with those of ID images. They differ where the architecture or
//! the normalization is not that of training.

use flatland_core::data::Dataset;
use flatland_core::result::{CHECKED_IMAGES, Fit, LayerCheck, NetworkCheck};
use flatland_core::session::{Normalization, NormalizationPreset};
use tch::Tensor;

use super::running_statistics::{LayerStatistics, layer_statistics};
use super::{InputBatch, ModelError, Network, architecture};

/// Checks `network` on some images of `dataset`, evenly spaced in file order: one forward pass, and where it finds a difference another one
/// for each normalization and architecture that may be right.
///
/// # Errors
/// When sizes do not fit, a tensor is missing or libtorch fails.
pub fn network_check(network: &Network, dataset: &Dataset, normalization: &Normalization) -> Result<NetworkCheck, ModelError> {
    let (inputs, samples) = some(dataset);
    let x = inputs.on(network, &dataset.name, normalization)?;
    let mut check = NetworkCheck {
        dataset: dataset.name.clone(),
        samples,
        architecture: network.architecture.clone(),
        normalization: match normalization {
            Normalization::Preset(preset) => key(*preset),
            Normalization::Constants { .. } | Normalization::Grey { .. } => normalization.label().into(),
        },
        layers: layer_statistics(&network.graph, &network.tensors, &x, false)?.into_iter().map(layer).collect(),
        ..NetworkCheck::default()
    };
    // Float arrays are not normalized.
    if check.is_fed_otherwise() && dataset.arrays.is_none() {
        // `inception` has the constants of `half`.
        let fits = |preset: &NormalizationPreset| {
            let channels = network.graph.image().map_or(0, |[channels, ..]| channels);
            *preset != NormalizationPreset::Inception && Normalization::Preset(*preset).for_channels(channels).is_ok()
        };
        for preset in NormalizationPreset::ALL.into_iter().filter(fits) {
            let x = inputs.on(network, &dataset.name, &Normalization::Preset(preset))?;
            let first = layer_statistics(&network.graph, &network.tensors, &x, true)?;
            check.normalizations.push(Fit { name: key(preset), variance: first.first().map_or(f64::NAN, |first| first.variance) });
        }
    } else if check.begins().is_some() {
        check.architectures = others(network, &x)?;
    }
    check.judge();
    Ok(check)
}

/// Fewest images of a check.
const FEWEST: usize = 32;

/// At most [`CHECKED_IMAGES`] inputs of a dataset; of large images as many as have the positions of so many of 64x64, of large arrays as many as
/// have the values of so many RGB images of that size, but at least [`FEWEST`].
fn some(dataset: &Dataset) -> (InputBatch, usize) {
    let n = dataset.len();
    let alike = match &dataset.arrays {
        Some(arrays) => CHECKED_IMAGES * 3 * 64 * 64 / arrays.size().max(1),
        None => CHECKED_IMAGES * 64 * 64 / (dataset.height * dataset.width).max(1),
    };
    let count = alike.clamp(FEWEST, CHECKED_IMAGES).min(n);
    let positions: Vec<usize> = (0..count).map(|k| k * n / count).collect();
    (InputBatch::of(dataset, &positions), count)
}

/// A normalization preset, as in a session file.
fn key(preset: NormalizationPreset) -> String {
    serde_json::to_value(preset).ok().and_then(|key| key.as_str().map(str::to_owned)).unwrap_or_default()
}

fn layer(found: LayerStatistics) -> LayerCheck {
    LayerCheck { layer: found.layer, variance: found.variance, mean: found.mean }
}

/// How well the other architectures with the same tensors and inputs fit.
fn others(network: &Network, x: &Tensor) -> Result<Vec<Fit>, ModelError> {
    let shapes = network.names.iter().filter_map(|name| Some((name.clone(), network.tensors.get(name)?.size()))).collect();
    let alike = architecture::candidates(&shapes)
        .into_iter()
        .filter(|(other, found)| found.is_exact() && other.name != network.architecture && other.graph.input == network.graph.input);
    let fit = |(other, _): (architecture::Architecture, _)| {
        let layers = layer_statistics(&other.graph, &network.tensors, x, false)?.into_iter().map(layer).collect();
        let variance = NetworkCheck { layers, ..NetworkCheck::default() }.overall();
        Ok::<_, ModelError>(Fit { name: other.name, variance })
    };
    alike.map(fit).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use flatland_core::data;
    use flatland_core::session::{DatasetEntry, NetworkChoice};
    use tch::Device;

    use super::super::{Activation, BatchNormMode, Op, shallow, to_input};
    use super::*;

    fn dataset(toml: &str) -> Dataset {
        let entry: DatasetEntry = toml::from_str(toml).unwrap();
        data::load(&flatland_core::job::source(&entry, &[], 0, None), None).unwrap()
    }

    fn cifar(shared: &Path) -> Dataset {
        let path = shared.join("data/cifar-10-batches-bin");
        dataset(&format!("name = 'CIFAR-10'\nrole = 'id'\nsplit = 'test'\nfirst = 512\npath = '{}'", path.display()))
    }

    fn load(shared: &Path, file: &str, choice: &NetworkChoice) -> Network {
        Network::load(&shared.join("data/checkpoints").join(file), choice, Device::Cpu).unwrap()
    }

    const TRAINED: [(&str, NormalizationPreset); 6] = [
        ("resnet20-12fca82f.th", NormalizationPreset::Imagenet),
        ("resnet32-d509ac18.th", NormalizationPreset::Imagenet),
        ("resnet56-4bfd9763.th", NormalizationPreset::Imagenet),
        ("oecc_cifar10_densenet_baseline.pth", NormalizationPreset::Hendrycks),
        ("oecc_cifar10_densenet_tuned.pth", NormalizationPreset::Hendrycks),
        ("dice_cifar10_densenet_checkpoint_100.pth.tar", NormalizationPreset::Cifar10),
    ];

    #[test]
    fn published_checkpoints_as_they_were_trained_are_not_warned_of() {
        let Some(shared) = flatland_core::testing::shared_dir() else { return };
        for (file, preset) in TRAINED {
            let network = load(&shared, file, &NetworkChoice::default());
            let found = network_check(&network, &cifar(&shared), &Normalization::Preset(preset)).unwrap();
            println!("{file}: first {:.3}, overall {:.3}", found.layers[0].variance, found.overall());
            assert_eq!(found.warnings, [""; 0], "{file}");
            assert!(found.overall() < 0.15 && found.samples == CHECKED_IMAGES, "{file}: {}", found.overall());
        }
    }

    #[test]
    fn the_shortcuts_that_a_network_lacks_are_missed_from_their_first_block_on() {
        let Some(shared) = flatland_core::testing::shared_dir() else { return };
        let preset = NormalizationPreset::Imagenet;
        for (file, wrong, right) in
            [("resnet20-12fca82f.th", "resnet20_noshort", "resnet20"), ("resnet32-d509ac18.th", "resnet32_noshort", "resnet32")]
        {
            let network = load(&shared, file, &NetworkChoice::named(wrong));
            let found = network_check(&network, &cifar(&shared), &Normalization::Preset(preset)).unwrap();
            println!("{wrong}: {:?}", found.warnings);
            assert_eq!(found.begins().unwrap().layer, "layer1.1.bn1", "the first that reads a sum");
            let warning = &found.warnings[0];
            assert!(
                warning.starts_with("from layer `layer1.1.bn1` on") && warning.contains(&format!("; {right} fits better (0.")),
                "{warning}"
            );
        }
    }

    /// Leaky ReLU of slope 0.1 as in the networks of semi-supervised learning, tanh, and a missing nonlinearity after the sums.
    #[test]
    fn another_nonlinearity_is_missed() {
        let Some(shared) = flatland_core::testing::shared_dir() else { return };
        let preset = NormalizationPreset::Imagenet;
        for activation in [Activation::LeakyRelu(0.1), Activation::Tanh, Activation::LeakyRelu(1.0)] {
            let mut network = load(&shared, "resnet20-12fca82f.th", &NetworkChoice::default());
            for node in &mut network.graph.nodes {
                if node.op == Op::Relu {
                    node.op = activation.op();
                }
            }
            let found = network_check(&network, &cifar(&shared), &Normalization::Preset(preset)).unwrap();
            println!("{activation:?}: {:?}", found.warnings);
            assert!(found.warnings[0].starts_with("from layer `layer"), "{activation:?}: {:?}", found.warnings);
        }
    }

    #[test]
    fn another_normalization_is_missed_at_the_first_layer_and_the_right_one_named() {
        let Some(shared) = flatland_core::testing::shared_dir() else { return };
        for (file, right) in [TRAINED[0], TRAINED[3]] {
            let network = load(&shared, file, &NetworkChoice::default());
            for wrong in [NormalizationPreset::None, NormalizationPreset::Half] {
                let found = network_check(&network, &cifar(&shared), &Normalization::Preset(wrong)).unwrap();
                println!("{file}, {wrong:?}: {:?}", found.warnings);
                assert!(found.is_fed_otherwise() && found.warnings[0].contains(&format!("{} (0.", key(right))), "{:?}", found.warnings);
            }
        }
    }

    #[test]
    fn statistics_of_the_very_images_fit_and_those_of_another_nonlinearity_do_not() {
        let network = Network::random("resnet14_option_b", 10, 5, Device::Cpu).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noise.bin");
        let records =
            (0..64 * 3073usize).map(|p| if p % 3073 == 0 { 0 } else { ((p * 7919 + p / 3073 * 104_729 + p * (p % 31)) % 251) as u8 });
        std::fs::write(&path, records.collect::<Vec<u8>>()).unwrap();
        let images = dataset(&format!("name = 'noise'\nrole = 'id'\nformat = 'cifar_binary'\npath = '{}'", path.display()));
        let plain = Normalization::Preset(NormalizationPreset::None);
        let x = to_input(&images, &plain, 3, Device::Cpu).unwrap();
        tch::no_grad(|| network.graph.forward(&network.tensors, &x, BatchNormMode::Accumulate { seen: 0 })).unwrap();
        let right = network_check(&network, &images, &plain).unwrap();
        assert_eq!(right.warnings, [""; 0]);
        assert!(right.overall() < 0.02, "{}", right.overall());
        let mut wrong = network.with_tensors(shallow(&network.tensors));
        for node in &mut wrong.graph.nodes {
            if node.op == Op::Relu {
                node.op = Activation::LeakyRelu(0.5).op();
            }
        }
        let wrong = network_check(&wrong, &images, &plain).unwrap();
        assert!(wrong.begins().is_some() && wrong.warnings[0].starts_with("from layer `layer"), "{:?}", wrong.layers);
    }

    #[test]
    fn of_large_arrays_fewer_are_taken_as_of_large_images() {
        let demo = dataset("name = 'digits'\nrole = 'id'\npath = 'demo:test'");
        let taken = |size: usize| {
            let arrays = flatland_core::data::Arrays { values: vec![0.5; 200 * size], shape: vec![size] };
            let labels = vec![0; 200];
            let arrays = Dataset { arrays: Some(arrays), images: Vec::new(), labels, index: (0..200).collect(), ..demo.clone() };
            some(&arrays).1
        };
        assert_eq!([10, 3 * 64 * 64, 2 * 3 * 64 * 64, 8 * 3 * 64 * 64].map(taken), [CHECKED_IMAGES, CHECKED_IMAGES, 64, FEWEST]);
    }

    #[test]
    fn a_network_without_batch_norm_says_nothing() {
        let network = Network::random("mnist_tutorial", 10, 5, Device::Cpu).unwrap();
        let demo = dataset("name = 'digits'\nrole = 'id'\npath = 'demo:test'");
        let grey = Dataset {
            images: vec![7; 40 * 28 * 28 * 3],
            height: 28,
            width: 28,
            labels: vec![0; 40],
            index: (0..40).collect(),
            ..demo.clone()
        };
        let plain = Normalization::Preset(NormalizationPreset::None);
        let check = network_check(&network, &grey, &plain).unwrap();
        assert!(check.layers.is_empty() && check.warnings.is_empty() && check.samples == 40);
        let error = network_check(&network, &demo, &plain).unwrap_err().to_string();
        assert!(error.contains("expected images of 28x28 for mnist_tutorial, found 32x32"), "{error}");
    }
}

//! Networks of torchvision and timm with random tensors against PyTorch. The folder named by `FLATLAND_TEST_NETWORKS` holds a folder for each,
//! called by the name of the architecture and, after `@`, what else is to be told:
//!
//! - `network.safetensors`, the state dict;
//! - `names.txt`, its names in its order, without BatchNorm's counters;
//! - `expected.npz`, images `x` [2, 3, H, W] and PyTorch's `logits` [2, C].

use flatland_core::result::Npz;
use flatland_core::session::NetworkChoice;
use tch::{Device, Kind, Tensor};

use super::super::Network;

const FOLDER: &str = "FLATLAND_TEST_NETWORKS";
/// Largest difference of logits, as a part of the largest logit.
const TOLERANCE: f64 = 1e-5;

/// The largest difference, as a part of the largest logit.
fn difference(expected: &Npz, network: &Network) -> f64 {
    let tensor = |name: &str| Tensor::from_slice(&expected.f64(name).unwrap());
    let [channels, height, width] = network.graph.image().unwrap();
    let x = tensor("x").view([-1, channels, height, width]).to_kind(Kind::Float);
    let logits = tensor("logits").view([-1, network.classes]);
    let output = tch::no_grad(|| network.forward(&x)).unwrap();
    assert_eq!(output.features.size().len(), 2, "{}", network.architecture);
    let largest = |tensor: Tensor| f64::try_from(tensor.abs().max()).unwrap();
    largest(output.logits.to_kind(Kind::Double) - &logits) / largest(logits)
}

#[test]
fn networks_of_torchvision_and_timm_have_the_logits_of_pytorch() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        println!("skipped: expected {FOLDER} to name a folder of networks");
        return;
    };
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "expected networks in {FOLDER}");
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let expected = Npz::load(&folder.join("expected.npz")).unwrap();
        let [_, _, height, width] = expected.get("x").unwrap().shape[..] else { panic!("{name}: expected images [N, 3, H, W]") };
        let choice = NetworkChoice { input_size: Some([height, width]), ..NetworkChoice::default() };
        let network = match Network::load(&folder.join("network.safetensors"), &choice, Device::Cpu) {
            Ok(network) => network,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let names = std::fs::read_to_string(folder.join("names.txt")).unwrap();
        let found = difference(&expected, &network);
        println!("{name}: logits within {found:.1e}");
        let is_named = name.split('@').next() == Some(network.architecture.as_str());
        let is_ordered = names.lines().eq(network.names.iter().map(String::as_str));
        // Written so that a difference that is not a number is wrong too.
        if !(found < TOLERANCE && is_named && is_ordered) {
            wrong.push(format!(
                "{name}: {}, logits within {found:.1e}, names in the order of the state dict: {is_ordered}",
                network.architecture
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Files as people save them, made by `state_dicts/make.py`: which state dicts they hold, and the logits of each, computed by PyTorch.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flatland_core::result::Inspection;
use flatland_core::session::NetworkChoice;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use super::super::{Network, inspect};

#[derive(Deserialize)]
struct Expected {
    state_dicts: Vec<StateDict>,
    /// What the refusal says, where the file is refused.
    refused: Option<String>,
}

#[derive(Deserialize)]
struct StateDict {
    key: String,
    /// [2][10]; none for what is no network that we know.
    logits: Option<Vec<Vec<f64>>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/tests/state_dicts")
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

/// The file called `name`, unpacked into `to`.
fn unpacked(name: &str, to: &Path) -> PathBuf {
    let mut bytes = Vec::new();
    let packed = std::fs::File::open(folder().join(format!("{name}.gz"))).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let path = to.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// As `images()` of `make.py`.
fn images() -> Tensor {
    let pattern = Tensor::arange(2 * 3 * 32 * 32, (Kind::Int64, Device::Cpu)).remainder(11) - 5;
    (pattern.to_kind(Kind::Float) / 5.0).view([2, 3, 32, 32])
}

fn weights(key: &str) -> NetworkChoice {
    NetworkChoice { weights: Some(key.into()), ..NetworkChoice::default() }
}

fn check_logits(name: &str, path: &Path, choice: &NetworkChoice, expected: &[Vec<f64>]) {
    let network = Network::load(path, choice, Device::Cpu).unwrap_or_else(|error| panic!("{name} {choice:?}: {error}"));
    let found = tch::no_grad(|| network.forward(&images())).unwrap().logits.to_kind(Kind::Double);
    let expected = Tensor::from_slice2(expected);
    let difference = f64::try_from((found - &expected).abs().max()).unwrap() / f64::try_from(expected.abs().max()).unwrap();
    assert!(difference < 2e-5, "{name} {choice:?}: {difference}");
}

#[test]
fn every_state_dict_is_found_by_its_content_and_gives_pytorchs_logits() {
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (name, expected) in expected().iter().filter(|(_, expected)| expected.refused.is_none()) {
        let path = unpacked(name, folder.path());
        let report = inspect(&path, &NetworkChoice::default());
        let keys: Vec<&str> = expected.state_dicts.iter().map(|state_dict| state_dict.key.as_str()).collect();
        assert_eq!(report.error, None, "{name}");
        assert_eq!(report.state_dicts, keys, "{name}");
        assert_eq!(report.architecture.as_deref(), Some("resnet8"), "{name}");
        assert_eq!(report.parameters, 75_290, "{name}: {:?}", report.tensors);
        assert!(report.unexpected.is_empty() && report.missing.is_empty(), "{name}: {:?}", report.unexpected);
        assert_eq!(report.weights.as_deref(), (keys.len() > 1).then_some(keys[0]), "{name}");
        for (place, state_dict) in expected.state_dicts.iter().enumerate() {
            let Some(logits) = &state_dict.logits else { continue };
            if place == 0 {
                check_logits(name, &path, &NetworkChoice::default(), logits);
            }
            check_logits(name, &path, &weights(&state_dict.key), logits);
            read += 1;
        }
    }
    assert!(read > 40, "{read}");
}

#[test]
fn what_cannot_be_computed_with_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in expected() {
        let Some(reason) = expected.refused else { continue };
        let path = unpacked(&name, folder.path());
        let error = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string();
        assert!(error.contains(&reason) && error.contains(path.to_str().unwrap()), "{name}: expected `{reason}` in `{error}`");
        assert!(expected.state_dicts.iter().all(|state_dict| state_dict.logits.is_none()));
    }
}

fn report(name: &str, choice: &NetworkChoice) -> Inspection {
    let folder = tempfile::tempdir().unwrap();
    inspect(&unpacked(name, folder.path()), choice)
}

fn has_note(report: &Inspection, part: &str) -> bool {
    report.notes.iter().any(|note| note.contains(part))
}

#[test]
fn what_was_stripped_left_out_and_taken_from_elsewhere_is_said() {
    let said = |name: &str, choice: &NetworkChoice, part: &str| {
        let report = report(name, choice);
        assert!(has_note(&report, part), "{name}: expected `{part}` in {:?}", report.notes);
    };
    let default = NetworkChoice::default();
    said("averaged_model", &default, "begin with `module.`, which was stripped");
    said("averaged_model", &default, "counts with: n_averaged");
    said("wrapped_thrice", &default, "`module._orig_mod.module.`");
    said("unknown_prefix", &default, "`wrapper_of_mine.inner.net.`");
    said("lightning", &default, "not the network's: criterion.weight, loss_fn.pos_weight");
    said("lucidrains", &default, "counts with: initted, step");
    said("wrapped_inside", &default, "put there by wrappers: _orig_mod");
    said("flat_optimizer.safetensors", &default, "left out, as an optimizer's: optimizer.");
    said("modules", &default, "its code is not");
    said("deep", &default, "state dict taken from `run.best.of.all.my_weights`");
    said("mmcv_hook", &weights("state_dict.ema"), "its 14 running statistics are those of `state_dict`");
    said("shadow", &weights("ema.shadow"), "its 14 running statistics are those of `net`");
    said("model_and_ema", &default, "holds 2 state dicts: `model` is read, `ema` not; `weights = \"ema\"` reads another");
    said("model_and_ema", &weights("ema"), "`ema` is read, as `weights` says; the file also holds `model`");
}

#[test]
fn a_part_of_a_key_will_do_where_it_means_one_and_an_unknown_key_lists_what_is_there() {
    let read = |name: &str, key: &str| report(name, &weights(key));
    assert_eq!(read("ema_first", "ema").weights.as_deref(), Some("ema.module"));
    assert_eq!(read("shadow", "shadow").weights.as_deref(), Some("ema.shadow"));
    assert_eq!(read("student_teacher", "teacher").weights.as_deref(), Some("teacher.backbone"));
    for (name, key, there) in [
        ("model_and_ema", "eman", "`model`, `ema`, found \"eman\""),
        ("averaged_model", "ema", "`.`, found \"ema\""),
        ("moco", "state_dict", "`state_dict.module.encoder_q`, `state_dict.module.encoder_k`"),
        ("tuple_and_list", "[2]", "`[1][0]`, `[1][1]`"),
    ] {
        let refused = read(name, key);
        assert!(!refused.state_dicts.is_empty(), "{name}: the window offers the others");
        let error = refused.error.unwrap();
        assert!(error.contains("expected `weights` to be one of the state dicts of the file") && error.contains(there), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let loaded = Network::load(&unpacked(name, folder.path()), &weights(key), Device::Cpu).unwrap_err().to_string();
        assert!(loaded.contains(there), "{loaded}");
    }
}

#[test]
fn a_file_of_one_network_says_nothing_of_a_choice() {
    let report = report("averaged_model", &NetworkChoice::default());
    assert_eq!((report.state_dicts.len(), report.weights.as_deref()), (1, None));
    assert!(!has_note(&report, "weights"), "{:?}", report.notes);
}

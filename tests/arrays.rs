//! Datasets of float arrays, from the files to the results: networks of inputs [N, 7] and [N, 4, 20] that PyTorch exported.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{has_worker, run, stderr, stdout, write};
use flatland_core::result::{Npz, NpzValues};
use serde_json::Value;

/// A folder with `inputs` of the network `name`, 5 of them, their labels, and what PyTorch computed.
struct Place {
    folder: tempfile::TempDir,
    network: PathBuf,
    expected: Value,
}

impl Place {
    fn new(name: &str, shape: &[usize]) -> Self {
        let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/engine/src/model/exported/float_arrays");
        let expected: Value = serde_json::from_slice(&std::fs::read(made.join("expected.json")).unwrap()).unwrap();
        let expected = expected[name].clone();
        let folder = tempfile::tempdir().unwrap();
        let mut npz = Npz::default();
        npz.push("inputs", &[&[5], shape].concat(), NpzValues::F32(serde_json::from_value(expected["x"].clone()).unwrap()));
        npz.push("labels", &[5], NpzValues::I64(serde_json::from_value(expected["y"].clone()).unwrap()));
        npz.save(&folder.path().join("spectra.npz")).unwrap();
        Self { folder, network: made.join(format!("{name}.pt2")), expected }
    }

    /// A session; `more` are fields of the checkpoint, `dataset` those of the dataset.
    fn session(&self, more: &str, dataset: &str) -> String {
        let network = self.network.display();
        let text = format!(
            "version = 1\n[[checkpoint]]\nname = \"net\"\npath = '{network}'\n{more}\n[[dataset]]\nname = \"spectra\"\nrole = \"id\"\n{dataset}\n\
             [[dataset]]\nname = \"others\"\nrole = \"near\"\npath = \"spectra.npz\"\n\
             [landscape]\nalpha = [0.0, 0.5]\nbeta = [0.0]\n[sharpness]\nrho = [0.05]\nsteps = 2\n\
             [hessian]\ntop = 1\ntrace_probes = 2\nlanczos_steps = 5\ndensity = \"none\"\n[embedding]\niterations = 20\nperplexity = 1.0\n"
        );
        write(self.folder.path(), "session.toml", text)
    }

    fn run(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = run(self.folder.path(), arguments);
        (output.status.success(), stdout(&output), stderr(&output))
    }
}

const NONE: &str = "normalization = \"none\"";
const SPECTRA: &str = "path = \"spectra.npz\"";

#[test]
fn every_analysis_takes_float_arrays_of_any_shape_as_they_are() {
    if !has_worker() {
        return;
    }
    for (name, shape) in [("mlp", &[7][..]), ("signal", &[4, 20])] {
        let place = Place::new(name, shape);
        let session = place.session(NONE, SPECTRA);
        for analysis in ["landscape", "sharpness", "hessian", "embed", "score"] {
            let (success, _, said) = place.run(&[analysis, &session, "--out", "out", "--device", "cpu"]);
            assert!(success, "{name} {analysis}: {said}");
        }
        let (success, _, said) = place.run(&["score", &session, "--scores", "odin,max_logit", "--out", "more", "--device", "cpu"]);
        assert!(success, "{name}: {said}");
        let manifest: Value =
            serde_json::from_slice(&std::fs::read(place.folder.path().join("out/net/spectra/landscape.json")).unwrap()).unwrap();
        let (found, expected) = (manifest["center_loss"].as_f64().unwrap(), place.expected["loss"].as_f64().unwrap());
        assert!((found - expected).abs() < 1e-6, "{name}: {found}, PyTorch {expected}");
        let (_, told, _) = place.run(&["inspect", &place.network.display().to_string()]);
        let input = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        assert!(told.contains(&format!("input {input}")), "{told}");
    }
}

#[test]
fn a_normalization_is_not_applied_and_that_is_said() {
    if !has_worker() {
        return;
    }
    let place = Place::new("mlp", &[7]);
    let session = place.session("normalization = \"cifar10\"", SPECTRA);
    let (success, _, said) = place.run(&["landscape", &session, "--out", "out", "--device", "cpu"]);
    assert!(
        success && said.contains("inputs of `spectra` are float arrays, used as they are: normalization CIFAR-10 is not applied"),
        "{said}"
    );
}

#[test]
fn what_does_not_fit_is_an_error_that_names_both_sides() {
    if !has_worker() {
        return;
    }
    let (mlp, signal) = (Place::new("mlp", &[7]), Place::new("signal", &[4, 20]));
    let other = signal.folder.path().join("spectra.npz").display().to_string();
    let refused = |more: &str, dataset: &str| {
        let (success, _, said) = mlp.run(&["score", &mlp.session(&format!("{NONE}\n{more}"), dataset), "--out", "out", "--device", "cpu"]);
        assert!(!success, "{dataset}");
        said
    };
    let said = refused("", &format!("path = '{other}'"));
    assert!(said.contains("expected inputs of shape [7] for mlp.pt2, found float arrays of shape [4, 20] in `spectra`"), "{said}");
    assert!(said.contains("or export the network for inputs of this one"), "{said}");
    let mut turned = Npz::default();
    turned.push("inputs", &[5, 7, 1], NpzValues::F32(serde_json::from_value(mlp.expected["x"].clone()).unwrap()));
    turned.push("labels", &[5], NpzValues::I64(serde_json::from_value(mlp.expected["y"].clone()).unwrap()));
    turned.save(&mlp.folder.path().join("turned.npz")).unwrap();
    let said = refused("", "path = \"turned.npz\"");
    assert!(
        said.contains("found float arrays of shape [7, 1] in `spectra`: save them in that order and shape, `x.reshape(-1, 7)`"),
        "{said}"
    );
    let said = refused("", &format!("{SPECTRA}\n[[dataset]]\nname = \"digits\"\nrole = \"far\"\npath = \"demo:test\"\nlimit = 8"));
    assert!(said.contains("expected float arrays of shape [7] for mlp.pt2, found pictures"), "{said}");
    let said = refused("", &format!("{SPECTRA}\ncorruption = {{ kind = \"fog\", severity = 1 }}"));
    assert!(said.contains("corruptions are defined for 8-bit images"), "{said}");
    let (success, _, said) = mlp.run(&["conformance", &mlp.session(NONE, SPECTRA), "--out", "conformance", "--device", "cpu"]);
    assert!(!success && said.contains("found float arrays of shape [7] in `others`"), "{said}");
    let said = refused("input = \"timm\"", SPECTRA);
    assert!(said.contains("mlp.pt2 takes inputs of shape [7], but `input` makes images of 224x224: leave `input` out"), "{said}");
}

#[test]
fn float_arrays_are_trained_on_without_crops() {
    if !has_worker() {
        return;
    }
    let place = Place::new("signal", &[4, 20]);
    let train = |transform: &str, out: &str| {
        let network = place.network.display();
        let text = format!(
            "version = 1\ncheckpoint = '{network}'\nmax_steps = 3\nbatch = 5\nshuffle = false\nlog_every = 1\n{transform}\n\
             [method]\nname = \"sam\"\nrho = 0.01\n[optimizer]\nlr = 0.1\n[[dataset]]\nname = \"spectra\"\nrole = \"train\"\npath = \"spectra.npz\"\n\
             [[dataset]]\nname = \"watched\"\nrole = \"id\"\npath = \"spectra.npz\"\n"
        );
        let file = write(place.folder.path(), "run.toml", text);
        place.run(&["train", &file, "--out", out, "--device", "cpu"])
    };
    let (success, _, said) = train("normalization = \"none\"", "cropped");
    assert!(!success && said.contains("expected `transform = \"none\"`") && said.contains("float arrays"), "{said}");
    let mixed = |mix: &str, out: &str| {
        let network = place.network.display();
        let text = format!(
            "version = 1\ncheckpoint = '{network}'\nmax_steps = 1\nbatch = 5\ntransform = \"none\"\nnormalization = \"none\"\n\
             [method]\nname = \"mix_oe\"\n{mix}\n[[dataset]]\nname = \"spectra\"\nrole = \"train\"\npath = \"spectra.npz\"\n\
             [[dataset]]\nname = \"others\"\nrole = \"outliers\"\npath = \"spectra.npz\"\n"
        );
        let file = write(place.folder.path(), "mixed.toml", text);
        place.run(&["train", &file, "--out", out, "--device", "cpu"])
    };
    let (success, _, said) = mixed("", "cutmix");
    assert!(!success && said.contains("found inputs of shape [4, 20]: set `mix = \"mixup\"` in [method]"), "{said}");
    assert!(!place.folder.path().join("cutmix/metrics.jsonl").exists(), "before anything is measured");
    let (success, _, said) = mixed("mix = \"mixup\"", "mixup");
    assert!(success, "{said}");
    let (success, _, said) = train("transform = \"none\"\nnormalization = \"cifar10\"", "plain");
    assert!(success, "{said}");
    let log = std::fs::read_to_string(place.folder.path().join("plain/log.txt")).unwrap();
    assert!(log.contains("inputs of `spectra` are float arrays, used as they are: normalization CIFAR-10 is not applied"), "{log}");
    let steps = std::fs::read_to_string(place.folder.path().join("plain/steps.jsonl")).unwrap();
    let losses: Vec<f64> = steps.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["train_loss"].as_f64().unwrap()).collect();
    assert!(losses.len() == 3 && losses[2] < losses[0], "{losses:?}");
}

//! Real checkpoints as built-in networks and as what PyTorch exports of them (`.pt2`, ONNX): the same landscapes and the same fine-tuning steps, from the
//! session to the files.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{FLATLAND, has_worker};
use flatland_core::testing::{python_with_torch, shared_dir};

/// `benches/exported.py` ends with 1 where a cell differs by more than 1e-6, or the loss or the gradient of a step by more than 1e-5.
#[test]
fn a_checkpoint_says_the_same_as_a_built_in_network_and_as_an_exported_one() {
    let Some(shared) = shared_dir().filter(|_| has_worker()) else { return };
    let Some(python) = python_with_torch() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/exported.py");
    let mut compare = Command::new(python);
    compare.arg(script).arg("--data").arg(shared.join("data")).args(["--flatland", FLATLAND, "--images", "32", "--side", "3"]);
    let output = compare.args(["--only", "resnet20", "mnist", "densenet"]).env_remove("FLATLAND_WORKER").output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

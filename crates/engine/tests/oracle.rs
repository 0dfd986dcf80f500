//! DR-SAM against an independent PyTorch program on this machine. Needs the shared test data and a Python with torch (`ORACLE_PYTHON`).

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use flatland_core::testing::{python_with_torch, shared_dir};

/// At ρ = 0.5 three steps turn a last bit into 1e-3 of a tensor's norm (the oracle with one thread against itself with two: 1.2e-3), so
/// agreement means the same operations in the same order on the same number of threads: then all bits agree.
#[test]
fn three_dr_sam_steps_equal_the_oracle_beside_them() {
    let Some(shared) = shared_dir() else { return };
    let Some(python) = python_with_torch() else { return };
    for (augmentation, batch_norm) in [("brightness", "first"), ("brightness", "second"), ("brightness", "both"), ("none", "first")] {
        let dir = tempfile::tempdir().unwrap();
        let expected = dir.path().join("oracle.npz");
        let status = Command::new(&python)
            .arg(shared.join("oracle/drsam_step.py"))
            .arg(shared.join("data/checkpoints/resnet20-12fca82f.th"))
            .arg(shared.join("data/cifar-10-batches-bin/data_batch_1.bin"))
            .arg(shared.join("data/outliers_256.npz"))
            .args(["--augmentation", augmentation, "--batch-norm", batch_norm, "--out"])
            .arg(&expected)
            .env("OMP_NUM_THREADS", "2")
            .status();
        assert!(status.unwrap().success());
        let augmentation = if augmentation == "none" { "" } else { "augmentation = { kind = \"brightness\", severity = 1 }" };
        let run = format!(
            "version = 1\ncheckpoint = '{shared}/data/checkpoints/resnet20-12fca82f.th'\nnormalization = \"imagenet\"\nmax_steps = 3\nbatch = 32\n\
             outlier_batch = 64\nshuffle = false\ntransform = \"none\"\nbatch_norm = \"{batch_norm}\"\n\
             [method]\nname = \"dr_sam\"\nrho = 0.5\nlambda = 0.5\n{augmentation}\n\
             [[dataset]]\nname = \"train\"\nrole = \"train\"\npath = '{shared}/data/cifar-10-batches-bin/data_batch_1.bin'\nfirst = 96\n\
             [[dataset]]\nname = \"outliers\"\nrole = \"outliers\"\npath = '{shared}/data/outliers_256.npz'\n",
            shared = shared.display()
        );
        let folder = dir.path().join("run");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("run.toml"), run).unwrap();
        let worker = Command::new(env!("CARGO_BIN_EXE_flatland-worker")).arg("train").arg(&folder).args(["--threads", "2"]).output();
        let worker = worker.unwrap();
        assert!(worker.status.success(), "{}", String::from_utf8_lossy(&worker.stderr));
        compare(&folder.join("checkpoints/last.safetensors"), &expected);
    }
}

fn compare(found: &Path, expected: &Path) {
    let found = flatland_engine::model::Network::load(found, &flatland_core::session::NetworkChoice::default(), tch::Device::Cpu).unwrap();
    let mut archive = npyz::npz::NpzArchive::open(expected).unwrap();
    for name in &found.names {
        let expected: Vec<f32> = archive.by_name(name).unwrap().unwrap().into_vec().unwrap();
        let values: Vec<f32> = Vec::try_from(found.tensors[name].flatten(0, -1)).unwrap();
        let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let off = norm(&mut values.iter().zip(&expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied());
        assert!(off < 1e-4, "`{name}` is off by {off:e} of its norm");
    }
}

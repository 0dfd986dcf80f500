//! A network whose logits are not finite, as the command line reports it: at first, and from the cache.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{demo_checkpoint, has_worker, run, session, stderr, stdout, write};

/// A checkpoint whose logits are all NaN: the bias of its last layer is.
fn without_logits(checkpoint: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(checkpoint).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let place = |k: usize| 8 + length + header["linear.bias"]["data_offsets"][k].as_u64().unwrap() as usize;
    let (from, to) = (place(0), place(1));
    bytes[from..to].chunks_exact_mut(4).for_each(|value| value.copy_from_slice(&f32::NAN.to_le_bytes()));
    bytes
}

#[test]
fn undefined_numbers_are_reported_with_the_reason_also_from_the_cache() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let broken = write(folder.path(), "nan.safetensors", without_logits(&demo_checkpoint()));
    let path = session(folder.path(), &broken, "", "demo:test");

    let scored = run(folder.path(), &["score", &path, "--out", "scored"]);
    let told = stdout(&scored);
    assert!(told.contains("A, digits: accuracy not defined\n"), "{told}");
    assert!(told.contains("A, energy, ID against others: not defined: 64 of 64 `energy` scores of `digits` are not finite"), "{told}");
    let json = std::fs::read_to_string(folder.path().join("scored/scores.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["A"]["accuracy"]["digits"].is_null() && json["A"]["scores"]["msp"]["others"].is_null(), "{json}");
    assert_eq!((&json["A"]["non_finite"]["digits"], &json["A"]["base_rate"]["others"]), (&64.into(), &0.5.into()));

    for round in ["computed", "from the cache"] {
        let told = stderr(&run(folder.path(), &["figures", &path, "--out", "figures", "--format", "csv"]));
        let reason = "energy is not drawn: A: none of the 128 values of `energy` is finite";
        let note = "64 of 64 images of `digits` have logits that are not finite: what depends on them is not defined";
        assert!(told.contains(reason), "{round}: {told}");
        assert_eq!(told.matches(note).count(), 1, "{round}: {told}");
        let scores = std::fs::read_to_string(folder.path().join("figures/scores.csv")).unwrap();
        assert!(scores.contains("A,energy,others,near,64,,,,,,,,,,0.5,64\n"), "{round}: {scores}");
        assert!(!folder.path().join("figures/energy.csv").exists(), "{round}");
    }
}

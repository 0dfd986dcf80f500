//! Files that are cut, renamed, not checkpoints at all, or made to run something: one clear message each, nothing executed.

use std::path::Path;

use flatland::session::NetworkChoice;
use tch::Device;

use super::super::{Network, inspect};
use super::formats::zip_checkpoint;
use super::shared;

/// Writes `bytes` as `name`, checks that `inspect` and `load` refuse it with the path and all of `expected`, and gives the report.
fn refused(name: &str, bytes: &[u8], expected: &[&str]) -> flatland::result::Inspection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let report = inspect(&path, &NetworkChoice::default());
    let error = report.error.clone().unwrap_or_else(|| panic!("{name} was accepted"));
    for part in expected.iter().chain(&[path.to_str().unwrap()]) {
        assert!(error.contains(part), "{name}: expected `{part}` in `{error}`");
    }
    assert_eq!(Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap_err().to_string(), error);
    assert_eq!(report.architecture, None);
    report
}

#[test]
fn what_is_no_checkpoint_is_named() {
    refused("empty.pt", b"", &["empty (0 bytes)"]);
    refused("page.pt", b"<!DOCTYPE html><html><head><title>Google Drive", &["an HTML page"]);
    refused("page.pt", b"\n  <html lang=\"en\">", &["an HTML page"]);
    refused(
        "pointer.pt",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        &["git-lfs pointer", "git lfs pull"],
    );
    refused("model.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", &["an HDF5 file"]);
    refused("array.npy", b"\x93NUMPY\x01\0", &["a NumPy array"]);
    refused("model.pt.gz", b"\x1f\x8b\x08\0\0\0\0", &["a gzip archive"]);
    refused("noise.pt", b"\x01\x02\x03", &["3 bytes that begins with 01 02 03"]);
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    refused("old.pt", &tar, &["a tar archive"]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("weight.npy", zip::write::SimpleFileOptions::default()).unwrap();
    refused("weights.npz", &zip.finish().unwrap().into_inner(), &["a NumPy archive (.npz)"]);
    let missing = inspect(Path::new("/nowhere/model.pt"), &NetworkChoice::default());
    assert!(missing.error.is_some_and(|error| error.contains("cannot read") && error.contains("/nowhere/model.pt")));
}

#[test]
fn a_pickle_that_would_run_a_program_runs_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("was-here");
    let plain = format!("cos\nsystem\n(S'touch {}'\ntR.", witness.display());
    let protocol_2 = [b"\x80\x02".to_vec(), plain.clone().into_bytes()].concat();
    for (name, bytes) in [
        ("protocol-0.pt", plain.clone().into_bytes()),
        ("protocol-2.pt", protocol_2.clone()),
        ("zip.pt", zip_checkpoint(&protocol_2, &[])),
        ("renamed.safetensors", zip_checkpoint(&protocol_2, &[])),
        ("renamed-plain.safetensors", protocol_2.clone()),
    ] {
        let report = refused(name, &bytes, &["refers to os.system: not executed"]);
        assert_eq!(report.globals, ["os.system"], "{name}");
    }
    assert!(!witness.exists());
}

#[test]
fn a_legacy_checkpoint_with_a_call_hidden_in_it_is_refused() {
    let Some(path) = shared("data/checkpoints/oe_mnist_baseline_epoch_9.pt") else { return };
    let bytes = std::fs::read(path).unwrap();
    // The fourth pickle is the object: put a call before its content.
    let mut position = 0;
    for _ in 0..3 {
        position += flatland::data::pickle::parse(&bytes[position..]).unwrap().1;
    }
    let at = position + 2;
    let hostile = [&bytes[..at], b"cos\nsystem\n(S'false'\ntR0", &bytes[at..]].concat();
    let report = refused("hidden.pt", &hostile, &["refers to os.system: not executed"]);
    assert_eq!(report.container.as_deref(), Some("legacy pickle"));
    assert!(report.globals.contains(&"os.system".to_string()));
}

#[test]
fn cut_files_say_that_they_are_cut() {
    let Some(folder) = shared("data/checkpoints") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let zip = read("lenet5_best_model.pth");
    let report =
        refused("cut.pth", &zip[..zip.len() / 2], &["zip archive is cut off or damaged", &format!("found {} bytes", zip.len() / 2)]);
    assert_eq!(report.container.as_deref(), Some("zip pickle"));
    let legacy = read("oe_mnist_baseline_epoch_9.pt");
    refused("cut.pt", &legacy[..legacy.len() - 100], &["cut off", "found"]);
    refused("cut.pt", &legacy[..300], &["cut off"]);
    let safetensors = read("tinygrad_mnist_model.safetensors");
    refused("cut.safetensors", &safetensors[..1000], &["cut off or damaged"]);
    refused("cut.safetensors", &safetensors[..40], &["cut off", "found a file of 40 bytes"]);
}

#[test]
fn a_real_cut_download_is_refused() {
    let Some(path) = shared("data/broken/my_checkpoint.pth.tar.1310720") else { return };
    let report = inspect(&path, &NetworkChoice::default());
    let error = report.error.unwrap();
    assert!(error.contains("cut off") && error.contains("my_checkpoint.pth.tar.1310720"), "{error}");
    let mat = inspect(&shared("data/broken/svhn_train_32x32.truncated.mat").unwrap(), &NetworkChoice::default());
    assert!(mat.error.unwrap().contains("a MATLAB file"));
    let batch = inspect(&shared("data/broken/test_batch.524288").unwrap(), &NetworkChoice::default());
    let error = batch.error.unwrap();
    assert!(error.contains("pickle"), "{error}");
}

#[test]
fn safetensors_with_wrong_offsets_are_refused() {
    let file = |header: &str, buffer: usize| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; buffer]].concat();
    for (header, buffer, expected) in [
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "offsets"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "offsets that fit shape and type"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "cut off or damaged"),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "offsets"),
        (r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#, 8, "invalid"),
        (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, 6, "at `b`"),
        (r#"{"a":17}"#, 0, "invalid"),
        ("{not json", 0, "invalid"),
    ] {
        refused("bad.safetensors", &file(header, buffer), &["safetensors", expected]);
    }
}

#[test]
fn a_state_dict_of_another_architecture_names_the_nearest_and_the_differences() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let mut network = Network::random("resnet20", 10, 0, Device::Cpu).unwrap();
    let extra = network.tensors["layer3.2.conv1.weight"].copy();
    network.tensors.insert("layer3.3.conv1.weight".into(), extra);
    network.names.push("layer3.3.conv1.weight".into());
    network.names.retain(|name| name != "linear.bias");
    network.save(&path).unwrap();
    let report = inspect(&path, &NetworkChoice::default());
    assert_eq!((report.architecture, report.classes), (None, None));
    assert_eq!((report.missing, report.unexpected), (vec!["linear.bias".to_string()], vec!["layer3.3.conv1.weight".to_string()]));
    let error = report.error.unwrap();
    for part in
        ["the nearest is resnet20: 96 of its 97 tensors match, 1 missing", "1 unexpected", "missing linear.bias", "other.safetensors"]
    {
        assert!(error.contains(part), "expected `{part}` in `{error}`");
    }
    // Named, it is no more than that.
    let error = Network::load(&path, &NetworkChoice::named("resnet20"), Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("not those of resnet20") && error.contains("missing linear.bias"), "{error}");
}

#[test]
fn every_cut_of_a_small_zip_checkpoint_is_an_error_and_never_a_panic() {
    let bytes = zip_checkpoint(b"\x80\x02}.", &[("0", vec![0; 64])]);
    for end in 0..bytes.len() {
        assert!(super::super::checkpoint::read_bytes(&bytes[..end]).tensors.is_err(), "cut at {end}");
    }
}

//! Files that are cut, renamed, not checkpoints at all, or made to run something: one clear message each, nothing executed.

use std::path::Path;

use flatland_core::session::NetworkChoice;
use tch::Device;

use super::super::{Network, inspect};
use super::formats::zip_checkpoint;
use super::shared;

/// Writes `bytes` as `name`, checks that `inspect` and `load` refuse it with the path and all of `expected`, and gives the report.
fn refused(name: &str, bytes: &[u8], expected: &[&str]) -> flatland_core::result::Inspection {
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
    refused("net.onnx", b"\x08\x09\x12\x07pytorch\x1a\x062.11.0", &["expected the operators of ONNX in the file, found none"]);
    refused("saved_model.pb", b"\x08\x01\x12\xb2\x01\x0a\x02\x08\x01", &["a network of TensorFlow", "flatland export-help"]);
    refused("hello.pt", b"hello\n", &["the file is a text file; Flatland opens checkpoints (.pt, .pth, .pt2, .onnx, .safetensors)"]);
    refused("train.py", b"import torch\n", &["a Python script", "flatland export-help"]);
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
        position += flatland_core::data::pickle::parse(&bytes[position..]).unwrap().1;
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
        assert!(super::super::checkpoint::read_bytes(bytes[..end].to_vec()).contents.is_err(), "cut at {end}");
    }
}

/// The opcodes that put `text` on the stack.
fn text(text: &str) -> Vec<u8> {
    [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// The opcodes of a tensor of `numel` numbers in storage 0 with these sizes and strides.
fn tensor(numel: u32, size: u32, stride: u32) -> Vec<u8> {
    let int = |value: u32| [&b"J"[..], &value.to_le_bytes()].concat();
    [
        &b"ctorch._utils\n_rebuild_tensor_v2\n(("[..],
        &text("storage"),
        b"ctorch\nFloatStorage\n",
        &text("0"),
        &text("cpu"),
        &int(numel),
        b"tQ",
        &int(0),
        b"(",
        &int(size),
        b"t(",
        &int(stride),
        b"t\x89NtR",
    ]
    .concat()
}

#[test]
fn many_names_of_one_tensor_do_not_fill_the_memory() {
    // A thousand names of 4 MB each from a file of 4 MB.
    let numel = 1 << 20;
    let mut program = [b"\x80\x02}(".to_vec(), text("w.0"), tensor(numel, numel, 1), b"q\x00".to_vec()].concat();
    for name in 1..1000 {
        program.extend([text(&format!("w.{name}")), b"h\x00".to_vec()].concat());
    }
    program.extend(b"u.");
    let error = inspect_bytes(&zip_checkpoint(&program, &[("0", vec![0; 4 << 20])])).error.unwrap();
    assert!(error.contains("larger than a file of this size can fill"), "{error}");
}

#[test]
fn values_shared_more_often_than_any_file_has_values_are_refused() {
    // x = {}; x = (x, x), 22 times over; and x = {"w": tensor}, 13 times.
    let doubled = |leaf: &[u8], times: usize| [b"\x80\x02", leaf, &b"2\x86".repeat(times), b"."].concat();
    refused("laughs.pt", &zip_checkpoint(&doubled(b"}", 22), &[]), &["at most 4000000 values"]);
    let leaf = [b"}".to_vec(), text("w"), tensor(1, 1, 1), b"s".to_vec()].concat();
    refused("dicts.pt", &zip_checkpoint(&doubled(&leaf, 13), &[("0", vec![0; 4])]), &["at most 4000 dicts of tensors"]);
}

#[test]
fn a_state_dict_that_contains_itself_is_refused() {
    // x = {}; x["model"] = x
    let program = [b"\x80\x02}q\x00".to_vec(), text("model"), b"h\x00s.".to_vec()].concat();
    refused("cycle.pt", &zip_checkpoint(&program, &[]), &["a value that contains itself"]);
}

#[test]
fn state_dicts_deeper_than_any_file_has_them_are_not_looked_for() {
    let nested = |levels: usize| {
        let open: Vec<u8> = (0..levels).flat_map(|_| [b"}".to_vec(), text("a")].concat()).collect();
        let program = [b"\x80\x02".to_vec(), open, tensor(1, 1, 1), b"s".repeat(levels), b".".to_vec()].concat();
        super::super::checkpoint::read_bytes(zip_checkpoint(&program, &[("0", vec![0; 4])])).contents
    };
    assert_eq!(nested(20).unwrap().state_dicts[0].entries[0].name, "a");
    assert!(nested(200).unwrap_err().contains("no tensors by name"));
}

#[test]
fn names_that_would_fill_the_memory_are_refused() {
    let long = "n".repeat(100_000);
    let program = [b"\x80\x02}".to_vec(), text(&long), tensor(1, 1, 1), b"s.".to_vec()].concat();
    refused("long.pt", &zip_checkpoint(&program, &[("0", vec![0; 4])]), &["names of at most 1000 bytes, found one of 100000"]);
}

#[test]
fn thousands_of_prefixes_are_an_answer_in_time() {
    let mut program = [b"\x80\x02}(".to_vec(), text("a"), tensor(1, 1, 1), b"q\x00".to_vec()].concat();
    for i in 0..20_000 {
        program.extend([text(&format!("a{i}.b{}.c{}.conv1.weight", i % 7, i % 3)), b"h\x00".to_vec()].concat());
    }
    program.extend(b"u.");
    let start = std::time::Instant::now();
    refused("prefixes.pt", &zip_checkpoint(&program, &[("0", vec![0; 4])]), &["no known architecture"]);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// A pickled NumPy array of f4 under the name `w`, with this shape, as many bytes and what builds its bytes.
fn array(shape: &[u8], data: &[u8]) -> Vec<u8> {
    [
        &b"\x80\x04}"[..],
        &text("w"),
        b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR(K\x01",
        shape,
        b"cnumpy\ndtype\n(",
        &text("f4"),
        b"\x89\x88tR(K\x03",
        &text("<"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
        data,
        b"tbs.",
    ]
    .concat()
}

#[test]
fn numpy_arrays_that_claim_other_bytes_than_they_have_are_refused() {
    for (shape, data, expected) in [
        (&b"(K\x02t"[..], &b"C\x04abcd"[..], "expected 8 bytes in a NumPy array of shape [2], found 4"),
        (b"(J\xff\xff\xff\xfft", b"C\x04abcd", "non-negative integer"),
        (b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7ft", b"C\x04abcd", "larger than a file of this size can fill"),
        (b"(J\x00\x00\x00\x40t", b"C\x04abcd", "larger than a file of this size can fill"),
        (b"(K\x01t", b"]", "expected the bytes of a NumPy array"),
    ] {
        let error = inspect_bytes(&array(shape, data)).error.unwrap();
        assert!(error.contains(expected), "expected `{expected}` in `{error}`");
    }
    let report = inspect_bytes(&array(b"(K\x01t", b"C\x04\x00\x00\x80\x3f"));
    assert_eq!(report.tensors[0].shape, [1]);
}

fn inspect_bytes(bytes: &[u8]) -> flatland_core::result::Inspection {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    inspect(file.path(), &NetworkChoice::default())
}

#[test]
fn a_call_hidden_in_a_storage_within_the_pickle_is_found_and_not_made() {
    // What `torch.storage._load_from_bytes` would load is a legacy checkpoint, a program of its own.
    let inner = [
        &b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."[..],
        b"\x80\x02cos\nsystem\n(S'touch /tmp/flatland-embedded'\ntR.\x80\x02].",
    ]
    .concat();
    let bytes = [&b"B"[..], &(inner.len() as u32).to_le_bytes(), &inner].concat();
    let size = b"J\x00\x00\x00\x00(K\x01t(K\x01t\x89NtR";
    let program = [
        &b"\x80\x04}"[..],
        &text("w"),
        b"ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n(",
        &bytes,
        b"tR",
        size,
        b"s.",
    ]
    .concat();
    let report = refused("embedded.pkl", &program, &["refers to os.system: not executed"]);
    assert!(report.globals.contains(&"os.system".to_string()));
    assert!(!Path::new("/tmp/flatland-embedded").exists());
}

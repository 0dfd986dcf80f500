//! One set of weights in several containers, types and wrappings.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use flatland_core::session::NetworkChoice;
use safetensors::tensor::{Dtype, TensorView};
use tch::{Device, Kind, Tensor};

use super::super::checkpoint::{RawTensor, read};
use super::super::{Network, inspect};
use super::shared;

/// Pickle protocol 2 by hand: just what a state dict needs.
struct Pickle(Vec<u8>);

impl Pickle {
    fn new() -> Self {
        Self(b"\x80\x02".to_vec())
    }

    fn global(&mut self, module: &str, name: &str) -> &mut Self {
        self.0.extend(format!("c{module}\n{name}\n").as_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    fn int(&mut self, value: i32) -> &mut Self {
        self.0.push(b'J');
        self.0.extend(value.to_le_bytes());
        self
    }

    fn raw(&mut self, opcodes: &[u8]) -> &mut Self {
        self.0.extend(opcodes);
        self
    }

    fn ints(&mut self, values: &[i32]) -> &mut Self {
        self.raw(b"(");
        for &value in values {
            self.int(value);
        }
        self.raw(b"t")
    }

    /// A tensor: a strided view of storage `key`.
    fn tensor(&mut self, storage: &str, key: &str, numel: i32, [offset, size, stride]: [&[i32]; 3]) -> &mut Self {
        self.global("torch._utils", "_rebuild_tensor_v2").raw(b"((");
        self.text("storage").global("torch", storage).text(key).text("cpu").int(numel).raw(b"tQ");
        self.int(offset[0]).ints(size).ints(stride).raw(b"\x89").global("collections", "OrderedDict").raw(b")RtR")
    }
}

/// A zip checkpoint with `data.pkl` and storages.
pub fn zip_checkpoint(program: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("archive/data.pkl", stored).unwrap();
    zip.write_all(program).unwrap();
    for (key, data) in storages {
        zip.start_file(format!("archive/data/{key}"), stored).unwrap();
        zip.write_all(data).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tensors(bytes: &[u8]) -> Result<Vec<RawTensor>, String> {
    let contents = super::super::checkpoint::read_bytes(bytes.to_vec()).contents?;
    contents.gather(&contents.state_dicts[0].entries)
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn tensors_may_share_a_storage_start_anywhere_and_be_transposed() {
    let mut program = Pickle::new();
    program.raw(b"}(");
    program.text("whole").tensor("FloatStorage", "7", 6, [&[0], &[2, 3], &[3, 1]]);
    program.text("transposed").tensor("FloatStorage", "7", 6, [&[0], &[3, 2], &[1, 3]]);
    program.text("tail").tensor("FloatStorage", "7", 6, [&[4], &[2], &[1]]);
    program.text("spread").tensor("FloatStorage", "7", 6, [&[1], &[2, 2], &[0, 2]]);
    program.text("scalar").tensor("LongStorage", "8", 1, [&[0], &[], &[]]);
    program.text("empty").tensor("FloatStorage", "7", 6, [&[0], &[0, 3], &[3, 1]]);
    program.raw(b"u.");
    let storages = [("7", f32s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])), ("8", 9i64.to_le_bytes().to_vec())];
    let found = tensors(&zip_checkpoint(&program.0, &storages)).unwrap();
    let expected: [(&str, &[i64], Vec<u8>); 6] = [
        ("whole", &[2, 3], f32s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])),
        ("transposed", &[3, 2], f32s(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0])),
        ("tail", &[2], f32s(&[4.0, 5.0])),
        ("spread", &[2, 2], f32s(&[1.0, 3.0, 1.0, 3.0])),
        ("scalar", &[], 9i64.to_le_bytes().to_vec()),
        ("empty", &[0, 3], vec![]),
    ];
    for (tensor, (name, shape, data)) in found.iter().zip(&expected) {
        assert_eq!((tensor.name.as_str(), tensor.shape.as_slice(), &tensor.data), (*name, *shape, data));
    }
    assert_eq!(found.len(), 6);
}

#[test]
fn tensors_that_reach_beyond_their_storage_are_refused() {
    for (view, numel, bytes, expected) in [
        ([&[0][..], &[7][..], &[1][..]], 6, 24, "at least 7 elements"),
        ([&[4], &[3], &[1]], 6, 24, "at least 7 elements"),
        ([&[0], &[2, 3], &[4, 1]], 6, 24, "at least 7 elements"),
        ([&[0], &[i32::MAX, i32::MAX, i32::MAX], &[0, 0, 0]], 6, 24, "overflow"),
        ([&[0], &[i32::MAX], &[0]], 6, 24, "larger than a file of this size"),
        ([&[-1], &[1], &[1]], 6, 24, "non-negative integer"),
        ([&[0], &[6], &[1]], 6, 20, "expected 24 bytes in `archive/data/0`, found 20"),
        ([&[0], &[6], &[1]], -1, 24, "non-negative integer"),
        ([&[0], &[6], &[1, 1]], 6, 24, "as many strides as sizes"),
    ] {
        let mut program = Pickle::new();
        program.raw(b"}(").text("w").tensor("FloatStorage", "0", numel, view).raw(b"u.");
        let error = tensors(&zip_checkpoint(&program.0, &[("0", vec![0; bytes])])).unwrap_err();
        assert!(error.contains(expected), "expected `{expected}`, found `{error}`");
    }
}

#[test]
fn state_dicts_are_found_in_wrappings() {
    let build = |wrappers: &[&str], after: &[u8]| {
        let mut program = Pickle::new();
        program.raw(b"}(").text("epoch").int(3);
        for wrapper in wrappers {
            program.text(wrapper).raw(b"}(");
        }
        program.text("fc.bias").tensor("FloatStorage", "0", 2, [&[0], &[2], &[1]]).raw(after);
        super::super::checkpoint::read_bytes(zip_checkpoint(&program.0, &[("0", f32s(&[1.0, 2.0]))])).contents
    };
    for key in ["state_dict", "net", "model", "anything at all"] {
        let contents = build(&[key], b"uu.").unwrap();
        assert_eq!(contents.state_dicts[0].entries[0].name, "fc.bias", "{key}");
        assert_eq!(contents.state_dicts[0].key, key);
    }
    assert_eq!(build(&["model", "state_dict"], b"uuu.").unwrap().state_dicts[0].key, "model.state_dict");
    assert!(build(&["param_groups", "state"], b"uuu.").unwrap_err().contains("an optimizer's state"));
}

/// Writes `network`'s tensors as `kind` with `prefix` before every name.
fn save_as(network: &Network, path: &Path, kind: (Kind, Dtype), prefix: &str) {
    let entries: Vec<(String, Vec<usize>, Vec<u8>)> = network
        .names
        .iter()
        .map(|name| {
            let tensor = network.tensors[name].to_kind(kind.0).contiguous();
            let mut data = vec![0; tensor.numel() * kind.0.elt_size_in_bytes()];
            tensor.copy_data_u8(&mut data, tensor.numel());
            (format!("{prefix}{name}"), tensor.size().iter().map(|&side| side as usize).collect(), data)
        })
        .collect();
    let views: Vec<_> =
        entries.iter().map(|(name, shape, data)| (name.as_str(), TensorView::new(kind.1, shape.clone(), data).unwrap())).collect();
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn other_float_types_are_converted_and_prefixes_stripped() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::random("resnet8", 10, 3, Device::Cpu).unwrap();
    for (kind, label, tolerance) in [
        ((Kind::Half, Dtype::F16), "f16", 1e-3),
        ((Kind::BFloat16, Dtype::BF16), "bf16", 1e-2),
        ((Kind::Double, Dtype::F64), "f64", 0.0),
        ((Kind::Float, Dtype::F32), "f32", 0.0),
    ] {
        let path = folder.path().join(label);
        save_as(&network, &path, kind, "module._orig_mod.");
        let loaded = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap();
        for name in &network.names {
            let difference = (&loaded.tensors[name] - &network.tensors[name]).abs().max();
            assert!(f64::try_from(difference).unwrap() <= tolerance, "{label} {name}");
            assert_eq!(loaded.tensors[name].kind(), Kind::Float);
        }
        assert_eq!(loaded.hash() == network.hash(), tolerance == 0.0);
        let report = inspect(&path, &NetworkChoice::default());
        assert_eq!(report.error, None);
        assert!(report.notes.iter().any(|note| note.contains("`module._orig_mod.`")), "{:?}", report.notes);
        let converted = report.notes.iter().any(|note| note.contains(&format!("of {label} are converted to f32")));
        assert_eq!(converted, label != "f32", "{:?}", report.notes);
    }
}

#[test]
fn what_is_not_finite_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.safetensors");
    let mut network = Network::random("resnet8", 10, 3, Device::Cpu).unwrap();
    let broken = network.tensors["bn1.bias"].copy();
    let _ = broken.get(3).fill_(f64::NAN);
    network.tensors.insert("bn1.bias".into(), broken);
    network.save(&path).unwrap();
    let report = inspect(&path, &NetworkChoice::default());
    assert_eq!(report.architecture.as_deref(), Some("resnet8"));
    assert!(report.notes.iter().any(|note| note == "not all values are finite (NaN or Inf) in bn1.bias"), "{:?}", report.notes);
}

#[test]
fn the_same_weights_in_every_container_are_the_same_bytes() {
    let Some(path) = shared("data/checkpoints/resnet20-12fca82f.th") else { return };
    let folder = tempfile::tempdir().unwrap();
    let legacy = Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap();
    let safetensors = folder.path().join("resnet20.safetensors");
    legacy.save(&safetensors).unwrap();
    let mut program = Pickle::new();
    let mut storages = Vec::new();
    program.raw(b"}(");
    let contents = read(&path).unwrap().contents.unwrap();
    for tensor in contents.gather(&contents.state_dicts[0].entries).unwrap() {
        let numel: i64 = tensor.shape.iter().product();
        let key = storages.len().to_string();
        let shape: Vec<i32> = tensor.shape.iter().map(|&side| side as i32).collect();
        let stride: Vec<i32> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
        program.text(&tensor.name).tensor("FloatStorage", &key, numel as i32, [&[0], &shape, &stride]);
        storages.push((key, tensor.data));
    }
    program.raw(b"u.");
    let storages: Vec<(&str, Vec<u8>)> = storages.iter().map(|(key, data)| (key.as_str(), data.clone())).collect();
    let zip = folder.path().join("resnet20.pt");
    std::fs::write(&zip, zip_checkpoint(&program.0, &storages)).unwrap();
    for other in [&safetensors, &zip] {
        let other = Network::load(other, &NetworkChoice::default(), Device::Cpu).unwrap();
        assert_eq!(other.hash(), legacy.hash());
        assert_eq!(other.names, legacy.names);
        let equal = |name: &String| other.tensors[name].equal(&legacy.tensors[name]);
        assert!(legacy.names.iter().all(equal));
    }
}

#[test]
fn the_hash_depends_on_every_number() {
    let network = Network::random("oe_mnist", 10, 0, Device::Cpu).unwrap();
    let before = network.hash();
    let tensors: HashMap<String, Tensor> = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.copy())).collect();
    let _ = tensors["fc2.bias"].get(9).fill_(0.123);
    assert_ne!(Network { tensors, ..network }.hash(), before);
}

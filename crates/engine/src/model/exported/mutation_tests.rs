//! Archives with random changes of bytes and of the program: each is read or refused, none ends the process.
//!
//! `FLATLAND_MUTATIONS` changes the number of changed archives.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read, Write};
use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

use flatland_core::session::NetworkChoice;

use crate::model::Network;

/// Changed archives of all three files together, where the environment does not say it.
const MUTATIONS: usize = 600;
/// What the process may grow by, in bytes: the archives have a third of a megabyte.
const GROWTH: u64 = 512 << 20;
/// Integers that sizes, strides and indices should not have.
const INTEGERS: [i64; 12] = [-1, 0, 1, 2, 3, 7, 1 << 16, 1 << 31, 1 << 40, i64::MAX, i64::MIN, -1000];

type Entries = Vec<(String, Vec<u8>)>;

fn entries(bytes: &[u8]) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut data = Vec::new();
            file.read_to_end(&mut data).unwrap();
            (file.name().to_owned(), data)
        })
        .collect()
}

fn zipped(entries: &Entries) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, data) in entries {
        zip.start_file(name.as_str(), stored).unwrap();
        zip.write_all(data).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// JSON pointers of everything in `value`.
fn pointers(value: &Value, path: String, found: &mut Vec<String>) {
    found.push(path.clone());
    match value {
        Value::Array(list) => list.iter().enumerate().for_each(|(k, one)| pointers(one, format!("{path}/{k}"), found)),
        Value::Object(map) => map.iter().for_each(|(key, one)| {
            pointers(one, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn change(value: &mut Value, random: &mut ChaCha8Rng, texts: &[String]) {
    match value {
        Value::Number(_) => *value = INTEGERS[random.random_range(0..INTEGERS.len())].into(),
        Value::Bool(flag) => *flag = !*flag,
        Value::String(text) => *text = texts[random.random_range(0..texts.len())].clone(),
        Value::Null => *value = Value::from(1),
        Value::Array(list) if !list.is_empty() => {
            let index = random.random_range(0..list.len());
            if random.random::<bool>() {
                list.remove(index);
            } else {
                let copy = list[index].clone();
                list.push(copy);
            }
        }
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(random.random_range(0..map.len())).unwrap().clone();
            map.remove(&key);
        }
        Value::Array(_) | Value::Object(_) => *value = Value::Null,
    }
}

/// One to three changes of a JSON entry, or of bytes anywhere.
fn mutated(bytes: &[u8], original: &Entries, random: &mut ChaCha8Rng) -> Vec<u8> {
    if random.random_range(0..4) == 0 {
        let mut bytes = bytes.to_vec();
        for _ in 0..random.random_range(1..6) {
            let index = random.random_range(0..bytes.len());
            bytes[index] = random.random();
        }
        if random.random_range(0..8) == 0 {
            bytes.truncate(random.random_range(0..bytes.len()));
        }
        return bytes;
    }
    let mut entries = original.clone();
    let documents: Vec<usize> = (0..entries.len()).filter(|&k| entries[k].0.ends_with(".json")).collect();
    // The program is nearly all of the text: the others get their share.
    let chosen = documents[random.random_range(0..documents.len())];
    let mut value: Value = serde_json::from_slice(&entries[chosen].1).unwrap();
    let mut all = Vec::new();
    pointers(&value, String::new(), &mut all);
    let texts: Vec<String> =
        all.iter().filter_map(|pointer| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)).chain([String::new()]).collect();
    for _ in 0..random.random_range(1..4) {
        let pointer = &all[random.random_range(0..all.len())];
        if let Some(inner) = value.pointer_mut(pointer) {
            change(inner, random, &texts);
        }
    }
    entries[chosen].1 = serde_json::to_vec(&value).unwrap();
    zipped(&entries)
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

#[test]
fn a_changed_archive_is_computed_with_or_refused_and_never_ends_the_process() {
    let Some(shared) = flatland_core::testing::shared_dir() else { return };
    let count = std::env::var("FLATLAND_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changed.pt2");
    let (mut read, mut before) = ([0usize; 2], None);
    for (seed, name) in ["cnn32", "tinyvit", "tv_shufflenet"].into_iter().enumerate() {
        let bytes = std::fs::read(shared.join(format!("data/exported/{name}.pt2"))).unwrap();
        let original = entries(&bytes);
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        for _ in 0..count / 3 {
            std::fs::write(&file, mutated(&bytes, &original, &mut random)).unwrap();
            let loaded = Network::load(&file, &NetworkChoice::default(), Device::Cpu);
            read[usize::from(loaded.is_ok())] += 1;
            if let Ok(network) = loaded {
                // Some are undefined or of other images; libtorch says so by an error.
                let input = network.graph.input.as_slice();
                if input.iter().product::<i64>() < 1 << 20 && network.graph.largest_activation() < 1 << 22 {
                    let x = Tensor::ones([&[1], input].concat(), (Kind::Float, Device::Cpu));
                    let _ = tch::no_grad(|| network.forward(&x));
                }
            }
            before.get_or_insert_with(peak);
        }
    }
    println!("{} refused, {} computed with", read[0], read[1]);
    assert!(read[0] > count / 3 && read[1] > 0, "{read:?}");
    let grown = peak().saturating_sub(before.unwrap_or(0));
    assert!(grown < GROWTH, "the process grew by {} MiB", grown >> 20);
}

#[test]
fn a_changed_onnx_file_is_computed_with_or_refused_and_never_ends_the_process() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/checkpoint/onnx/networks");
    let count = std::env::var("FLATLAND_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changed.onnx");
    let (mut read, mut before) = ([0usize; 2], None);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    for name in ["cnn.older", "cnn.newer", "vit.older"] {
        let bytes = std::fs::read(networks.join(format!("{name}.onnx"))).unwrap();
        for _ in 0..count / 3 {
            let mut changed = bytes.clone();
            for _ in 0..random.random_range(1..6) {
                let index = random.random_range(0..changed.len());
                changed[index] = random.random();
            }
            // A part twice, or left out.
            if random.random_range(0..4) == 0 {
                let (from, to) = (random.random_range(0..changed.len()), random.random_range(0..changed.len()));
                let part = changed[from.min(to)..from.max(to)].to_vec();
                changed.splice(from..from, part);
            }
            std::fs::write(&file, &changed).unwrap();
            let loaded = Network::load(&file, &NetworkChoice::default(), Device::Cpu);
            read[usize::from(loaded.is_ok())] += 1;
            before.get_or_insert_with(peak);
        }
    }
    println!("{} refused, {} computed with", read[0], read[1]);
    assert!(read[0] > count / 6 && read[1] > 0, "{read:?}");
    let grown = peak().saturating_sub(before.unwrap_or(0));
    assert!(grown < GROWTH, "the process grew by {} MiB", grown >> 20);
}

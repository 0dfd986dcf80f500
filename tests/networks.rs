//! The network of a file, on the command line: what is assumed, what has to be chosen, what can be left out.

#![allow(clippy::unwrap_used)]

mod common;

use common::{has_worker, run, session, stderr, stdout, write};

/// A safetensors file with small f32 numbers.
fn safetensors(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let (mut header, mut data) = (Vec::new(), Vec::new());
    for (name, shape) in tensors {
        let start = data.len();
        let numel = shape.iter().product::<usize>();
        data.extend((0..numel).flat_map(|k| (0.1 * (k as f32 * 1.7).sin()).to_le_bytes()));
        header.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{}]}}"#, data.len()));
    }
    let header = format!("{{{}}}", header.join(","));
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

const MNIST: [(&str, &[usize]); 8] = [
    ("conv1.weight", &[10, 1, 5, 5]),
    ("conv1.bias", &[10]),
    ("conv2.weight", &[20, 10, 5, 5]),
    ("conv2.bias", &[20]),
    ("fc1.weight", &[50, 320]),
    ("fc1.bias", &[50]),
    ("fc2.weight", &[7, 50]),
    ("fc2.bias", &[7]),
];

#[test]
fn a_file_of_two_networks_is_computed_with_only_when_one_is_chosen() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "net.safetensors", safetensors(&MNIST));
    let inspect = |more: &[&str]| run(folder.path(), &[&["inspect", file.as_str()][..], more].concat());
    let told = inspect(&[]);
    assert!(told.status.success(), "{}", stderr(&told));
    for line in ["oe_mnist or mnist_tutorial", "ambiguous     2 networks have these tensors", "assumed       dropout: none in evaluation"] {
        assert!(stdout(&told).contains(line), "{}", stdout(&told));
    }
    let report: serde_json::Value = serde_json::from_str(&stdout(&inspect(&["--json"]))).unwrap();
    assert_eq!((&report["architecture"], &report["ambiguous"][0]), (&"oe_mnist".into(), &"mnist_tutorial".into()));
    assert!(report["question"].as_str().unwrap().contains("architecture = \"mnist_tutorial\" (activation ReLU)"));
    let chosen: serde_json::Value = serde_json::from_str(&stdout(&inspect(&["--json", "--architecture", "mnist_tutorial"]))).unwrap();
    assert_eq!((&chosen["architecture"], chosen["assumed"].as_array().unwrap().len()), (&"mnist_tutorial".into(), 0));
    assert!(chosen["question"].is_null());

    let score =
        |more: &str| run(folder.path(), &["score", &session(folder.path(), &file, more, "demo:test"), "--out", "out", "--device", "cpu"]);
    let refused = score("");
    assert_eq!(refused.status.code(), Some(1));
    for name in ["oe_mnist", "mnist_tutorial"] {
        assert!(stderr(&refused).contains(&format!("architecture = \"{name}\"")), "{}", stderr(&refused));
        let scored = score(&format!("architecture = \"{name}\""));
        assert!(scored.status.success(), "{}", stderr(&scored));
    }
}

#[test]
fn what_is_left_over_is_an_error_with_the_way_out() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tensors: Vec<(&str, &[usize])> =
        MNIST.iter().copied().chain([("decoder.weight", &[320, 50][..]), ("decoder.bias", &[320][..])]).collect();
    let file = write(folder.path(), "net.safetensors", safetensors(&tensors));
    let told = run(folder.path(), &["inspect", &file]);
    assert_eq!(told.status.code(), Some(1));
    assert!(stdout(&told).contains("can be read   --architecture mnist_tutorial --ignore 'decoder.*'"), "{}", stdout(&told));
    let named = run(folder.path(), &["inspect", &file, "--architecture", "mnist_tutorial"]);
    assert_eq!(named.status.code(), Some(1));
    assert!(stderr(&named).contains("2 tensors that mnist_tutorial does not have: decoder.weight, decoder.bias"), "{}", stderr(&named));
    let read = run(folder.path(), &["inspect", &file, "--architecture", "mnist_tutorial", "--ignore", "decoder.*"]);
    assert!(
        read.status.success() && stdout(&read).contains("left out, as `ignore` says: decoder.weight, decoder.bias"),
        "{}",
        stderr(&read)
    );

    let score =
        |more: &str| run(folder.path(), &["score", &session(folder.path(), &file, more, "demo:test"), "--out", "out", "--device", "cpu"]);
    let refused = score("architecture = \"mnist_tutorial\"");
    assert!(!refused.status.success() && stderr(&refused).contains("ignore = [\"decoder.*\"]"), "{}", stderr(&refused));
    let scored = score("architecture = \"mnist_tutorial\"\nignore = [\"decoder.*\"]");
    assert!(scored.status.success() && stderr(&scored).contains("warning: A: 2 tensors of the file left out"), "{}", stderr(&scored));
}

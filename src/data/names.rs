//! Names of classes.

use std::path::Path;

/// The classes of CIFAR-10 in label order.
pub(super) const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// [`CIFAR10`] as a list of names.
pub(super) fn cifar10() -> Vec<String> {
    CIFAR10.map(str::to_owned).to_vec()
}

/// One name a line, if the file is there and has `count` of them.
pub(super) fn lines(path: &Path, count: usize) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (names.len() == count).then_some(names)
}

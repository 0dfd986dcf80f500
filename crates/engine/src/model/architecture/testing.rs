//! What tests of several families share.

#![allow(clippy::unwrap_used)]

use super::{Architecture, Head, Shapes, candidates, named, named_for};
use crate::model::is_parameter;

/// Names and shapes of what an architecture needs.
pub fn shapes(architecture: &Architecture) -> Shapes {
    architecture.tensors.iter().map(|spec| (spec.name.clone(), spec.shape.clone())).collect()
}

/// Names of the architectures that have exactly these tensors, the usual one first.
pub fn recognized(shapes: &Shapes) -> Vec<String> {
    let exact = candidates(shapes).into_iter().filter(|(_, found)| found.is_exact());
    exact.map(|(architecture, _)| architecture.name).collect()
}

/// Checks numbers of parameters.
///
/// # Panics
/// When a network with 1000 classes has another number of parameters.
pub fn assert_parameters(expected: &[(&str, i64)]) {
    for (name, count) in expected {
        let architecture = named(name, 1000).unwrap();
        let trained = architecture.tensors.iter().filter(|spec| is_parameter(&spec.name));
        assert_eq!(trained.map(|spec| spec.shape.iter().product::<i64>()).sum::<i64>(), *count, "{name}");
    }
}

/// Checks that networks are found from their tensors and that their graphs fit them.
///
/// # Panics
/// When a network is not found from its own shapes, alone and as it is, or its graph reads other tensors than those that it lists.
pub fn assert_recognized(names: &[&str]) {
    for name in names {
        for classes in [2, 10, 1000] {
            let architecture = named(name, classes).unwrap();
            assert_eq!(recognized(&shapes(&architecture)), [*name], "{classes} classes");
            assert_eq!(named_for(name, &shapes(&architecture)).unwrap(), architecture);
        }
        let architecture = named(name, 10).unwrap();
        // The mean of two classifiers is none that a head replaces.
        for head in Head::ALL.into_iter().filter(|_| architecture.classifier().is_some()) {
            let carrier = named(&format!("{name}+{}", head.key()), 7).unwrap();
            assert_eq!(recognized(&shapes(&carrier)), [carrier.name]);
        }
        let mut read = architecture.graph.tensor_names();
        let mut listed: Vec<String> = architecture.tensors.iter().map(|spec| spec.name.clone()).collect();
        read.sort();
        listed.sort();
        assert_eq!(read, listed, "{name}");
        // Where the shapes of a value do not fit those of its reader, nothing is known of it.
        assert_eq!(architecture.graph.shape(architecture.graph.logits), [1, 10], "{name}");
        assert_eq!(architecture.graph.shape(architecture.graph.features).len(), 2, "{name}");
    }
}

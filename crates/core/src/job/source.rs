//! [`source`]: the images of a dataset of a session or run, with the datasets that define the meaning of their labels.

use crate::data::{Class, Classes, Corruption, OrderRule, Reference, Source, Subset};
use crate::session::{ClassEntry, ClassRule, ClassesEntry, DatasetEntry, Role};

/// The images of `entry`, one of `datasets`, drawn with `seed`; at most `samples` of them.
pub fn source(entry: &DatasetEntry, datasets: &[DatasetEntry], seed: u64, samples: Option<usize>) -> Source {
    let at_most = |n: usize| samples.map_or(n, |samples| n.min(samples));
    let subset = match (entry.first, entry.limit, samples) {
        (Some(n), _, _) => Subset::First(at_most(n)),
        (None, Some(n), _) => Subset::Stratified(at_most(n)),
        (None, None, Some(n)) => Subset::Stratified(n),
        (None, None, None) => Subset::All,
    };
    Source {
        name: entry.name.clone(),
        path: entry.path.clone(),
        split: entry.split.clone(),
        format: entry.format.clone(),
        subset,
        corruption: entry.corruption.as_ref().map(|c| Corruption { kind: c.kind.clone(), severity: c.severity }),
        seed,
        classes: if entry.role.has_classes() { classes(entry) } else { Classes::Found },
        reference: references(entry, datasets),
    }
}

/// The datasets whose classes define the labels of `entry`: those of role `id`, then `train`, itself included. None if there is no other
/// dataset, if its labels are not the network's, and for the bundled set, whose labels are the network's.
fn references(entry: &DatasetEntry, datasets: &[DatasetEntry]) -> Vec<Reference> {
    if !entry.role.has_classes() || entry.is_bundled() {
        return Vec::new();
    }
    let with_role = |role: Role| datasets.iter().filter(move |other| other.role == role);
    let reference = |other: &DatasetEntry| Reference {
        name: other.name.clone(),
        path: other.path.clone(),
        split: other.split.clone(),
        format: other.format.clone(),
        classes: classes(other),
    };
    let all: Vec<&DatasetEntry> = with_role(Role::Id).chain(with_role(Role::Train)).collect();
    let is_alone = all.iter().all(|other| other.name == entry.name);
    if is_alone { Vec::new() } else { all.into_iter().map(reference).collect() }
}

fn classes(entry: &DatasetEntry) -> Classes {
    let class = |class: &ClassEntry| match class {
        ClassEntry::Label(label) => Class::Label(*label),
        ClassEntry::Name(name) => Class::Name(name.clone()),
    };
    match &entry.classes {
        None => Classes::Found,
        Some(ClassesEntry::By(rule)) => Classes::By(match rule {
            ClassRule::Sorted => OrderRule::Sorted,
            ClassRule::Numbers => OrderRule::Numbers,
            ClassRule::NumbersFromOne => OrderRule::NumbersFromOne,
            ClassRule::Cifar10 => OrderRule::Cifar10,
        }),
        Some(ClassesEntry::InOrder(names)) => Classes::InOrder(names.clone()),
        Some(ClassesEntry::Each(each)) => Classes::Each(each.iter().map(|(name, to)| (name.clone(), class(to))).collect()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entries(text: &str) -> Vec<DatasetEntry> {
        let session: crate::session::Session = toml::from_str(&format!("version = 1\n{text}")).unwrap();
        session.datasets
    }

    fn names(entry: &DatasetEntry, datasets: &[DatasetEntry]) -> Vec<String> {
        source(entry, datasets, 0, None).reference.into_iter().map(|reference| reference.name).collect()
    }

    #[test]
    fn id_data_come_first_then_train_data_and_only_those_with_the_networks_classes_ask_them() {
        let dataset =
            |name: &str, role: &str, path: &str| format!("[[dataset]]\nname = \"{name}\"\nrole = \"{role}\"\npath = \"{path}\"\n");
        let all = [dataset("T", "train", "/t"), dataset("CS", "cs", "/c"), dataset("ID", "id", "/i"), dataset("far", "far", "/f")].concat();
        let all = entries(&all);
        for entry in &all {
            let expected: &[&str] = if entry.name == "far" { &[] } else { &["ID", "T"] };
            assert_eq!(names(entry, &all), expected, "{}", entry.name);
        }
        let alone = entries(&[dataset("ID", "id", "/i"), dataset("far", "far", "/f")].concat());
        assert!(names(&alone[0], &alone).is_empty(), "its own names tell");
        let demo = entries(&[dataset("ID", "id", "demo:test"), dataset("T", "train", "demo:train")].concat());
        assert!(names(&demo[0], &demo).is_empty() && names(&demo[1], &demo).is_empty());
    }
}

//! [`network_classes`]: the names of the network's classes, from the first dataset of a session whose labels are certain.

use super::found::{Found, Origin};
use super::given::{Class, Classes, Reference};
use super::labelling::LabelRule;
use super::order::{Order, Own, are_numbers_in_order, by_rule, order};
use crate::data::sniff::{self, Format};
use crate::data::{DataError, Source, cifar_binary, cifar_python, demo, image_folder, npy, npz, parquet, web_dataset};

/// The network's classes as a dataset names them.
pub(super) struct NetworkClasses {
    /// The place of that dataset in [`Source::reference`].
    pub(super) place: usize,
    /// Whether it is the dataset whose labels are to be determined.
    pub(super) is_this: bool,
    /// In label order.
    pub(super) classes: Vec<Option<String>>,
    /// Whether the names are only the labels.
    pub(super) are_numbers: bool,
}

/// The classes of the first of the references of `source` whose labels are certain for a network of `count` classes; one whose names
/// are only numbers is used if there is no other. `found` are the classes of `source` itself.
///
/// # Errors
/// When the classes of a reference cannot be read.
pub(super) fn network_classes(source: &Source, found: &Found, count: usize) -> Result<Option<NetworkClasses>, DataError> {
    let mut numbered = None;
    for (place, reference) in source.reference.iter().enumerate() {
        let is_this = reference.name == source.name;
        let of_it = if is_this { Some(found.clone()) } else { classes_of(reference)? };
        let Some(order) = of_it.and_then(|found| certain(&found, &reference.classes, count)) else { continue };
        let names: Vec<String> = order.classes.iter().flatten().cloned().collect();
        let are_numbers = names.len() == order.classes.len() && are_numbers_in_order(&names);
        let classes = NetworkClasses { place, is_this, classes: order.classes, are_numbers };
        if !are_numbers {
            return Ok(Some(classes));
        }
        numbered.get_or_insert(classes);
    }
    Ok(numbered)
}

/// The state of what determines the labels of `source` besides its own files: the classes of its references. Empty if its labels do not
/// depend on names.
pub fn label_state(source: &Source) -> String {
    // Labels of arrays and tables may be names too.
    let has_names = |source: &Source| {
        !source.is_bundled()
            && matches!(sniff::sniff(source), Ok(Format::ImageFolder | Format::Npy | Format::Npz | Format::Parquet | Format::WebDataset))
    };
    let references: Vec<Source> = source.reference.iter().map(Reference::source).collect();
    if !has_names(source) && !references.iter().any(has_names) {
        return String::new();
    }
    let state = |reference: &Reference| {
        let found = classes_of(reference).ok().flatten();
        format!("{:?} {:?}", found, reference.classes)
    };
    // The version of the format: in version 1 folders without images were classes.
    format!("2 {:?}", source.reference.iter().map(state).collect::<Vec<_>>())
}

/// The certain order of labels for `found`, with what the user states about it.
fn certain(found: &Found, given: &Classes, count: usize) -> Option<Order> {
    let alone = |found: &Found| match order(found, count) {
        Own::Certain(order) => Some(order),
        Own::Ambiguous(_) | Own::Unknown => None,
    };
    if found.names.is_empty() {
        let Classes::InOrder(names) = given else { return None };
        return (names.len() == count).then(|| in_order(names));
    }
    match given {
        Classes::Found => alone(found),
        Classes::By(rule) => by_rule(found, *rule, count),
        Classes::InOrder(names) => (names.len() == count).then(|| in_order(names)),
        Classes::Each(classes) => {
            let labels: Option<Vec<i64>> = found
                .names
                .iter()
                .map(|name| if let Some(Class::Label(label)) = classes.get(name) { Some(*label) } else { None })
                .collect();
            if let Some(labels) = labels {
                return Some(with_labels(&found.names, labels, count));
            }
            let renamed = |name: &String| if let Some(Class::Name(to)) = classes.get(name) { to.clone() } else { name.clone() };
            let renamed: std::collections::BTreeSet<String> = found.names.iter().map(renamed).collect();
            let from = match &found.from {
                Origin::File => Origin::Folders { empty: Vec::new(), wnids: None },
                folders @ Origin::Folders { .. } => folders.clone(),
            };
            alone(&Found { names: renamed.into_iter().collect(), from })
        }
    }
}

fn in_order(names: &[String]) -> Order {
    let classes = names.iter().cloned().map(Some).collect();
    Order { rule: LabelRule::Given, labels: (0..).take(names.len()).collect(), classes }
}

fn with_labels(names: &[String], labels: Vec<i64>, count: usize) -> Order {
    let mut classes = vec![None; count];
    for (name, label) in names.iter().zip(&labels) {
        // The first of several folders gives the class its name.
        if let Some(class) = usize::try_from(*label).ok().and_then(|label| classes.get_mut(label)) {
            class.get_or_insert_with(|| name.clone());
        }
    }
    Order { rule: LabelRule::Given, labels, classes }
}

/// The classes of a reference, without reading its images; `None` if they have no names.
fn classes_of(reference: &Reference) -> Result<Option<Found>, DataError> {
    let source = reference.source();
    let (path, split) = (source.path.as_path(), source.split.as_deref());
    if let Some(part) = source.part() {
        let names = demo::classes(part);
        return Ok((!names.is_empty()).then_some(Found { names, from: Origin::File }));
    }
    let found = match sniff::sniff(&source)? {
        Format::CifarBinary => cifar_binary::open(path, split)?.found,
        Format::CifarPython => match cifar_python::class_names(path) {
            Some(names) => Found { names, from: Origin::File },
            None => cifar_python::open(path, split)?.found,
        },
        Format::ImageFolder => image_folder::classes(path, split)?,
        Format::Npy => npy::classes(path, split)?,
        Format::Npz => npz::classes(path, split)?,
        Format::Parquet => parquet::classes(path, split)?,
        Format::WebDataset => web_dataset::classes(path, split)?,
        // Labels of these are numbers, if there are any.
        Format::Idx | Format::ImageList | Format::Mat => Found::default(),
    };
    let said = matches!(reference.classes, Classes::InOrder(_));
    Ok((!found.names.is_empty() || said).then_some(found))
}

impl Reference {
    /// The source of which only the classes are used.
    fn source(&self) -> Source {
        Source { path: self.path.clone(), split: self.split.clone(), format: self.format.clone(), ..Source::default() }
    }
}

//! What labels mean to a network: [`assign`] brings the classes of a dataset to the network's, or says why that cannot be done.
//!
//! A network knows its classes by number only. Which number a folder has follows, in this order, from what somebody says ([`Classes`]),
//! from the names of the classes of the session's ID data ([`Reference`]), or from the dataset's own names where one order of them fits
//! the network's number of classes. Names are never guessed: what fits none, or several, is an error that lists both sides.

mod given;
mod name;
mod order;
mod reference;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::source::Opened;
use super::{DataError, Source, names};
use name::{Match, find, is_number};
use order::{Own, by_rule, order, without_network};

pub use given::{Class, Classes, OrderRule, Reference};
pub(super) use order::{Found, Origin};
pub use reference::label_state;

/// Superclasses of CIFAR-100.
const COARSE: usize = 20;
/// So many names are listed in a message.
const LISTED: usize = 12;

/// What the labels of a dataset follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelRule {
    /// There are none.
    Unlabelled,
    /// The file says them.
    #[default]
    File,
    /// The place of the folder among the sorted names (torchvision's `ImageFolder`).
    SortedNames,
    /// The number in the folder's name.
    Numbers,
    /// The number in the folder's name less 1.
    NumbersFromOne,
    /// The place of the number in the folder's name among these numbers.
    RankOfNumber,
    /// The place among the classes of CIFAR-10.
    Cifar10,
    /// The place among the sorted ids of `wnids.txt`.
    WordNetIds,
    /// The place among the sorted ids of ImageNet's 1,000 classes.
    ImageNet,
    /// The superclasses of CIFAR-100.
    Coarse,
    /// The class of the same name of another dataset.
    Matched,
    /// Somebody said so.
    Given,
}

impl LabelRule {
    /// As written in files: `sorted_names`, ...
    pub fn key(self) -> &'static str {
        match self {
            LabelRule::Unlabelled => "unlabelled",
            LabelRule::File => "file",
            LabelRule::SortedNames => "sorted_names",
            LabelRule::Numbers => "numbers",
            LabelRule::NumbersFromOne => "numbers_from_one",
            LabelRule::RankOfNumber => "rank_of_number",
            LabelRule::Cifar10 => "cifar10",
            LabelRule::WordNetIds => "wnids",
            LabelRule::ImageNet => "imagenet",
            LabelRule::Coarse => "coarse",
            LabelRule::Matched => "matched",
            LabelRule::Given => "given",
        }
    }
}

/// How the labels of a dataset came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelling {
    /// What they follow from.
    pub rule: LabelRule,
    /// The place in [`Source::reference`] of the dataset whose classes they were matched with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_with: Option<usize>,
    /// Own class → label, of those that have images; empty where the file says labels and nobody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, i64)>,
    /// Folders that are no classes, as they hold no images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// Gives the images of `opened` their labels for a network of `count` classes; without a network those that its own names tell.
///
/// # Errors
/// When classes cannot be brought to the network's with certainty, or a label is not one of the network's.
pub(super) fn assign(opened: &mut Opened, source: &Source, count: Option<usize>) -> Result<Labelling, DataError> {
    let left_out = match &opened.found.from {
        Origin::Folders { empty, .. } => empty.clone(),
        Origin::File => Vec::new(),
    };
    if opened.labels.iter().all(|&label| label < 0) {
        return Ok(Labelling { rule: LabelRule::Unlabelled, left_out, ..Labelling::default() });
    }
    // The only labels for as many classes that these images have.
    if source.classes.is_found() && count == Some(COARSE) && !opened.coarse.is_empty() {
        opened.labels = std::mem::take(&mut opened.coarse);
        opened.found.names = names::cifar100_coarse();
        return Ok(Labelling { rule: LabelRule::Coarse, ..Labelling::default() });
    }
    let own = OwnClasses::of(opened);
    let meant = match count {
        None => own.meant(&without_network(&opened.found), None),
        Some(count) => Session { source, found: &opened.found, own: &own, count }.meant()?,
    };
    // What is matched and stays as the file says it is as the file says it.
    let is_read = opened.found.from == Origin::File && own.classes.iter().map(|class| class.read).eq(meant.labels.iter().copied());
    let from_file = meant.rule == LabelRule::File || (is_read && source.classes.is_found());
    let (rule, matched_with) = if from_file { (LabelRule::File, None) } else { (meant.rule, meant.matched_with) };
    let classes = own.classes.iter().map(|class| class.name.clone()).zip(meant.labels.iter().copied());
    let classes = if from_file { Vec::new() } else { classes.collect() };
    let label_of: BTreeMap<i64, i64> = own.classes.iter().map(|class| class.read).zip(meant.labels).collect();
    for label in opened.labels.iter_mut().filter(|label| **label >= 0) {
        *label = label_of.get(label).copied().unwrap_or(*label);
    }
    opened.found.names = meant.classes;
    Ok(Labelling { rule, matched_with, classes, left_out })
}

/// A class that has images.
struct OwnClass {
    name: String,
    /// Its label as it was read: that of the file, or the folder's place.
    read: i64,
}

/// The classes of a dataset that have images.
struct OwnClasses {
    classes: Vec<OwnClass>,
    /// Whether something names them.
    named: bool,
}

/// What labels mean.
struct Meant {
    rule: LabelRule,
    matched_with: Option<usize>,
    /// Of each own class.
    labels: Vec<i64>,
    /// Names of all classes in label order; empty when unknown.
    classes: Vec<String>,
}

impl OwnClasses {
    fn of(opened: &Opened) -> Self {
        let read: BTreeSet<i64> = opened.labels.iter().copied().filter(|label| *label >= 0).collect();
        let names = &opened.found.names;
        let name = |label: i64| usize::try_from(label).ok().and_then(|label| names.get(label)).cloned();
        let classes = read.into_iter().map(|read| OwnClass { name: name(read).unwrap_or_else(|| read.to_string()), read });
        Self { classes: classes.collect(), named: !names.is_empty() }
    }

    /// By an order of all names of the dataset.
    fn meant(&self, order: &order::Order, matched_with: Option<usize>) -> Meant {
        let label = |class: &OwnClass| usize::try_from(class.read).ok().and_then(|place| order.labels.get(place)).copied();
        let labels = self.classes.iter().map(|class| label(class).unwrap_or(class.read)).collect();
        Meant { rule: order.rule, matched_with, labels, classes: named(&order.classes) }
    }

    fn names(&self) -> Vec<&str> {
        self.classes.iter().map(|class| class.name.as_str()).collect()
    }
}

/// Names in label order, a class without one by its number; none where nothing names a class.
fn named(classes: &[Option<String>]) -> Vec<String> {
    if classes.iter().all(Option::is_none) {
        return Vec::new();
    }
    classes.iter().enumerate().map(|(label, name)| name.clone().unwrap_or_else(|| label.to_string())).collect()
}

/// A dataset among those of its session, for a network of `count` classes.
struct Session<'a> {
    source: &'a Source,
    found: &'a Found,
    own: &'a OwnClasses,
    count: usize,
}

impl Session<'_> {
    fn meant(&self) -> Result<Meant, DataError> {
        let meant = match &self.source.classes {
            Classes::By(rule) => {
                let order = by_rule(self.found, *rule, self.count);
                let order = order.ok_or_else(|| self.error(format!("names to which `{}` applies", rule.key()), self.own_side()))?;
                Meant { rule: LabelRule::Given, ..self.own.meant(&order, None) }
            }
            Classes::InOrder(names) => self.in_order(names)?,
            Classes::Found => self.matched(&self.own.names(), None)?,
            Classes::Each(classes) => self.each(classes)?,
        };
        self.check_range(&meant)?;
        Ok(meant)
    }

    /// Names in label order, given.
    fn in_order(&self, names: &[String]) -> Result<Meant, DataError> {
        if names.len() != self.count {
            return Err(self.error(
                format!("a name in `classes` for each of the network's {} classes", self.count),
                format!("{}: {}", names.len(), list(names.iter().map(String::as_str))),
            ));
        }
        let classes: Vec<Option<String>> = names.iter().cloned().map(Some).collect();
        let labels = if self.own.named {
            self.matches(&self.own.names(), &classes, "`classes`")?
        } else {
            self.own.classes.iter().map(|class| class.read).collect()
        };
        Ok(Meant { rule: LabelRule::Given, matched_with: None, labels, classes: names.to_vec() })
    }

    /// Class by class, given; names are those of the other datasets.
    fn each(&self, given: &BTreeMap<String, Class>) -> Result<Meant, DataError> {
        let own = self.own.names();
        if let Some(unknown) = given.keys().find(|key| !own.contains(&key.as_str()) && !self.is_empty_class(key)) {
            return Err(self.error(format!("in `classes` names of the classes here ({})", list(own.into_iter())), format!("`{unknown}`")));
        }
        let renamed: Vec<&str> = own.iter().map(|name| if let Some(Class::Name(to)) = given.get(*name) { to } else { *name }).collect();
        let label = |name: &str| if let Some(Class::Label(label)) = given.get(name) { Some(*label) } else { None };
        let numbered = |class: &OwnClass| (!self.own.named && !given.contains_key(&class.name)).then_some(class.read);
        let fixed: Vec<Option<i64>> = self.own.classes.iter().map(|class| label(&class.name).or_else(|| numbered(class))).collect();
        let open: Vec<&str> = renamed.iter().zip(&fixed).filter(|(_, fixed)| fixed.is_none()).map(|(name, _)| *name).collect();
        if open.is_empty() {
            let labels = fixed.into_iter().flatten().collect();
            return Ok(Meant { rule: LabelRule::Given, matched_with: None, labels, classes: Vec::new() });
        }
        let matched = self.matched(&open, Some(given))?;
        let mut found = matched.labels.iter().copied();
        let labels = fixed.into_iter().map(|fixed| fixed.or_else(|| found.next()).unwrap_or(-1)).collect();
        Ok(Meant { rule: LabelRule::Given, labels, ..matched })
    }

    fn is_empty_class(&self, name: &str) -> bool {
        match &self.found.from {
            Origin::Folders { empty, .. } => empty.iter().any(|known| known == name),
            Origin::File => self.found.names.iter().any(|known| known == name),
        }
    }

    /// Labels of own classes called `names`, after the other datasets of the session, else after the names themselves. With `given`,
    /// several may be one class.
    fn matched(&self, names: &[&str], given: Option<&BTreeMap<String, Class>>) -> Result<Meant, DataError> {
        if !self.own.named && given.is_none() {
            // What nothing names is meant as it is numbered.
            return Ok(self.own.meant(&without_network(self.found), None));
        }
        let itself = || self.found_called(names, given);
        match reference::network_classes(self.source, self.found, self.count)? {
            Some(reference) if !reference.is_this => {
                let who = &self.source.reference[reference.place].name;
                let numbers = names.iter().all(|name| is_number(name)) && !reference.are_numbers;
                match self.matches(names, &reference.classes, &format!("`{who}`")) {
                    Ok(labels) => {
                        let matched_with = Some(reference.place);
                        Ok(Meant { rule: LabelRule::Matched, matched_with, labels, classes: named(&reference.classes) })
                    }
                    Err(error) if numbers => self.alone(names, &itself()).map_err(|_| error),
                    Err(error) => Err(error),
                }
            }
            Some(_) | None => self.alone(names, &itself()),
        }
    }

    /// The classes as found under other names.
    fn found_called(&self, names: &[&str], given: Option<&BTreeMap<String, Class>>) -> Found {
        if given.is_none() {
            return self.found.clone();
        }
        let sorted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let from = match &self.found.from {
            Origin::File => Origin::Folders { empty: Vec::new(), wnids: None },
            folders @ Origin::Folders { .. } => folders.clone(),
        };
        Found { names: sorted.into_iter().collect(), from }
    }

    /// Labels of own classes called `names` by the one order that fits the names of `found`.
    fn alone(&self, names: &[&str], found: &Found) -> Result<Meant, DataError> {
        let order = match order(found, self.count) {
            Own::Certain(order) => order,
            Own::Ambiguous(orders) => return Err(self.ambiguous(found, &orders)),
            Own::Unknown => {
                let expected = format!("a class for each of the {} of the network, or names that tell which is which", self.count);
                return Err(self.error(expected, self.own_side()));
            }
        };
        if std::ptr::eq(found, self.found) || *found == *self.found {
            return Ok(self.own.meant(&order, None));
        }
        let label = |name: &&str| found.names.iter().position(|known| known == name).map_or(-1, |place| order.labels[place]);
        Ok(Meant { rule: order.rule, matched_with: None, labels: names.iter().map(label).collect(), classes: named(&order.classes) })
    }

    /// The class of each of `names` among `classes`, which are those of `who`.
    fn matches(&self, names: &[&str], classes: &[Option<String>], who: &str) -> Result<Vec<i64>, DataError> {
        let name_of = |place: usize| classes[place].as_deref().unwrap_or_default();
        let found: Vec<Match> = names.iter().map(|name| find(name, classes)).collect();
        let unmatched: Vec<&str> = names.iter().zip(&found).filter(|(_, found)| **found == Match::None).map(|(name, _)| *name).collect();
        if !unmatched.is_empty() {
            let expected = format!("the classes of {who} ({})", list(classes.iter().flatten().map(String::as_str)));
            let found = format!("{}; no class of {who} is called {}", self.own_side(), list(unmatched.into_iter()));
            return Err(self.error(expected, found));
        }
        let mut taken: BTreeMap<usize, &str> = BTreeMap::new();
        let mut labels = Vec::new();
        for (name, found) in names.iter().zip(found) {
            let place = match found {
                Match::One(place) => place,
                Match::Several(places) => {
                    let found = format!("`{name}`, which fits {}", list(places.into_iter().map(name_of)));
                    return Err(self.error(format!("names that fit one class of {who} each"), found));
                }
                Match::None => continue,
            };
            if let Some(other) = taken.insert(place, name).filter(|other| other != name) {
                let found = format!("`{other}` and `{name}`, which both fit `{}`", name_of(place));
                return Err(self.error(format!("different classes of {who}"), found));
            }
            labels.push(place as i64);
        }
        Ok(labels)
    }

    fn check_range(&self, meant: &Meant) -> Result<(), DataError> {
        let beyond = |label: &&i64| usize::try_from(**label).map_or(**label != -1, |label| label >= self.count);
        match meant.labels.iter().zip(&self.own.classes).find(|(label, _)| beyond(label)) {
            Some((label, class)) => {
                let last = self.count.saturating_sub(1);
                let expected = format!("labels of 0 to {last} (or -1: none), as the network has {} classes", self.count);
                let named = if self.own.named { format!(" of `{}`", class.name) } else { String::new() };
                Err(self.error(expected, format!("the label {label}{named}")))
            }
            None => Ok(()),
        }
    }

    fn ambiguous(&self, found: &Found, orders: &[order::Order]) -> DataError {
        let example = |order: &order::Order| {
            let differs = |k: &usize| orders.iter().any(|other| other.labels[*k] != order.labels[*k]);
            let k = (0..found.names.len()).find(differs).unwrap_or_default();
            let name = found.names.get(k).map_or("", String::as_str);
            format!("`{name}` is {} by {}", order.labels.get(k).copied().unwrap_or(-1), describe(order.rule))
        };
        let orders = orders.iter().map(example).collect::<Vec<_>>().join(", ");
        self.error("names that tell which class is which in one way only".into(), format!("{}; {orders}", self.own_side()))
    }

    /// The classes here, to people.
    fn own_side(&self) -> String {
        let what = match &self.found.from {
            Origin::Folders { .. } => "folders",
            Origin::File => "classes",
        };
        let mut text = format!("{} {what}: {}", self.own.classes.len(), list(self.own.names().into_iter()));
        if let Origin::Folders { empty, .. } = &self.found.from
            && !empty.is_empty()
        {
            let _ = write!(text, " (without images: {})", list(empty.iter().map(String::as_str)));
        }
        text
    }

    fn error(&self, expected: String, found: String) -> DataError {
        let name = self.own.classes.first().map_or("folder", |class| class.name.as_str());
        let way_out = format!(
            "the [[dataset]] can say it: classes = {{ \"{name}\" = .. }} with the name or the label of the class for each that differs (-1: \
             none), a list of names in the order of the network's labels, or one of \"sorted\", \"numbers\", \"numbers_from_one\", \"cifar10\""
        );
        DataError::Labels { expected, found, way_out, path: self.source.path.clone() }
    }
}

impl OrderRule {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            OrderRule::Sorted => "sorted",
            OrderRule::Numbers => "numbers",
            OrderRule::NumbersFromOne => "numbers_from_one",
            OrderRule::Cifar10 => "cifar10",
        }
    }
}

/// What labels follow from, to people.
pub(super) fn describe(rule: LabelRule) -> &'static str {
    match rule {
        LabelRule::Unlabelled => "nothing",
        LabelRule::File => "the file",
        LabelRule::SortedNames => "the sorted names",
        LabelRule::Numbers => "its number",
        LabelRule::NumbersFromOne => "its number less 1",
        LabelRule::RankOfNumber => "the order of the numbers",
        LabelRule::Cifar10 => "the classes of CIFAR-10",
        LabelRule::WordNetIds => "wnids.txt",
        LabelRule::ImageNet => "the classes of ImageNet",
        LabelRule::Coarse => "the superclasses of CIFAR-100",
        LabelRule::Matched => "its name",
        LabelRule::Given => "what is given",
    }
}

/// Names, the first of them where there are many.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "none".into(),
        n if n > LISTED => format!("{shown}, ... {n} in all"),
        _ => shown,
    }
}

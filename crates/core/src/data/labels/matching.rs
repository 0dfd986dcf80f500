//! [`Matching`]: maps the classes of a dataset to the network's: by what the user states, by the other datasets, or by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::found::{Found, Origin};
use super::given::{Class, Classes};
use super::labelling::LabelRule;
use super::name::{Match, find, is_number};
use super::order::{Order, Own, by_rule, order, without_network};
use super::own::{Meant, OwnClass, OwnClasses, named};
use super::reference;
use crate::data::sniff::{self, Format};
use crate::data::{DataError, Source};

/// Number of names in a message.
const LISTED: usize = 12;

/// A dataset with its references, for a network of `count` classes.
pub(super) struct Matching<'a> {
    pub(super) source: &'a Source,
    pub(super) found: &'a Found,
    pub(super) own: &'a OwnClasses,
    pub(super) count: usize,
}

impl Matching<'_> {
    /// The meaning of its labels.
    ///
    /// # Errors
    /// As [`assign`](super::assign::assign).
    pub(super) fn meant(&self) -> Result<Meant, DataError> {
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

    /// Labels of own classes called `names`, by the other datasets of the session, else by the names themselves. With `given`, several names
    /// may be one class.
    fn matched(&self, names: &[&str], given: Option<&BTreeMap<String, Class>>) -> Result<Meant, DataError> {
        if !self.own.named && given.is_none() {
            // Classes without names keep their numbers.
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

    /// The found classes, with other names.
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
                if found.from == Origin::File {
                    self.check_range(&self.own.meant(&without_network(self.found), None))?;
                }
                let expected = format!("a class for each of the {} of the network, or names that tell which is which", self.count);
                return Err(self.error(expected, self.own_side()));
            }
        };
        if found == self.found {
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

    fn ambiguous(&self, found: &Found, orders: &[Order]) -> DataError {
        let example = |order: &Order| {
            let differs = |k: &usize| orders.iter().any(|other| other.labels[*k] != order.labels[*k]);
            let k = (0..found.names.len()).find(differs).unwrap_or_default();
            let name = found.names.get(k).map_or("", String::as_str);
            format!("`{name}` is {} by {}", order.labels.get(k).copied().unwrap_or(-1), describe(order.rule))
        };
        let orders = orders.iter().map(example).collect::<Vec<_>>().join(", ");
        self.error("names that tell which class is which in one way only".into(), format!("{}; {orders}", self.own_side()))
    }

    /// The own classes, for a message.
    fn own_side(&self) -> String {
        let is_folders = matches!(sniff::sniff(self.source), Ok(Format::ImageFolder));
        let what = if is_folders { "folders" } else { "classes" };
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

/// The rule of labels, for a message.
fn describe(rule: LabelRule) -> &'static str {
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

/// Names, only the first if there are many.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "none".into(),
        n if n > LISTED => format!("{shown}, ... {n} in all"),
        _ => shown,
    }
}

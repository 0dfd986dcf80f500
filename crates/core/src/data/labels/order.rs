//! [`order`]: labels that follow from the names of a dataset's own classes and the network's number of classes.

use super::super::names::CIFAR10;
use super::found::{Found, Origin};
use super::given::OrderRule;
use super::imagenet;
use super::labelling::LabelRule;
use super::name::{are_cifar10, number, place_in_cifar10, wnid};

/// Labels of the names of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The rule that gives them.
    pub(super) rule: LabelRule,
    /// Label of each name.
    pub(super) labels: Vec<i64>,
    /// Name of each class of the network, where it has one.
    pub(super) classes: Vec<Option<String>>,
}

/// The labels that a dataset's own names give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// The one order that fits.
    Certain(Order),
    /// Several that differ.
    Ambiguous(Vec<Order>),
    /// None.
    Unknown,
}

/// The labels that the names of `found` give for a network of `count` classes.
pub(super) fn order(found: &Found, count: usize) -> Own {
    let names = &found.names;
    let (empty, wnids) = match &found.from {
        Origin::File => {
            let fits = names.len() == count || are_numbers_in_order(names);
            return if fits { Own::Certain(in_file(names, count)) } else { Own::Unknown };
        }
        Origin::Folders { empty, wnids } => (empty, wnids),
    };
    if let Some(order) = wnids.as_ref().filter(|ids| ids.len() == count).and_then(|ids| within(names, ids)) {
        return Own::Certain(order);
    }
    if let Some(order) = of_imagenet(names, count) {
        return Own::Certain(order);
    }
    if count == CIFAR10.len() && !names.is_empty() && are_cifar10(names.iter().map(String::as_str)) {
        return Own::Certain(of_cifar10(names, count).unwrap_or_else(|| sorted(names, names)));
    }
    let all = with_empty(names, empty);
    let whole = [names, &all].into_iter().find(|all| all.len() == count);
    let candidates = [
        by_number(names, 0, count),
        whole.map(|all| sorted(names, all)),
        by_number(names, 1, count),
        (names.len() == count).then(|| by_rank_of_number(names)).flatten(),
        of_cifar10(names, count),
    ];
    let mut orders: Vec<Order> = Vec::new();
    for order in candidates.into_iter().flatten() {
        if orders.iter().all(|known| known.labels != order.labels) {
            orders.push(order);
        }
    }
    match orders.len() {
        0 => Own::Unknown,
        1 => Own::Certain(orders.swap_remove(0)),
        _ => Own::Ambiguous(orders),
    }
}

/// Labels by the rule that the user states; `None` if it does not fit.
pub(super) fn by_rule(found: &Found, rule: OrderRule, count: usize) -> Option<Order> {
    let names = &found.names;
    match rule {
        OrderRule::Sorted => match &found.from {
            Origin::File => {
                let mut all = names.clone();
                all.sort();
                (all.len() <= count).then(|| sorted(names, &all))
            }
            Origin::Folders { empty, .. } => {
                let all = if names.len() < count { with_empty(names, empty) } else { names.clone() };
                let all = if all.len() > count { names.clone() } else { all };
                (all.len() <= count).then(|| sorted(names, &all))
            }
        },
        OrderRule::Numbers => by_number(names, 0, count),
        OrderRule::NumbersFromOne => by_number(names, 1, count),
        OrderRule::Cifar10 => of_cifar10(names, count),
    }
}

/// Labels without a network: those of a known list, else by sorted names.
pub(super) fn without_network(found: &Found) -> Order {
    let names = &found.names;
    match &found.from {
        Origin::File => in_file(names, names.len()),
        Origin::Folders { wnids, .. } => {
            let by_id = wnids.as_ref().and_then(|ids| within(names, ids));
            let is_cifar10 = !names.is_empty() && are_cifar10(names.iter().map(String::as_str));
            let by_list = by_id.or_else(|| is_cifar10.then(|| of_cifar10(names, CIFAR10.len())).flatten());
            by_list.unwrap_or_else(|| sorted(names, names))
        }
    }
}

/// Whether name k is the number k.
pub(super) fn are_numbers_in_order(names: &[String]) -> bool {
    names.iter().zip(0..).all(|(name, label)| name.parse() == Ok(label))
}

fn with_empty(names: &[String], empty: &[String]) -> Vec<String> {
    let mut all: Vec<String> = names.iter().chain(empty).cloned().collect();
    all.sort();
    all
}

fn in_file(names: &[String], count: usize) -> Order {
    let numbers = are_numbers_in_order(names);
    let name = |label: usize| names.get(label).cloned().or_else(|| numbers.then(|| label.to_string()));
    Order { rule: LabelRule::File, labels: (0..).take(names.len()).collect(), classes: (0..count).map(name).collect() }
}

fn sorted(names: &[String], all: &[String]) -> Order {
    let labels = names.iter().map(|name| place(all, name)).collect();
    Order { rule: LabelRule::SortedNames, labels, classes: all.iter().cloned().map(Some).collect() }
}

fn within(names: &[String], ids: &[String]) -> Option<Order> {
    let labels: Vec<i64> = names.iter().map(|name| place(ids, name)).collect();
    let classes = ids.iter().cloned().map(Some).collect();
    (!labels.contains(&-1)).then_some(Order { rule: LabelRule::WordNetIds, labels, classes })
}

fn place(all: &[String], name: &str) -> i64 {
    all.iter().position(|known| known == name).map_or(-1, |place| place as i64)
}

/// By the ids in the names, if the network has ImageNet's number of classes.
fn of_imagenet(names: &[String], count: usize) -> Option<Order> {
    let ids: Vec<String> = imagenet::ids().map(str::to_owned).collect();
    let own: Vec<String> = names.iter().map(|name| wnid(name)).collect::<Option<_>>()?;
    let order = (ids.len() == count && !own.is_empty()).then(|| within(&own, &ids)).flatten()?;
    Some(Order { rule: LabelRule::ImageNet, ..order })
}

/// The numbers of the names, all different.
fn numbers(names: &[String]) -> Option<Vec<i64>> {
    let numbers: Vec<i64> = names.iter().map(|name| number(name)).collect::<Option<_>>()?;
    let distinct: std::collections::BTreeSet<&i64> = numbers.iter().collect();
    (!numbers.is_empty() && distinct.len() == numbers.len()).then_some(numbers)
}

/// The number minus `first`, if all labels are within the network's. Names that count from 0 do not fit a count from 1.
fn by_number(names: &[String], first: i64, count: usize) -> Option<Order> {
    let labels: Vec<i64> = numbers(names)?.into_iter().map(|number| number - first).collect();
    let in_range = labels.iter().all(|label| usize::try_from(*label).is_ok_and(|label| label < count));
    let mut classes: Vec<Option<String>> = (0..count).map(|label| Some((label as i64 + first).to_string())).collect();
    for (name, label) in names.iter().zip(&labels).filter(|_| in_range) {
        classes[*label as usize] = Some(name.clone());
    }
    let rule = if first == 0 { LabelRule::Numbers } else { LabelRule::NumbersFromOne };
    in_range.then_some(Order { rule, labels, classes })
}

/// The rank of each name's number among the numbers, for names whose order differs from that of their numbers.
fn by_rank_of_number(names: &[String]) -> Option<Order> {
    let numbers = numbers(names)?;
    let mut ranked: Vec<usize> = (0..names.len()).collect();
    ranked.sort_by_key(|&k| numbers[k]);
    let mut labels = vec![0; names.len()];
    ranked.iter().zip(0..).for_each(|(&k, rank)| labels[k] = rank);
    let classes = ranked.iter().map(|&k| Some(names[k].clone())).collect();
    Some(Order { rule: LabelRule::RankOfNumber, labels, classes })
}

fn of_cifar10(names: &[String], count: usize) -> Option<Order> {
    let places: Vec<usize> = names.iter().map(|name| place_in_cifar10(name)).collect::<Option<_>>()?;
    let distinct: std::collections::BTreeSet<&usize> = places.iter().collect();
    let classes = CIFAR10.iter().map(|name| Some((*name).to_owned())).collect();
    let fits = count == CIFAR10.len() && !places.is_empty() && distinct.len() == places.len();
    fits.then(|| Order { rule: LabelRule::Cifar10, labels: places.into_iter().map(|place| place as i64).collect(), classes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(names: &[&str], empty: &[&str]) -> Found {
        let owned = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort();
            names
        };
        Found { names: owned(names), from: Origin::Folders { empty: owned(empty), wnids: None } }
    }

    fn numbered(numbers: impl Iterator<Item = usize>) -> Found {
        folders(&numbers.map(|number| number.to_string()).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(), &[])
    }

    /// Rule and label by name of the one order that fits.
    fn certain(found: &Found, count: usize) -> Option<(LabelRule, Vec<(String, i64)>)> {
        match order(found, count) {
            Own::Certain(order) => Some((order.rule, found.names.iter().cloned().zip(order.labels).collect())),
            Own::Ambiguous(_) | Own::Unknown => None,
        }
    }

    fn pairs(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
        pairs.iter().map(|(name, label)| ((*name).to_owned(), *label)).collect()
    }

    #[test]
    fn a_folder_for_each_class_is_labelled_by_sorted_name_and_fewer_are_not() {
        let found = folders(&["wolf", "ant", "bee"], &[]);
        assert_eq!(certain(&found, 3), Some((LabelRule::SortedNames, pairs(&[("ant", 0), ("bee", 1), ("wolf", 2)]))));
        assert_eq!((order(&found, 4), order(&found, 2)), (Own::Unknown, Own::Unknown));
    }

    #[test]
    fn folders_without_images_are_classes_only_where_they_make_up_the_number() {
        let found = folders(&["wolf", "ant"], &["bee"]);
        assert_eq!(certain(&found, 3), Some((LabelRule::SortedNames, pairs(&[("ant", 0), ("wolf", 2)]))));
        assert_eq!(certain(&found, 2), Some((LabelRule::SortedNames, pairs(&[("ant", 0), ("wolf", 1)]))));
        assert_eq!(order(&found, 4), Own::Unknown);
    }

    #[test]
    fn numbers_are_labels_although_some_are_absent() {
        let found = numbered((0..10).filter(|digit| *digit != 3));
        let (rule, labels) = certain(&found, 10).unwrap_or((LabelRule::File, Vec::new()));
        assert_eq!(rule, LabelRule::Numbers);
        assert!(labels.len() == 9 && labels.iter().all(|(name, label)| *name == label.to_string()), "{labels:?}");
        // From 1 on, all of them: the largest is no label.
        let (rule, labels) = certain(&numbered(1..10), 9).unwrap_or((LabelRule::File, Vec::new()));
        assert!(rule == LabelRule::SortedNames && labels[8] == ("9".into(), 8), "{rule:?} {labels:?}");
        let cub = folders(&["001.Albatross", "200.Yellowthroat"], &[]);
        assert_eq!(certain(&cub, 200), Some((LabelRule::NumbersFromOne, pairs(&[("001.Albatross", 0), ("200.Yellowthroat", 199)]))));
    }

    #[test]
    fn numbers_that_may_begin_at_0_or_at_1_or_are_sorted_otherwise_are_ambiguous() {
        let is_ambiguous = |found: Found, count| matches!(order(&found, count), Own::Ambiguous(_));
        assert!(is_ambiguous(numbered(1..10), 10), "0 is absent, or 10");
        assert!(is_ambiguous(numbered(1..11), 10), "sorted: 1, 10, 2, ...");
        assert!(is_ambiguous(numbered(0..100), 100), "sorted: 0, 1, 10, 11, ...");
        assert!(!is_ambiguous(folders(&["01", "02", "03"], &[]), 3));
    }

    #[test]
    fn classes_of_cifar_10_keep_their_labels_and_other_words_for_them_are_ambiguous() {
        let found = folders(&["truck", "bird"], &["zebra"]);
        assert_eq!(certain(&found, 10), Some((LabelRule::Cifar10, pairs(&[("bird", 2), ("truck", 9)]))));
        assert_eq!(certain(&folders(&["cat", "dog"], &[]), 2), Some((LabelRule::SortedNames, pairs(&[("cat", 0), ("dog", 1)]))));
        let mut words = CIFAR10.to_vec();
        words[0] = "plane";
        assert!(matches!(order(&folders(&words, &[]), 10), Own::Ambiguous(_)), "sorted, plane is the eighth");
        assert_eq!(certain(&folders(&["plane", "bird"], &[]), 10), Some((LabelRule::Cifar10, pairs(&[("bird", 2), ("plane", 0)]))));
    }

    #[test]
    fn ids_of_imagenet_keep_their_places_although_most_are_absent() {
        let found = folders(&["n01440764", "n01443537_goldfish", "n15075141-toilet_tissue"], &[]);
        let expected = [("n01440764", 0), ("n01443537_goldfish", 1), ("n15075141-toilet_tissue", 999)];
        assert_eq!(certain(&found, 1000), Some((LabelRule::ImageNet, pairs(&expected))));
        assert_eq!(order(&found, 200), Own::Unknown);
        assert_eq!(order(&folders(&["n00000000"], &[]), 1000), Own::Unknown);
    }

    #[test]
    fn names_of_a_file_are_in_the_order_of_its_labels_where_there_are_as_many() {
        let names = |names: &[&str]| Found { names: names.iter().map(|name| (*name).to_owned()).collect(), from: Origin::File };
        assert_eq!(certain(&names(&["cat", "ant"]), 2), Some((LabelRule::File, pairs(&[("cat", 0), ("ant", 1)]))));
        assert_eq!(order(&names(&["cat", "ant"]), 10), Own::Unknown);
        assert_eq!(certain(&names(&["0", "1"]), 10), Some((LabelRule::File, pairs(&[("0", 0), ("1", 1)]))));
    }
}

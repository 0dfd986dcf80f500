//! The 1,000 classes of ILSVRC 2012: WordNet ids and short English names.
//!
//! The names are `_IMAGENET_CATEGORIES` of torchvision 0.26 (`torchvision/models/_meta.py`, BSD-3-Clause: `imagenet_names.LICENSE`), which are in
//! the order of the sorted ids.

use super::name::is_wnid;

/// The ids, sorted, one a line.
const IDS: &str = include_str!("imagenet_wnids.txt");
/// The names in the same order, one a line.
const NAMES: &str = include_str!("imagenet_names.txt");

/// The WordNet ids of the 1,000 classes, sorted.
pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    IDS.lines()
}

/// The short English names of the 1,000 classes in the order of the labels.
pub fn imagenet_names() -> impl Iterator<Item = &'static str> {
    NAMES.lines()
}

/// The name of a class as it is shown: that of ImageNet for one of its WordNet ids, every other name as it is.
pub fn class_label(name: &str) -> &str {
    let of_id = || ids().zip(imagenet_names()).find_map(|(id, label)| (id == name).then_some(label));
    if is_wnid(name) { of_id().unwrap_or(name) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_1000_different_ones_and_ids_are_shown_by_their_names() {
        let different = |lines: &mut dyn Iterator<Item = &'static str>| lines.collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!((ids().count(), different(&mut ids())), (1000, 1000));
        assert_eq!((imagenet_names().count(), different(&mut imagenet_names())), (1000, 1000));
        assert!(ids().is_sorted());
        for (name, label) in [
            ("n01440764", "tench"),
            ("n02123045", "tabby"),
            ("n15075141", "toilet tissue"),
            ("n00000000", "n00000000"),
            ("n01440764_tench", "n01440764_tench"),
            ("cat", "cat"),
        ] {
            assert_eq!(class_label(name), label);
        }
    }
}

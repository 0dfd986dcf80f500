//! [`Selection`]: a set of images, by dataset and position in it, as sorted ranges.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// No source has an image at this position or beyond.
const POSITIONS: i64 = 1_000_000_000;

/// Positions low..=high.
pub type Range = [i64; 2];

/// A set of images. An image is identified by its dataset and its position in the dataset's source, so that a selection holds for every
/// checkpoint. Written as `"dataset" = "0-12 15 20-31"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Selection {
    /// Ascending ranges that neither overlap nor touch; every dataset has at least one. Reference-counted, because sessions, which hold selections, are
    /// copied and compared often.
    datasets: Arc<BTreeMap<String, Vec<Range>>>,
}

/// How new images are combined with the selected ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectMode {
    /// They replace them.
    #[default]
    Replace,
    /// They are added.
    Add,
    /// They are removed.
    Subtract,
}

impl Selection {
    /// These positions of one dataset, in any order.
    pub fn of(dataset: &str, mut positions: Vec<i64>) -> Self {
        // Rows lie in the order of their source most of the time.
        if !positions.is_sorted() {
            positions.sort_unstable();
        }
        let mut ranges: Vec<Range> = Vec::new();
        for position in positions {
            match ranges.last_mut() {
                Some([_, high]) if position <= high.saturating_add(1) => *high = position.max(*high),
                _ => ranges.push([position, position]),
            }
        }
        let datasets = std::iter::once((dataset.to_owned(), ranges)).filter(|(_, ranges)| !ranges.is_empty());
        Self { datasets: Arc::new(datasets.collect()) }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.datasets.values().flatten().map(|[low, high]| (high - low) as usize + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.datasets.is_empty()
    }

    /// Ranges of one dataset, ascending.
    pub fn ranges(&self, dataset: &str) -> &[Range] {
        self.datasets.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// Whether this image is selected.
    pub fn contains(&self, dataset: &str, position: i64) -> bool {
        let ranges = self.ranges(dataset);
        let next = ranges.partition_point(|[low, _]| *low <= position);
        next > 0 && position <= ranges[next - 1][1]
    }

    /// Renames the dataset `name` to `to`; without `to`, removes its images.
    pub(super) fn say_dataset(&mut self, name: &str, to: Option<&str>) {
        if !self.datasets.contains_key(name) {
            return;
        }
        let datasets = Arc::make_mut(&mut self.datasets);
        if let (Some(ranges), Some(to)) = (datasets.remove(name), to) {
            datasets.insert(to.into(), ranges);
        }
    }

    /// Every image, by dataset and position.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.datasets
            .iter()
            .flat_map(|(name, ranges)| ranges.iter().flat_map(move |[low, high]| (*low..=*high).map(move |p| (name.as_str(), p))))
    }

    /// Combines it with `other`.
    pub fn apply(&mut self, other: Self, mode: SelectMode) {
        match mode {
            SelectMode::Replace => *self = other,
            SelectMode::Add => {
                let datasets = Arc::make_mut(&mut self.datasets);
                for (name, ranges) in other.datasets.iter() {
                    let own = datasets.entry(name.clone()).or_default();
                    *own = union(own, ranges);
                }
            }
            SelectMode::Subtract => {
                let datasets = Arc::make_mut(&mut self.datasets);
                for (name, ranges) in other.datasets.iter() {
                    if let Some(own) = datasets.get_mut(name) {
                        *own = difference(own, ranges);
                    }
                }
                datasets.retain(|_, ranges| !ranges.is_empty());
            }
        }
    }
}

/// What is in either.
fn union(a: &[Range], b: &[Range]) -> Vec<Range> {
    let mut all: Vec<Range> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(all.len());
    for [low, high] in all {
        match merged.last_mut() {
            Some([_, end]) if low <= end.saturating_add(1) => *end = high.max(*end),
            _ => merged.push([low, high]),
        }
    }
    merged
}

/// What is in `a` and not in `b`.
fn difference(a: &[Range], b: &[Range]) -> Vec<Range> {
    let (mut left, mut cuts) = (Vec::with_capacity(a.len()), b.iter().peekable());
    for &[mut low, high] in a {
        while cuts.peek().is_some_and(|cut| cut[1] < low) {
            cuts.next();
        }
        // A removed range that reaches beyond this range may also reach into the next.
        while let Some(&&[from, to]) = cuts.peek().filter(|cut| cut[0] <= high) {
            if from > low {
                left.push([low, from - 1]);
            }
            low = to.saturating_add(1);
            if to >= high {
                break;
            }
            cuts.next();
        }
        if low <= high {
            left.push([low, high]);
        }
    }
    left
}

impl From<Selection> for BTreeMap<String, String> {
    fn from(selection: Selection) -> Self {
        let text = |[low, high]: Range| if low == high { low.to_string() } else { format!("{low}-{high}") };
        let line = |ranges: &[Range]| ranges.iter().copied().map(text).collect::<Vec<_>>().join(" ");
        selection.datasets.iter().map(|(name, ranges)| (name.clone(), line(ranges))).collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for Selection {
    type Error = String;

    fn try_from(lines: BTreeMap<String, String>) -> Result<Self, String> {
        let mut datasets = BTreeMap::new();
        for (name, line) in lines {
            let mut ranges = Vec::new();
            for part in line.split_whitespace() {
                let (low, high) = part.split_once('-').unwrap_or((part, part));
                let ends = low
                    .parse::<i64>()
                    .ok()
                    .zip(high.parse::<i64>().ok())
                    .filter(|(low, high)| *low >= 0 && low <= high && *high < POSITIONS);
                let (low, high) = ends.ok_or_else(|| {
                    format!("expected positions as `3` or `3-7` below {POSITIONS} for the dataset `{name}`, found `{part}`")
                })?;
                ranges.push([low, high]);
            }
            let ranges = union(&ranges, &[]);
            if !ranges.is_empty() {
                datasets.insert(name, ranges);
            }
        }
        Ok(Self { datasets: Arc::new(datasets) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    /// Sets of numbers below 40 from bits, and what set algebra says of them.
    #[test]
    fn algebra_agrees_with_sets() {
        let set = |seed: u64| -> BTreeSet<i64> {
            (0..40).filter(|k| (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(*k as u32)) & 3 != 0).collect()
        };
        let of = |set: &BTreeSet<i64>| Selection::of("a", set.iter().copied().collect());
        for seed in 1..200u64 {
            let (a, b) = (set(seed), set(seed * 31 + 7));
            for (mode, expected) in [
                (SelectMode::Replace, b.clone()),
                (SelectMode::Add, a.union(&b).copied().collect()),
                (SelectMode::Subtract, a.difference(&b).copied().collect()),
            ] {
                let mut found = of(&a);
                found.apply(of(&b), mode);
                assert_eq!(found, of(&expected), "{seed} {mode:?}");
                assert_eq!(found.len(), expected.len());
                assert!((0..40).all(|k| found.contains("a", k) == expected.contains(&k)));
                assert!(found.iter().map(|(_, k)| k).eq(expected.iter().copied()));
            }
        }
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        assert_eq!(Selection::of("a", vec![5, 3, 4, 4, 9]), Selection::of("a", vec![3, 4, 5, 9]));
        assert!(Selection::of("a", vec![]).is_empty());
        let mut selection = Selection::of("a", vec![1]);
        selection.apply(Selection::of("a", vec![1]), SelectMode::Subtract);
        assert_eq!(selection, Selection::default());
    }

    #[test]
    fn it_is_written_as_ranges_and_reads_back() {
        let mut selection = Selection::of("CIFAR-10 test", vec![0, 1, 2, 7, 30, 31]);
        selection.apply(Selection::of("fog", vec![4]), SelectMode::Add);
        let text = toml::to_string(&selection).unwrap();
        assert_eq!(text, "\"CIFAR-10 test\" = \"0-2 7 30-31\"\nfog = \"4\"\n");
        assert_eq!(toml::from_str::<Selection>(&text).unwrap(), selection);
        assert_eq!(toml::from_str::<Selection>("fog = \"9 3-4 4-5\"").unwrap(), Selection::of("fog", vec![3, 4, 5, 9]));
        for wrong in ["fog = \"7-3\"", "fog = \"x\"", "fog = \"-3\"", "fog = \"0-9223372036854775807\"", "fog = \"1000000000000\""] {
            assert!(toml::from_str::<Selection>(wrong).unwrap_err().to_string().contains("expected positions as `3` or `3-7`"));
        }
    }
}

//! [`Labelling`]: how the labels of a dataset were determined, as recorded with the dataset.

use serde::{Deserialize, Serialize};

/// What the labels of a dataset follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelRule {
    /// There are no labels.
    Unlabelled,
    /// They are in the file.
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
    /// The user stated it.
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

/// How the labels of a dataset were determined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelling {
    /// What they follow from.
    pub rule: LabelRule,
    /// The place in `Source::reference` of the dataset whose classes they were matched with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_with: Option<usize>,
    /// Own class → label, of those that have images; empty if the labels are those of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, i64)>,
    /// Folders that are not used as classes because they hold no images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What the reader of the format assumed of the labels, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
}

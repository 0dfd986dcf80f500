//! [`LabelRecord`]: what the labels of a result's images follow from, so that assumptions are visible.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Number of classes in a line.
const SAID: usize = 4;

/// How the labels of a dataset were determined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelRecord {
    /// `file`, `unlabelled`, `sorted_names`, `numbers`, `numbers_from_one`, `cifar10`, `wnids`, `imagenet`, `coarse`, `matched`, `given`.
    pub rule: String,
    /// Name of the dataset with whose classes the names were matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_with: Option<String>,
    /// Its place among the references of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<usize>,
    /// Own class → label; empty if the file contains labels.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub classes: IndexMap<String, i64>,
    /// Folders that are not used as classes because they hold no images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What the reader of the format assumed of the labels, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
}

impl LabelRecord {
    /// Whether the labels were inferred from names or something was assumed of them, which may be wrong.
    pub fn is_inferred(&self) -> bool {
        !self.assumed.is_empty() || !matches!(self.rule.as_str(), "file" | "unlabelled" | "")
    }

    /// The rule, some examples, and what was left out: `by sorted folder name (ant 0, bee 1, wolf 2)`.
    pub fn describe(&self) -> String {
        let rule = match self.rule.as_str() {
            "sorted_names" => "by sorted folder name".into(),
            "numbers" => "by the number in the folder's name".into(),
            "numbers_from_one" => "by the number in the folder's name, less 1".into(),
            "rank_of_number" => "by the order of the numbers in the folders' names".into(),
            "cifar10" => "by folder name, as classes of CIFAR-10".into(),
            "imagenet" => "by WordNet id, as classes of ImageNet".into(),
            "coarse" => "the 20 superclasses of CIFAR-100, as the network has 20 classes".into(),
            "wnids" => "by WordNet id, sorted as by ImageFolder (not in the order of wnids.txt)".into(),
            "given" => "as given in `classes`".into(),
            "unlabelled" => "none".into(),
            "file" => "those of the file".into(),
            "matched" => match &self.matched_with {
                Some(name) => format!("by name, as the classes of `{name}`"),
                None => "by name".into(),
            },
            other => other.to_owned(),
        };
        let said: Vec<String> = self.classes.iter().take(SAID).map(|(name, label)| format!("{name} {label}")).collect();
        let more = if self.classes.len() > SAID { ", ..." } else { "" };
        let classes = if said.is_empty() { String::new() } else { format!(" ({}{more})", said.join(", ")) };
        let left_out = if self.left_out.is_empty() {
            String::new()
        } else {
            format!("; folders without images are no classes: {}", self.left_out.join(", "))
        };
        let assumed: String = self.assumed.iter().map(|assumed| format!("; {assumed}")).collect();
        format!("{rule}{classes}{left_out}{assumed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_rule_classes_and_what_was_left_out() {
        let record = LabelRecord {
            rule: "matched".into(),
            matched_with: Some("test".into()),
            classes: [("01_plane", 0), ("bird", 2)].map(|(name, label)| (name.to_owned(), label)).into(),
            left_out: vec!["annotations".into()],
            ..LabelRecord::default()
        };
        let expected = "by name, as the classes of `test` (01_plane 0, bird 2); folders without images are no classes: annotations";
        assert_eq!(record.describe(), expected);
        assert!(record.is_inferred() && !LabelRecord { rule: "file".into(), ..LabelRecord::default() }.is_inferred());
    }
}

//! Definitions of the numbers of `scores.json`, as text: for its readers, for tooltips in the window, for the help of `flatland score`.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// Name of a number as in `scores.json`, and its definition.
const DEFINITIONS: [(&str, &str); 7] = [
    (
        "accuracy",
        "share of the labelled images whose largest logit is that of their class; of several largest the first counts; null where a logit of \
         one of the images is NaN or infinite",
    ),
    (
        "auroc",
        "area under the ROC curve: the share of pairs of an ID and an OOD image in which the ID image has the larger score; a tie counts half",
    ),
    (
        "fpr95",
        "OOD is positive: the share of ID images that is flagged at the first threshold which flags at least 95 % of the OOD images; an image \
         whose score equals the threshold is flagged",
    ),
    (
        "fpr95_id_positive",
        "ID is positive: the share of OOD images that is kept at the first threshold which keeps at least 95 % of the ID images; an image whose \
         score equals the threshold is kept",
    ),
    (
        "aupr_in",
        "ID is positive: area under the precision-recall curve by the trapezoidal rule over all distinct scores, from recall 0 with precision 1 \
         on; this is not average precision. A random score has about 1 − base_rate, a constant one 1 − base_rate/2",
    ),
    (
        "aupr_out",
        "OOD is positive: the same area. A random score has about base_rate, a constant one (1 + base_rate)/2; so numbers of different base \
         rates cannot be compared",
    ),
    ("base_rate", "share of OOD images among the images of a pair: those of the dataset, and all ID images"),
];

/// The definition of the number of this name in `scores.json`; empty for other names.
pub fn score_definition(name: &str) -> &'static str {
    DEFINITIONS.iter().find(|(known, _)| *known == name).map_or("", |(_, meaning)| meaning)
}

/// All definitions; written into files beside the numbers, and not read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreDefinitions;

impl Serialize for ScoreDefinitions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(DEFINITIONS)
    }
}

impl<'de> Deserialize<'de> for ScoreDefinitions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// One line per number.
impl fmt::Display for ScoreDefinitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DEFINITIONS.iter().try_for_each(|(name, meaning)| writeln!(f, "  {name}: {meaning}"))
    }
}

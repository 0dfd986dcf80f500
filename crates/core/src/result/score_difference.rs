//! [`ScoreDifference`]: accuracy and detection of one checkpoint minus those of another, on the same images.

use indexmap::IndexMap;

use super::{DatasetScores, ScoreTable};
use crate::metric::{auroc_difference, mean_std_error};

/// A difference and its standard error, paired image by image.
pub type Paired = (f64, f64);

/// The numbers of one checkpoint minus those of another, for datasets that have the same images for both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreDifference {
    /// Name of the other.
    pub baseline: String,
    /// Dataset → difference of the shares of right predictions.
    pub accuracy: IndexMap<String, Paired>,
    /// Score → dataset → difference of the AUROCs against all ID data.
    pub auroc: IndexMap<String, IndexMap<String, Paired>>,
}

impl ScoreDifference {
    /// `a` minus `b`, which is called `baseline`.
    pub fn between(a: &ScoreTable, b: &ScoreTable, baseline: &str) -> Self {
        let pairs: Vec<(&DatasetScores, &DatasetScores)> =
            a.datasets.iter().filter_map(|of_a| Some((of_a, b.datasets.iter().find(|of_b| same_images(of_a, of_b))?))).collect();
        let judged = |name: &String| a.accuracy(name).is_some() && b.accuracy(name).is_some();
        let right = pairs.iter().filter(|(a, _)| judged(&a.name));
        let accuracy = right.filter_map(|(a, b)| Some((a.name.clone(), accuracy(a, b)?))).collect();
        let shared = a.scores.keys().filter(|score| b.scores.contains_key(*score));
        let auroc = shared.map(|score| (score.clone(), detection(score, a, b, &pairs))).collect();
        Self { baseline: baseline.into(), accuracy, auroc }
    }
}

fn same_images(a: &DatasetScores, b: &DatasetScores) -> bool {
    a.name == b.name && a.role == b.role && a.label == b.label
}

/// Mean difference of the right predictions.
fn accuracy(a: &DatasetScores, b: &DatasetScores) -> Option<Paired> {
    let right = |data: &DatasetScores, k: usize| f64::from(u8::from(data.prediction.get(k) == data.label.get(k)));
    let differences: Vec<f64> = (0..a.label.len()).map(|k| right(a, k) - right(b, k)).collect();
    mean_std_error(&differences)
}

/// Dataset → difference of the AUROCs by `score`; empty unless all ID data are the same images.
fn detection(score: &str, a: &ScoreTable, b: &ScoreTable, pairs: &[(&DatasetScores, &DatasetScores)]) -> IndexMap<String, Paired> {
    let is_id = |data: &DatasetScores| data.role == "id";
    let ids = |table: &ScoreTable| table.datasets.iter().filter(|data| is_id(data)).count();
    let (id, others): (Vec<_>, Vec<_>) = pairs.iter().partition(|(a, _)| is_id(a));
    if id.len() != ids(a) || id.len() != ids(b) {
        return IndexMap::new();
    }
    let id_a: Vec<f64> = id.iter().flat_map(|(a, _)| a.values(score)).copied().collect();
    let id_b: Vec<f64> = id.iter().flat_map(|(_, b)| b.values(score)).copied().collect();
    let of = |(a, b): (&DatasetScores, &DatasetScores)| {
        let (ood_a, ood_b) = (a.values(score), b.values(score));
        // With an infinite score detection is not defined.
        let defined = [id_a.as_slice(), &id_b, ood_a, ood_b].into_iter().flatten().all(|score| score.is_finite());
        Some((a.name.clone(), auroc_difference((&id_a, ood_a), (&id_b, ood_b)).filter(|_| defined)?))
    };
    others.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Two ID images and three OOD images; the first `right` of the ID ones are right.
    fn table(right: usize, ood: [f64; 3]) -> ScoreTable {
        let data = |name: &str, role: &str, values: &[f64], right: usize| DatasetScores {
            name: name.into(),
            role: role.into(),
            index: Vec::new(),
            label: vec![0; values.len()],
            prediction: (0..values.len()).map(|k| i64::from(k >= right)).collect(),
            tied: 0,
            scores: [("energy".to_owned(), values.to_vec())].into_iter().collect(),
        };
        ScoreTable {
            accuracy: [("test".to_owned(), Some(0.5))].into_iter().collect(),
            scores: [("energy".to_owned(), IndexMap::new())].into_iter().collect(),
            datasets: vec![data("test", "id", &[4.0, 2.0, 3.0, 5.0], right), data("far", "far", &ood, 0)],
            ..ScoreTable::default()
        }
    }

    #[test]
    fn images_are_compared_one_by_one() {
        let (a, b) = (table(3, [1.0, 0.0, 2.5]), table(1, [1.0, 4.5, 2.5]));
        let found = ScoreDifference::between(&a, &b, "b");
        // Two of four images are right for a alone.
        let (difference, error) = found.accuracy["test"];
        assert!((difference - 0.5).abs() < 1e-15 && (error - (1.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-15);
        // Of 12 pairs a orders 11 rightly, b 8.
        assert!((found.auroc["energy"]["far"].0 - 3.0 / 12.0).abs() < 1e-12, "{found:?}");
        assert_eq!(ScoreDifference::between(&a, &a, "a").auroc["energy"]["far"], (0.0, 0.0));
    }

    #[test]
    fn what_is_not_defined_under_one_of_them_has_no_difference() {
        let (a, mut b) = (table(3, [1.0, 0.0, 2.5]), table(1, [1.0, f64::NEG_INFINITY, 2.5]));
        b.accuracy["test"] = None;
        let found = ScoreDifference::between(&a, &b, "b");
        assert!(found.accuracy.is_empty() && found.auroc["energy"].is_empty(), "{found:?}");
    }

    #[test]
    fn other_images_have_no_difference() {
        let (a, mut b) = (table(3, [1.0, 0.0, 2.5]), table(1, [1.0, 4.5, 2.5]));
        b.datasets[0].label[0] = 7;
        let found = ScoreDifference::between(&a, &b, "b");
        assert!(found.accuracy.is_empty() && found.auroc["energy"].is_empty());
    }
}

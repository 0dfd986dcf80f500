//! The numbers that follow from the scores of single images: accuracies, detection against all ID data, and what is not defined and why.
//!
//! An image has a prediction where its largest logit is a finite number and none is NaN; see [`DatasetScores::prediction`]. A number over
//! images is not defined where one of them has no value: leaving it out would be a number of other images.

use super::{DatasetScores, Detection, ScoreTable};
use crate::metric;

/// Role keys of the data whose predictions are judged.
const WITH_CLASSES: [&str; 2] = ["id", "cs"];
/// Role keys of the data that are detected against ID data.
const SHIFTED: [&str; 3] = ["cs", "near", "far"];

impl DatasetScores {
    /// Images without a prediction: their logits are not finite.
    pub fn undefined(&self) -> usize {
        self.prediction.iter().filter(|prediction| **prediction < 0).count()
    }

    /// Right predictions among the labelled images, and their number; `None` where one of them has no prediction.
    fn right(&self) -> Option<(usize, usize)> {
        let labelled = self.label.iter().zip(&self.prediction).filter(|&(&label, _)| label >= 0);
        labelled
            .map(|(label, prediction)| (*prediction >= 0).then_some(usize::from(label == prediction)))
            .try_fold((0, 0), |(right, n), one| one.map(|one| (right + one, n + 1)))
    }

    fn is_labelled(&self) -> bool {
        self.label.iter().any(|label| *label >= 0)
    }
}

impl ScoreTable {
    /// The numbers of `datasets`: detection of each CS, near and far dataset by every score against all ID data together, accuracies of
    /// labelled ID and CS data. `temperature` is that of the energy score.
    pub fn of(datasets: Vec<DatasetScores>, temperature: f64) -> Self {
        let mut table = ScoreTable { temperature, datasets, ..ScoreTable::default() };
        for data in &table.datasets {
            table.roles.insert(data.name.clone(), data.role.clone());
            table.samples.insert(data.name.clone(), data.label.len());
            for (map, n) in [(&mut table.non_finite, data.undefined()), (&mut table.tied, data.tied)] {
                if n > 0 {
                    map.insert(data.name.clone(), n);
                }
            }
        }
        table.count_accuracies();
        table.detect();
        table.count_base_rates();
        table
    }

    /// The same with undefined predictions removed: files of earlier versions have a prediction for every image.
    #[must_use]
    pub(super) fn checked(mut self) -> Self {
        let mut broken = false;
        for data in &mut self.datasets {
            broken |= data.scores.values().flatten().any(|score| !score.is_finite());
            let Some(energy) = data.scores.get("energy") else { continue };
            let lost = data.prediction.iter_mut().zip(energy).filter(|(_, energy)| !energy.is_finite());
            lost.for_each(|(prediction, _)| *prediction = -1);
        }
        if broken {
            let Self { unreadable, labels, hyperparameters, fitted_on, datasets, temperature, .. } = self;
            return Self { unreadable, labels, hyperparameters, fitted_on, ..Self::of(datasets, temperature) };
        }
        self.count_base_rates();
        self
    }

    fn with_role<'a>(&'a self, roles: &'a [&str]) -> impl Iterator<Item = &'a DatasetScores> {
        self.datasets.iter().filter(move |data| roles.contains(&data.role.as_str()))
    }

    fn count_accuracies(&mut self) {
        let share = |parts: &[Option<(usize, usize)>]| {
            let sum = parts.iter().copied().try_fold((0, 0), |sum, part| part.map(|part: (usize, usize)| (sum.0 + part.0, sum.1 + part.1)));
            sum.map(|(right, n)| right as f64 / n as f64)
        };
        let id: Vec<_> = self.with_role(&["id"]).filter(|data| data.is_labelled()).map(DatasetScores::right).collect();
        let judged = self.with_role(&WITH_CLASSES).filter(|data| data.is_labelled());
        let accuracy = judged.map(|data| (data.name.clone(), share(&[data.right()]))).collect();
        let shifted = self.with_role(&["cs"]).filter(|data| data.is_labelled() && !id.is_empty());
        let pooled = shifted.map(|data| (data.name.clone(), share(&[id.as_slice(), &[data.right()]].concat()))).collect();
        (self.accuracy, self.accuracy_pooled) = (accuracy, pooled);
    }

    fn detect(&mut self) {
        let names: indexmap::IndexSet<String> = self.datasets.iter().flat_map(|data| data.scores.keys().cloned()).collect();
        let of_score = |score: String| {
            let id = self.id_scores(&score);
            let against = self.with_role(&SHIFTED).map(|data| (data.name.clone(), detection(&id, data.values(&score)))).collect();
            (score, against)
        };
        self.scores = names.into_iter().map(of_score).collect();
    }

    fn count_base_rates(&mut self) {
        let id: usize = self.with_role(&["id"]).map(|data| data.label.len()).sum();
        let rate = |data: &DatasetScores| (data.name.clone(), data.label.len() as f64 / (data.label.len() + id) as f64);
        self.base_rate = self.with_role(&SHIFTED).filter(|data| data.label.len() + id > 0).map(rate).collect();
    }

    /// Scores of all ID images.
    pub(super) fn id_scores(&self, score: &str) -> Vec<f64> {
        self.with_role(&["id"]).flat_map(|data| data.values(score)).copied().collect()
    }

    /// Whether a dataset's accuracy was requested and is not defined.
    pub fn lacks_accuracy(&self, dataset: &str) -> bool {
        self.accuracy.get(dataset).is_some_and(Option::is_none)
    }

    /// Whether a dataset's detection was requested and is not defined.
    pub fn lacks_detection(&self, score: &str, dataset: &str) -> bool {
        let is_shifted = self.roles.get(dataset).is_some_and(|role| SHIFTED.contains(&role.as_str()));
        is_shifted && self.scores.get(score).and_then(|of| of.get(dataset)).is_some_and(Option::is_none)
    }

    /// Why the detection of a dataset by a score is not defined; `None` if it is, or was not requested.
    pub fn why_no_detection(&self, score: &str, dataset: &str) -> Option<String> {
        if !self.lacks_detection(score, dataset) {
            return None;
        }
        let sides: Vec<&DatasetScores> = self.datasets.iter().filter(|data| data.role == "id" || data.name == dataset).collect();
        let broken = |data: &&&DatasetScores| data.values(score).iter().any(|value| !value.is_finite());
        let reasons: Vec<String> = sides.iter().filter(broken).map(|data| broken_scores(data, score)).collect();
        let none = || match sides.iter().find(|data| data.name == dataset) {
            Some(data) if data.label.is_empty() => format!("`{dataset}` has no images"),
            Some(data) if data.values(score).is_empty() => format!("`{dataset}` has no score of this name"),
            _ => "there are no ID images".into(),
        };
        Some(if reasons.is_empty() { none() } else { reasons.join(", ") })
    }

    /// Why `score` has no histogram for this checkpoint; `None` if it has one.
    pub fn why_no_histogram(&self, score: &str) -> Option<String> {
        let values = || self.datasets.iter().flat_map(|data| data.values(score));
        if values().any(|value| value.is_finite()) {
            return None;
        }
        match values().count() {
            0 => Some(format!("there is no score `{score}`")),
            n => Some(format!("none of the {n} values of `{score}` is finite")),
        }
    }

    /// Remarks that are needed to read the numbers, a sentence each: images whose logits are not finite, scores that are not, ties of the largest
    /// logit.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for data in &self.datasets {
            let (name, n, undefined) = (&data.name, data.label.len(), data.undefined());
            if undefined > 0 {
                notes.push(format!(
                    "{undefined} of {n} images of `{name}` have logits that are not finite: what depends on them is not defined"
                ));
            }
            for (score, values) in &data.scores {
                if values.iter().filter(|value| !value.is_finite()).count() > undefined {
                    notes.push(format!("{}: no detection by it", broken_scores(data, score)));
                }
            }
            if data.tied > 0 {
                let tied = data.tied;
                notes.push(format!(
                    "in {tied} of {n} images of `{name}` several logits are the largest: the first of these classes is taken"
                ));
            }
        }
        notes
    }
}

fn broken_scores(data: &DatasetScores, score: &str) -> String {
    let values = data.values(score);
    let broken = values.iter().filter(|value| !value.is_finite()).count();
    format!("{broken} of {} `{score}` scores of `{}` are not finite", values.len(), data.name)
}

/// `None` where a side is empty or has a score that is not finite.
fn detection(id: &[f64], ood: &[f64]) -> Option<Detection> {
    if id.iter().chain(ood).any(|score| !score.is_finite()) {
        return None;
    }
    Some(Detection {
        auroc: metric::auroc(id, ood)?,
        fpr95: metric::fpr95(id, ood)?,
        fpr95_id_positive: metric::fpr95_id_positive(id, ood)?,
        aupr_in: metric::aupr_in(id, ood)?,
        aupr_out: metric::aupr_out(id, ood)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Images of class 0, of which the first `right` are told so, with these energies; one that is not finite has no prediction.
    fn data(name: &str, role: &str, right: usize, energy: &[f64]) -> DatasetScores {
        let prediction = |(k, energy): (usize, &f64)| if energy.is_finite() { i64::from(k >= right) } else { -1 };
        DatasetScores {
            name: name.into(),
            role: role.into(),
            index: Vec::new(),
            label: vec![0; energy.len()],
            prediction: energy.iter().enumerate().map(prediction).collect(),
            tied: 0,
            scores: [("energy".to_owned(), energy.to_vec())].into_iter().collect(),
        }
    }

    #[test]
    fn one_image_without_finite_logits_leaves_what_depends_on_it_undefined() {
        let table = ScoreTable::of(
            vec![
                data("test", "id", 2, &[3.0, 2.0, 1.0]),
                data("fog", "cs", 1, &[2.5, f64::NAN]),
                data("near", "near", 0, &[0.5, f64::INFINITY]),
                data("far", "far", 0, &[0.5, 0.0]),
            ],
            1.0,
        );
        assert_eq!(table.accuracy.values().copied().collect::<Vec<_>>(), [Some(2.0 / 3.0), None]);
        assert_eq!((table.accuracy_pooled["fog"], table.accuracy("fog")), (None, None));
        assert_eq!(table.detection("energy", "far").unwrap().auroc, 1.0);
        assert_eq!((table.detection("energy", "fog"), table.detection("energy", "near")), (None, None));
        assert!(table.lacks_detection("energy", "near") && !table.lacks_detection("energy", "test") && table.lacks_accuracy("fog"));
        assert_eq!(table.why_no_detection("energy", "near").unwrap(), "1 of 2 `energy` scores of `near` are not finite");
        assert_eq!(table.non_finite.iter().map(|(name, n)| (name.as_str(), *n)).collect::<Vec<_>>(), [("fog", 1), ("near", 1)]);
        assert_eq!(table.notes()[0], "1 of 2 images of `fog` have logits that are not finite: what depends on them is not defined");
    }

    #[test]
    fn a_broken_id_image_leaves_every_detection_undefined_with_its_reason() {
        let table = ScoreTable::of(vec![data("test", "id", 1, &[3.0, f64::NEG_INFINITY]), data("far", "far", 0, &[0.5])], 1.0);
        assert_eq!(table.why_no_detection("energy", "far").unwrap(), "1 of 2 `energy` scores of `test` are not finite");
        assert_eq!((table.accuracy["test"], table.detection("energy", "far")), (None, None));
    }

    #[test]
    fn nothing_against_nothing_has_a_reason_and_no_number() {
        let table = ScoreTable::of(vec![data("test", "id", 1, &[3.0, 2.0]), data("far", "far", 0, &[])], 1.0);
        assert_eq!(table.why_no_detection("energy", "far").unwrap(), "`far` has no images");
        assert_eq!(table.base_rate["far"], 0.0);
        let table = ScoreTable::of(vec![data("far", "far", 0, &[1.0])], 1.0);
        assert_eq!(table.why_no_detection("energy", "far").unwrap(), "there are no ID images");
        assert_eq!(table.base_rate["far"], 1.0);
        let unlabelled = DatasetScores { label: vec![-1; 2], ..data("test", "id", 1, &[3.0, f64::NAN]) };
        assert!(ScoreTable::of(vec![unlabelled], 1.0).accuracy.is_empty(), "without labels no accuracy is asked for");
    }

    #[test]
    fn base_rates_are_of_the_pair_and_both_auprs_of_a_constant_score_follow_from_them() {
        let table = ScoreTable::of(vec![data("test", "id", 0, &[1.0; 6]), data("far", "far", 0, &[1.0; 2])], 1.0);
        assert_eq!(table.base_rate["far"], 0.25);
        let found = table.detection("energy", "far").unwrap();
        // scikit-learn: auc(recall, precision) of precision_recall_curve over constant scores.
        assert_eq!((found.aupr_out, found.aupr_in), (0.625, 0.875));
        assert_eq!((found.auroc, found.fpr95), (0.5, 1.0));
    }
}

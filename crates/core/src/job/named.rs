//! [`Named`]: results with the names that their jobs use. A result in the cache may have been computed when its checkpoint or its datasets
//! had other names: names are not part of the cache key, see [`plan_cached`](super::plan_cached).

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{AnalysisDataset, JobSpec, ScoreJob};
use crate::result::{Embedding, HessianSpectrum, LabelRecord, LandscapeBand, LossSurface, ScoreTable, SharpnessCurve};

/// A result that contains names.
pub trait Named {
    /// The result with the names that `job`, whose result it is, has for the checkpoint and the datasets.
    #[must_use]
    fn named(self, job: &JobSpec) -> Self;
}

/// The record with the present name of the dataset that labels were matched with.
fn labels_named(mut labels: LabelRecord, dataset: Option<&AnalysisDataset>) -> LabelRecord {
    let reference = labels.reference.and_then(|place| dataset?.source.reference.get(place));
    if let Some(reference) = reference {
        labels.matched_with = Some(reference.name.clone());
    }
    labels
}

/// Name of the checkpoint and of the dataset.
fn subject(job: &JobSpec) -> (String, String) {
    let dataset = job.datasets().first().map(|dataset| dataset.source.name.clone());
    (job.checkpoint().map(|checkpoint| checkpoint.name.clone()).unwrap_or_default(), dataset.unwrap_or_default())
}

impl Named for LossSurface {
    fn named(mut self, job: &JobSpec) -> Self {
        let before: Vec<String> = std::iter::once(&self.manifest.dataset).chain(&self.manifest.ood).cloned().collect();
        (self.manifest.checkpoint, self.manifest.dataset) = subject(job);
        self.manifest.labels = self.manifest.labels.map(|labels| labels_named(labels, job.datasets().first().copied()));
        if let JobSpec::Landscape(job) = job {
            self.manifest.ood = job.measure.ood.iter().map(|dataset| dataset.source.name.clone()).collect();
            if let Some(plane) = &mut self.manifest.plane {
                plane.through = job.plane.axes.through().to_vec();
                plane.other_inputs = job.has_other_inputs();
            }
        }
        let now = std::iter::once(&self.manifest.dataset).chain(&self.manifest.ood).cloned();
        self.manifest.unreadable = renamed(self.manifest.unreadable, &before.into_iter().zip(now).collect());
        self
    }
}

impl Named for LandscapeBand {
    fn named(mut self, job: &JobSpec) -> Self {
        (self.manifest.checkpoint, self.manifest.dataset) = subject(job);
        self
    }
}

impl Named for SharpnessCurve {
    fn named(mut self, job: &JobSpec) -> Self {
        self.labels = self.labels.map(|labels| labels_named(labels, job.datasets().first().copied()));
        (self.checkpoint, self.dataset) = subject(job);
        self
    }
}

impl Named for HessianSpectrum {
    fn named(mut self, job: &JobSpec) -> Self {
        self.labels = self.labels.map(|labels| labels_named(labels, job.datasets().first().copied()));
        (self.checkpoint, self.dataset) = subject(job);
        self
    }
}

impl Named for Embedding {
    fn named(mut self, job: &JobSpec) -> Self {
        let mut found: Vec<&String> = self.dataset.iter().collect();
        found.dedup();
        let place = |name: &String| found.iter().position(|known| *known == name);
        let of = |name: &String| job.datasets().get(place(name)?).copied();
        let labels = self.labels.iter().map(|(name, record)| (name.clone(), labels_named(record.clone(), of(name)))).collect();
        let names = names(found.into_iter(), job);
        self.labels = labels;
        let Some(names) = names else { return self };
        self.labels = renamed(self.labels, &names);
        for name in &mut self.dataset {
            if let Some(now) = names.get(name) {
                name.clone_from(now);
            }
        }
        self.unreadable = renamed(self.unreadable, &names);
        self
    }
}

impl Named for ScoreTable {
    fn named(mut self, job: &JobSpec) -> Self {
        let of = |name: &String| {
            let place = self.roles.get_index_of(name)?;
            in_result(job).get(place).copied()
        };
        let labels = std::mem::take(&mut self.labels).into_iter();
        let labels = labels.map(|(name, record)| (name.clone(), labels_named(record, of(&name)))).collect();
        self.labels = labels;
        if let (Some(fitted), JobSpec::Score(ScoreJob { train: Some(train), .. })) = (&mut self.fitted_on, job) {
            fitted.dataset.clone_from(&train.source.name);
        }
        let Some(names) = names(self.roles.keys(), job) else { return self };
        self.labels = renamed(self.labels, &names);
        self.accuracy = renamed(self.accuracy, &names);
        self.accuracy_pooled = renamed(self.accuracy_pooled, &names);
        self.scores = self.scores.into_iter().map(|(score, of)| (score, renamed(of, &names))).collect();
        self.std_errors = self.std_errors.into_iter().map(|(score, of)| (score, renamed(of, &names))).collect();
        self.roles = renamed(self.roles, &names);
        self.samples = renamed(self.samples, &names);
        self.base_rate = renamed(self.base_rate, &names);
        self.non_finite = renamed(self.non_finite, &names);
        self.tied = renamed(self.tied, &names);
        self.unreadable = renamed(self.unreadable, &names);
        for data in &mut self.datasets {
            if let Some(now) = names.get(&data.name) {
                data.name.clone_from(now);
            }
        }
        self
    }
}

/// The datasets that the result of `job` is about; the one that scores are fitted on is not.
fn in_result(job: &JobSpec) -> Vec<&AnalysisDataset> {
    match job {
        JobSpec::Score(job) => job.datasets.iter().collect(),
        JobSpec::Inspect { .. }
        | JobSpec::Methods
        | JobSpec::Pace { .. }
        | JobSpec::Landscape(_)
        | JobSpec::Weights(_)
        | JobSpec::Sharpness(_)
        | JobSpec::Hessian(_)
        | JobSpec::Embedding(_)
        | JobSpec::Conformance(_) => job.datasets(),
    }
}

fn renamed<T>(map: IndexMap<String, T>, names: &HashMap<String, String>) -> IndexMap<String, T> {
    map.into_iter().map(|(name, value)| (names.get(&name).cloned().unwrap_or(name), value)).collect()
}

/// The present names of the datasets by the names `found` in the result, which are in the order of the job. `None` if nothing is to be
/// renamed, or if some are missing: a partial result of a running job has the present names already.
fn names<'a>(found: impl Iterator<Item = &'a String>, job: &JobSpec) -> Option<HashMap<String, String>> {
    let found: Vec<&String> = found.collect();
    let now: Vec<&String> = in_result(job).into_iter().map(|dataset| &dataset.source.name).collect();
    (found.len() == now.len() && found != now).then(|| found.into_iter().cloned().zip(now.into_iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Source;
    use crate::job::{AnalysisDataset, CheckpointSource, Device, ScoreJob};
    use crate::result::{DatasetScores, DetectionError};
    use crate::session::{Normalization, Role};

    /// A job on datasets of these names.
    fn job(datasets: &[&str]) -> JobSpec {
        let dataset = |name: &&str| {
            let (name, path) = ((*name).into(), "demo:test".into());
            let source = Source { name, path, ..Source::default() };
            AnalysisDataset { role: Role::Id, source }
        };
        let normalization = Normalization::default();
        JobSpec::Score(ScoreJob {
            checkpoint: CheckpointSource { name: "OE".into(), path: "oe.pt".into(), normalization, ..CheckpointSource::default() },
            datasets: datasets.iter().map(dataset).collect(),
            temperature: 1.0,
            names: crate::session::default_scores(),
            parameters: crate::session::ScoreParameters::new(),
            train: None,
            out: "out".into(),
            device: Device::Cpu,
        })
    }

    #[test]
    fn datasets_that_have_changed_their_names_with_each_other_are_not_mixed_up() {
        let of = |names: [&str; 2]| {
            let pairs =
                |values: [f64; 2]| names.map(str::to_owned).into_iter().zip(values.map(Some)).collect::<IndexMap<String, Option<f64>>>();
            let data = |k: usize| DatasetScores { name: names[k].into(), label: vec![k as i64], ..DatasetScores::default() };
            ScoreTable {
                accuracy: pairs([0.5, 0.75]),
                roles: names.map(|name| (name.to_owned(), "id".to_owned())).into_iter().collect(),
                std_errors: [("msp".to_owned(), names.map(|name| (name.to_owned(), DetectionError::default())).into_iter().collect())]
                    .into_iter()
                    .collect(),
                base_rate: names.map(str::to_owned).into_iter().zip([0.25, 0.5]).collect(),
                datasets: vec![data(0), data(1)],
                ..ScoreTable::default()
            }
        };
        assert_eq!(of(["a", "b"]).named(&job(&["b", "a"])), of(["b", "a"]));
        assert_eq!(of(["a", "b"]).named(&job(&["x", "b"])), of(["x", "b"]));
        assert_eq!(of(["a", "b"]).named(&job(&["a", "b", "c"])), of(["a", "b"]), "a part keeps its names");

        let rows = |names: [&str; 3]| Embedding { dataset: names.map(str::to_owned).into(), ..Embedding::default() };
        assert_eq!(rows(["a", "a", "b"]).named(&job(&["b", "c"])), rows(["b", "b", "c"]));
    }

    #[test]
    fn a_result_of_one_dataset_takes_its_name_and_that_of_the_checkpoint() {
        let curve = SharpnessCurve { checkpoint: "old".into(), dataset: "old".into(), ..SharpnessCurve::default() };
        let curve = curve.named(&job(&["test"]));
        assert_eq!((curve.checkpoint.as_str(), curve.dataset.as_str()), ("OE", "test"));
    }
}

//! Images that could not be read: how results record them, and how they are read from the results.

use crate::data::Dataset;
use crate::result::{Embedding, HessianSpectrum, LossSurface, ScoreTable, SharpnessCurve, Unreadable, UnreadableImage, unreadable_warning};

use super::{JobSpec, Named};

/// The images of `dataset` that could not be read, as results list them.
pub fn unreadable_images(dataset: &Dataset) -> Vec<UnreadableImage> {
    let image = |image: &crate::data::Unreadable| UnreadableImage { path: image.path.clone(), reason: image.reason.clone() };
    dataset.provenance.unreadable.iter().map(image).collect()
}

/// Those of several datasets.
pub fn unreadable<'a>(datasets: impl IntoIterator<Item = &'a Dataset>) -> Unreadable {
    let of = datasets.into_iter().map(|dataset| (dataset.name.clone(), unreadable_images(dataset)));
    of.filter(|(_, images)| !images.is_empty()).collect()
}

/// The warning that images of `dataset` could not be read, and which; `None` if all could.
pub fn warning_of_unreadable(dataset: &Dataset) -> Option<String> {
    unreadable_warning(&dataset.name, Some(dataset.provenance.available), &unreadable_images(dataset))
}

/// The unreadable images in the finished result of `job`, by the present names of the datasets; none if there is no result.
pub fn unreadable_in_result(job: &JobSpec) -> Unreadable {
    let of_one = |name: Option<String>, images: Vec<UnreadableImage>| name.into_iter().map(|name| (name, images.clone())).collect();
    let dataset = job.datasets().first().map(|dataset| dataset.source.name.clone());
    let found: Unreadable = match job {
        JobSpec::Landscape(of) => LossSurface::load(&of.out).map(|surface| surface.named(job).manifest.unreadable).unwrap_or_default(),
        JobSpec::Sharpness(of) => of_one(dataset, SharpnessCurve::load(&of.out).map(|curve| curve.unreadable).unwrap_or_default()),
        JobSpec::Hessian(of) => of_one(dataset, HessianSpectrum::load(&of.out).map(|spectrum| spectrum.unreadable).unwrap_or_default()),
        JobSpec::Embedding(of) => Embedding::load(&of.out).map(|embedding| embedding.named(job).unreadable).unwrap_or_default(),
        JobSpec::Score(of) => ScoreTable::load(&of.out, &of.checkpoint.name).map(|table| table.named(job).unreadable).unwrap_or_default(),
        JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => {
            Unreadable::new()
        }
    };
    found.into_iter().filter(|(_, images)| !images.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::data::Source;
    use crate::job::{AnalysisDataset, CheckpointSource, Device, ScoreJob};
    use crate::session::Role;

    #[test]
    fn a_result_of_the_cache_lists_them_by_the_present_name_of_the_dataset() {
        let folder = tempfile::tempdir().unwrap();
        let images = vec![UnreadableImage { path: "/data/a.jpg".into(), reason: "cut short".into() }];
        let table = ScoreTable {
            roles: [("old".to_owned(), "id".to_owned())].into_iter().collect(),
            unreadable: [("old".to_owned(), images.clone())].into_iter().collect(),
            datasets: vec![crate::result::DatasetScores { name: "old".into(), role: "id".into(), ..Default::default() }],
            ..ScoreTable::default()
        };
        table.save(folder.path(), "net").unwrap();
        let source = Source { name: "new".into(), path: "/data".into(), ..Source::default() };
        let job = JobSpec::Score(ScoreJob {
            checkpoint: CheckpointSource { name: "net".into(), path: "net.pt".into(), ..CheckpointSource::default() },
            datasets: vec![AnalysisDataset { role: Role::Id, source }],
            temperature: 1.0,
            names: crate::session::default_scores(),
            parameters: crate::session::ScoreParameters::new(),
            train: None,
            out: folder.path().into(),
            device: Device::Cpu,
        });
        assert_eq!(unreadable_in_result(&job), [("new".to_owned(), images)].into_iter().collect::<Unreadable>());
    }
}

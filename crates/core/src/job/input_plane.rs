//! Landscapes in input space: which settings have no meaning there, and which images are used.

use super::{AnalysisDataset, PlanError, PlanOptions};
use crate::data::Subset;
use crate::result::InputRecord;
use crate::session::{BatchNormPolicy, DirectionSettings, InputPlane, InputTarget, LandscapeSettings, Norm, Stop};

/// Checks that every setting has a meaning around one image.
///
/// # Errors
/// Names the first setting that has none, with the reason.
pub(super) fn check(settings: &LandscapeSettings, options: &PlanOptions) -> Result<(), PlanError> {
    let one = "a landscape in input space is of one image under a network that stays as it is";
    let refused = [
        (!settings.ood.is_empty(), "no `ood` images", "AUROC and FPR@95 are of many"),
        (settings.curvature.is_some(), "no [landscape.curvature]", "the Hessian is by the weights"),
        (settings.batch_norm != BatchNormPolicy::Frozen, "batch_norm = \"frozen\"", "BatchNorm's statistics do not move"),
        (!settings.loss.is_plain(), "plain cross-entropy", "margin and decision regions are computed in addition"),
        (settings.stop == Stop::Contour, "stop = \"exact\"", "no cell is estimated"),
        (settings.directions != DirectionSettings::default(), "no [landscape.directions]", "they are directions of weights"),
        (settings.project.as_ref().is_some_and(|names| !names.is_empty()), "no `project`", "checkpoints have no place among images"),
        (options.directions.is_some(), "no file of directions", "it holds directions of weights"),
    ];
    match refused.iter().find(|(is_set, ..)| *is_set) {
        Some((_, expected, why)) => {
            Err(PlanError::Settings(format!("[landscape] expected {expected} with [landscape.plane] kind = \"input\": {one}; {why}")))
        }
        None => Ok(()),
    }
}

/// The record of a plane before anything of it is computed.
pub fn planned_record(plane: &InputPlane) -> InputRecord {
    InputRecord {
        image: plane.image,
        target_from: plane.target.key().into(),
        axes: if plane.through.is_empty() { plane.axes().key() } else { "images" }.into(),
        through: plane.through.clone(),
        norm: plane.norm().map_or("image", Norm::key).into(),
        clamp: plane.clamp,
        ..InputRecord::default()
    }
}

/// The dataset that the images are taken from: by their positions in the source, whatever part of it the session draws.
///
/// # Errors
/// When labels are needed and those of this role are not the network's classes.
pub(super) fn dataset(plane: &InputPlane, dataset: &AnalysisDataset) -> Result<AnalysisDataset, PlanError> {
    if plane.target == InputTarget::Label && !dataset.role.has_classes() {
        let (name, role) = (&dataset.source.name, dataset.role.label());
        return Err(PlanError::Settings(format!(
            "[landscape.plane] expected images of the network's classes, found `{name}` of the role {role}, whose labels are others: say \
             target = \"prediction\" or target = {{ class = 3 }}"
        )));
    }
    let mut dataset = dataset.clone();
    dataset.source.subset = Subset::All;
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::path::Path;

    use super::*;
    use crate::job::{Analysis, JobSpec, plan};
    use crate::session::Session;

    fn session(landscape: &str, plane: &str) -> Session {
        let text = format!(
            r#"
            version = 1
            [[checkpoint]]
            name = "A"
            path = "/w/a.pt"
            [[checkpoint]]
            name = "B"
            path = "/w/b.pt"
            [[dataset]]
            name = "test"
            role = "id"
            path = "/d/test"
            limit = 100
            [[dataset]]
            name = "letters"
            role = "near"
            path = "/d/letters"
            [landscape]
            grid = [3, 3]
            {landscape}
            [landscape.plane]
            kind = "input"
            image = 17
            {plane}
            "#
        );
        toml::from_str(&text).unwrap()
    }

    fn planned(session: &Session, options: &PlanOptions) -> Result<Vec<JobSpec>, String> {
        plan(session, Analysis::Landscape, Path::new("/out"), options).map_err(|error| error.to_string())
    }

    #[test]
    fn every_checkpoint_is_looked_at_around_the_image_of_this_position_whatever_part_of_the_dataset_is_drawn() {
        let options = PlanOptions { samples: Some(10), ..PlanOptions::default() };
        let jobs = planned(&session("", ""), &options).unwrap();
        assert_eq!(jobs.len(), 2, "a landscape for each checkpoint");
        let JobSpec::Landscape(job) = &jobs[0] else { panic!("expected a landscape, found {:?}", jobs[0]) };
        assert_eq!((job.dataset.source.subset, job.plane.axes.input().unwrap().image), (Subset::All, 17));
        assert_eq!(job.plane.project, Vec::<String>::new(), "no checkpoint lies among images");
        assert_eq!(job.alpha, [-10.0, 0.0, 10.0]);
    }

    #[test]
    fn settings_without_a_meaning_in_input_space_are_told_with_the_reason() {
        for (landscape, expected) in [
            ("ood = [\"letters\"]", "no `ood` images"),
            ("batch_norm = \"reestimated\"", "BatchNorm's statistics do not move"),
            ("stop = \"contour\"", "no cell is estimated"),
            ("loss = { label_smoothing = 0.1 }", "plain cross-entropy"),
            ("project = [\"B\"]", "checkpoints have no place among images"),
            ("planes = 2", "planes = 1 unless the plane is random, found planes = 2"),
            ("curvature = { samples = 3 }", "the Hessian is by the weights"),
            ("directions = { preset = \"lla\" }", "directions of weights"),
        ] {
            let error = planned(&session(landscape, ""), &PlanOptions::default()).unwrap_err();
            assert!(error.contains(expected), "{landscape}: {error}");
        }
        let file = PlanOptions { directions: Some("directions.npz".into()), ..PlanOptions::default() };
        let error = planned(&session("", ""), &file).unwrap_err();
        assert!(error.contains("no file of directions"), "{error}");
        let error = planned(&session("", "through = [17]"), &PlanOptions::default()).unwrap_err();
        assert!(error.contains("found image 17 twice"), "{error}");
    }

    #[test]
    fn labels_of_other_classes_are_not_taken_for_the_networks() {
        let error = planned(&session("datasets = [\"letters\"]", ""), &PlanOptions::default()).unwrap_err();
        assert!(error.contains("`letters` of the role near SS") && error.contains("target = \"prediction\""), "{error}");
        let jobs = planned(&session("datasets = [\"letters\"]", "target = \"prediction\""), &PlanOptions::default()).unwrap();
        assert_eq!(jobs.len(), 2);
    }
}

//! The network of a checkpoint: a question if several fit, a mark if one is assumed, changes in its row, and warnings about BatchNorm.

use egui::{Key, Modifiers};

use super::*;
use flatland_core::result::{Assumed, Fit, LayerCheck, Loadable, NetworkCheck};
use flatland_core::session::{CheckpointEntry, Normalization, NormalizationPreset};

const NAME: &str = "Pretrained";

fn entry(harness: &Harness<'static, App>) -> CheckpointEntry {
    harness.state().state.session.checkpoints.iter().find(|entry| entry.name == NAME).unwrap().clone()
}

/// The worker reports this inspection of the checkpoint's file, read as its entry says.
pub(super) fn report_inspection(harness: &mut Harness<'static, App>, fake_worker: &FakeWorker, report: Inspection) {
    let entry = entry(harness);
    let spec = JobSpec::Inspect { path: entry.path.clone(), choice: entry.choice() };
    let app = harness.state_mut();
    let id = app.state.store.add(spec, JobState::Running);
    let output = JobOutput::Inspection(Box::new(report));
    app.worker_event(WorkerEvent::Job(id, JobEvent::Done { output }));
    assert!(fake_worker.0.borrow().restarts == 0);
    harness.run();
}

fn small_mnist() -> Inspection {
    Inspection {
        architecture: Some("oe_mnist".into()),
        ambiguous: vec!["mnist_tutorial".into()],
        question: Some("2 networks have these tensors".into()),
        ..inspection(NAME)
    }
}

#[test]
fn a_file_that_fits_several_networks_shows_a_question_and_no_results_until_it_is_answered() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 1, false);
    harness.run();
    let has_results = |harness: &Harness<'static, App>| harness.state().state.store.scores.contains_key(NAME);
    assert!(has_results(&harness), "of before anybody knew");
    report_inspection(&mut harness, &fake_worker, small_mnist());
    harness.get_by_label_contains("Its tensors fit several networks. Which is it?");
    assert!(!has_results(&harness) && harness.state().state.store.sharpness.is_empty());
    let failed = harness
        .state()
        .state
        .store
        .jobs
        .values()
        .filter(|job| matches!(&job.state, JobState::Failed(why) if why.contains("not started")))
        .count();
    assert_eq!(failed, 4, "landscape, sharpness, embedding and scores");
    press(&mut harness, &format!("mnist_tutorial: {NAME}"));
    assert_eq!(entry(&harness).architecture.as_deref(), Some("mnist_tutorial"));
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert_eq!(entry(&harness).architecture, None);
    harness.get_by_label_contains("Which is it?");
}

#[test]
fn an_assumed_network_is_marked_and_its_menu_offers_the_others() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 1, false);
    let assumed = Inspection {
        ambiguous: vec!["resnet8_noshort".into()],
        assumed: vec![Assumed { what: "shortcuts".into(), value: "option A".into() }],
        ..inspection(NAME)
    };
    report_inspection(&mut harness, &fake_worker, assumed.clone());
    press(&mut harness, &format!("Network of {NAME}: resnet8, assumed"));
    press(&mut harness, "resnet8");
    assert_eq!(entry(&harness).architecture.as_deref(), Some("resnet8"), "stated");
    report_inspection(&mut harness, &fake_worker, Inspection { assumed: Vec::new(), ..assumed.clone() });
    press(&mut harness, &format!("Network of {NAME}: resnet8"));
    press(&mut harness, "resnet8_noshort");
    assert_eq!(entry(&harness).architecture.as_deref(), Some("resnet8_noshort"));
    report_inspection(
        &mut harness,
        &fake_worker,
        Inspection { architecture: Some("resnet8_noshort".into()), ambiguous: vec!["resnet8".into()], ..inspection(NAME) },
    );
    press(&mut harness, &format!("Network of {NAME}: resnet8_noshort"));
    press(&mut harness, "As inferred from its tensors");
    assert_eq!(entry(&harness).architecture, None);
}

#[test]
fn a_refused_file_offers_the_networks_that_it_can_be_read_as() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 1, false);
    let loadable = vec![Loadable { architecture: "resnet8".into(), ignore: vec!["projector.*".into()] }];
    let error = Some("no known architecture has these tensors".into());
    report_inspection(&mut harness, &fake_worker, Inspection { architecture: None, error, loadable, ..inspection(NAME) });
    press(&mut harness, &format!("Read as resnet8 without projector.*: {NAME}"));
    let entry = entry(&harness);
    assert_eq!((entry.architecture.as_deref(), entry.ignore.as_slice()), (Some("resnet8"), &["projector.*".to_owned()][..]));
}

#[test]
fn warnings_about_batch_norms_are_in_the_row_with_their_corrections() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    let app = harness.state_mut();
    let id = *app.state.store.jobs.keys().next().unwrap();
    let mut check = NetworkCheck {
        dataset: "digits test".into(),
        samples: 128,
        normalization: "none".into(),
        layers: vec![LayerCheck { layer: "bn1".into(), variance: 3.0, mean: 0.2 }],
        normalizations: vec![Fit { name: "imagenet".into(), variance: 0.2 }],
        ..NetworkCheck::default()
    };
    check.judge();
    app.state.store.insert_check(id, check);
    harness.run();
    harness.get_by_label_contains("do not reach the first BatchNorm, `bn1`, as in training");
    press(&mut harness, &format!("Normalize as ImageNet: {NAME}"));
    assert_eq!(entry(&harness).normalization, Normalization::Preset(NormalizationPreset::Imagenet));
    harness.run();
    assert!(harness.query_by_label_contains("do not reach the first BatchNorm").is_none(), "it was of another normalization");
}

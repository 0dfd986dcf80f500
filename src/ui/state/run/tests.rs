//! Drafts, differences, estimates and the list of runs, without a window.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod earlier_runs;

use std::path::Path;

use serde_json::json;

use crate::ui::state::run::difference::differing;
use crate::ui::state::run::draft::{Draft, Entry, Schedule, WarmupUnit};
use flatland_core::data::{Augmentation, Severity};
use flatland_core::job::{
    Dropout, MethodInfo, OptimizerConfig, OptimizerKind, ParameterInfo, ParameterKind, RunConfig, UpdateRule, WarmupConfig, WarmupLength,
};
use flatland_core::session::{
    CheckpointEntry, DatasetEntry, InputPreset, InputTransform, Normalization, NormalizationPreset, Role, Session,
};

fn parameter(key: &str, kind: ParameterKind) -> ParameterInfo {
    ParameterInfo { key: key.into(), symbol: key.into(), unit: String::new(), about: "cited".into(), kind }
}

fn method(key: &str, outliers: bool, parameters: Vec<ParameterInfo>) -> MethodInfo {
    MethodInfo {
        key: key.into(),
        name: key.to_uppercase(),
        objective: "L".into(),
        source: "a paper".into(),
        parameters,
        outliers,
        environments: false,
        score: "MSP".into(),
    }
}

/// Methods with every kind of hyperparameter.
pub(in crate::ui) fn methods() -> Vec<MethodInfo> {
    let number = |default, min, max| ParameterKind::Number { default, min, max, log: true };
    let augmentation = Some(Augmentation { kind: "brightness".into(), severity: Some(Severity::Fixed(1)) });
    vec![
        method("erm", false, Vec::new()),
        method("oe", true, vec![parameter("lambda", number(0.5, 0.0, 10.0))]),
        method(
            "dr_sam",
            true,
            vec![
                parameter("rho", number(0.5, 0.0, 10.0)),
                parameter("lambda", number(0.5, 0.0, 10.0)),
                parameter("steps", ParameterKind::Integer { default: 1, min: 1, max: 9 }),
                parameter(
                    "reading",
                    ParameterKind::Choice {
                        default: "algorithm".into(),
                        options: vec!["algorithm".into(), "equation".into()],
                        formerly: None,
                    },
                ),
                parameter("adaptive", ParameterKind::Switch { default: false }),
                parameter("augmentation", ParameterKind::Augmentation { default: augmentation }),
            ],
        ),
    ]
}

fn dataset(name: &str, role: Role, limit: Option<usize>) -> DatasetEntry {
    DatasetEntry {
        name: name.into(),
        role,
        path: format!("demo:{}", name.replace(' ', "_")).into(),
        format: None,
        split: None,
        limit,
        first: None,
        corruption: None,
        assumed: Default::default(),
        classes: None,
    }
}

fn session() -> Session {
    Session {
        checkpoints: vec![CheckpointEntry {
            name: "Pretrained".into(),
            path: "/nets/pretrained.safetensors".into(),
            normalization: Normalization::Preset(NormalizationPreset::Half),
            ..CheckpointEntry::default()
        }],
        datasets: vec![
            dataset("other train", Role::Train, Some(1000)),
            dataset("train", Role::Train, None),
            dataset("blobs", Role::Outliers, None),
            dataset("test", Role::Id, Some(200)),
            dataset("fog", Role::Cs, Some(200)),
        ],
        ..Session::default()
    }
}

fn free(_: &str) -> bool {
    false
}

#[test]
fn a_new_draft_of_a_whole_session_can_start_as_it_is() {
    let mut draft = Draft::new(&session(), "dr_sam");
    let (run, name) = draft.check(&methods(), &free).unwrap();
    assert_eq!(name, "dr_sam");
    assert_eq!(run.checkpoint.as_deref(), Some(Path::new("/nets/pretrained.safetensors")));
    assert_eq!(run.normalization, Normalization::Preset(NormalizationPreset::Half));
    let parameters = &run.method.parameters;
    assert_eq!(
        (&parameters["rho"], &parameters["steps"], &parameters["reading"], &parameters["adaptive"]),
        (&json!(0.5), &json!(1), &json!("algorithm"), &json!(false))
    );
    assert_eq!(parameters["augmentation"], json!({ "kind": "brightness", "severity": 1 }));
    let used: Vec<(&str, Option<usize>)> = run.datasets.iter().map(|entry| (entry.name.as_str(), entry.limit)).collect();
    assert_eq!(used, [("other train", Some(1000)), ("test", Some(200)), ("fog", Some(200)), ("blobs", None)], "one to train on");
    draft.choose(1, true);
    let (run, _) = draft.check(&methods(), &free).unwrap();
    assert!(run.datasets.iter().any(|entry| entry.name == "train") && run.datasets.iter().all(|entry| entry.name != "other train"));
    draft.method = "erm".into();
    let (run, _) = draft.check(&methods(), &free).unwrap();
    assert!(run.datasets.iter().all(|entry| entry.role != Role::Outliers), "ERM looks at no outliers");
    assert!(run.method.parameters.is_empty());
}

#[test]
fn a_run_resizes_images_as_the_checkpoint_that_it_starts_from() {
    let mut session = session();
    session.checkpoints[0].input = Some(InputTransform::Preset(InputPreset::OpenoodCifar));
    let (run, _) = Draft::new(&session, "erm").check(&methods(), &free).unwrap();
    assert_eq!(run.input, session.checkpoints[0].input);
}

#[test]
fn taken_names_get_a_number_or_are_refused() {
    let taken = |name: &str| ["erm", "erm-2"].contains(&name);
    let mut draft = Draft::new(&session(), "erm");
    assert_eq!(draft.check(&methods(), &taken).unwrap().1, "erm-3");
    draft.name = "erm-2".into();
    assert!(draft.check(&methods(), &taken).unwrap_err()["name"].contains("already"));
    draft.name = "../up".into();
    assert!(draft.check(&methods(), &taken).unwrap_err().contains_key("name"));
}

#[test]
fn every_error_is_shown_at_its_field() {
    let mut draft = Draft::new(&session(), "dr_sam");
    let methods = methods();
    let set = |draft: &mut Draft, key: &str, text: &str| {
        let parameter = methods[2].parameters.iter().find(|parameter| parameter.key == key).unwrap();
        draft.set(parameter, Entry::Text(text.into()));
    };
    set(&mut draft, "rho", "-1");
    set(&mut draft, "lambda", "NaN");
    set(&mut draft, "steps", "1.5");
    draft.epochs = "0".into();
    draft.batch = String::new();
    draft.lr = "0".into();
    draft.momentum = "one".into();
    draft.seed = "-3".into();
    draft.checkpoint = " ".into();
    draft.dataset_choices[0].limit = "many".into();
    let problems = draft.check(&methods, &free).unwrap_err();
    let fields: Vec<&str> = problems.keys().map(String::as_str).collect();
    let expected = ["batch", "checkpoint", "epochs", "lambda", "limit of other train", "lr", "momentum", "rho", "seed", "steps"];
    assert_eq!(fields, expected);
    assert_eq!(problems["rho"], "expected a number from 0 to 10, found `-1`");
    assert_eq!(problems["batch"], "expected a whole number of at least 1, found nothing");
    set(&mut draft, "rho", " 5e-2 ");
    assert!(!draft.check(&methods, &free).unwrap_err().contains_key("rho"), "numbers may be written as 5e-2");
}

#[test]
fn what_a_method_needs_is_asked_for() {
    let empty = Draft::new(&Session::default(), "oe");
    let problems = empty.check(&methods(), &free).unwrap_err();
    assert!(problems["train"].contains("images to train on") && problems["outliers"].contains("outliers"), "{problems:?}");
    assert!(problems["id"].contains("plateau"), "the default schedule looks at ID images");
    let constant = Draft { schedule: Schedule::Constant, ..empty };
    assert!(!constant.check(&methods(), &free).unwrap_err().contains_key("id"));
    let unknown = Draft { method: "magic".into(), ..Draft::new(&session(), "erm") };
    assert!(unknown.check(&methods(), &free).unwrap_err()["method"].contains("`magic`"));
}

#[test]
fn a_repeated_run_is_the_same_run() {
    let mut first = Draft::new(&session(), "dr_sam");
    let methods = methods();
    let parameter = |key: &str| methods[2].parameters.iter().find(|parameter| parameter.key == key).unwrap();
    first.set(parameter("rho"), Entry::Text("0.05".into()));
    first.set(parameter("adaptive"), Entry::Switch(true));
    first.set(parameter("augmentation"), Entry::Augmentation(None, "1".into()));
    first.schedule = Schedule::Cosine;
    first.seed = "7".into();
    let (run, _) = first.check(&methods, &free).unwrap();
    assert!(!run.method.parameters.contains_key("augmentation"));
    let again = Draft::repeat(&run, &session());
    assert_eq!(again.check(&methods, &free).unwrap().0, run);
    // It also works without a session: the run contains its datasets.
    assert_eq!(Draft::repeat(&run, &Session::default()).check(&methods, &free).unwrap().0, run);
}

/// In older run files, from before the diagonal T had names, this is `adaptive = true`.
#[test]
fn a_choice_that_was_a_switch_is_read_from_older_runs() {
    let [none, theta] = ["none", "theta"].map(str::to_owned);
    let options = vec![none.clone(), theta.clone(), "elementwise".into()];
    let adaptive = parameter("adaptive", ParameterKind::Choice { default: none.clone(), options, formerly: Some([none, theta]) });
    let read = |value: serde_json::Value| {
        let run = RunConfig::new(flatland_core::job::MethodConfig::new("sam").with("adaptive", value));
        Draft::repeat(&run, &session()).entry(&adaptive)
    };
    assert_eq!(read(json!(true)), Entry::Choice("theta".into()));
    assert_eq!(read(json!("elementwise")), Entry::Choice("elementwise".into()));
    assert_eq!([read(json!(false)), read(json!(3))], [Entry::Choice("none".into()), Entry::Choice("none".into())]);
}

#[test]
fn an_optimizer_brings_its_own_defaults_and_keeps_what_was_typed() {
    let mut draft = Draft::new(&session(), "erm");
    draft.choose_optimizer(OptimizerKind::AdamW);
    let run = draft.check(&methods(), &free).unwrap().0;
    assert_eq!(run.optimizer, OptimizerKind::AdamW.config());
    draft.lr = "0.003".into();
    draft.choose_optimizer(OptimizerKind::Sgd);
    let run = draft.check(&methods(), &free).unwrap().0;
    assert_eq!(run.optimizer, OptimizerConfig { lr: 0.003, ..OptimizerConfig::default() });
    assert_eq!((run.accumulate, run.schedule.warmup), (1, None));
}

#[test]
fn dropout_is_a_choice_for_exported_programs_alone() {
    let mut draft = Draft::new(&session(), "erm");
    draft.dropout = Dropout::On;
    assert!(!draft.is_program());
    assert_eq!(draft.check(&methods(), &free).unwrap().0.dropout, Dropout::Off);
    draft.checkpoint = "/nets/vit.pt2".into();
    assert!(draft.is_program());
    let run = draft.check(&methods(), &free).unwrap().0;
    assert_eq!(run.dropout, Dropout::On);
    assert_eq!(Draft::repeat(&run, &session()).check(&methods(), &free).unwrap().0, run);
}

#[test]
fn clipping_accumulation_adamw_and_warm_up_are_read_repeated_and_refused() {
    let mut draft = Draft::new(&session(), "erm");
    draft.choose_optimizer(OptimizerKind::AdamW);
    draft.betas = ["0.8".into(), "0.95".into()];
    draft.eps = "1e-6".into();
    draft.clip_norm = "1".into();
    draft.accumulate = "4".into();
    (draft.warmup, draft.warmup_unit) = ("3".into(), WarmupUnit::Epochs);
    let run = draft.check(&methods(), &free).unwrap().0;
    assert_eq!((run.accumulate, run.optimizer.clip_norm), (4, Some(1.0)));
    assert_eq!(run.optimizer.rule, UpdateRule::AdamW { betas: [0.8, 0.95], eps: 1e-6 });
    assert_eq!(run.schedule.warmup, Some(WarmupConfig { length: WarmupLength::Epochs(3), start: None }));
    let again = Draft::repeat(&run, &session());
    assert_eq!(again.check(&methods(), &free).unwrap().0, run);
    // A setting that the form does not show is kept when the run is repeated.
    let mut started = run.clone();
    started.schedule.warmup = Some(WarmupConfig { length: WarmupLength::Steps(20), start: Some(0.1) });
    assert_eq!(Draft::repeat(&started, &session()).check(&methods(), &free).unwrap().0, started);

    draft.betas[1] = "1".into();
    draft.eps = "-1e-8".into();
    draft.clip_norm = "0".into();
    draft.accumulate = "0".into();
    draft.warmup = "10".into();
    let problems = draft.check(&methods(), &free).unwrap_err();
    assert_eq!(problems.keys().map(String::as_str).collect::<Vec<_>>(), ["accumulate", "beta2", "clip_norm", "eps", "warmup"]);
    assert!(problems["warmup"].contains("shorter than the run of 10 epochs"), "{problems:?}");
    assert!(problems["clip_norm"].contains("above 0, or nothing"), "{problems:?}");
}

#[test]
fn crops_and_flips_have_no_severity() {
    let mut draft = Draft::new(&session(), "dr_sam");
    let methods = methods();
    draft.set(&methods[2].parameters[5], Entry::Augmentation(Some("flip".into()), "3".into()));
    assert_eq!(draft.check(&methods, &free).unwrap().0.method.parameters["augmentation"], json!({ "kind": "flip" }));
    draft.set(&methods[2].parameters[5], Entry::Augmentation(Some("fog".into()), "uniform".into()));
    let run = draft.check(&methods, &free).unwrap().0;
    assert_eq!(run.method.parameters["augmentation"], json!({ "kind": "fog", "severity": "uniform" }));
    draft.set(&methods[2].parameters[5], Entry::Augmentation(Some("smog".into()), "1".into()));
    assert!(draft.check(&methods, &free).unwrap_err()["augmentation"].contains("smog"));
}

#[test]
fn datasets_opened_or_closed_while_the_form_is_open_are_added_or_removed() {
    let mut session = session();
    let mut draft = Draft::new(&session, "oe");
    session.datasets.push(dataset("far", Role::Far, None));
    session.datasets.retain(|entry| entry.name != "train");
    draft.update_datasets(&session);
    let names: Vec<&str> = draft.dataset_choices.iter().map(|pick| pick.entry.name.as_str()).collect();
    assert_eq!(names, ["other train", "test", "fog", "far", "blobs"]);
}

#[test]
fn datasets_changed_while_the_form_is_open_change_in_it() {
    let mut session = session();
    session.datasets.retain(|entry| entry.name != "blobs");
    let mut draft = Draft::new(&session, "oe");
    assert!(draft.check(&methods(), &free).unwrap_err().contains_key("outliers"));
    draft.dataset_choices.iter_mut().find(|pick| pick.entry.name == "other train").unwrap().limit = "7".into();
    // Changes the role, split, limit and name one after the other, as the panel at the left does.
    for change in [
        |session: &mut Session| session.datasets[3].role = Role::Outliers,
        |session: &mut Session| session.datasets[0].split = Some("train".into()),
        |session: &mut Session| session.datasets[2].limit = Some(50),
        |session: &mut Session| session.datasets[2].name = "digits".into(),
    ] {
        change(&mut session);
        draft.update_datasets(&session);
    }
    let (run, _) = draft.check(&methods(), &free).unwrap();
    let used: Vec<_> = run.datasets.iter().map(|entry| (entry.name.as_str(), entry.role, entry.limit)).collect();
    let expected = [("other train", Role::Train, Some(7)), ("digits", Role::Id, Some(50)), ("fog", Role::Outliers, Some(200))];
    assert_eq!(used, expected, "and what was typed stays");
    assert_eq!(run.datasets[0].split.as_deref(), Some("train"));
}

#[test]
fn only_fields_that_differ_are_listed() {
    let (run, _) = Draft::new(&session(), "dr_sam").check(&methods(), &free).unwrap();
    assert!(differing(&[&run]).is_empty() && differing(&[&run, &run]).is_empty());
    let mut other = run.clone();
    other.seed = 3;
    other.method.parameters.insert("rho".into(), json!(0.1));
    other.method.parameters.remove("augmentation");
    other.datasets[1].limit = None;
    let rows = differing(&[&run, &other]);
    let row = |field: &str| rows.iter().find(|row| row.field == field).unwrap_or_else(|| panic!("{field} in {rows:?}")).values.clone();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(row("seed"), [text("0"), text("3")]);
    assert_eq!(row("method.rho"), [text("0.5"), text("0.1")]);
    assert_eq!(row("method.augmentation.kind"), [text("brightness"), None]);
    assert_eq!(row("id images"), [text("test (limit 200)"), text("test")]);
    assert_eq!(rows.len(), 5, "{rows:?}");
}

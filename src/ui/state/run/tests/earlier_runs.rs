//! The list of earlier runs, and what they tell about a new one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{free, methods, session};
use crate::ui::state::run::draft::Draft;
use crate::ui::state::run::estimate::{Estimate, estimate};
use crate::ui::state::run::metrics::Metrics;
use crate::ui::state::run::run_list::{Run, RunList};
use crate::ui::state::run::runs_found::{RunsFound, SavedWeights};
use flatland_core::job::{Pace, RunConfig, RunState, RunStatus, RunView, Trial};

fn run(name: &str, status: RunStatus, asked: f64) -> (RunView, Arc<Metrics>, SavedWeights) {
    let (config, _) = Draft::new(&session(), "erm").check(&methods(), &free).unwrap();
    let config = RunConfig { architecture: Some("resnet8".into()), epochs: Some(2), ..config };
    let state = RunState { status, steps: 16, step: 16, elapsed_secs: 8.0, ..RunState::queued(asked) };
    let view = RunView { dir: PathBuf::from("/runs").join(name), config, status, state, metrics: Vec::new() };
    (view, Arc::default(), SavedWeights::default())
}

fn runs_found(runs: Vec<(RunView, Arc<Metrics>, SavedWeights)>) -> RunsFound {
    RunsFound { dirs: runs.iter().map(|(view, ..)| view.dir.clone()).collect(), changed: runs, unreadable: Vec::new() }
}

fn names(runs: &[&Run]) -> Vec<String> {
    runs.iter().map(|run| run.view.name()).collect()
}

#[test]
fn runs_keep_their_colours_and_those_under_way_come_first() {
    let mut run_list = RunList::default();
    run_list.update(runs_found(vec![run("b", RunStatus::Done, 2.0), run("a", RunStatus::Running, 1.0), run("c", RunStatus::Failed, 3.0)]));
    assert_eq!(names(&run_list.listed()), ["a", "c", "b"]);
    assert_eq!(names(&run_list.shown()), ["a", "b", "c"], "the oldest has the first colour");
    assert!(run_list.has_active_run());
    run_list.update(runs_found(vec![run("b", RunStatus::Done, 2.0), run("c", RunStatus::Failed, 3.0), run("d", RunStatus::Queued, 4.0)]));
    assert_eq!(run_list.runs[Path::new("/runs/c")].color, 2);
    assert_eq!(run_list.runs[Path::new("/runs/d")].color, 3, "the colour of a run that is gone is not used again");
    assert_eq!(names(&run_list.shown()), ["b", "c", "d"], "what appears is shown");
    run_list.choose(Path::new("/runs/b"), false);
    assert_eq!(names(&run_list.shown()), ["c", "d"]);
}

#[test]
fn of_many_old_runs_the_newest_are_chosen() {
    let mut run_list = RunList::default();
    run_list.update(runs_found((0..20).map(|i| run(&format!("{i:02}"), RunStatus::Done, f64::from(i))).collect()));
    assert_eq!(names(&run_list.shown()), ["14", "15", "16", "17", "18", "19"]);
}

#[test]
fn an_estimate_names_its_source() {
    let mut run_list = RunList::default();
    run_list.update(runs_found(vec![run("old", RunStatus::Done, 1.0)]));
    let runs = run_list.listed();
    let mut draft = Draft::new(&session(), "erm");
    draft.epochs = "10".into();
    draft.batch = "100".into();
    let (methods, resnet8) = (methods(), Some("resnet8"));
    // 1000 images in batches of 100 are 10 steps an epoch; `old` took half a second for a step of 128 images.
    let erm = draft.check(&methods, &free).unwrap().0;
    let scaled = estimate(&erm, resnet8, &methods, &runs, &[]);
    assert_eq!(scaled.text, "About 39 s: 100 steps at 0.39 s, as old took, scaled by images and passes");
    assert!(scaled.can_improve, "a trial would say more");
    // Five batches per step: a fifth of the steps, each five times as long.
    let accumulated = RunConfig { accumulate: 5, ..erm.clone() };
    let text = "About 39 s: 20 steps at 1.95 s, as old took, scaled by images and passes";
    assert_eq!(estimate(&accumulated, resnet8, &methods, &runs, &[]).text, text);
    draft.batch = "128".into();
    let same = draft.check(&methods, &free).unwrap().0;
    let text = "About 40 s: 80 steps at 0.50 s, as old took".into();
    assert_eq!(estimate(&same, resnet8, &methods, &runs, &[]), Estimate { text, can_improve: false });
    let unknown = estimate(&erm, Some("wrn_40_2"), &methods, &runs, &[]);
    assert!(unknown.can_improve && unknown.text.contains("no run of a wrn_40_2"), "{unknown:?}");
    assert!(estimate(&erm, None, &methods, &[], &[]).text.contains("the network of the checkpoint is not known"));
    draft.dataset_choices[0].limit.clear();
    let whole = draft.check(&methods, &free).unwrap().0;
    assert!(estimate(&whole, resnet8, &methods, &[], &[]).text.contains("number of training images"));
}

#[test]
fn without_an_earlier_run_a_trial_gives_the_estimate() {
    let methods = methods();
    let mut draft = Draft::new(&session(), "erm");
    (draft.epochs, draft.batch) = ("10".into(), "100".into());
    draft.dataset_choices[0].limit.clear();
    let erm = draft.check(&methods, &free).unwrap().0;
    // It counts the images, and its evaluations are not part of its steps: 11 of 2 s and 8 steps per epoch (the last 30 images are kept).
    let pace = Pace { architecture: "resnet8+mcd".into(), images: 730, step_secs: 0.5, timed: 5, evaluation_secs: 2.0 };
    let trials = [Trial { run: erm.clone(), pace }];
    let text = "About 1 min 02 s: 80 steps at 0.50 s, as 5 steps took in a trial".into();
    assert_eq!(estimate(&erm, Some("resnet8"), &methods, &[], &trials), Estimate { text, can_improve: false });
    draft.batch = "200".into();
    let larger = estimate(&draft.check(&methods, &free).unwrap().0, Some("resnet8"), &methods, &[], &trials);
    assert!(
        larger.can_improve && larger.text.ends_with("40 steps at 1.00 s, as 5 steps took in a trial, scaled by images and passes"),
        "{larger:?}"
    );
    assert!(estimate(&erm, Some("resnet20"), &methods, &[], &trials).text.contains("no run of a resnet20"));
}

//! Hints that make a view understandable: no invented ticks, offers of more images, search results outside of the view.

use super::*;
use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::tests::interaction::drawn;
use flatland_core::session::{ColorBy, Extent, Extents, SelectMode};

#[test]
fn a_view_without_results_has_no_ticks() {
    // The ticks of an axis from 0 to 1.
    let made_up = |harness: &Harness<'static, App>| ["0.2", "0.4", "0.6", "0.8"].iter().any(|text| drawn(harness, text));
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness.state_mut().state.session.hessian.get_or_insert_default();
    for (tab, label) in [(Tab::ENERGY, "energy score"), (Tab::HESSIAN, "λ"), (Tab::SHARPNESS, "ρ")] {
        give(&mut harness, Command::Show(tab.clone()));
        assert!(drawn(&harness, label) && !made_up(&harness), "{tab:?}");
    }
}

#[test]
fn uncertain_numbers_of_a_first_look_come_with_an_offer_of_more_images() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    assert!(harness.query_by_label_contains("Measure on").is_none(), "all images were measured");
    harness.state_mut().state.session.datasets.iter_mut().for_each(|dataset| dataset.limit = Some(300));
    harness.run();
    harness.get_by_label_contains("A first look: known to ± ");
    let waiting = harness.state_mut().state.store.add(score_job("OE"), JobState::Waiting);
    harness.run();
    assert!(harness.query_by_label_contains("Measure on").is_none(), "there is something to do yet");
    harness.state_mut().state.store.forget(waiting);
    harness.run();
    press(&mut harness, "Measure on 1,500 images");
    assert!(harness.state().state.session.datasets.iter().all(|dataset| dataset.limit == Some(1500)));
}

#[test]
fn a_search_shows_what_it_finds_outside_of_a_zoomed_plot() {
    let mut harness = scatter::window();
    let mut seen = Extents::default();
    seen.set(true, "", Extent { x: Some([0.0, 0.1]), y: Some([0.0, 0.1]) });
    harness.state_mut().state.session.view.extents.insert(Tab::EMBEDDING, seen.clone());
    harness.run();
    let search = |text: &str| Command::Scatter(ScatterCommand::Search(text.into(), SelectMode::Replace));
    give(&mut harness, search("nothing:here"));
    assert_eq!(harness.state().state.session.view.extents.get(&Tab::EMBEDDING), Some(&seen), "what is not understood moves nothing");
    harness.state_mut().state.message = None;
    give(&mut harness, search("role:far"));
    assert_eq!(harness.state().state.session.view.extents.get(&Tab::EMBEDDING), None);
    let text = harness.state().state.message.clone().unwrap().text;
    assert!(text.ends_with("outside of the visible part: the plots show everything again"), "{text}");
    assert_eq!(harness.state().state.scatter.view.color_by, ColorBy::Role);
}

#[test]
fn a_selection_over_histograms_says_that_it_is_normalized_separately() {
    let mut harness = scatter::window();
    give(&mut harness, Command::Scatter(ScatterCommand::Search("role:id energy<10".into(), SelectMode::Replace)));
    let n = scatter::selected(&harness);
    assert!(n > 0);
    press(&mut harness, "Energy");
    assert!(drawn(&harness, &format!("{n} selected, normalized separately")), "{n}");
}

#[test]
fn the_job_that_comes_next_is_called_so() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let app = harness.state_mut();
    // The worker has a running job.
    let running = app.state.store.add(score_job("ERM"), JobState::Waiting);
    harness.run();
    for name in ["OE", "SAM"] {
        harness.state_mut().state.store.add(score_job(name), JobState::Waiting);
    }
    harness.run();
    assert_eq!(harness.state().state.store.jobs[&running].state, JobState::Running);
    assert!(harness.query_by_label("next").is_some() && harness.query_by_label("no. 2").is_some());
}

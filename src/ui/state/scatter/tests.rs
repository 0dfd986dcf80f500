//! Commands on a scatter, without a window.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::ui::state::scatter::cloud::tests::{embedding, table};
use flatland_core::session::{CheckpointEntry, SelectMode};

/// Two checkpoints with the same images: `OE` has scores, `ERM` has no scores and other predictions.
fn store() -> Store {
    let mut store = Store::default();
    store.embeddings.insert("OE".into(), Points::Finished(Arc::new(embedding())));
    let mut other = embedding();
    other.prediction.rotate_left(1);
    store.embeddings.insert("ERM".into(), Points::Finished(Arc::new(other)));
    store.scores.insert("OE".into(), Arc::new(table()));
    store
}

fn session(names: &[&str]) -> Session {
    let entries = names.iter().map(|name| CheckpointEntry { name: (*name).into(), ..CheckpointEntry::default() });
    Session { checkpoints: entries.collect(), ..Session::default() }
}

fn scatter() -> Scatter {
    let mut scatter = Scatter::default();
    assert!(scatter.refresh(&session(&["OE", "ERM"]), &store()).is_none(), "small ones are arranged at once");
    scatter.update_styles(Theme::Print);
    scatter
}

#[test]
fn styles_are_computed_again_only_after_a_change() {
    let mut scatter = scatter();
    let styles = |scatter: &Scatter| scatter.styled_cloud("OE").unwrap().1.styles;
    let positions = |scatter: &Scatter| scatter.cloud("OE").unwrap().positions.clone();
    let (before, places) = (styles(&scatter), positions(&scatter));
    scatter.update_styles(Theme::Print);
    assert!(Arc::ptr_eq(&before, &styles(&scatter)));
    scatter.view.color_by = ColorBy::Label;
    scatter.update_styles(Theme::Print);
    assert!(!Arc::ptr_eq(&before, &styles(&scatter)) && Arc::ptr_eq(&places, &positions(&scatter)), "a recolour moves nothing");
    let mask = scatter.styled_cloud("OE").unwrap().1.mask;
    scatter.update_styles(Theme::Dark);
    assert!(Arc::ptr_eq(&mask, &scatter.styled_cloud("OE").unwrap().1.mask));
}

#[test]
fn inverting_a_selection_selects_the_rest() {
    let mut scatter = scatter();
    assert_eq!(scatter.all_images().len(), 12);
    scatter.view.selection = Selection::of("far", vec![9, 10]);
    let mut rest = scatter.all_images();
    rest.apply(scatter.view.selection.clone(), SelectMode::Subtract);
    assert_eq!((rest.len(), rest.contains("far", 9), rest.contains("far", 11)), (10, false, true));
}

#[test]
fn the_exported_table_has_predictions_and_scores_of_every_checkpoint() {
    let mut scatter = scatter();
    scatter.view.selection = Selection::of("test", vec![130]);
    scatter.view.selection.apply(Selection::of("far", vec![12]), SelectMode::Add);
    let expected =
        "dataset,index,role,label,prediction of OE,energy of OE,prediction of ERM\nfar,12,far,none,0,-1,1\ntest,130,id,3,0,3,0\n";
    assert_eq!(crate::ui::work::selection_export::table(&scatter).csv(), expected);
}

/// Runs the requested search for neighbours.
fn neighbour_search(scatter: &mut Scatter) {
    let work = scatter.neighbour_search().unwrap();
    assert!(scatter.neighbour_search().is_none(), "one search at a time");
    let ScatterResult::Neighbours(neighbours) = work() else { panic!("neighbours") };
    scatter.insert_neighbours(neighbours);
}

#[test]
fn neighbours_are_searched_once_for_the_pinned_image() {
    let mut scatter = scatter();
    assert!(scatter.neighbour_search().is_none());
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    neighbour_search(&mut scatter);
    assert!(scatter.neighbour_search().is_none());
    assert_eq!(scatter.neighbours("OE", 0).unwrap()[..2], [(1, 1.0), (2, 2.0)]);
}

#[test]
fn neighbours_are_removed_with_their_embedding() {
    let mut scatter = scatter();
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    neighbour_search(&mut scatter);
    // The same image in an embedding of fewer images.
    let mut fewer = embedding();
    fewer.tsne.truncate(2);
    fewer.features.truncate(4);
    [&mut fewer.label, &mut fewer.prediction, &mut fewer.index].into_iter().for_each(|column| column.truncate(2));
    [&mut fewer.role, &mut fewer.dataset].into_iter().for_each(|column| column.truncate(2));
    let mut store = Store::default();
    store.embeddings.insert("OE".into(), Points::Finished(Arc::new(fewer)));
    scatter.refresh(&session(&["OE"]), &store);
    assert_eq!(scatter.neighbours("OE", 0), None);
    neighbour_search(&mut scatter);
    assert_eq!(scatter.neighbours("OE", 0).unwrap(), [(1, 1.0)]);
}

#[test]
fn points_of_closed_checkpoints_are_removed() {
    let mut scatter = scatter();
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    neighbour_search(&mut scatter);
    scatter.refresh(&session(&["ERM"]), &store());
    assert_eq!(scatter.clouds.keys().collect::<Vec<_>>(), ["ERM"]);
    assert!(scatter.pinned.is_none() && scatter.neighbours.is_none(), "the card goes, and what was found for it");
    scatter.refresh(&session(&["ERM"]), &Store::default());
    assert!(scatter.clouds.is_empty());
}

#[test]
fn hidden_checkpoints_do_not_affect_the_scatter() {
    let (mut scatter, mut session) = (scatter(), session(&["OE", "ERM"]));
    let mut store = store();
    let mut far = embedding();
    far.tsne[0] = [90.0, 0.0];
    far.dataset.iter_mut().filter(|name| *name == "far").for_each(|name| *name = "farther".into());
    store.embeddings.insert("OE".into(), Points::Finished(Arc::new(far)));
    scatter.view.color_by = ColorBy::Dataset;
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    scatter.refresh(&session, &store);
    scatter.update_styles(Theme::Print);
    let datasets = |scatter: &Scatter| scatter.legend.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    assert_eq!((datasets(&scatter).len(), scatter.all_images().len(), scatter.scores().len(), scatter.max_abs()), (3, 16, 1, 90.0));
    session.checkpoints[0].hidden = true;
    scatter.refresh(&session, &store);
    scatter.update_styles(Theme::Print);
    assert_eq!(datasets(&scatter), ["test", "far"]);
    assert_eq!((scatter.all_images().len(), scatter.scores().len(), scatter.max_abs()), (12, 0, 11.0));
    assert_eq!(scatter.search("dataset:farther").unwrap().len(), 0);
    scatter.view.selection = Selection::of("test", vec![130]);
    assert_eq!(crate::ui::work::selection_export::table(&scatter).csv(), "dataset,index,role,label,prediction of ERM\ntest,130,id,3,0\n");
    assert!(scatter.pinned.is_none(), "its card is closed");
    session.checkpoints[0].hidden = false;
    session.move_checkpoint("ERM", 0);
    scatter.refresh(&session, &store);
    assert_eq!(scatter.clouds.keys().collect::<Vec<_>>(), ["ERM", "OE"], "in the order of the panels");
}

#[test]
fn a_renamed_checkpoint_keeps_points_card_and_picture() {
    let mut scatter = scatter();
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    neighbour_search(&mut scatter);
    let cloud = scatter.cloud("OE").unwrap().clone();
    let (mut session, mut store) = (session(&["OE", "ERM"]), store());
    // The store still contains the same.
    store.embeddings.insert("OE".into(), Points::Finished(cloud.embedding.clone().unwrap()));
    let CloudSource::Finished(_, table, _) = &scatter.clouds["OE"].source else { panic!("finished") };
    store.scores.insert("OE".into(), table.clone().unwrap());
    session.rename_checkpoint("OE", "outliers").unwrap();
    store.rename_checkpoint("OE", "outliers");
    scatter.rename_checkpoint("OE", "outliers");
    scatter.refresh(&session, &store);
    assert!(Arc::ptr_eq(scatter.cloud("outliers").unwrap(), &cloud), "arranged once");
    assert_eq!(scatter.pinned.as_ref().map(|(name, _)| name.as_str()), Some("outliers"));
    assert!(scatter.neighbours("outliers", 0).is_some());
}

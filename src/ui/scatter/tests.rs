//! Commands on a scatter without a window.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::cloud::tests::{embedding, table};
use super::*;
use crate::session::SelectMode;

/// Two checkpoints with the same images: `OE` has scores, `ERM` has none and other predictions.
fn scatter() -> Scatter {
    let mut scatter = Scatter::default();
    let mut store = Store::default();
    store.embeddings.insert("OE".into(), Points::Finished(Arc::new(embedding())));
    let mut other = embedding();
    other.prediction.rotate_left(1);
    store.embeddings.insert("ERM".into(), Points::Finished(Arc::new(other)));
    store.scores.insert("OE".into(), Arc::new(table()));
    assert!(scatter.refresh(&store).is_none(), "small ones are arranged at once");
    scatter.dress(Theme::Print);
    scatter
}

#[test]
fn colours_are_made_anew_only_when_something_changed() {
    let mut scatter = scatter();
    let styles = |scatter: &Scatter| scatter.dressed("OE").unwrap().1.styles;
    let positions = |scatter: &Scatter| scatter.cloud("OE").unwrap().positions.clone();
    let (before, places) = (styles(&scatter), positions(&scatter));
    scatter.dress(Theme::Print);
    assert!(Arc::ptr_eq(&before, &styles(&scatter)));
    scatter.view.color_by = ColorBy::Label;
    scatter.dress(Theme::Print);
    assert!(!Arc::ptr_eq(&before, &styles(&scatter)) && Arc::ptr_eq(&places, &positions(&scatter)), "a recolour moves nothing");
    let mask = scatter.dressed("OE").unwrap().1.mask;
    scatter.dress(Theme::Dark);
    assert!(Arc::ptr_eq(&mask, &scatter.dressed("OE").unwrap().1.mask));
}

#[test]
fn everything_less_a_part_is_the_rest() {
    let mut scatter = scatter();
    assert_eq!(scatter.everything().len(), 12);
    scatter.view.selection = Selection::of("far", vec![9, 10]);
    let mut rest = scatter.everything();
    rest.apply(scatter.view.selection.clone(), SelectMode::Subtract);
    assert_eq!((rest.len(), rest.contains("far", 9), rest.contains("far", 11)), (10, false, true));
}

#[test]
fn the_exported_table_says_what_every_checkpoint_says() {
    let mut scatter = scatter();
    scatter.view.selection = Selection::of("test", vec![130]);
    scatter.view.selection.apply(Selection::of("far", vec![12]), SelectMode::Add);
    let expected =
        "dataset,index,role,label,prediction of OE,energy of OE,prediction of ERM\nfar,12,far,none,0,-1,1\ntest,130,id,3,0,3,0\n";
    assert_eq!(export::table(&scatter), expected);
}

#[test]
fn neighbours_are_sought_for_what_is_pinned_and_once() {
    let mut scatter = scatter();
    assert!(scatter.seek().is_none());
    scatter.pinned = Some(("OE".into(), ("test".into(), 100)));
    let work = scatter.seek().unwrap();
    assert!(scatter.seek().is_none(), "one search at a time");
    let Found::Neighbours(name, row, found) = work() else { panic!("neighbours") };
    scatter.found_neighbours(name, row, found);
    assert!(scatter.seek().is_none());
    assert_eq!(scatter.neighbours("OE", 0).unwrap()[..2], [(1, 1.0), (2, 2.0)]);
}

#[test]
fn checkpoints_that_go_take_their_points_along() {
    let mut scatter = scatter();
    scatter.refresh(&Store::default());
    assert!(scatter.clouds.is_empty());
}

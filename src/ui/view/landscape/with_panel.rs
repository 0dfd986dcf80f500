//! Which checkpoints have a panel.

use crate::ui::view::Scene;
use flatland_core::session::CheckpointEntry;

/// The checkpoints that have a panel: their place among the shown ones, and their colour.
pub(super) fn with_panel<'a>(scene: &Scene<'a>) -> Vec<(usize, (usize, &'a CheckpointEntry))> {
    // A plane through checkpoints belongs to the checkpoint at its origin; the others are drawn on it.
    let origin = scene.session.landscape.plane.through().first();
    let baseline = scene.session.landscape_baseline().filter(|_| scene.difference);
    let has_panel = |name: &String| origin.is_none_or(|origin| origin == name) && baseline != Some(name.as_str());
    scene.session.shown().enumerate().filter(|(_, (_, checkpoint))| has_panel(&checkpoint.name)).collect()
}

//! Results in the form in which figures take them.

use std::sync::Arc;

use super::Scene;
use crate::figure::Found;
use flatland_core::session::Role;

/// The shown checkpoints: name and colour.
pub fn entries<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a str, usize)> {
    scene.session.shown().map(|(color, checkpoint)| (checkpoint.name.as_str(), color))
}

/// A result of a checkpoint on a dataset.
pub fn found<T>(scene: &Scene<'_>, checkpoint: &str, color: usize, dataset: &str, result: Arc<T>) -> Found<T> {
    let role = scene.session.datasets.iter().find(|entry| entry.name == dataset).map_or(Role::Id, |entry| entry.role);
    Found { checkpoint: checkpoint.into(), color, dataset: dataset.into(), role, result }
}

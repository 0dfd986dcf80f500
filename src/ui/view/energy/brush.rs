//! The selection on histograms of scores: its distribution over those of the datasets, and drags that select a range.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Shape, Stroke, Ui};

use crate::ui::command::Command;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::number::count;
use crate::ui::state::scatter::Scatter;
use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;
use crate::ui::view::gesture::{Form, Gesture};
use flatland_core::metric::bin_of;

/// State between frames.
#[derive(Default)]
pub struct State {
    drag: Gesture,
    /// Counts by checkpoint, for checkpoints with known points.
    counts: HashMap<String, Counted>,
}

/// Selected images per bin, and the inputs of the count.
struct Counted {
    mask: Arc<Vec<bool>>,
    score: String,
    edges: Vec<f64>,
    counts: Vec<u64>,
}

/// Whether a drag selects and must not move the plot.
pub fn holds(ui: &Ui, state: &State, scatter: &Scatter) -> bool {
    state.drag.selects(ui, scatter.view.tool)
}

/// Selected images per bin; `None` when none of them has this score for the checkpoint.
fn counts<'a>(state: &'a mut State, scatter: &Scatter, checkpoint: &str, score: &str, edges: &[f64]) -> Option<&'a [u64]> {
    state.counts.retain(|name, _| scatter.clouds.contains_key(name));
    let (cloud, point_styles) = scatter.styled_cloud(checkpoint)?;
    let values = cloud.scores.get(score)?;
    let same = |known: &Counted| Arc::ptr_eq(&known.mask, &point_styles.mask) && known.score == score && known.edges == edges;
    if !state.counts.get(checkpoint).is_some_and(same) {
        let mut counts = vec![0; edges.len().saturating_sub(1)];
        let selected = values.iter().zip(point_styles.mask.iter()).filter(|(_, selected)| **selected);
        selected.filter_map(|(value, _)| bin_of(edges, *value)).for_each(|bin| counts[bin] += 1);
        let counted = Counted { mask: point_styles.mask.clone(), score: score.to_owned(), edges: edges.to_vec(), counts };
        state.counts.insert(checkpoint.to_owned(), counted);
    }
    state.counts.get(checkpoint).map(|known| known.counts.as_slice()).filter(|counts| counts.iter().any(|count| *count > 0))
}

/// Draws the density of the selected images like those of the datasets: its area is 1.
pub fn draw(ui: &Ui, canvas: &Canvas, state: &mut State, scatter: &Scatter, checkpoint: &str, score: &str, edges: &[f64]) {
    let Some(counts) = counts(state, scatter, checkpoint, score, edges) else { return };
    let all = counts.iter().sum::<u64>() as f64;
    let mut outline = vec![canvas.at(edges[0], 0.0)];
    for (bin, count) in edges.windows(2).zip(counts) {
        let height = *count as f64 / all / (bin[1] - bin[0]);
        outline.extend([canvas.at(bin[0], height), canvas.at(bin[1], height)]);
    }
    outline.push(canvas.at(edges[edges.len() - 1], 0.0));
    let palette = theme::of(ui);
    canvas.painter.add(Shape::line(outline.clone(), Stroke::new(4.0, palette.canvas)));
    canvas.painter.add(Shape::line(outline, Stroke::new(2.0, palette.strong)));
    // The height does not show the number: the area is always 1.
    let words = format!("{} selected, normalized separately", count(all as u64));
    let corner = canvas.rect().left_top() + egui::vec2(8.0, 6.0);
    canvas.painter.text(corner, egui::Align2::LEFT_TOP, words, theme::small(), palette.strong);
}

/// Numbers of selected images in a bin and in all bins, if there are any.
pub fn selected_in(state: &State, checkpoint: &str, bin: usize) -> Option<(u64, u64)> {
    let counts = &state.counts.get(checkpoint)?.counts;
    let all = counts.iter().sum::<u64>();
    (all > 0).then_some((*counts.get(bin)?, all))
}

/// Handles a drag over a histogram and draws the range; selects it when the drag ends.
pub fn follow(ui: &Ui, canvas: &Canvas, state: &mut State, scatter: &Scatter, checkpoint: &str, score: &str, commands: &mut Vec<Command>) {
    let Some((corners, mode)) = state.drag.follow(ui, canvas, checkpoint, scatter.view.tool, Form::Range) else { return };
    if scatter.cloud(checkpoint).is_some_and(|cloud| cloud.scores.contains_key(score)) {
        let ends = |end: fn(f64, f64) -> f64, from| corners.iter().map(|corner| corner[0]).fold(from, end);
        let range = [ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY)];
        commands.push(Command::Scatter(ScatterCommand::SelectScore(checkpoint.to_owned(), score.to_owned(), range, mode)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_closed_checkpoints_are_removed() {
        let counted = Counted { mask: Arc::default(), score: "energy".into(), edges: vec![0.0, 1.0], counts: vec![3] };
        let mut state = State { counts: [("OE".to_owned(), counted)].into(), ..State::default() };
        assert_eq!(counts(&mut state, &Scatter::default(), "ERM", "energy", &[0.0, 1.0]), None);
        assert!(state.counts.is_empty());
    }
}

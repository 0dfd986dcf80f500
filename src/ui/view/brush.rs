//! The selection on histograms of scores: its own distribution over those of the datasets, and drags that select a range.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{PointerButton, Rect, Shape, Stroke, Ui, pos2};

use crate::session::{SelectMode, Tool};
use crate::ui::command::Command;
use crate::ui::scatter::Scatter;
use crate::ui::scatter::command::ScatterCommand;
use crate::ui::theme;
use crate::ui::view::scatter::mode;
use crate::ui::widget::axes::Canvas;

/// What is remembered between frames.
#[derive(Default)]
pub struct State {
    drag: Option<Drag>,
    counts: HashMap<String, Counted>,
}

struct Drag {
    checkpoint: String,
    from: f64,
    to: f64,
    mode: SelectMode,
}

/// Selected images per bin, and what they were counted from.
struct Counted {
    mask: Arc<Vec<bool>>,
    score: String,
    edges: Vec<f64>,
    counts: Vec<u64>,
}

/// Whether a drag selects and so must not move the picture.
pub fn holds(ui: &Ui, state: &State, scatter: &Scatter) -> bool {
    let modifiers = ui.input(|input| input.modifiers);
    scatter.view.tool != Tool::Pan || modifiers.shift || modifiers.alt || state.drag.is_some()
}

/// Selected images per bin; `None` where none of them has this score under the checkpoint. The bins are half open but the last.
fn counts<'a>(state: &'a mut State, scatter: &Scatter, checkpoint: &str, score: &str, edges: &[f64]) -> Option<&'a [u64]> {
    let (cloud, dress) = scatter.dressed(checkpoint)?;
    let values = cloud.scores.get(score)?;
    let same = |known: &Counted| Arc::ptr_eq(&known.mask, &dress.mask) && known.score == score && known.edges == edges;
    if !state.counts.get(checkpoint).is_some_and(same) {
        let mut counts = vec![0; edges.len().saturating_sub(1)];
        for (value, _) in values.iter().zip(dress.mask.iter()).filter(|(value, selected)| **selected && value.is_finite()) {
            if let Some(count) = counts.get_mut(edges[1..edges.len() - 1].partition_point(|edge| edge <= value)) {
                *count += 1;
            }
        }
        let counted = Counted { mask: dress.mask.clone(), score: score.to_owned(), edges: edges.to_vec(), counts };
        state.counts.insert(checkpoint.to_owned(), counted);
    }
    state.counts.get(checkpoint).map(|known| known.counts.as_slice()).filter(|counts| counts.iter().any(|count| *count > 0))
}

/// Draws the density of the selected images, as those of the datasets: 1 over all bins.
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
}

/// Follows a drag over a histogram and draws the range; selects it when it ends.
pub fn follow(ui: &Ui, canvas: &Canvas, state: &mut State, scatter: &Scatter, checkpoint: &str, score: &str, commands: &mut Vec<Command>) {
    let held = holds(ui, state, scatter);
    let (modifiers, origin) = ui.input(|input| (input.modifiers, input.pointer.press_origin()));
    let value = |at: egui::Pos2| canvas.transform.value_from_position(at).x;
    let response = &canvas.response;
    if response.drag_started_by(PointerButton::Primary)
        && held
        && let Some(origin) = origin
    {
        let from = value(origin);
        state.drag = Some(Drag { checkpoint: checkpoint.to_owned(), from, to: from, mode: mode(modifiers) });
    }
    let Some(drag) = state.drag.as_mut().filter(|drag| drag.checkpoint == checkpoint) else { return };
    if let Some(pointer) = response.interact_pointer_pos() {
        drag.to = value(pointer);
    }
    let (low, high) = (drag.from.min(drag.to), drag.from.max(drag.to));
    if response.dragged() {
        let color = theme::of(ui).accent;
        let (left, right) = (canvas.at(low, 0.0).x, canvas.at(high, 0.0).x);
        let rect = Rect::from_min_max(pos2(left, canvas.rect().top()), pos2(right, canvas.rect().bottom()));
        canvas.painter.rect_filled(rect, 0.0, color.gamma_multiply(0.12));
        for x in [left, right] {
            canvas.painter.vline(x, rect.y_range(), Stroke::new(1.2, color));
        }
        return;
    }
    let mode = drag.mode;
    state.drag = None;
    if scatter.cloud(checkpoint).is_some_and(|cloud| cloud.scores.contains_key(score)) {
        let command = ScatterCommand::SelectScore(checkpoint.to_owned(), score.to_owned(), [low, high], mode);
        commands.push(Command::Scatter(command));
    }
}

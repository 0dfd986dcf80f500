//! Drags that select: a rectangle, or an outline drawn by hand.

use egui::{Modifiers, PointerButton, Pos2, Shape, Stroke, Ui};

use crate::session::{SelectMode, Tool};
use crate::ui::theme;
use crate::ui::widget::axes::Canvas;

/// How far the pointer goes before an outline gets another corner, in screen points.
const STEP: f32 = 2.0;

/// A drag under way.
pub struct Drag {
    /// The checkpoint in whose panel it is.
    checkpoint: String,
    lasso: bool,
    mode: SelectMode,
    /// Corners in data; of a rectangle, where it began and where it is.
    corners: Vec<[f64; 2]>,
}

/// What the modifiers ask for: Shift adds, Alt takes away.
pub fn mode(modifiers: Modifiers) -> SelectMode {
    match (modifiers.shift, modifiers.alt) {
        (_, true) => SelectMode::Subtract,
        (true, false) => SelectMode::Add,
        (false, false) => SelectMode::Replace,
    }
}

/// Follows a drag over a panel and draws it; gives the outline when it ends.
///
/// With the tool that moves the picture, Shift or Alt make a drag select: a rectangle, with Ctrl an outline.
pub fn follow(ui: &Ui, canvas: &Canvas, checkpoint: &str, tool: Tool, drag: &mut Option<Drag>) -> Option<(Vec<[f64; 2]>, SelectMode)> {
    let response = &canvas.response;
    let (modifiers, origin) = ui.input(|input| (input.modifiers, input.pointer.press_origin()));
    let data = |at: Pos2| {
        let value = canvas.transform.value_from_position(at);
        [value.x, value.y]
    };
    let selects = tool != Tool::Pan || modifiers.shift || modifiers.alt;
    if response.drag_started_by(PointerButton::Primary)
        && selects
        && let Some(origin) = origin
    {
        let lasso = tool == Tool::Lasso || (tool == Tool::Pan && modifiers.command);
        *drag = Some(Drag { checkpoint: checkpoint.to_owned(), lasso, mode: mode(modifiers), corners: vec![data(origin)] });
    }
    let own = drag.as_mut().filter(|drag| drag.checkpoint == checkpoint)?;
    if let Some(pointer) = response.interact_pointer_pos() {
        let screen = |corner: &[f64; 2]| canvas.at(corner[0], corner[1]);
        let at = data(pointer);
        if own.lasso {
            if own.corners.last().is_none_or(|last| screen(last).distance(pointer) >= STEP) {
                own.corners.push(at);
            }
        } else {
            own.corners.truncate(1);
            own.corners.push(at);
        }
    }
    let outline = own.outline();
    if response.dragged() {
        let color = theme::of(ui).accent;
        let points: Vec<Pos2> = outline.iter().map(|corner| canvas.at(corner[0], corner[1])).collect();
        if !own.lasso && points.len() == 4 {
            canvas.painter.rect_filled(egui::Rect::from_two_pos(points[0], points[2]), 0.0, color.gamma_multiply(0.10));
        }
        canvas.painter.add(Shape::closed_line(points, Stroke::new(1.2, color)));
        return None;
    }
    let mode = own.mode;
    *drag = None;
    (outline.len() >= 3).then_some((outline, mode))
}

impl Drag {
    /// The corners of what is outlined.
    fn outline(&self) -> Vec<[f64; 2]> {
        match (self.lasso, self.corners.as_slice()) {
            (false, [a, b]) => vec![*a, [b[0], a[1]], *b, [a[0], b[1]]],
            (false, _) => Vec::new(),
            (true, corners) => corners.to_vec(),
        }
    }
}

//! Drags that select: a rectangle, a freehand outline, a horizontal range. Only this file decides which drags select.

use egui::{Modifiers, PointerButton, Pos2, Rect, Shape, Stroke, Ui, pos2};

use crate::ui::style::theme;
use crate::ui::style::widget::axes::Canvas;
use flatland_core::session::{SelectMode, Tool};

/// Smallest distance between corners of an outline, screen points.
const STEP: f32 = 2.0;

/// The shape that a drag selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A rectangle between two corners.
    Rectangle,
    /// A freehand outline.
    Lasso,
    /// A range of x between two places.
    Range,
}

impl Form {
    /// The shape of a drag over points: a rectangle or an outline, by the tool; for the tool that moves the plot, an outline with Ctrl.
    pub fn over_points(ui: &Ui, tool: Tool) -> Self {
        let outlines = tool == Tool::Lasso || (tool == Tool::Pan && ui.input(|input| input.modifiers.command));
        if outlines { Form::Lasso } else { Form::Rectangle }
    }
}

/// A drag that selects; `None` when there is none.
#[derive(Default)]
pub struct Gesture(Option<Drag>);

struct Drag {
    /// The checkpoint of the panel in which it is.
    checkpoint: String,
    form: Form,
    mode: SelectMode,
    /// Corners in data coordinates; except for an outline, the start and the present place.
    corners: Vec<[f64; 2]>,
}

/// The mode for these modifiers: Shift adds, Alt removes.
pub fn mode(modifiers: Modifiers) -> SelectMode {
    match (modifiers.shift, modifiers.alt) {
        (_, true) => SelectMode::Subtract,
        (true, false) => SelectMode::Add,
        (false, false) => SelectMode::Replace,
    }
}

impl Gesture {
    /// Whether a drag is in progress.
    pub fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a drag selects and must not move the plot: with a tool that selects, or with Shift or Alt.
    pub fn selects(&self, ui: &Ui, tool: Tool) -> bool {
        let modifiers = ui.input(|input| input.modifiers);
        tool != Tool::Pan || modifiers.shift || modifiers.alt || self.is_under_way()
    }

    /// Handles a drag over a panel and draws it; returns the corners of the selected outline when it ends.
    pub fn follow(&mut self, ui: &Ui, canvas: &Canvas, checkpoint: &str, tool: Tool, form: Form) -> Option<(Vec<[f64; 2]>, SelectMode)> {
        let response = &canvas.response;
        let (modifiers, origin, down) = ui.input(|input| (input.modifiers, input.pointer.press_origin(), input.pointer.primary_down()));
        let data = |at: Pos2| {
            let value = canvas.transform.value_from_position(at);
            [value.x, value.y]
        };
        let starts = response.drag_started_by(PointerButton::Primary) && self.selects(ui, tool);
        if let Some(origin) = origin.filter(|_| starts) {
            self.0 = Some(Drag { checkpoint: checkpoint.to_owned(), form, mode: mode(modifiers), corners: vec![data(origin)] });
        }
        let mut drag = self.0.take_if(|drag| drag.checkpoint == checkpoint)?;
        if let Some(pointer) = response.interact_pointer_pos() {
            drag.reach(data(pointer), |corner| canvas.at(corner[0], corner[1]).distance(pointer) >= STEP);
        }
        if response.dragged() {
            drag.draw(ui, canvas);
            self.0 = Some(drag);
            return None;
        }
        // Esc ends a drag while the button is still down, without selecting.
        let outline = drag.outline();
        (!down && !outline.is_empty()).then_some((outline, drag.mode))
    }
}

impl Drag {
    /// Adds the place of the pointer; `far` says whether it is far enough from a corner to be a new one.
    fn reach(&mut self, at: [f64; 2], far: impl Fn(&[f64; 2]) -> bool) {
        if self.form != Form::Lasso {
            self.corners.truncate(1);
        } else if !self.corners.last().is_none_or(far) {
            return;
        }
        self.corners.push(at);
    }

    /// The corners of the selected outline; empty while it has no extent.
    fn outline(&self) -> Vec<[f64; 2]> {
        match (self.form, self.corners.as_slice()) {
            (Form::Lasso, corners) if corners.len() < 3 => Vec::new(),
            (Form::Lasso, corners) => corners.to_vec(),
            (Form::Rectangle | Form::Range, [a, b]) => vec![*a, [b[0], a[1]], *b, [a[0], b[1]]],
            (Form::Rectangle | Form::Range, _) => Vec::new(),
        }
    }

    fn draw(&self, ui: &Ui, canvas: &Canvas) {
        let (color, painter) = (theme::of(ui).accent, &canvas.painter);
        let line = Stroke::new(1.2, color);
        let points: Vec<Pos2> = self.corners.iter().map(|corner| canvas.at(corner[0], corner[1])).collect();
        match (self.form, points.as_slice()) {
            (Form::Lasso, _) => {
                painter.add(Shape::closed_line(points, line));
            }
            (Form::Rectangle, [from, to]) => {
                let rect = Rect::from_two_pos(*from, *to);
                painter.rect(rect, 0.0, color.gamma_multiply(0.10), line, egui::StrokeKind::Middle);
            }
            (Form::Range, [from, to]) => {
                let area = canvas.rect();
                painter.rect_filled(
                    Rect::from_two_pos(pos2(from.x, area.top()), pos2(to.x, area.bottom())),
                    0.0,
                    color.gamma_multiply(0.12),
                );
                for x in [from.x, to.x] {
                    painter.vline(x, area.y_range(), line);
                }
            }
            (Form::Rectangle | Form::Range, _) => {}
        }
    }
}

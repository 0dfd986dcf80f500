//! [`Axes`]: the frame, ticks, labels, pan and zoom of a plot. egui_plot provides the transform and the gestures; everything is drawn here,
//! so that the data areas of all panels are equal to the pixel and the figures look the same.
//!
//! `egui_plot` is kept although little of it is used: panning, zooming into a dragged box and the transform between data and screen would
//! need more code here than setting its options does.

use egui::{Align2, Color32, Id, Mesh, Painter, Pos2, Rect, Response, Shape, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2};
use egui_plot::{Plot, PlotPoint, PlotTransform};

use super::ticks;
use crate::ui::style::widget::ticks::Tick;
use crate::ui::style::{gpu, theme};
use flatland_core::session::Extent;

/// Scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The plotted number is the value.
    Linear,
    /// The plotted number is log10 of the value.
    Log10,
    /// Without ticks, since the numbers have no meaning of their own.
    NoTicks,
}

/// An axis.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    /// Symbol or name, as in the paper.
    pub label: &'a str,
    /// The range before the user pans or zooms.
    pub range: [f64; 2],
    /// Its scale.
    pub scale: Scale,
    /// Whether its ticks have labels (the panels of a row share those of the first).
    pub labelled: bool,
}

/// The frame of a plot.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    /// A unique id.
    pub id: Id,
    /// The horizontal axis.
    pub x: Axis<'a>,
    /// The vertical axis.
    pub y: Axis<'a>,
    /// Colour of the frame: that of the checkpoint.
    pub outline: Color32,
    /// Whether to draw grid lines.
    pub grid: bool,
    /// Whether the mouse wheel zooms; otherwise it scrolls, and Ctrl with the wheel zooms.
    pub wheel: bool,
    /// Whether dragging does not move the plot, since it does something else.
    pub drag_disabled: bool,
    /// Whether the vertical range is fixed, and only the horizontal one can be panned and zoomed.
    pub fixed_y: bool,
}

/// A plot that is ready for drawing data.
pub struct Canvas {
    /// Transform from data to screen.
    pub transform: PlotTransform,
    /// The response to gestures.
    pub response: Response,
    /// A painter clipped to the data area.
    pub painter: Painter,
}

impl Canvas {
    /// Screen position of a data point.
    pub fn at(&self, x: f64, y: f64) -> Pos2 {
        self.transform.position_from_point(&PlotPoint::new(x, y))
    }

    /// Fills the band between `low` and `high`; the edges are [x, low, high] in the order of x.
    pub fn band(&self, edges: impl IntoIterator<Item = [f64; 3]>, color: Color32) {
        let mut mesh = Mesh::default();
        for [x, low, high] in edges {
            for y in [low, high] {
                mesh.colored_vertex(self.at(x, y), color);
            }
            let n = mesh.vertices.len() as u32;
            if n >= 4 {
                mesh.add_triangle(n - 4, n - 3, n - 2);
                mesh.add_triangle(n - 3, n - 2, n - 1);
            }
        }
        self.painter.add(Shape::mesh(mesh));
    }

    /// Data coordinates of the pointer.
    pub fn pointer(&self) -> Option<PlotPoint> {
        self.response.hover_pos().map(|position| self.transform.value_from_position(position))
    }

    /// Rectangle of the data area.
    pub fn rect(&self) -> Rect {
        *self.transform.frame()
    }
}

impl<'a> Axes<'a> {
    /// Axes with a grid, moved by dragging and zoomed by the wheel.
    pub fn new(id: Id, x: Axis<'a>, y: Axis<'a>, outline: Color32) -> Self {
        Self { id, x, y, outline, grid: true, wheel: true, drag_disabled: false, fixed_y: false }
    }

    /// Shows the plot in `rect` (the data area; ticks and labels are outside of it): handles pan, zoom and double click, draws what is behind
    /// the data, calls `draw`, then draws the frame.
    pub fn show<R>(&self, ui: &mut Ui, rect: Rect, extent: &mut Extent, draw: impl FnOnce(&mut Ui, &Canvas) -> R) -> (Canvas, R) {
        let canvas = self.canvas(ui, rect, extent);
        let palette = theme::of(ui);
        canvas.painter.add(gpu::background::shape(rect, palette.canvas));
        let bounds = *canvas.transform.bounds();
        let across = self.ticks(self.x, [bounds.min()[0], bounds.max()[0]], rect.width() / 52.0);
        let up = self.ticks(self.y, [bounds.min()[1], bounds.max()[1]], rect.height() / 42.0);
        if self.grid {
            let hairline = Stroke::new(1.0, palette.grid);
            for tick in across.iter().filter(|tick| !tick.label.is_empty()) {
                let x = canvas.at(tick.at, bounds.min()[1]).x;
                canvas.painter.vline(x, rect.y_range(), hairline);
            }
            for tick in up.iter().filter(|tick| !tick.label.is_empty()) {
                let y = canvas.at(bounds.min()[0], tick.at).y;
                canvas.painter.hline(rect.x_range(), y, hairline);
            }
        }
        let value = draw(ui, &canvas);
        self.frame(ui, &canvas, &across, &up);
        (canvas, value)
    }

    fn ticks(&self, axis: Axis<'_>, [low, high]: [f64; 2], count: f32) -> Vec<Tick> {
        let count = (count.floor() as usize).max(2);
        match axis.scale {
            Scale::Linear => ticks::linear(low, high, count),
            Scale::Log10 => ticks::log10(low, high, count),
            Scale::NoTicks => Vec::new(),
        }
    }

    fn canvas(&self, ui: &mut Ui, rect: Rect, extent: &mut Extent) -> Canvas {
        let (x, y) = (widened(extent.x.unwrap_or(self.x.range)), widened(extent.y.unwrap_or(self.y.range)));
        let mut child = ui.new_child(UiBuilder::new().id_salt(self.id).max_rect(rect));
        let shown = Plot::new(self.id)
            .width(rect.width())
            .height(rect.height())
            .min_size(Vec2::splat(16.0))
            .show_axes(false)
            .show_grid(false)
            .show_background(false)
            .show_x(false)
            .show_y(false)
            .allow_scroll(false)
            .allow_drag([!self.drag_disabled, !self.drag_disabled && !self.fixed_y])
            .allow_double_click_reset(false)
            .set_margin_fraction(Vec2::ZERO)
            .show(&mut child, move |plot| {
                plot.set_plot_bounds_x(x[0]..=x[1]);
                plot.set_plot_bounds_y(y[0]..=y[1]);
            });
        let mut transform = shown.transform;
        let response = shown.response;
        if response.contains_pointer() {
            let wheel = if self.wheel { ui.input(|input| input.smooth_scroll_delta.y) } else { 0.0 };
            let zoom = (wheel / 250.0).exp() * ui.input(|input| input.zoom_delta());
            if let (Some(pointer), true) = (response.hover_pos(), zoom != 1.0) {
                transform.zoom(Vec2::new(zoom, if self.fixed_y { 1.0 } else { zoom }), pointer);
            }
        }
        let bounds = transform.bounds();
        let (new_x, new_y) = ([bounds.min()[0], bounds.max()[0]], [bounds.min()[1], bounds.max()[1]]);
        if new_x != x && bounds.is_valid() {
            extent.x = Some(new_x);
        }
        if new_y != y && bounds.is_valid() {
            extent.y = Some(new_y);
        }
        if response.double_clicked() {
            *extent = Extent::default();
        }
        Canvas { painter: ui.painter().with_clip_rect(rect.intersect(ui.clip_rect())), transform, response }
    }

    fn frame(&self, ui: &Ui, canvas: &Canvas, across: &[Tick], up: &[Tick]) {
        let (rect, palette, painter) = (canvas.rect(), theme::of(ui), ui.painter());
        painter.rect_stroke(rect, 0.0, Stroke::new(1.0, self.outline), StrokeKind::Outside);
        let stroke = Stroke::new(1.0, palette.weak);
        let bounds = canvas.transform.bounds();
        if self.x.labelled {
            for tick in across {
                let x = canvas.at(tick.at, bounds.min()[1]).x;
                let length = if tick.label.is_empty() { 2.0 } else { 4.0 };
                painter.vline(x, (rect.bottom() + 1.0)..=(rect.bottom() + 1.0 + length), stroke);
                painter.text(pos2(x, rect.bottom() + 7.0), Align2::CENTER_TOP, &tick.label, theme::small(), palette.weak);
            }
            let drop = if self.x.scale == Scale::NoTicks { 6.0 } else { 21.0 };
            painter.text(pos2(rect.center().x, rect.bottom() + drop), Align2::CENTER_TOP, self.x.label, theme::body(), palette.text);
        }
        if self.y.labelled {
            let mut widest = 0.0f32;
            for tick in up {
                let y = canvas.at(bounds.min()[0], tick.at).y;
                let length = if tick.label.is_empty() { 2.0 } else { 4.0 };
                painter.hline((rect.left() - 1.0 - length)..=(rect.left() - 1.0), y, stroke);
                let drawn = painter.text(pos2(rect.left() - 8.0, y), Align2::RIGHT_CENTER, &tick.label, theme::small(), palette.weak);
                widest = widest.max(drawn.width());
            }
            let gap = if self.y.scale == Scale::NoTicks { 10.0 } else { widest + 20.0 };
            vertical_text(ui, pos2(rect.left() - gap, rect.center().y), self.y.label, palette.text);
        }
    }
}

/// Text that reads upwards, centred on `center`; a single symbol is not rotated.
fn vertical_text(ui: &Ui, center: Pos2, text: &str, color: Color32) {
    let painter = ui.painter();
    if text.chars().count() <= 1 {
        painter.text(center, Align2::CENTER_CENTER, text, theme::body(), color);
        return;
    }
    let galley = painter.layout_no_wrap(text.into(), theme::body(), color);
    let corner = pos2(center.x - galley.size().y / 2.0, center.y + galley.size().x / 2.0);
    painter.add(egui::epaint::TextShape::new(corner, galley, color).with_angle(-std::f32::consts::FRAC_PI_2));
}

/// Widens a range of no width, so that it can be drawn.
fn widened([low, high]: [f64; 2]) -> [f64; 2] {
    if !(low.is_finite() && high.is_finite()) {
        [0.0, 1.0]
    } else if high > low {
        [low, high]
    } else {
        [low - 0.5, low + 0.5]
    }
}

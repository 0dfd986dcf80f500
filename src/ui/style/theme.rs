//! All colours and sizes of the window. Colours are for data; the rest of the window is grey with one accent colour.

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Shadow, Stroke, StrokeKind, Style, TextStyle, Theme, Ui,
    Vec2,
};

use crate::figure::{Theme as FigureTheme, Typeface, fonts, palette};
use flatland_core::result::CellStatus;
use flatland_core::session::Role;

/// The colours of a theme: neutral greys and one accent.
#[derive(Debug)]
pub struct Palette {
    /// Background of the window.
    pub background: Color32,
    /// Background of plots.
    pub canvas: Color32,
    /// Background under the pointer.
    pub hover: Color32,
    /// Background of input fields, pressed buttons and scroll bars.
    pub inset: Color32,
    /// Lines between parts of the window.
    pub hairline: Color32,
    /// Grid lines and ticks of plots.
    pub grid: Color32,
    /// Emphasized text.
    pub strong: Color32,
    /// Normal text.
    pub text: Color32,
    /// Secondary text.
    pub weak: Color32,
    /// The accent colour.
    pub accent: Color32,
    /// Errors.
    pub error: Color32,
    /// Hatching of cells that are not computed.
    pub hatch: Color32,
    /// Cells that are not finite: background and strokes.
    pub non_finite: (Color32, Color32),
}

const LIGHT: Palette = Palette {
    background: Color32::from_rgb(0xfa, 0xfa, 0xf9),
    canvas: Color32::from_rgb(0xff, 0xff, 0xff),
    hover: Color32::from_rgb(0xee, 0xee, 0xec),
    inset: Color32::from_rgb(0xf0, 0xf0, 0xee),
    hairline: Color32::from_rgb(0xdc, 0xdc, 0xd9),
    grid: Color32::from_rgb(0xec, 0xec, 0xea),
    strong: Color32::from_rgb(0x1c, 0x1d, 0x1f),
    text: Color32::from_rgb(0x3a, 0x3c, 0x40),
    weak: Color32::from_rgb(0x6b, 0x6e, 0x73),
    accent: Color32::from_rgb(0x54, 0x54, 0xc8),
    error: Color32::from_rgb(0xb3, 0x2c, 0x1e),
    hatch: Color32::from_rgb(0xd2, 0xd2, 0xcf),
    non_finite: (Color32::from_rgb(0xe6, 0xe6, 0xe4), Color32::from_rgb(0x8a, 0x8a, 0x88)),
};

const DARK: Palette = Palette {
    background: Color32::from_rgb(0x16, 0x17, 0x19),
    canvas: Color32::from_rgb(0x1b, 0x1c, 0x1f),
    hover: Color32::from_rgb(0x25, 0x27, 0x2a),
    inset: Color32::from_rgb(0x21, 0x23, 0x26),
    hairline: Color32::from_rgb(0x33, 0x35, 0x39),
    grid: Color32::from_rgb(0x29, 0x2b, 0x2f),
    strong: Color32::from_rgb(0xee, 0xef, 0xf1),
    text: Color32::from_rgb(0xc6, 0xc9, 0xcd),
    weak: Color32::from_rgb(0x8d, 0x91, 0x98),
    accent: Color32::from_rgb(0x9c, 0x9c, 0xf0),
    error: Color32::from_rgb(0xf0, 0x83, 0x74),
    hatch: Color32::from_rgb(0x3d, 0x40, 0x45),
    non_finite: (Color32::from_rgb(0x2b, 0x2d, 0x31), Color32::from_rgb(0x7d, 0x81, 0x88)),
};

/// Size of ticks, units and notes.
pub const SMALL: f32 = 11.0;
/// Size of text.
pub const BODY: f32 = 13.0;
/// Size of panel titles.
pub const HEADING: f32 = 15.0;

/// Font of small text.
pub fn small() -> FontId {
    FontId::new(SMALL, FontFamily::Proportional)
}

/// Font of text.
pub fn body() -> FontId {
    FontId::new(BODY, FontFamily::Proportional)
}

/// Font of panel titles.
pub fn heading() -> FontId {
    FontId::new(HEADING, FontFamily::Proportional)
}

/// The palette of the present theme.
pub fn of(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// The colours of data for the present theme; figures with a dark background use the same.
pub fn figure_theme(ui: &Ui) -> FigureTheme {
    if ui.visuals().dark_mode { FigureTheme::Dark } else { FigureTheme::Print }
}

/// Colour of the checkpoint at this index of the session.
pub fn checkpoint(ui: &Ui, index: usize) -> Color32 {
    rgb(palette::checkpoint(index, figure_theme(ui)))
}

/// Colour of a role.
pub fn role(ui: &Ui, role: Role) -> Color32 {
    rgb(palette::role(role, figure_theme(ui)))
}

/// Colour of the role with this key.
pub fn role_key(ui: &Ui, key: &str) -> Color32 {
    rgb(palette::role_key(key, figure_theme(ui)))
}

/// Colour of a cell's status on a map.
pub fn status(ui: &Ui, status: CellStatus) -> Color32 {
    let pending = if ui.visuals().dark_mode { [0x70; 3] } else { [0xb4; 3] };
    let [r, g, b] = match status {
        CellStatus::Exact => [0x00, 0x93, 0x6b],
        CellStatus::Estimated => [0xe6, 0x9f, 0x00],
        CellStatus::Pending => pending,
        CellStatus::NonFinite => [0xd5, 0x5e, 0x00],
    };
    Color32::from_rgb(r, g, b)
}

/// An egui colour.
pub fn rgb([r, g, b]: [u8; 3]) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// Installs the bundled fonts and both themes.
pub fn install(ctx: &Context) {
    install_fonts(ctx, &[]);
    for (theme, palette) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        ctx.style_mut_of(theme, |style| apply_palette(style, palette));
    }
}

/// Draws a ring around the widget with the keyboard focus, the same for all widgets and in both themes. Text fields have a frame of
/// their own.
pub fn focus_ring(ctx: &Context) {
    if ctx.text_edit_focused() {
        return;
    }
    let Some(id) = ctx.memory(|memory| memory.focused()) else { return };
    let Some(response) = ctx.read_response(id) else { return };
    let palette = if ctx.global_style().visuals.dark_mode { &DARK } else { &LIGHT };
    let painter = ctx.layer_painter(response.layer_id).with_clip_rect(response.interact_rect.expand(3.0));
    painter.rect_stroke(response.rect.expand(1.0), CornerRadius::same(4), Stroke::new(2.0, palette.accent), StrokeKind::Outside);
}

/// Installs the bundled fonts, and `others` for characters that they lack.
pub fn install_fonts(ctx: &Context, others: &[&'static Typeface]) {
    let mut definitions = family();
    for typeface in others {
        let data = FontData { index: typeface.index, ..FontData::from_static(typeface.data) };
        definitions.font_data.insert(typeface.postscript.clone(), Arc::new(data));
        definitions.families.entry(FontFamily::Proportional).or_default().push(typeface.postscript.clone());
    }
    ctx.set_fonts(definitions);
}

/// The font family of the figures; egui's own fonts are used for signs that it lacks.
fn family() -> FontDefinitions {
    let mut definitions = FontDefinitions::default();
    let bundled = [("regular", fonts::REGULAR), ("fallback", fonts::FALLBACK)];
    for (place, (name, bytes)) in bundled.into_iter().enumerate() {
        definitions.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
        definitions.families.entry(FontFamily::Proportional).or_default().insert(place, name.into());
    }
    definitions
}

fn apply_palette(style: &mut Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, small()),
        (TextStyle::Body, body()),
        (TextStyle::Button, body()),
        (TextStyle::Heading, heading()),
        (TextStyle::Monospace, FontId::new(BODY - 1.0, FontFamily::Monospace)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(8.0, 6.0);
    style.spacing.button_padding = Vec2::new(8.0, 4.0);
    style.spacing.interact_size.y = 24.0;
    style.spacing.scroll = egui::style::ScrollStyle::thin();
    style.interaction.selectable_labels = false;
    let visuals = &mut style.visuals;
    visuals.panel_fill = palette.background;
    visuals.window_fill = palette.background;
    visuals.window_stroke = Stroke::new(1.0, palette.hairline);
    visuals.window_corner_radius = CornerRadius::same(4);
    visuals.menu_corner_radius = CornerRadius::same(4);
    let soft = Shadow { offset: [0, 2], blur: 12, spread: 0, color: Color32::from_black_alpha(if visuals.dark_mode { 90 } else { 28 }) };
    visuals.window_shadow = soft;
    visuals.popup_shadow = soft;
    visuals.extreme_bg_color = palette.inset;
    visuals.text_edit_bg_color = Some(palette.inset);
    visuals.faint_bg_color = palette.inset;
    visuals.weak_text_color = Some(palette.weak);
    visuals.error_fg_color = palette.error;
    visuals.warn_fg_color = palette.error;
    visuals.hyperlink_color = palette.accent;
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.28);
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.indent_has_left_vline = false;
    visuals.override_text_color = None;
    let widgets = &mut visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, palette.background, palette.text),
        (&mut widgets.inactive, palette.inset, palette.text),
        (&mut widgets.hovered, palette.hover, palette.strong),
        (&mut widgets.active, palette.hairline, palette.strong),
        (&mut widgets.open, palette.inset, palette.strong),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = CornerRadius::same(3);
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.hairline);
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.hairline);
    widgets.active.bg_stroke = Stroke::new(1.0, palette.hairline);
}

//! [`FigureStyle`]: size, type and theme of a figure.

/// What a figure is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// White paper.
    #[default]
    Print,
    /// A dark screen.
    Dark,
}

/// Size, type and theme of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureStyle {
    /// Width in millimetres; the height follows from the content.
    pub width_mm: f64,
    /// Size of the type in points.
    pub font_pt: f64,
    /// Print or dark.
    pub theme: Theme,
}

impl Default for FigureStyle {
    /// A full page width of most journals (180 mm), 8 pt, on white.
    fn default() -> Self {
        Self { width_mm: 180.0, font_pt: 8.0, theme: Theme::Print }
    }
}

impl FigureStyle {
    /// Width in points (1/72 inch).
    pub(super) fn width_pt(&self) -> f64 {
        self.width_mm / 25.4 * 72.0
    }
}

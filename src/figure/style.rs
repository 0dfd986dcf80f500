//! [`FigureStyle`]: size, font size and theme of a figure.

use flatland_core::session::FigureSettings;
pub use flatland_core::session::Theme;

/// Size, font size and theme of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureStyle {
    /// Width in millimetres.
    pub width_mm: f64,
    /// Height in millimetres; `None` = what the content needs.
    pub height_mm: Option<f64>,
    /// Font size in points.
    pub font_pt: f64,
    /// The background that it is drawn for.
    pub theme: Theme,
    /// The letter of the first panel (0 = a); `None` = no letters.
    pub letters: Option<usize>,
    /// Size of the panels relative to their default; [`Figure::page`](super::Figure::page) fits a height with it.
    pub(super) panels: f64,
}

impl Default for FigureStyle {
    fn default() -> Self {
        Self::from(&FigureSettings::default())
    }
}

impl From<&FigureSettings> for FigureStyle {
    fn from(settings: &FigureSettings) -> Self {
        let FigureSettings { width_mm, height_mm, font_pt, theme, letters, .. } = *settings;
        Self { width_mm, height_mm, font_pt, theme, letters: letters.then_some(0), panels: 1.0 }
    }
}

impl FigureStyle {
    /// Width in points (1/72 inch).
    pub(super) fn width_pt(&self) -> f64 {
        points(self.width_mm)
    }

    /// `(a)` for the first panel of the figure, and so on; empty without letters.
    pub(super) fn letter(&self, panel: usize) -> String {
        let Some(first) = self.letters else { return String::new() };
        let (mut number, mut letters) = (first + panel, String::new());
        loop {
            letters.insert(0, char::from(b'a' + (number % 26) as u8));
            if number < 26 {
                return format!("({letters})");
            }
            number = number / 26 - 1;
        }
    }
}

/// Millimetres in points.
pub(super) fn points(mm: f64) -> f64 {
    mm / 25.4 * 72.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        let style = FigureStyle { letters: Some(1), ..FigureStyle::default() };
        assert_eq!([0, 24, 25, 26].map(|panel| style.letter(panel)), ["(b)", "(z)", "(aa)", "(ab)"]);
        assert_eq!(FigureStyle::default().letter(0), "");
    }
}

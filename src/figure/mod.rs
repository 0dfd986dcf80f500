//! Figures and tables: SVG, PNG, CSV through plotters, and the page of [`conformance`]. The same session and results give the same bytes.
//!
//! Colours, scales, ticks, numbers, contour lines and fonts are here too, and the window draws with the same ones.
//! Deliberately absent: egui, files (callers write what they get), mathematics of the results.

mod colormap;
pub mod conformance;
mod contour;
mod curves;
mod embedding;
mod energy;
pub mod fonts;
mod hessian;
mod landscape;
mod landscape_cut;
mod layout;
pub mod number;
pub mod palette;
mod projections;
mod render;
mod scale;
mod scene;
mod sharpness;
mod style;
mod sweep;
pub mod table;
#[cfg(test)]
mod tests;
mod tick;

pub use colormap::Colormap;
pub use contour::{ContourLine, contour_lines, surface_contours};
pub use curves::{CurvePanel, CurvesFigure};
pub use embedding::EmbeddingFigure;
pub use energy::{EnergyFigure, ScoreHistograms};
pub use hessian::HessianFigure;
pub use landscape::LandscapeFigure;
pub use landscape_cut::LandscapeCutFigure;
pub use palette::Rgb;
pub use scale::{ColorScale, Spacing, cell_edges};
pub use scene::Scene;
pub use sharpness::SharpnessFigure;
pub use style::{FigureStyle, Theme};
pub use sweep::{SweepRun, SweepTable, TableEpoch};
pub use tick::{Tick, linear_ticks, log_ticks};

/// What may go wrong with a figure.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// plotters or the PNG encoder failed.
    #[error("cannot draw the figure: {0}")]
    Draw(String),
    /// The resolution asked for gives an impossible picture.
    #[error("cannot draw the figure: expected between 1 and 400 million pixels, found {width} × {height}")]
    Size {
        /// Pixels.
        width: f64,
        /// Pixels.
        height: f64,
    },
}

/// A result of one checkpoint, as a panel or a curve shows it.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a, T> {
    /// Name of the checkpoint.
    pub name: &'a str,
    /// Place of the checkpoint in the session; decides its colour ([`palette::checkpoint`]).
    pub color: usize,
    /// The result.
    pub result: &'a T,
}

/// A kind of figure with its data.
pub trait Figure {
    /// The figure laid out in a style.
    fn scene(&self, style: &FigureStyle) -> Scene;

    /// The figure as SVG: sizes in millimetres, text as text; the same figure gives the same bytes.
    ///
    /// # Errors
    /// When plotters fails.
    fn to_svg(&self, style: &FigureStyle) -> Result<String, FigureError> {
        render::svg(&self.scene(style))
    }

    /// The figure as PNG at `dpi` dots per inch, drawn from the same scene as the SVG.
    ///
    /// # Errors
    /// When plotters or the encoder fails, or when the picture would be empty or larger than 400 megapixels.
    fn to_png(&self, style: &FigureStyle, dpi: f64) -> Result<Vec<u8>, FigureError> {
        render::png(&self.scene(style), dpi)
    }
}

//! Figures and tables: SVG and PNG through plotters, PDF, CSV, npz, a report, and the page of [`conformance`]. The same session and results
//! give the same bytes.
//!
//! Colours, scales, ticks, numbers, contour lines and fonts are here too; the window uses the same ones.
//! Deliberately absent: egui, files (callers write what they get), mathematics of the results.

mod ablation;
mod axes_box;
mod barrier;
mod captioned;
mod class_colors;
mod colormap;
mod comparison;
pub mod conformance;
mod contour;
mod contour_label;
mod curves;
mod data;
mod deflate;
mod embedding;
mod energy;
mod error;
pub mod fonts;
mod glyphs;
mod hessian;
mod landscape;
mod landscape_curve;
mod landscape_cut;
mod landscape_relief;
mod latex;
mod layers;
mod layout;
mod missing;
pub mod number;
pub mod orbit;
mod page;
pub mod palette;
mod paper;
mod pdf;
mod pdf_font;
mod projections;
pub mod relief;
mod render;
mod report;
mod scale;
mod scene;
mod score_histograms;
mod setting;
mod sharpness;
mod stack;
mod style;
mod sweep;
pub mod table;
#[cfg(test)]
mod tests;
mod tick;
mod trade_off;
mod typeface;

pub use ablation::AblationFigure;
pub use axes_box::{AxesBox, BoxLine, BoxText, axes_box};
pub use barrier::{barrier_remark, barrier_text, barriers};
pub use captioned::{CaptionedFigure, FigureResults, Found, captioned_figures, left_out};
pub use class_colors::{ClassColors, Coloring, class_borders};
pub use colormap::{Colormap, ColormapTable, chosen as chosen_colormap};
pub use comparison::{ComparisonFigure, ComparisonRow};
pub use contour::{ContourLine, contour_lines, surface_contours};
pub use contour_label::{PlacedLabel, label_contours};
pub use curves::{CurvePanel, CurvesFigure};
pub use data::{Cell, Data};
pub use embedding::EmbeddingFigure;
pub use energy::{EnergyFigure, score_label};
pub use error::FigureError;
pub use hessian::{DECADES as DENSITY_DECADES, HessianFigure};
pub use landscape::{LandscapeFigure, error_kind};
pub use landscape_curve::{BarrierMark, CurveMark, CurveNode, LandscapeCurve, are_curves};
pub use landscape_cut::LandscapeCutFigure;
pub use landscape_relief::LandscapeReliefFigure;
pub use layers::LayersFigure;
pub use missing::Missing;
pub use palette::Rgb;
pub use paper::paper;
pub use report::Report;
pub use scale::{ColorScale, Spacing, cell_edges};
pub use scene::Scene;
pub use score_histograms::ScoreHistograms;
pub use sharpness::{SharpnessFigure, rise};
pub use stack::Stack;
pub use style::{FigureStyle, Theme};
pub use sweep::{SweepRun, SweepTable, TableEpoch};
pub use tick::{Tick, linear_ticks, log_ticks};
pub use trade_off::TradeOffFigure;
pub use typeface::{Typeface, complaint, is_ignorable, is_of_family, typeface_of, without_glyph};

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
    /// The figure laid out in a style, at most as wide as it says and as high as need be.
    fn scene(&self, style: &FigureStyle) -> Scene;

    /// Number of panels that can carry a letter.
    fn panels(&self) -> usize {
        1
    }

    /// The figure on a page of exactly the size that the style asks for.
    ///
    /// # Errors
    /// When it does not fit into the height.
    fn page(&self, style: &FigureStyle) -> Result<Scene, FigureError> {
        page::fit(&|style| self.scene(style), style)
    }

    /// The figure as SVG: sizes in millimetres, text as text; the same figure gives the same bytes.
    ///
    /// # Errors
    /// When it does not fit or plotters fails.
    fn to_svg(&self, style: &FigureStyle) -> Result<String, FigureError> {
        render::svg(&self.page(style)?)
    }

    /// The figure as a PDF of one page of its size, text as text; the same figure gives the same bytes.
    ///
    /// # Errors
    /// When it does not fit or a font cannot be embedded.
    fn to_pdf(&self, style: &FigureStyle) -> Result<Vec<u8>, FigureError> {
        pdf::pdf(&self.page(style)?)
    }

    /// The figure as PNG at `dpi` dots per inch, drawn from the same scene as the SVG.
    ///
    /// # Errors
    /// When it does not fit, plotters or the encoder fails, or the picture would be empty or larger than 400 megapixels.
    fn to_png(&self, style: &FigureStyle, dpi: f64) -> Result<Vec<u8>, FigureError> {
        render::png(&self.page(style)?, dpi)
    }

    /// The figure as RGB pixels at `dpi` dots per inch: width, height, three bytes a pixel.
    ///
    /// # Errors
    /// As [`Figure::to_png`].
    fn to_pixels(&self, style: &FigureStyle, dpi: f64) -> Result<(u32, u32, Vec<u8>), FigureError> {
        render::pixels(&self.page(style)?, dpi)
    }
}

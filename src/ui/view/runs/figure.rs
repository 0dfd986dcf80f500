//! Curves of runs as a figure.

use crate::figure::{CaptionedFigure, CurvesFigure};
use crate::ui::work::export::FigureSource;

/// The shown curves.
pub struct RunsFigure(pub CurvesFigure);

impl FigureSource for RunsFigure {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        Some(CaptionedFigure::curves(self.0.clone()))
    }
}

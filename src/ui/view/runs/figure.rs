//! Curves of runs as a figure.

use crate::figure::{CurvesFigure, Plate};
use crate::ui::work::export::FigureSource;

/// The shown curves.
pub struct RunsFigure(pub CurvesFigure);

impl FigureSource for RunsFigure {
    fn plate(&self) -> Option<Plate<'_>> {
        Some(Plate::curves(self.0.clone()))
    }
}

//! [`FigureError`]: what may go wrong with a figure.

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
    /// The height asked for is too small.
    #[error("cannot draw the figure: expected a height of at least {needed_mm} mm for what it holds, found {found_mm} mm")]
    Height {
        /// What is needed at the width asked for.
        needed_mm: f64,
        /// What was asked for.
        found_mm: f64,
    },
}

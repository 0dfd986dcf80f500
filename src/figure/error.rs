//! [`FigureError`]: why a figure cannot be drawn.

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// plotters or the PNG encoder failed.
    #[error("cannot draw the figure: {0}")]
    Draw(String),
    /// The requested resolution gives no image or too large a one.
    #[error("cannot draw the figure: expected between 1 and 400 million pixels, found {width} × {height}")]
    Size {
        /// Pixels.
        width: f64,
        /// Pixels.
        height: f64,
    },
    /// The requested height is too small.
    #[error("cannot draw the figure: expected a height of at least {needed_mm} mm for what it holds, found {found_mm} mm")]
    Height {
        /// The height that is needed at the requested width.
        needed_mm: f64,
        /// The requested height.
        found_mm: f64,
    },
}

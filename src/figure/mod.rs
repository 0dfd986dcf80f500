//! Figures and tables: SVG, PNG, CSV through plotters. The same session and results give the same bytes.
//!
//! Colours, scales, ticks, numbers, contour lines and fonts are here too, and the window draws with the same ones.
//! Deliberately absent: egui, files (callers write what they get), mathematics of the results.

mod colormap;
mod contour;
pub mod fonts;
pub mod number;
pub mod palette;
mod scale;
mod style;
mod tick;

pub use colormap::Colormap;
pub use contour::{ContourLine, contour_lines, surface_contours};
pub use palette::Rgb;
pub use scale::{ColorScale, Spacing, cell_edges};
pub use style::{FigureStyle, Theme};
pub use tick::{Tick, linear_ticks, log_ticks};

//! Small drawn things that several views share. No state of their own.

pub mod assumed;
pub mod axes;
pub mod class_legend;
pub mod color_bar;
pub mod curve;
pub mod grid;
pub mod hatch;
pub mod header;
pub mod icon;
pub mod number;
pub mod picture;
pub mod reorder;
pub mod swatch;
pub mod ticks;

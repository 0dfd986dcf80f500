//! Small widgets that several views share. They have no state of their own.

pub mod assumed;
pub mod axes;
pub mod class_legend;
pub mod color_bar;
pub mod controls;
pub mod curve;
pub mod grid;
pub mod hatch;
pub mod header;
pub mod icon;
pub mod picture;
pub mod reading;
pub mod reorder;
pub mod swatch;
pub mod texture;
pub mod ticks;

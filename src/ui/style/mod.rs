//! How the window looks: theme, widgets, and what the GPU draws. Nothing here knows what is open.

pub mod gpu;
pub mod theme;
pub mod widget;

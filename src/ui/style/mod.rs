//! The appearance of the window: theme, widgets and GPU passes. Nothing here depends on the open session.

pub mod gpu;
pub mod theme;
pub mod widget;

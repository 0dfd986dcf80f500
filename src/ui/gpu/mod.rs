//! What the window draws with its own passes: buffers go up once and stay. Deliberately absent: state of the views, egui's widgets.

pub mod relief;

//! What the window knows of fine-tuning runs: read from their directories, never remembered. No widgets here.

pub mod book;
pub mod check;
pub mod difference;
pub mod draft;
pub mod estimate;
pub mod metrics;
pub mod place;
pub mod radius;
#[cfg(test)]
pub mod tests;
pub mod watch;

//! What the window knows of fine-tuning runs: read from their directories, never remembered. No widgets here.

pub mod book;
pub mod check;
pub mod difference;
pub mod draft;
pub mod estimate;
pub mod metrics;
pub mod radius;
pub mod runs;
pub mod seen;
#[cfg(test)]
pub mod tests;

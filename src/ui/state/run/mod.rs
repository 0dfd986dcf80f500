//! What the window knows about fine-tuning runs. It is read from their directories and never stored elsewhere. No widgets here.

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

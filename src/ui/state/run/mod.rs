//! What the window knows about fine-tuning runs. It is read from their directories and never stored elsewhere. No widgets here.

pub mod check;
pub mod difference;
pub mod draft;
pub mod estimate;
pub mod metrics;
pub mod radius;
pub mod run_list;
pub mod runs;
pub mod runs_found;
#[cfg(test)]
pub mod tests;

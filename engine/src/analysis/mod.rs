//! Definitions and numerics: landscape, sharpness, embedding, scores.

mod batch;
pub mod embedding;
mod error;
pub mod score;
pub mod sharpness;
#[cfg(test)]
mod test_support;

pub use error::AnalysisError;

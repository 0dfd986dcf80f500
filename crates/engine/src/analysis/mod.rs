//! Definitions and numerics: landscape, sharpness, Hessian, embedding, scores.
//!
//! Everything here reads a [`Network`](crate::model::Network) and [`Samples`](crate::model::Samples) that already lie on the device,
//! tells a [`Reporter`](flatland_core::job::Reporter) how it goes, and leaves files in the job's folder through [`flatland_core::result`].
//! Deliberately absent: loading of networks and images, training, printing.

mod batches;
pub mod conformance;
pub mod embedding;
mod error;
mod flat;
mod gradient_batch;
pub mod hessian;
pub mod landscape;
mod layers;
mod loss;
mod objective;
mod reporting;
mod sample_losses;
pub mod score;
pub mod sharpness;
#[cfg(test)]
mod test_support;
mod values;

pub use batches::{batch_size, forward_batches, forward_network};
pub use error::AnalysisError;
pub use loss::Loss;
pub use sample_losses::{MeanLoss, SampleLosses, check_labels};

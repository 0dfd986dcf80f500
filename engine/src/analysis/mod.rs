//! Definitions and numerics: landscape, sharpness, Hessian, embedding, scores.
//!
//! Everything here reads a [`Network`](crate::model::Network) and [`Samples`](crate::model::Samples) that already lie on the device,
//! tells a [`Reporter`](flatland::job::Reporter) how it goes, and leaves files in the job's folder through [`flatland::result`].
//! Deliberately absent: loading of networks and images, training, printing.

mod batches;
pub mod conformance;
mod cross_entropy;
pub mod embedding;
mod error;
mod flat;
mod gradient_batch;
pub mod hessian;
pub mod landscape;
mod objective;
pub mod score;
pub mod sharpness;
#[cfg(test)]
mod test_support;

pub use batches::{Images, batch_size, forward_batches, forward_network};
pub use cross_entropy::{CrossEntropy, SampleLosses, check_labels};
pub use error::AnalysisError;

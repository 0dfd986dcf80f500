//! The objectives of fine-tuning: one file per method, named as in the paper; one trait; one [`registry`](methods).
//!
//! A method says what it minimizes on a batch, where its gradient is taken (at θ or at θ + ε), which data and which head it needs,
//! and how the trained network is scored. How gradients are taken, where ε is added and how the optimizer steps is the trainer's
//! business. Deliberately absent: files, threads, printing.

mod annealed_penalty;
mod conf_branch;
mod dr_sam;
mod draws;
mod environments;
mod erm;
mod error;
mod godin;
mod group_dro;
mod irm;
mod logit_norm;
mod losses;
mod mcd;
mod mix_oe;
mod objective;
mod outlier_exposure;
mod parameters;
mod registration;
mod registry;
mod sam;
mod sam_oe;
mod vrex;

pub use error::MethodError;
#[cfg(test)]
pub use losses::uniform_cross_entropy;
pub use objective::{Ascent, Batch, Forward, Method, Objective, ParameterRule};
pub use registry::{method, methods, resolve};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

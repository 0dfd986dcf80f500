//! The loss around one image: L(x + αd₁ + βd₂) with the network as it is, pixels x in [0, 1] before normalization.
//!
//! [`subject`] knows the image, the class that counts and the network's answers; [`directions`] draws d₁ and d₂ or takes them from the
//! gradient or from other images; [`evaluator`] evaluates perturbed images as batches; [`run`] walks the grid in the order of all landscapes
//! and keeps cells where they do. Deliberately absent: whatever moves weights, and looks at some of the images: there is one.

mod directions;
mod evaluator;
mod run;
mod subject;
#[cfg(test)]
mod tests;

pub use run::run;

//! The loss around one image: L(x + αd₁ + βd₂) with a fixed network, pixels x in [0, 1] before normalization.
//!
//! [`subject`] has the image, its target class and the network's logits; [`directions`] draws d₁ and d₂ or computes them from the gradient or
//! from other images; [`evaluator`] evaluates perturbed images in batches; [`run`] computes the grid in the order of all landscapes and saves
//! cells like them. Not here: changes of weights, and previews, as there is one image.

mod directions;
mod evaluator;
mod run;
mod subject;
#[cfg(test)]
mod tests;

pub use run::run;

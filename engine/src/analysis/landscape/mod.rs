//! The loss on the plane θ + αδ + βη.
//!
//! The definition is Li et al. 2018 ([`Directions::li2018`]) or the plane of a file; every cell is computed from θ, with running
//! statistics frozen, by [`Evaluator`]; [`run`] walks the grid from θ outwards, tells every cell as it finishes and resumes what a
//! killed job left. Deliberately absent: anything that alters a value for the sake of a picture. Non-finite cells stay non-finite.

mod direction;
mod evaluator;
mod order;
mod surface;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use direction::{Direction, Directions};
pub use evaluator::Evaluator;
pub use surface::run;

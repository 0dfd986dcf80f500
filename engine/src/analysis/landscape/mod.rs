//! The loss on the plane θ + αδ + βη.
//!
//! A [`Plane`] is two [`Directions`]: random ones as Li et al. 2018 draw them or by another rule, or made of checkpoints, a trajectory,
//! files; every cell is computed from θ by [`Evaluator`]; [`run`] walks the grid from θ outwards, tells every cell as it finishes and
//! resumes what a killed job left. Deliberately absent: anything that alters a value for the sake of a picture. Non-finite cells stay non-finite.

mod direction;
mod evaluator;
mod order;
mod plane;
mod surface;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use direction::{Direction, Directions};
pub use evaluator::Evaluator;
pub use plane::{Plane, run};

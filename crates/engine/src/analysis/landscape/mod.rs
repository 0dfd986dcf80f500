//! The loss on the plane θ + αδ + βη.
//!
//! A [`Plane`] is two [`Directions`]: random ones as Li et al. 2018 draw them or by another rule, or made of checkpoints, a trajectory,
//! files; every cell is computed from θ by [`Evaluator`]; [`run`] walks nested grids coarse to fine, tells every cell as it finishes and an
//! estimate of the others, and resumes what a killed job left. Beside it, in `input`, the loss around one image with the network as it is.
//! Deliberately absent: anything that alters a value for the sake of a picture. Non-finite cells stay non-finite.

#[cfg(test)]
mod anytime_tests;
mod curvature;
mod decay;
mod direction;
mod estimate;
mod evaluator;
mod image_order;
mod input;
mod kept;
#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod measure_tests;
mod order;
mod plane;
mod precision;
mod readings;
mod surface;
mod team;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod weights;

pub use direction::{Direction, Directions};
pub use evaluator::{Beside, CellValue, Evaluation, Evaluator, Part, Point};
pub use input::run as run_in_input_space;
pub use plane::{Plane, run};
pub use surface::LandscapeData;
pub use weights::write_weights;

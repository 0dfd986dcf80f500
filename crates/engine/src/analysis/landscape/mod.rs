//! The loss on the plane θ + αδ + βη.
//!
//! A [`Plane`] has two [`Directions`]: random ones by Li et al. 2018 or by another rule, or made of checkpoints, a trajectory or files. Every
//! cell is computed from θ by [`Evaluator`]. [`run`] computes nested grids coarse to fine, reports every finished cell and an estimate of the
//! others, and resumes a killed job. The module `input` computes the loss around one image with a fixed network. Not here: changes of values
//! for the sake of a picture. Non-finite cells stay non-finite.

#[cfg(test)]
mod anytime_tests;
mod curvature;
mod decay;
mod device_pool;
mod direction;
mod estimate;
mod evaluator;
mod image_order;
mod input;
#[cfg(test)]
mod measure_tests;
mod order;
mod plane;
mod precision;
mod readings;
mod saved_cells;
#[cfg(test)]
mod saved_cells_tests;
mod statistics;
mod surface;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod weights;

pub use direction::{Direction, Directions};
pub use evaluator::{CellValue, Evaluation, Evaluator, OtherReadings, Part, Point};
pub use input::run as run_in_input_space;
pub use plane::{Plane, run};
pub use surface::LandscapeData;
pub use weights::write_weights;

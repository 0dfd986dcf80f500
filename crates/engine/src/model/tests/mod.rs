//! Networks and files that nobody of this project made, and files made to harm.

mod formats;
mod hostile;
mod real;
mod state_dicts;

use flatland_core::testing::shared;

//! Networks and files from other projects, and hostile files.

mod formats;
mod hostile;
mod imagenet;
mod real;
mod state_dicts;

use flatland_core::testing::shared;

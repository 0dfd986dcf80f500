//! Archives of PyTorch 2.4 to 2.11, and small archives written here.

#![allow(clippy::unwrap_used)]

mod accepted;
mod archives;
mod refused;
mod small;

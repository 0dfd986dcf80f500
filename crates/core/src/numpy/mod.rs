//! NumPy's files, `.npy` and `.npz`: the only reader and writer of them.
//!
//! `npyz` reads headers and writes archives. What is read goes through [`header`] first: `npyz` multiplies the sizes of a shape without
//! a check, and files from elsewhere may state any shape. Deliberately absent: what an array means (images, labels, results).

mod archive;
mod bytes;
mod element;
mod header;
mod npz;
mod raw_array;

pub(crate) use archive::{Archive, ArrayError};
pub(crate) use bytes::Bytes;
pub(crate) use element::Element;
pub(crate) use header::{Header, f32_header};
pub(crate) use raw_array::RawArray;

pub use npz::{Array, Npz, NpzValues};

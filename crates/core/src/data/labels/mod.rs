//! What labels mean to a network: [`assign`](assign::assign) brings the classes of a dataset to the network's, or says why that cannot be done.
//!
//! A network knows its classes by number only. Which number a folder has follows, in this order, from what somebody says ([`Classes`]),
//! from the names of the classes of the session's ID data ([`Reference`]), or from the dataset's own names where one order of them fits
//! the network's number of classes. Names are never guessed: what fits none, or several, is an error that lists both sides.

pub(super) mod assign;
pub(super) mod found;
mod given;
mod labelling;
mod matching;
mod name;
mod order;
mod own;
mod reference;
#[cfg(test)]
mod tests;

pub use given::{Class, Classes, OrderRule, Reference};
pub use labelling::{LabelRule, Labelling};
pub use reference::label_state;

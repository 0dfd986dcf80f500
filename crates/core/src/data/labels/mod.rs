//! The mapping of labels to a network: [`assign`](assign::assign) maps the classes of a dataset to the network's, or says why it cannot.
//!
//! A network knows its classes only by number. The number of a folder follows, in this order, from what the user states ([`Classes`]), from
//! the names of the classes of the session's ID data ([`Reference`]), or from the dataset's own names if exactly one order of them fits the
//! network's number of classes. Names are never guessed: a name that fits none or several is an error that lists both sides.

pub(super) mod assign;
pub(super) mod found;
mod given;
mod imagenet;
mod labelling;
mod matching;
mod name;
mod order;
mod own;
mod reference;
#[cfg(test)]
mod tests;

pub use given::{Class, Classes, OrderRule, Reference};
pub use imagenet::{class_label, imagenet_names};
pub use labelling::{LabelRule, Labelling};
pub use reference::label_state;

//! Exported programs (`torch.export`) as networks: the list of operations of a program becomes a [`Graph`](super::Graph).
//!
//! Operations that folding, fusion and heads look for become the graph's own; those of several outputs are rewritten as operations of one; what
//! depends on no parameter and no image is computed once; in-place operations become plain ones where nothing else sees the memory.
//! Nothing of a program is executed before its shapes are known and compared with those that the file states.

mod bound;
mod dropout;
mod features;
mod importer;
mod independence;
mod lower;
mod multiple;
mod network;
mod sizes;
mod values;

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod tests;

pub use independence::check as check_independence;
pub use network::import;
pub use values::Refusal;

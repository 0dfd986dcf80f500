//! `flatland-worker`: the process in which everything that touches libtorch runs.

fn main() {}

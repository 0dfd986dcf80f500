//! `flatland`: dispatches to the command line or the window.

fn main() {}

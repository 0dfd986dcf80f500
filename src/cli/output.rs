//! [`say`]: the output of a command on stdout.

use std::io::Write;

/// Prints a line to stdout; a closed pipe (`| head`) is no error.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

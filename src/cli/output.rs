//! [`say`]: what a command answers on stdout.

use std::io::Write;

/// A line on stdout; a reader that went away (`| head`) is no error.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

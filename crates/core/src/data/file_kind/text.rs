//! Files of text.

use std::path::Path;

use super::{FileKind, OPENS};

const SETTINGS: &str =
    "Flatland takes weights from a checkpoint (.pt, .pth, .pt2, .onnx, .safetensors) and settings from a session (.toml)";
const CODE: &str =
    "Flatland runs no Python: run it to write a checkpoint, or export its network as a .pt2 (`flatland export-help`, docs/your-network.md)";

/// What the text that begins with `head` is; `None` if it is no text, or may be a pickle of protocol 0.
pub(super) fn kind(head: &[u8], file: Option<&Path>) -> Option<FileKind> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(FileKind::new("a text file in UTF-16", OPENS));
    }
    let text = utf8(head)?.trim_start_matches('\u{feff}');
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    if text.contains(is_control) || may_be_pickle(text) {
        return None;
    }
    let extension = file.and_then(Path::extension).unwrap_or_default().to_string_lossy().to_lowercase();
    let (text, is) = (text.trim_start(), |extensions: &[&str]| extensions.contains(&extension.as_str()));
    Some(if text.starts_with("<?xml") {
        FileKind::new("an XML document (a download that gave an error message?)", OPENS)
    } else if is_json(text) && (text.contains("\"nbformat\"") || text.contains("\"cells\"") || is(&["ipynb"])) {
        FileKind::new("a notebook", CODE)
    } else if is_json(text) {
        FileKind::new("a JSON file", SETTINGS)
    } else if is(&["py"]) || is_python(text) {
        FileKind::new("a Python script", CODE)
    } else if is(&["yaml", "yml"]) || text.starts_with("---\n") || text.starts_with("%YAML") {
        FileKind::new("a YAML file", SETTINGS)
    } else if is(&["csv", "tsv"]) {
        FileKind::new("a table as text", OPENS)
    } else {
        FileKind::new("a text file", OPENS)
    })
}

/// The bytes as UTF-8; a character that is cut off at the end is left out.
fn utf8(head: &[u8]) -> Option<&str> {
    match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

/// Whether a pickle of protocol 0 may begin so: a container with its place in the memo, or a global.
fn may_be_pickle(text: &str) -> bool {
    let container = ["(d", "(l", "(i", "(S'", "(V", "]p", "}p"].iter().any(|start| text.starts_with(start));
    let mut lines = text.lines();
    let is_name = |line: &str| !line.is_empty() && line.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let global = lines.next().and_then(|line| line.strip_prefix('c')).is_some_and(is_name) && lines.next().is_some_and(is_name);
    container || global
}

fn is_json(text: &str) -> bool {
    let after = |open: char| text.strip_prefix(open).and_then(|rest| rest.trim_start().chars().next());
    let begins_value = |c: char| matches!(c, '{' | '[' | '"' | '-' | ']') || c.is_ascii_digit();
    // A table of TOML also begins with a bracket.
    after('{').is_some_and(|c| matches!(c, '"' | '}')) || (after('[').is_some_and(begins_value) && !text.starts_with("[["))
}

fn is_python(text: &str) -> bool {
    let shebang = text.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains("python"));
    let imports = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        matches!(words.as_slice(), ["from", _, "import", ..]) || matches!(words.as_slice(), ["import", _] | ["import", _, "as", _])
    };
    let defines = |line: &str| (line.starts_with("def ") || line.starts_with("class ")) && line.trim_end().ends_with(':');
    shebang || text.lines().any(|line| imports(line) || defines(line))
}

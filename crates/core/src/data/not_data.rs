//! [`not_data`]: recognises files that often take the place of data by mistake.

/// What a file is instead of data, if it is one of the common mistakes: an empty file, a git-lfs pointer, an HTML page.
pub fn not_data(head: &[u8]) -> Option<&'static str> {
    if head.is_empty() {
        return Some("an empty file");
    }
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some("a git-lfs pointer (fetch the file itself with `git lfs pull`)");
    }
    let text = head.trim_ascii_start();
    let begins = |tag: &[u8]| text.len() >= tag.len() && text[..tag.len()].eq_ignore_ascii_case(tag);
    (begins(b"<!doctype html") || begins(b"<html") || begins(b"<head")).then_some("an HTML page (a download that failed?)")
}

//! Texts of messages.

/// The line of Python that writes a network as an exported program of any batch size.
pub const EXPORT: &str = "torch.export.save(torch.export.export(model.eval(), (x,), \
                                 dynamic_shapes=({0: torch.export.Dim(\"batch\")},)), \"net.pt2\")";

/// Longest piece of a file's text in a message, in characters.
const MAX_TEXT: usize = 120;

/// Text of a file in a message, cut where it is long.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

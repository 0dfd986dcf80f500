//! [`Palette`]: the text typed into the command palette.

/// State of the command palette.
#[derive(Debug, Default)]
pub struct Palette {
    pub query: String,
    /// Index of the chosen row.
    pub chosen: usize,
}

impl Palette {
    /// The typed text.
    pub fn query(&self) -> &str {
        &self.query
    }
}

//! [`Palette`]: what is typed into the command palette.

/// What it holds.
#[derive(Debug, Default)]
pub struct Palette {
    pub query: String,
    /// Place of the chosen row.
    pub chosen: usize,
}

impl Palette {
    /// What is typed.
    pub fn query(&self) -> &str {
        &self.query
    }
}

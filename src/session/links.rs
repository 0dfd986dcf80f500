//! [`Links`]: what the panels of a tab have in common.

use serde::{Deserialize, Serialize};

/// Which of the things that panels can share they do share: all, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// Shown ranges and the camera: panning, zooming or turning one panel moves all.
    pub axes: bool,
    /// One range of colours for all.
    pub color: bool,
    /// What is under the pointer is marked in all.
    pub cursor: bool,
    /// What is selected in one is selected in all.
    pub selection: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self { axes: true, color: true, cursor: true, selection: true }
    }
}

/// One of the things that panels can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Link {
    /// [`Links::axes`].
    Axes,
    /// [`Links::color`].
    Color,
    /// [`Links::cursor`].
    Cursor,
    /// [`Links::selection`].
    Selection,
}

impl Link {
    /// As shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Link::Axes => "axes",
            Link::Color => "colour range",
            Link::Cursor => "cursor",
            Link::Selection => "selection",
        }
    }
}

impl Links {
    /// Whether the panels share it.
    pub fn has(&self, link: Link) -> bool {
        match link {
            Link::Axes => self.axes,
            Link::Color => self.color,
            Link::Cursor => self.cursor,
            Link::Selection => self.selection,
        }
    }

    /// Shares it, or no longer.
    pub fn toggle(&mut self, link: Link) {
        let field = match link {
            Link::Axes => &mut self.axes,
            Link::Color => &mut self.color,
            Link::Cursor => &mut self.cursor,
            Link::Selection => &mut self.selection,
        };
        *field = !*field;
    }

    /// Whether all are as they are without being asked; then a session need not say them.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_is_shared_unless_said_otherwise() {
        assert!(toml::from_str::<Links>("").unwrap().is_default());
        let mut links: Links = toml::from_str("cursor = false").unwrap();
        assert!(!links.has(Link::Cursor) && links.has(Link::Axes) && links.has(Link::Color) && links.has(Link::Selection));
        for link in [Link::Axes, Link::Color, Link::Cursor, Link::Selection] {
            let before = links.has(link);
            links.toggle(link);
            assert_eq!(links.has(link), !before, "{}", link.label());
        }
        assert!(toml::from_str::<Links>("camera = true").unwrap_err().to_string().contains("camera"));
    }
}

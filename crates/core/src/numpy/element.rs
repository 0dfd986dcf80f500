//! [`Element`]: the element types of NumPy that are read.

/// The element type of an array, with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// `|S5`
    Bytes(usize),
    /// `<U5`: four bytes a character.
    Text(usize),
}

impl Element {
    /// Of a type as NumPy writes it, e.g. `<f4`.
    pub(crate) fn of(dtype: &str) -> Option<Self> {
        let kind = dtype.get(1..2)?;
        let size: usize = dtype.get(2..)?.parse().ok()?;
        match (kind, size) {
            ("b", 1) => Some(Element::Bool),
            ("u", 1 | 2 | 4 | 8) => Some(Element::Unsigned(size)),
            ("i", 1 | 2 | 4 | 8) => Some(Element::Signed(size)),
            ("f", 2 | 4 | 8) => Some(Element::Float(size)),
            ("S", 1..) => Some(Element::Bytes(size)),
            ("U", 1..) => Some(Element::Text(size.checked_mul(4)?)),
            _ => None,
        }
    }

    pub(crate) fn width(self) -> usize {
        match self {
            Element::Bool => 1,
            Element::Unsigned(width) | Element::Signed(width) | Element::Float(width) | Element::Bytes(width) | Element::Text(width) => {
                width
            }
        }
    }
}

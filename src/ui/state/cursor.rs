//! [`Cursor`]: the item under the pointer, shared by the panels of a tab while they are linked.

/// The item under the pointer, and the panel that it is in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<T> {
    /// Name of the panel, and the item; `None` while the pointer is elsewhere.
    pub at: Option<(String, T)>,
}

impl<T: Clone> Cursor<T> {
    /// The item that the panel named `panel` marks.
    pub fn of(&self, linked: bool, panel: &str) -> Option<T> {
        self.at.as_ref().filter(|(of, _)| linked || of == panel).map(|(_, at)| at.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_is_not_linked_is_marked_where_it_is() {
        let cursor = Cursor { at: Some(("a".to_owned(), 3)) };
        assert_eq!((cursor.of(true, "b"), cursor.of(false, "b"), cursor.of(false, "a")), (Some(3), None, Some(3)));
        assert_eq!(Cursor::<i32>::default().of(true, "a"), None);
    }
}

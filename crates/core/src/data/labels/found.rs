//! [`Found`]: the classes of a dataset as its reader found them.

/// The classes of a dataset as its reader found them. The `Debug` text is part of cache keys (see [`label_state`](super::label_state)), so
/// the names of the type and its fields must not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct Found {
    /// Their names; empty if they have none.
    pub(in crate::data) names: Vec<String>,
    /// Their origin.
    pub(in crate::data) from: Origin,
}

/// The origin of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::data) enum Origin {
    /// The file contains the labels, and the names are in their order.
    #[default]
    File,
    /// Folders that hold images, sorted.
    Folders {
        /// Folders without images.
        empty: Vec<String>,
        /// The sorted WordNet ids of a `wnids.txt` that lists all of the names.
        wnids: Option<Vec<String>>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_text_in_cache_keys_is_that_of_earlier_versions() {
        let found = Found { names: vec!["ant".into()], from: Origin::Folders { empty: vec!["bee".into()], wnids: None } };
        assert_eq!(format!("{found:?}"), r#"Found { names: ["ant"], from: Folders { empty: ["bee"], wnids: None } }"#);
    }
}

//! [`FoundClasses`]: the classes of a dataset as its reader found them.

/// The classes of a dataset as its reader found them.
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

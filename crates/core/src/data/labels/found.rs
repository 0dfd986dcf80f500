//! [`Found`]: the classes of a dataset as its reader found them.

/// The classes of a dataset as they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct Found {
    /// Their names; empty where nothing names them.
    pub(in crate::data) names: Vec<String>,
    /// Where they come from.
    pub(in crate::data) from: Origin,
}

/// Where classes come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::data) enum Origin {
    /// The file says the labels, and the names are in their order.
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

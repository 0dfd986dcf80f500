//! [`Role`]: what a dataset is to the ID data.

use serde::{Deserialize, Serialize};

/// The role of a dataset relative to the ID data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// ID training images.
    Train,
    /// In-distribution test images.
    Id,
    /// Covariate shift: the ID classes in other images.
    Cs,
    /// Near semantic shift: other, similar classes.
    Near,
    /// Far semantic shift.
    Far,
    /// Auxiliary outliers for training.
    Outliers,
}

impl Role {
    /// All roles in the order in which they are shown.
    pub const ALL: [Role; 6] = [Role::Train, Role::Id, Role::Cs, Role::Near, Role::Far, Role::Outliers];

    /// Whether its images belong to the network's classes, so that they have a loss.
    pub fn has_classes(self) -> bool {
        matches!(self, Role::Train | Role::Id | Role::Cs)
    }

    /// Whether its images are measured on and not trained on.
    pub fn is_measured(self) -> bool {
        !matches!(self, Role::Train | Role::Outliers)
    }

    /// As written in files: `id`, `cs`, ...
    pub fn key(self) -> &'static str {
        match self {
            Role::Train => "train",
            Role::Id => "id",
            Role::Cs => "cs",
            Role::Near => "near",
            Role::Far => "far",
            Role::Outliers => "outliers",
        }
    }

    /// The role that is written as `key`.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Role::Train => "ID train",
            Role::Id => "ID",
            Role::Cs => "CS",
            Role::Near => "near SS",
            Role::Far => "far SS",
            Role::Outliers => "outliers",
        }
    }
}

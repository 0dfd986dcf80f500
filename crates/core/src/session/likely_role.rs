//! The most likely role of a dataset without a stated role: a guess by order and name, marked as a guess wherever it is shown.

use std::path::Path;

use super::{Role, Session};

/// Datasets by the names of their files (lower case, letters and digits only), each with its family. The first match is used; longer names
/// come first.
const FAMILIES: [(&str, &str); 22] = [
    ("cifar100", "cifar100"),
    ("cifar10", "cifar10"),
    ("tinyimagenet", "tinyimagenet"),
    ("imagenet", "imagenet"),
    ("ilsvrc", "imagenet"),
    ("ssbhard", "ssb"),
    ("ninco", "ninco"),
    ("inaturalist", "inaturalist"),
    ("openimage", "openimage"),
    ("places", "places"),
    ("textures", "textures"),
    ("dtd", "textures"),
    ("svhn", "svhn"),
    ("lsun", "lsun"),
    ("isun", "isun"),
    ("notmnist", "notmnist"),
    ("fashionmnist", "fashionmnist"),
    ("fmnist", "fashionmnist"),
    ("emnist", "emnist"),
    ("kmnist", "kmnist"),
    ("omniglot", "omniglot"),
    ("mnist", "mnist"),
];

/// ID family and what is near to it, as in OpenOOD v1.5 (Zhang et al. 2023, section 3; `configs/datasets`); the others are far.
const NEAR: [(&str, &[&str]); 4] = [
    ("cifar10", &["cifar100", "tinyimagenet"]),
    ("cifar100", &["cifar10", "tinyimagenet"]),
    ("imagenet", &["ssb", "ninco"]),
    ("mnist", &["notmnist", "fashionmnist", "emnist", "kmnist"]),
];

/// The family that the last part of a path names, or the one before it: `tiny-imagenet-200/val`.
fn family(path: &Path) -> Option<&'static str> {
    let of = |part: &std::ffi::OsStr| {
        let name: String = part.to_string_lossy().to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        FAMILIES.iter().find(|(word, _)| name.contains(word)).map(|(_, family)| *family)
    };
    path.iter().rev().take(2).find_map(of)
}

impl Session {
    /// The most likely role: outliers if the path contains the word, ID if there are no ID data yet. Then, for well-known datasets, by their
    /// relation to the ID data: covariate shift for the same family (CIFAR-10-C, ImageNet-R), else near or far SS. Others are far SS.
    pub fn likely_role(&self, path: &Path) -> Role {
        let says = |word: &str| path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains(word));
        if says("outlier") {
            return Role::Outliers;
        }
        let Some(id) = self.datasets.iter().find(|dataset| dataset.role == Role::Id) else { return Role::Id };
        // The dataset's name may be more informative than its path.
        let own = family(&id.path).or_else(|| family(Path::new(&id.name)));
        match own.zip(family(path)) {
            Some((own, other)) if own == other => Role::Cs,
            Some((own, other)) if NEAR.iter().any(|(id, near)| *id == own && near.contains(&other)) => Role::Near,
            _ => Role::Far,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::DatasetEntry;

    fn beside(id: &str, other: &str) -> Role {
        let id = DatasetEntry::opened("test".into(), format!("/data/{id}").into(), Role::Id);
        Session { datasets: vec![id], ..Session::default() }.likely_role(Path::new(other))
    }

    #[test]
    fn well_known_data_sets_are_near_or_far_as_openood_has_them() {
        for (id, other, role) in [
            ("cifar-10-batches-bin", "/data/cifar-100-binary", Role::Near),
            ("cifar-10-batches-bin", "/data/tiny-imagenet-200/val", Role::Near),
            ("cifar-10-batches-bin", "/data/tiny-imagenet-200", Role::Near),
            ("cifar-100-binary", "/data/cifar-10-batches-py", Role::Near),
            ("cifar-100-binary", "svhn_1083.npy", Role::Far),
            ("cifar-10-batches-bin", "dtd", Role::Far),
            ("cifar-10-batches-bin", "CIFAR-10-C", Role::Cs),
            ("cifar10", "cifar10.1", Role::Cs),
            ("ILSVRC2012_val", "imagenet-r", Role::Cs),
            ("ILSVRC2012_val", "ssb_hard", Role::Near),
            ("ILSVRC2012_val", "NINCO", Role::Near),
            ("ILSVRC2012_val", "iNaturalist", Role::Far),
            ("mnist", "FashionMNIST", Role::Near),
            ("mnist", "cifar10", Role::Far),
            ("my-animals", "cifar-100-binary", Role::Far),
            ("cifar-10-batches-bin", "cats and dogs", Role::Far),
        ] {
            assert_eq!(beside(id, other), role, "{other} beside {id}");
        }
    }

    #[test]
    fn the_first_images_are_id_and_outliers_are_called_so() {
        let mut session = Session::default();
        assert_eq!(session.likely_role("/data/outliers_256.npz".as_ref()), Role::Outliers);
        assert_eq!(session.likely_role("/data/cifar-100-binary".as_ref()), Role::Id);
        // A folder without a telling name, which somebody has named.
        session.datasets.push(DatasetEntry::opened("CIFAR-10 test".into(), "/data/images".into(), Role::Id));
        assert_eq!(session.likely_role("/data/cifar-100-binary".as_ref()), Role::Near);
    }
}

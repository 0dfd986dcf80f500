//! [`Environment`]: the training environments of IRM, VREx and GroupDRO: clean images and one environment per family of
//! corruptions.
//!
//! The paper that compares these methods says only that they are trained "with covariate shift samples"; environments of corrupted
//! training images are our interpretation of its numbers. Corruptions of training and test would then overlap, so families can be left
//! out: [`environments`].

use rand::Rng;

use super::augmentation::keyed;
use super::{DataError, corruption};

/// A family of similar corruptions.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name in `leave_out` and in the window.
    pub name: &'static str,
    /// Its corruptions, [`corruption::kinds`].
    pub kinds: &'static [&'static str],
}

/// The four families, which contain each of the 19 corruptions once.
const FAMILIES: [Family; 4] = [
    Family { name: "noise", kinds: &["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"] },
    Family { name: "blur", kinds: &["defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"] },
    Family { name: "weather", kinds: &["snow", "frost", "fog", "brightness", "spatter"] },
    Family { name: "digital", kinds: &["contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"] },
];

/// The families of corruptions.
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// The images of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Unchanged images.
    Clean,
    /// Images corrupted by a kind of the family, drawn uniformly per image, at a severity of 1 to 5, drawn uniformly per image.
    Corrupted(&'static Family),
}

/// Clean first, then every family that is not in `leave_out`.
///
/// # Errors
/// When `leave_out` names no family; the message lists them.
pub fn environments(leave_out: &[impl AsRef<str>]) -> Result<Vec<Environment>, DataError> {
    if let Some(unknown) = leave_out.iter().map(AsRef::as_ref).find(|name| FAMILIES.iter().all(|family| family.name != *name)) {
        let known: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        return Err(DataError::Environment(format!("expected to leave out any of {}, found `{unknown}`", known.join(", "))));
    }
    let left = FAMILIES.iter().filter(|family| leave_out.iter().all(|name| name.as_ref() != family.name));
    Ok(std::iter::once(Environment::Clean).chain(left.map(Environment::Corrupted)).collect())
}

/// The seed of image `index` in `epoch`: what [`Environment::apply`] and [`super::Augmentation::apply`] take in training, so that
/// every epoch draws anew and no draw depends on batches or threads.
pub fn epoch_seed(seed: u64, epoch: usize, index: usize) -> u64 {
    corruption::image_seed(corruption::image_seed(seed, epoch), index)
}

impl Environment {
    /// `clean` or the family's name.
    pub fn name(&self) -> &'static str {
        match self {
            Environment::Clean => "clean",
            Environment::Corrupted(family) => family.name,
        }
    }

    /// Transforms `image`, u8 RGB [height, width, 3], into one of this environment, in place. `seed` is that of the image in its epoch
    /// ([`epoch_seed`]).
    ///
    /// # Errors
    /// When `image` has another length.
    pub fn apply(&self, image: &mut [u8], height: usize, width: usize, seed: u64) -> Result<(), DataError> {
        let Environment::Corrupted(family) = self else { return Ok(()) };
        let (kind, severity) = draw(family, seed);
        corruption::apply_kind(image, height, width, kind, severity, seed)
    }
}

fn draw(family: &'static Family, seed: u64) -> (&'static str, u8) {
    let mut rng = keyed(seed, family.name);
    (family.kinds[rng.random_range(0..family.kinds.len())], rng.random_range(1..=5))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn image() -> Vec<u8> {
        (0..32 * 32 * 3).map(|i| (i * 11 % 256) as u8).collect()
    }

    fn in_environment(environment: Environment, seed: u64) -> Vec<u8> {
        let mut image = image();
        environment.apply(&mut image, 32, 32, seed).unwrap();
        image
    }

    fn names(leave_out: &[&str]) -> Vec<&'static str> {
        environments(leave_out).unwrap().iter().map(Environment::name).collect()
    }

    #[test]
    fn the_families_hold_every_corruption_once() {
        let kinds: Vec<_> = families().iter().flat_map(|family| family.kinds).copied().collect();
        let distinct: BTreeSet<_> = kinds.iter().copied().collect();
        assert_eq!(kinds.len(), distinct.len());
        assert_eq!(distinct, corruption::kinds().collect());
    }

    #[test]
    fn families_can_be_left_out() {
        assert_eq!(names(&[]), ["clean", "noise", "blur", "weather", "digital"]);
        assert_eq!(names(&["weather", "noise"]), ["clean", "blur", "digital"]);
        assert_eq!(names(&["noise", "blur", "weather", "digital"]), ["clean"]);
    }

    #[test]
    fn an_unknown_family_is_a_clear_error() {
        let message = environments(&["noise", "rain"]).unwrap_err().to_string();
        assert_eq!(message, "cannot make environments: expected to leave out any of noise, blur, weather, digital, found `rain`");
    }

    #[test]
    fn clean_images_stay_and_others_depend_on_seed_epoch_and_image() {
        for environment in environments(&[] as &[&str]).unwrap() {
            let at = |seed, epoch, index| in_environment(environment, epoch_seed(seed, epoch, index));
            assert_eq!(at(1, 2, 3), at(1, 2, 3));
            if environment == Environment::Clean {
                assert_eq!(at(1, 2, 3), image());
            } else {
                assert!((0..20).any(|i| at(i, 2, 3) != at(1, 2, 3)));
                assert!((0..20).any(|i| at(1, i, 3) != at(1, 2, 3)));
                assert!((0..20).any(|i| at(1, 2, i) != at(1, 2, 3)));
            }
        }
    }

    #[test]
    fn every_kind_and_severity_of_a_family_is_drawn_alike() {
        for family in families() {
            let mut counts = BTreeMap::new();
            let seeds = 200 * 5 * family.kinds.len() as u64;
            for index in 0..seeds {
                *counts.entry(draw(family, epoch_seed(0, 0, index as usize))).or_insert(0) += 1;
            }
            // 200 each, standard deviation 14.
            assert_eq!(counts.len(), family.kinds.len() * 5);
            assert!(counts.values().all(|count| (140..260).contains(count)), "{counts:?}");
        }
    }

    #[test]
    fn what_is_drawn_is_what_is_done() {
        let family = &families()[0];
        let (kind, severity) = draw(family, 17);
        let mut expected = image();
        corruption::apply_kind(&mut expected, 32, 32, kind, severity, 17).unwrap();
        assert_eq!(in_environment(Environment::Corrupted(family), 17), expected);
    }
}

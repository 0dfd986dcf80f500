//! [`NetworkCheck`]: compares the activations of a network on ID images with the running statistics of its BatchNorms, layer by layer, and
//! warns where they differ.
//!
//! Measured on published CIFAR-10 checkpoints with 256 test images, as the median over channels of |ln(variance / running variance)|: with the right
//! wiring and normalization its median over all layers is 0.07 to 0.13, single layers go up to 0.84; without shortcuts it is 2 to 4, with leaky ReLU
//! for ReLU 0.5 to 1.7 in the second half, with images in [0, 1] for ImageNet's constants 3.0 in the first layer and 0.7 to 1.1 over all.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ResultError, json, write_atomic};
use crate::metric;

/// Number of images used.
pub const CHECKED_IMAGES: usize = 128;
/// With fewer images there is no verdict.
pub const LEAST_IMAGES: usize = 32;
/// If the measure of a layer and the median from it on exceed this, the layers differ from training.
const WIRING: f64 = 0.5;
/// Smallest number of layers from the reported one on.
const LAYERS: usize = 3;
/// If the first layer's measure exceeds this, its input differs from training.
const INPUT: f64 = 1.0;
/// Alternatives that fit nearly as well as the best are listed with it.
const ALIKE: f64 = 0.3;

/// One BatchNorm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerCheck {
    /// Its name.
    pub layer: String,
    /// Median over channels of |ln(variance / running variance)|; null where nothing is finite.
    #[serde(deserialize_with = "null_is_nan")]
    pub variance: f64,
    /// Median over channels of |mean − running mean| / running standard deviation.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
}

/// How well an alternative fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Key of a normalization, or name of an architecture.
    pub name: String,
    /// The measure of the first BatchNorm (normalizations), or its median over all (architectures).
    #[serde(deserialize_with = "null_is_nan")]
    pub variance: f64,
}

/// A network on the images of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkCheck {
    /// Name of the dataset.
    pub dataset: String,
    /// Images.
    pub samples: usize,
    /// Architecture.
    pub architecture: String,
    /// Key of the normalization.
    pub normalization: String,
    /// Every BatchNorm in the order of evaluation; empty where there is none.
    pub layers: Vec<LayerCheck>,
    /// The presets at the first BatchNorm.
    #[serde(default)]
    pub normalizations: Vec<Fit>,
    /// Other architectures with the same tensors, measured if this one does not fit.
    #[serde(default)]
    pub architectures: Vec<Fit>,
    /// What differs from training; empty if nothing does.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl NetworkCheck {
    /// The median of the measure over all layers; NaN without layers.
    pub fn overall(&self) -> f64 {
        median(&self.variances())
    }

    fn variances(&self) -> Vec<f64> {
        self.layers.iter().map(|layer| layer.variance).filter(|value| value.is_finite()).collect()
    }

    /// Whether the spread of the first BatchNorm's inputs differs from training.
    pub fn is_fed_otherwise(&self) -> bool {
        self.samples >= LEAST_IMAGES && self.layers.first().is_some_and(|first| first.variance > INPUT)
    }

    /// The first layer from which on most layers differ from training.
    pub fn begins(&self) -> Option<&LayerCheck> {
        if self.samples < LEAST_IMAGES {
            return None;
        }
        let least = LAYERS.min(self.layers.len());
        let from = |start: usize| {
            let rest: Vec<f64> = self.layers[start..].iter().map(|layer| layer.variance).filter(|value| value.is_finite()).collect();
            rest.len() >= least && median(&rest) > WIRING
        };
        let start = (0..self.layers.len()).find(|&start| self.layers[start].variance > WIRING && from(start))?;
        self.layers.get(start)
    }

    /// Adds the warnings that follow from the measures.
    pub fn judge(&mut self) {
        self.warnings.clear();
        if self.is_fed_otherwise() {
            self.warnings.push(self.about_the_input());
        } else if let Some(layer) = self.begins() {
            self.warnings.push(self.about_the_wiring(layer));
        }
    }

    /// The normalizations that fit clearly better than the present one: the best, and those that fit nearly as well.
    pub fn fitting_normalizations(&self) -> impl Iterator<Item = &Fit> {
        let first = self.layers.first().map_or(f64::NAN, |first| first.variance);
        let best = self.normalizations.iter().map(|fit| fit.variance).fold(f64::INFINITY, f64::min);
        let fits = move |fit: &&Fit| fit.variance <= best + ALIKE && best < 0.5 * first && fit.variance < INPUT;
        self.normalizations.iter().filter(fits)
    }

    fn about_the_input(&self) -> String {
        let first = &self.layers[0];
        let fits: Vec<String> = self.fitting_normalizations().map(|fit| format!("{} ({:.2})", fit.name, fit.variance)).collect();
        let advice = match fits.as_slice() {
            [] => "no preset fits clearly".to_owned(),
            [one] => format!("normalization {one} fits"),
            several => format!("one of these normalizations fits: {}", several.join(", ")),
        };
        format!(
            "with normalization {} the images of `{}` do not reach the first BatchNorm, `{}`, as in training: median |ln variance ratio| {:.2}, expected below \
             {INPUT:.1}; {advice}",
            self.normalization, self.dataset, first.layer, first.variance
        )
    }

    fn about_the_wiring(&self, layer: &LayerCheck) -> String {
        let mut others: Vec<&Fit> = self.architectures.iter().filter(|fit| fit.variance < 0.5 * self.overall()).collect();
        others.sort_by(|a, b| a.variance.total_cmp(&b.variance));
        let advice = others.first().map_or(String::new(), |best| format!("; {} fits better ({:.2})", best.name, best.variance));
        format!(
            "from layer `{}` on, the images of `{}` do not have the statistics of training: median |ln variance ratio| {:.2} there and {:.2} over all layers, \
             expected about 0.1; the network may be computed otherwise than {}{advice}",
            layer.layer,
            self.dataset,
            layer.variance,
            self.overall(),
            self.architecture
        )
    }

    /// Writes `check.json` in `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let path = folder.join("check.json");
        let text =
            serde_json::to_string_pretty(self).map_err(|error| ResultError::Invalid { message: error.to_string(), path: path.clone() })?;
        write_atomic(&path, text.as_bytes())
    }

    /// Reads `check.json` in `folder`.
    ///
    /// # Errors
    /// When it is missing or incomplete.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        json::load(&folder.join("check.json"))
    }
}

/// The median of `values`; NaN for none.
fn median(values: &[f64]) -> f64 {
    metric::median(values).unwrap_or(f64::NAN)
}

fn null_is_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(variances: &[f64]) -> NetworkCheck {
        let layer = |(k, variance): (usize, &f64)| LayerCheck { layer: format!("bn{k}"), variance: *variance, mean: 0.1 };
        let mut check = NetworkCheck {
            dataset: "test".into(),
            samples: 256,
            architecture: "resnet20".into(),
            normalization: "none".into(),
            layers: variances.iter().enumerate().map(layer).collect(),
            ..NetworkCheck::default()
        };
        check.judge();
        check
    }

    /// As measured on the three ResNets, OECC's and DICE's DenseNets with what they were trained with.
    #[test]
    fn single_layers_far_off_are_no_mismatch() {
        for variances in [
            &[0.18, 0.18, 0.32, 0.09, 0.07, 0.06, 0.02, 0.10, 0.15, 0.04, 0.07, 0.05, 0.07, 0.10, 0.12, 0.13, 0.11, 0.14, 0.15][..],
            &[0.15, 0.17, 0.24, 0.08, 0.16, 0.26, 0.41, 0.21, 0.24, 0.07, 0.58, 0.13, 0.79, 0.03, 0.06, 0.03, 0.01],
            &[0.63, 0.75, 0.63, 0.84, 0.58, 0.52, 0.51, 0.24, 0.40, 0.17, 0.36, 0.14, 0.30, 0.18, 0.24, 0.13, 0.19, 0.27, 0.24, 0.24],
            &[0.1, 0.1, 0.1, 0.9],
            &[],
        ] {
            assert_eq!(check(variances).warnings, [""; 0], "{variances:?}");
        }
    }

    /// Without shortcuts, with leaky ReLU, with zeros behind the channels: as measured on ResNet-20.
    #[test]
    fn a_mismatch_names_the_layer_where_it_begins() {
        for (variances, begins) in [
            (&[0.18, 0.18, 0.32, 2.06, 1.06, 2.45, 2.44, 3.80, 2.13][..], "bn3"),
            (&[0.18, 0.18, 0.23, 0.09, 0.15, 0.13, 0.22, 0.10, 0.08, 0.25, 0.54, 0.36, 0.54, 0.49, 0.67, 0.80, 1.26, 1.30, 1.70], "bn10"),
            (&[0.10, 0.15, 0.50, 0.23, 0.27, 0.39, 0.21, 0.31, 0.49, 0.95, 0.54, 0.97], "bn9"),
            (&[0.7, 0.9], "bn0"),
        ] {
            let found = check(variances);
            assert_eq!(found.begins().unwrap().layer, begins, "{variances:?}");
            assert!(found.warnings[0].starts_with(&format!("from layer `{begins}` on")), "{:?}", found.warnings);
        }
    }

    #[test]
    fn a_first_layer_far_off_is_about_the_normalization_and_names_what_fits() {
        let mut found = check(&[2.97, 1.5, 1.2, 1.1]);
        assert!(found.warnings[0].contains("normalization none") && found.warnings[0].contains("no preset fits clearly"), "{found:?}");
        let fit = |name: &str, variance| Fit { name: name.into(), variance };
        found.normalizations = vec![fit("none", 2.97), fit("imagenet", 0.18), fit("cifar10", 0.35), fit("half", 1.71)];
        found.judge();
        assert!(found.warnings[0].ends_with("one of these normalizations fits: imagenet (0.18), cifar10 (0.35)"), "{found:?}");
    }

    #[test]
    fn another_network_that_fits_better_is_named() {
        let mut found = check(&[0.18, 0.32, 2.06, 2.45, 2.13]);
        found.architectures = vec![Fit { name: "resnet20_noshort".into(), variance: 0.1 }];
        found.judge();
        assert!(found.warnings[0].ends_with("otherwise than resnet20; resnet20_noshort fits better (0.10)"), "{found:?}");
    }

    #[test]
    fn too_few_images_say_nothing_and_files_keep_what_is_not_finite() {
        let mut few = check(&[2.9, 2.9, 2.9]);
        few.samples = LEAST_IMAGES - 1;
        few.judge();
        assert!(few.warnings.is_empty());
        let folder = tempfile::tempdir().unwrap();
        let mut found = check(&[2.97, 1.5, 1.2, 1.1]);
        found.layers[1].variance = f64::NAN;
        found.save(folder.path()).unwrap();
        let read = NetworkCheck::load(folder.path()).unwrap();
        assert!(read.layers[1].variance.is_nan());
        assert_eq!(read.warnings, found.warnings);
    }
}

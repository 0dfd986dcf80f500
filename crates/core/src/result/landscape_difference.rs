//! [`LossDifference`]: the loss of one checkpoint minus that of another, cell by cell, on the same images.

use std::path::Path;

use super::{LandscapeManifest, LossRows, LossSurface, Map};

/// The file with the losses of single images beside a surface, f32 [A, B, N]; zeros where a cell is not computed.
pub const SAMPLE_LOSSES: &str = "sample_losses.npy";

/// L_a − L_b over the grid that two surfaces share, [A, B] row-major as in [`LossSurface`].
#[derive(Clone, Debug, PartialEq)]
pub struct LossDifference {
    /// Difference of mean losses with its standard error; NaN where one of the two is not computed or not finite.
    pub map: Map,
    /// Whether the standard error is that of paired differences, image by image. Otherwise the two errors are treated as independent, which
    /// gives a larger one.
    pub paired: Vec<bool>,
}

impl LossDifference {
    /// L_a − L_b. Each surface comes with its folder, which holds the losses of single images.
    ///
    /// # Errors
    /// When the surfaces have different images, grids or draws of the directions; the message says what differs.
    pub fn between((a, in_a): (&LossSurface, &Path), (b, in_b): (&LossSurface, &Path)) -> Result<Self, String> {
        comparable(a, b)?;
        let rows = |surface: &LossSurface, folder: &Path| {
            let shape = [surface.alpha.len(), surface.beta.len(), surface.manifest.samples];
            LossRows::open_npy(&folder.join(SAMPLE_LOSSES), shape)
        };
        let (mut rows_a, mut rows_b) = (rows(a, in_a), rows(b, in_b));
        let mut both = |k: usize| Some((rows_a.as_mut()?.read(k, a.loss[k])?, rows_b.as_mut()?.read(k, b.loss[k])?));
        let mut of_cell = |k: usize| {
            if a.count[k] == 0 || b.count[k] == 0 {
                return (f64::NAN, f64::NAN, false);
            }
            let pair = both(k);
            let independent = || a.loss_std_error[k].hypot(b.loss_std_error[k]);
            let std_error = match (&a.manifest.input, &pair) {
                // A single image has no standard error.
                (Some(_), _) => f64::NAN,
                (None, Some((a, b))) => paired_std_error(a, b),
                (None, None) => independent(),
            };
            (a.loss[k] - b.loss[k], std_error, pair.is_some())
        };
        let (mut map, mut paired) = (Map { value: Vec::new(), std_error: Vec::new() }, Vec::new());
        for k in 0..a.count.len() {
            let (value, std_error, is_paired) = of_cell(k);
            map.value.push(value);
            map.std_error.push(std_error);
            paired.push(is_paired);
        }
        Ok(Self { map, paired })
    }

    /// As a surface for drawing: `a` with the difference to `b`, called `baseline`, instead of its loss. A cell that either of the two lacks is
    /// not computed.
    pub fn surface(&self, a: &LossSurface, b: &LossSurface, baseline: &str) -> LossSurface {
        let count = a.count.iter().zip(&b.count).map(|(&a, &b)| a.min(b)).collect();
        LossSurface {
            loss: self.map.value.clone(),
            loss_std_error: self.map.std_error.clone(),
            count,
            quantity: None,
            baseline: Some(baseline.into()),
            estimate: None,
            ..a.clone()
        }
    }
}

/// Sample standard deviation of a − b over √N; 0 for one image.
fn paired_std_error(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len() as f64;
    let difference = || a.iter().zip(b).map(|(&a, &b)| f64::from(a) - f64::from(b));
    let mean = difference().sum::<f64>() / n;
    if a.len() > 1 { (difference().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt() } else { 0.0 }
}

fn comparable(a: &LossSurface, b: &LossSurface) -> Result<(), String> {
    let (of_a, of_b) = (&a.manifest, &b.manifest);
    let expected = |what: &str| Err(format!("expected `{}` and `{}` {what} for a difference", of_a.checkpoint, of_b.checkpoint));
    if a.alpha != b.alpha || a.beta != b.beta {
        return expected("on one grid");
    }
    if of_a.dataset_hash != of_b.dataset_hash || of_a.samples != of_b.samples {
        return expected("on the same images");
    }
    if of_a.architecture != of_b.architecture {
        return expected("of one architecture, which share the draws of their directions,");
    }
    if (&of_a.definition, &of_a.normalization, of_a.seed) != (&of_b.definition, &of_b.normalization, of_b.seed) {
        return expected("on planes of one definition and one seed");
    }
    // Both may be `custom`; older files do not have it.
    let rule = |manifest: &LandscapeManifest| manifest.plane.as_ref().map(|plane| plane.directions.clone());
    if let (Some(a), Some(b)) = (rule(of_a), rule(of_b))
        && a != b
    {
        return expected(&format!("with one rule for random directions (found {a} and {b})"));
    }
    if of_a.loss != of_b.loss {
        return expected(&format!("of one loss (found `{}` and `{}`)", of_a.loss, of_b.loss));
    }
    if of_a.batch_norm != of_b.batch_norm {
        return expected("with one policy for BatchNorm");
    }
    if let (Some(a), Some(b)) = (&of_a.input, &of_b.input) {
        if a.target != b.target {
            return expected("with the loss of one class");
        }
        if of_a.directions_hash != of_b.directions_hash {
            return expected("on one plane of images: directions of the gradient are each checkpoint's own,");
        }
        if a.clamp != b.clamp {
            return expected("with pixels cut off alike");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::result::{Cell, InputRecord, PlaneRecord};

    /// A surface of one row of cells, written with the losses of its images.
    fn surface(folder: &Path, name: &str, cells: &[[f32; 4]]) -> LossSurface {
        let manifest = LandscapeManifest { checkpoint: name.into(), samples: 4, ..Default::default() };
        let axis = (0..cells.len()).map(|k| k as f64).collect();
        let mut surface = LossSurface::pending(vec![0.0], axis, manifest);
        let mut rows = LossRows::npy(&folder.join(SAMPLE_LOSSES), [1, cells.len(), 4]).unwrap();
        for (j, losses) in cells.iter().enumerate() {
            let mean = losses.iter().map(|&x| f64::from(x)).sum::<f64>() / 4.0;
            let squares: f64 = losses.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
            let loss_std_error = (squares / 12.0).sqrt();
            surface.set(&Cell { i: 0, j, loss: mean, accuracy: 1.0, loss_std_error, count: 4, readings: Vec::new() });
            rows.write(j, losses).unwrap();
        }
        surface
    }

    #[test]
    fn images_that_are_hard_for_both_do_not_blur_the_difference() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let a = surface(folders[0].path(), "a", &[[1.0, 5.0, 9.0, 13.0], [1.0, 2.0, 3.0, 4.0]]);
        let b = surface(folders[1].path(), "b", &[[0.5, 4.5, 8.5, 12.5], [2.0, 2.0, 2.0, 2.0]]);
        let found = LossDifference::between((&a, folders[0].path()), (&b, folders[1].path())).unwrap();
        assert_eq!(found.map.value, [0.5, 0.5]);
        assert_eq!(found.paired, [true, true]);
        assert_eq!(found.map.std_error[0], 0.0, "every image differs by as much");
        assert!((found.map.std_error[1] - (5.0f64 / 12.0).sqrt()).abs() < 1e-12);
        let surface = found.surface(&a, &b, "b");
        assert_eq!((surface.loss[1], surface.loss_std_error[1], surface.baseline.as_deref()), (0.5, found.map.std_error[1], Some("b")));
        // Without the images' losses the errors count as independent.
        std::fs::remove_file(folders[1].path().join(SAMPLE_LOSSES)).unwrap();
        let found = LossDifference::between((&a, folders[0].path()), (&b, folders[1].path())).unwrap();
        assert_eq!(found.paired, [false, false]);
        assert!((found.map.std_error[0] - a.loss_std_error[0].hypot(b.loss_std_error[0])).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let a = surface(folder.path(), "a", &[[1.0; 4]]);
        let refused = |b: LossSurface| LossDifference::between((&a, folder.path()), (&b, folder.path())).unwrap_err();
        let with = |manifest: LandscapeManifest| refused(LossSurface { manifest, ..a.clone() });
        assert!(refused(LossSurface { beta: vec![3.0], ..a.clone() }).contains("on one grid"));
        assert!(with(LandscapeManifest { dataset_hash: "x".into(), ..a.manifest.clone() }).contains("the same images"));
        assert!(with(LandscapeManifest { seed: 9, ..a.manifest.clone() }).contains("one seed"));
        assert!(with(LandscapeManifest { batch_norm: "batch".into(), ..a.manifest.clone() }).contains("BatchNorm"));
        let ruled = |rule: &str| {
            let plane = Some(PlaneRecord { directions: rule.into(), ..Default::default() });
            LossSurface { manifest: LandscapeManifest { plane, ..a.manifest.clone() }, ..a.clone() }
        };
        let (rows, whole) = (ruled("rows"), ruled("whole"));
        let told = LossDifference::between((&rows, folder.path()), (&whole, folder.path())).unwrap_err();
        assert!(told.contains("\"rows\"") && told.contains("\"whole\""), "{told}");
        let around = |input: InputRecord, hash: &str| {
            let manifest = LandscapeManifest { input: Some(input), directions_hash: hash.into(), ..a.manifest.clone() };
            LossSurface { manifest, ..a.clone() }
        };
        let own = around(InputRecord::default(), "d");
        let refused = |b: LossSurface| LossDifference::between((&own, folder.path()), (&b, folder.path())).unwrap_err();
        assert!(refused(around(InputRecord { target: 3, ..Default::default() }, "d")).contains("the loss of one class"));
        assert!(refused(around(InputRecord { clamp: true, ..Default::default() }, "d")).contains("cut off alike"));
        assert!(refused(around(InputRecord::default(), "e")).contains("each checkpoint's own"));
        let same = LossDifference::between((&own, folder.path()), (&own, folder.path())).unwrap();
        assert!(same.map.value == [0.0] && same.map.std_error[0].is_nan(), "one image has no standard error");
    }
}

//! [`LossBarrier`]: how far the loss between two checkpoints rises above the straight line between their losses.

use std::path::Path;

use super::{CellStatus, LossRows, LossSurface, SAMPLE_LOSSES};
use crate::metric::mean_std_error;

/// The loss barrier of a line between two checkpoints: max over t in \[0, 1\] of L(t) − ((1 − t)·L(0) + t·L(1)), over the nodes of the grid
/// (Entezari et al. 2022, arXiv:2110.06296, Eq. 1). Frankle et al. 2020 (arXiv:1912.05671, section 2) subtract the mean of L(0) and L(1)
/// instead, which is the same where both are equal.
///
/// The nodes of a grid are some of the points of the line, so that it is a lower bound.
#[derive(Clone, Debug, PartialEq)]
pub struct LossBarrier {
    /// Its height, ≥ 0, in the unit of the loss; 0 where no node between the ends lies above the straight line.
    pub height: f64,
    /// The largest rise of a node between the ends, which is negative where all lie below the straight line.
    pub rise: f64,
    /// The node of the largest rise, in (0, 1).
    pub t: f64,
    /// Standard error of the rise over the images: that of the mean of lᵢ(t) − (1 − t)·lᵢ(0) − t·lᵢ(1), image by image, at this t. It does not
    /// include that t was chosen. Or why it is not known.
    pub std_error: Result<f64, String>,
    /// Images.
    pub samples: usize,
}

impl LossBarrier {
    /// The barrier of a surface, whose losses of single images are in `folder`; `None` if it is not a line between two checkpoints.
    ///
    /// `Some(Err)` says what is missing: an end that is no node of the grid, cells that are not computed, losses that are not finite.
    pub fn of(surface: &LossSurface, folder: &Path) -> Option<Result<Self, String>> {
        surface.is_between_checkpoints().then(|| {
            let highest = Highest::of(surface)?;
            Ok(Self {
                height: highest.rise.max(0.0),
                rise: highest.rise,
                t: highest.t,
                std_error: highest.std_error(surface, folder),
                samples: surface.manifest.samples,
            })
        })
    }
}

/// The node with the largest rise, and the cells of both ends.
struct Highest {
    cell: usize,
    ends: [usize; 2],
    t: f64,
    rise: f64,
}

impl Highest {
    fn of(surface: &LossSurface) -> Result<Self, String> {
        let end = |t: f64| {
            surface.end(t).ok_or_else(|| {
                let alpha = "`alpha` with 0 and 1, or neither `alpha` nor `extent`";
                format!("the grid has no node at t = {t}, which is an end of the line; set {alpha} in [landscape]")
            })
        };
        let ends = [end(0.0)?, end(1.0)?];
        let cells: Vec<usize> = (ends[0]..=ends[1]).collect();
        if cells.len() < 3 {
            return Err("the grid has no node between t = 0 and t = 1; set a larger `grid` in [landscape]".into());
        }
        let computed = |k: &&usize| matches!(surface.status(**k), CellStatus::Exact | CellStatus::NonFinite);
        let missing = cells.len() - cells.iter().filter(computed).count();
        if missing > 0 {
            return Err(format!("{missing} of {} cells from t = 0 to t = 1 are not computed", cells.len()));
        }
        if let Some(k) = cells.iter().find(|&&k| !surface.loss[k].is_finite()) {
            return Err(format!("the loss at t = {} is not finite", surface.alpha[*k]));
        }
        let [from, to] = ends.map(|k| surface.loss[k]);
        let rise = |k: usize| {
            let t = surface.alpha[k];
            surface.loss[k] - ((1.0 - t) * from + t * to)
        };
        let inner = cells[1..cells.len() - 1].iter().map(|&k| (k, rise(k)));
        let highest = inner.reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (cell, rise) = highest.ok_or("the grid has no node between t = 0 and t = 1")?;
        Ok(Self { cell, ends, t: surface.alpha[cell], rise })
    }

    /// Standard error of the rise, from the losses of single images.
    fn std_error(&self, surface: &LossSurface, folder: &Path) -> Result<f64, String> {
        let shape = [surface.alpha.len(), surface.beta.len(), surface.manifest.samples];
        let path = folder.join(SAMPLE_LOSSES);
        let rows = LossRows::open_npy(&path, shape);
        let mut rows = rows.ok_or_else(|| format!("the losses of single images are not there ({})", path.display()))?;
        let mut row = |k: usize| {
            let other =
                || format!("the losses of single images at t = {} are not those of the cell ({})", surface.alpha[k], path.display());
            rows.read(k, surface.loss[k]).ok_or_else(other)
        };
        let (at, from, to) = (row(self.cell)?, row(self.ends[0])?, row(self.ends[1])?);
        let rise = |((at, from), to): ((&f32, &f32), &f32)| f64::from(*at) - (1.0 - self.t) * f64::from(*from) - self.t * f64::from(*to);
        let rises: Vec<f64> = at.iter().zip(&from).zip(&to).map(rise).collect();
        match mean_std_error(&rises) {
            Some((_, error)) if error.is_finite() => Ok(error),
            Some(_) | None => Err(format!("{} image has no standard error", rises.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;
    use crate::result::{Cell, LandscapeManifest};

    /// A line at these t with the losses of single images `loss(image, t)`, saved in `folder`.
    fn line(folder: &Path, nodes: &[f64], samples: usize, loss: impl Fn(usize, f64) -> f64) -> LossSurface {
        let manifest = LandscapeManifest { definition: "line".into(), samples, ..Default::default() };
        let mut surface = LossSurface::pending(nodes.to_vec(), vec![0.0], manifest);
        let mut rows = LossRows::npy(&folder.join(SAMPLE_LOSSES), [nodes.len(), 1, samples]).unwrap();
        for (i, &t) in nodes.iter().enumerate() {
            let losses: Vec<f32> = (0..samples).map(|image| loss(image, t) as f32).collect();
            let mean = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / samples as f64;
            rows.write(i, &losses).unwrap();
            let count = samples as u32;
            surface.set(&Cell { i, j: 0, loss: mean, accuracy: 0.5, loss_std_error: 0.1, count, readings: Vec::new() });
        }
        surface
    }

    fn spaced(n: usize) -> Vec<f64> {
        (0..n).map(|i| -0.25 + 1.5 * i as f64 / (n - 1) as f64).collect()
    }

    fn known(surface: &LossSurface, folder: &Path) -> LossBarrier {
        LossBarrier::of(surface, folder).unwrap().unwrap()
    }

    /// L(t) = c + b·t + 4h·t(1 − t): its rise above the straight line is 4h·t(1 − t), with its largest value h at t = 1/2.
    #[test]
    fn a_parabola_over_unequal_ends_has_the_height_of_its_arch() {
        let folder = tempfile::tempdir().unwrap();
        let arch = |image: usize, t: f64| 0.25 + 0.5 * t + 4.0 * 0.75 * t * (1.0 - t) + if image == 0 { 0.125 } else { -0.125 };
        let barrier = known(&line(folder.path(), &spaced(25), 2, arch), folder.path());
        assert!((barrier.height - 0.75).abs() < 1e-6 && barrier.height == barrier.rise, "{barrier:?}");
        assert_eq!((barrier.t, barrier.samples), (0.5, 2));
        assert!(barrier.std_error.unwrap() < 1e-6, "both images rise by as much, however different they are");
        // Frankle et al. subtract the mean of the ends, 0.5: their number is larger here, and at another t.
        let mean_of_ends = (0..=100).map(|k| f64::from(k) / 100.0).map(|t| 0.5 * t + 3.0 * t * (1.0 - t) - 0.25).fold(0.0, f64::max);
        assert!(mean_of_ends > 0.76);
    }

    #[test]
    fn a_valley_has_no_barrier_and_says_how_far_below_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let surface = line(folder.path(), &[0.0, 0.25, 0.5, 1.0], 3, |image, t| 1.0 + image as f64 - t * (1.0 - t));
        let barrier = known(&surface, folder.path());
        assert_eq!((barrier.height, barrier.t), (0.0, 0.25));
        assert!((barrier.rise + 0.1875).abs() < 1e-6, "{barrier:?}");
    }

    #[test]
    fn what_lies_beyond_the_ends_is_no_barrier() {
        let folder = tempfile::tempdir().unwrap();
        let steep = line(folder.path(), &[-1.0, 0.0, 0.5, 1.0, 2.0], 2, |image, t| (t - 0.5).powi(4) + image as f64);
        assert!(known(&steep, folder.path()).rise < 0.0);
    }

    /// The stated error is the spread of the barrier at its t over samples of the images drawn with replacement.
    #[test]
    fn the_error_is_that_of_a_bootstrap_over_the_images() {
        const IMAGES: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        // Every image has its own level, which does not count, and its own height, which does.
        let of: Vec<[f64; 4]> = (0..IMAGES).map(|_| [3.0 + 2.0 * normal(), 0.5 * normal(), 1.0 + 0.4 * normal(), 0.1 * normal()]).collect();
        let loss = |image: usize, t: f64| {
            let [level, slope, height, skew] = of[image];
            level + slope * t + 4.0 * height * t * (1.0 - t) + skew * (6.0 * t).sin()
        };
        let folder = tempfile::tempdir().unwrap();
        let surface = line(folder.path(), &[0.0, 0.25, 0.5, 0.75, 1.0], IMAGES, loss);
        let barrier = known(&surface, folder.path());
        let rise = |image: usize| loss(image, barrier.t) - (1.0 - barrier.t) * loss(image, 0.0) - barrier.t * loss(image, 1.0);
        let mean = (0..IMAGES).map(rise).sum::<f64>() / IMAGES as f64;
        assert!((barrier.height - mean).abs() < 1e-5);
        let mut again = || (0..IMAGES).map(|_| rise(rng.random_range(0..IMAGES))).sum::<f64>() / IMAGES as f64;
        let drawn: Vec<f64> = (0..2000).map(|_| again()).collect();
        let middle = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let spread = (drawn.iter().map(|x| (x - middle).powi(2)).sum::<f64>() / (drawn.len() - 1) as f64).sqrt();
        let error = barrier.std_error.unwrap();
        assert!((error / spread - 1.0).abs() < 0.08, "stated {error}, seen {spread}");
        let independent = 2.0 / (IMAGES as f64).sqrt();
        assert!(error < 0.5 * independent, "the levels of the images do not blur it");
    }

    #[test]
    fn what_is_missing_is_named_and_no_number_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let of = |nodes: &[f64]| line(folder.path(), nodes, 2, |image, t| 1.0 + image as f64 + t * (1.0 - t));
        let refused = |surface: &LossSurface| LossBarrier::of(surface, folder.path()).unwrap().unwrap_err();
        assert!(refused(&of(&[0.1, 0.5, 1.0])).contains("no node at t = 0"));
        assert!(refused(&of(&[0.0, 0.5, 0.9])).contains("no node at t = 1"));
        assert!(refused(&of(&[-1.0, 0.0, 1.0])).contains("no node between"));
        let mut open = of(&[0.0, 0.25, 0.5, 1.0]);
        open.count[1] = 0;
        assert_eq!(refused(&open), "1 of 4 cells from t = 0 to t = 1 are not computed");
        open.estimate = Some(crate::result::Map { value: vec![9.0; 4], std_error: vec![0.1; 4] });
        assert!(refused(&open).contains("1 of 4"), "an estimate is not a measurement");
        let mut broken = of(&[0.0, 0.25, 0.5, 1.0]);
        broken.loss[2] = f64::INFINITY;
        assert_eq!(refused(&broken), "the loss at t = 0.5 is not finite");
        let mut random = of(&[0.0, 0.5, 1.0]);
        random.manifest.definition = "li2018".into();
        assert_eq!(LossBarrier::of(&random, folder.path()), None, "θ + δ is no checkpoint");
    }

    #[test]
    fn without_the_losses_of_single_images_there_is_a_height_and_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut surface = line(folder.path(), &[0.0, 0.5, 1.0], 2, |image, t| 1.0 + image as f64 + t * (1.0 - t));
        let file = folder.path().join(SAMPLE_LOSSES);
        surface.loss[0] = 0.0;
        let error = known(&surface, folder.path()).std_error.unwrap_err();
        assert!(error.contains("at t = 0 are not those of the cell"), "{error}");
        surface.loss[0] = 1.5;
        std::fs::remove_file(&file).unwrap();
        let barrier = known(&surface, folder.path());
        assert!((barrier.height - 0.25).abs() < 1e-6);
        let error = barrier.std_error.unwrap_err();
        assert!(error.contains("not there") && error.contains(SAMPLE_LOSSES), "{error}");
        let one = line(folder.path(), &[0.0, 0.5, 1.0], 1, |_, t| t * (1.0 - t));
        assert_eq!(known(&one, folder.path()).std_error, Err("1 image has no standard error".into()));
    }
}

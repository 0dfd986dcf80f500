//! A real network on real images, computed as always and again in float64.

use std::path::Path;
use std::sync::Arc;

use flatland_core::data::Dataset;
use flatland_core::job::{ConformanceJob, LandscapeJob, Reporter, SharpnessJob};
use flatland_core::metric::{error_of_largest, largest_error, largest_relative_error, relative_error};
use flatland_core::result::{CheckGroup, Checks, Definition, Quantity, SharpnessCurve};
use flatland_core::session::{Estimator, SharpnessSettings};
use rand::Rng;
use tch::{Device, Tensor};

use super::super::reporting::stop_if_cancelled;
use super::super::values::values;
use super::detection::{flagged, outscored};
use super::reference::{Reference, Seen, mean, pictures, std_error};
use super::sharpness::{norm, saved};
use super::{Quiet, tell};
use crate::analysis::flat::draws;
use crate::analysis::landscape::{Directions, Evaluation, Evaluator, LandscapeData};
use crate::analysis::{AnalysisError, forward_network, sharpness};
use crate::model::{Network, Samples, Tensors};

/// What float32 may lose.
pub(super) const F32: f64 = 1e-5;
/// Images of derivatives, whose intermediate values are all kept.
pub(super) const FEW: usize = 16;
/// Cells beside the centre and the corners.
const RANDOM_CELLS: usize = 4;
const PARTS: [&str; 4] = ["forward passes", "cells", "sharpness", "derivatives"];

/// A network with its images, as always and in float64.
pub(super) struct Subject<'a> {
    pub network: &'a Network,
    pub data: &'a LandscapeData<'a>,
    pub job: &'a LandscapeJob,
    pub reference: Reference<'a>,
    pub x: Tensor,
    ood: Option<Tensor>,
    directions: Directions,
    axes: [Tensors; 2],
}

/// Checks `network` on the images and the plane of `job`'s landscape; leaves files in its scratch folder that nobody needs.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so. Whatever else goes wrong is a check that fails.
pub fn checkpoint(
    network: &Network,
    data: &LandscapeData,
    landscape: &LandscapeJob,
    job: &ConformanceJob,
    reporter: &mut dyn Reporter,
) -> Result<CheckGroup, AnalysisError> {
    let samples = data.samples;
    let about = format!(
        "{}, {} parameters, {} images of `{}`{}; float32 against an independent evaluation in float64: unfolded, weights of every cell too.",
        network.architecture,
        network.theta()?.layout().len,
        samples.len(),
        samples.dataset.name,
        match data.ood.iter().map(|ood| ood.dataset.name.as_str()).collect::<Vec<_>>()[..] {
            [] => String::new(),
            ref names => format!(" and {} of `{}`", data.ood.iter().map(|ood| ood.len()).sum::<usize>(), names.join("`, `")),
        }
    );
    let mut checks = Checks::new(format!("{} on {}", landscape.checkpoint.name, samples.dataset.name), about);
    match fill(&mut checks, network, data, landscape, job, reporter) {
        Err(AnalysisError::Cancelled) => return Err(AnalysisError::Cancelled),
        Err(error) => checks.fail(&error.to_string()),
        Ok(()) => {}
    }
    Ok(checks.finish())
}

fn fill(
    checks: &mut Checks,
    network: &Network,
    data: &LandscapeData,
    landscape: &LandscapeJob,
    job: &ConformanceJob,
    reporter: &mut dyn Reporter,
) -> Result<(), AnalysisError> {
    crate::analysis::check_labels(data.samples, network.classes)?;
    let directions = match &landscape.directions {
        Some(path) => Directions::load(path, network)?,
        None => Directions::random(network, &landscape.plane.directions.rule(), landscape.seed)?,
    };
    let normalization = &landscape.checkpoint.normalization;
    let images = |samples: &Samples| pictures(&samples.dataset, normalization, network.graph.input[0]);
    let ood = data.ood.iter().map(|samples| images(samples)).collect::<Result<Vec<_>, _>>()?;
    let subject = Subject {
        network,
        data,
        job: landscape,
        reference: Reference::of(network)?,
        x: images(data.samples)?,
        ood: if ood.is_empty() { None } else { Some(Tensor::f_cat(&ood, 0)?) },
        axes: [directions.delta.tensors(Device::Cpu)?, directions.eta.tensors(Device::Cpu)?],
        directions,
    };
    tell(reporter, 0, PARTS.len(), "parts", PARTS[0])?;
    subject.forward(checks, &mut Quiet(reporter))?;
    tell(reporter, 1, PARTS.len(), "parts", PARTS[1])?;
    subject.cells(checks, reporter)?;
    tell(reporter, 2, PARTS.len(), "parts", PARTS[2])?;
    subject.sharpness(checks, &job.rho, &job.scratch, &mut Quiet(reporter))?;
    tell(reporter, 3, PARTS.len(), "parts", PARTS[3])?;
    subject.derivatives(checks, reporter)
}

impl Subject<'_> {
    pub fn labels(&self) -> &[i64] {
        &self.data.samples.dataset.labels
    }

    pub fn at(&self, alpha: f64, beta: f64) -> Result<Tensors, AnalysisError> {
        self.reference.moved(&[(&self.axes[0], alpha), (&self.axes[1], beta)])
    }

    fn forward(&self, checks: &mut Checks, quiet: &mut Quiet) -> Result<(), AnalysisError> {
        let seen = self.reference.look(&self.at(0.0, 0.0)?, &self.x)?;
        let _no_grad = tch::no_grad_guard();
        let output = forward_network(self.network, &self.data.samples.x, quiet, |_, _| {})?;
        let against = "the network in float64";
        for (name, found, expected) in
            [("Logits", &output.logits, &seen.logits), ("Penultimate features", &output.features, &seen.features)]
        {
            let definition = Definition::new(name, "of every image, evaluation mode", "");
            checks.add(definition, against, "the largest magnitude", error_of_largest(&values(found)?, expected), F32);
        }
        let evaluator = Evaluator::new(self.network, Evaluation::plain(self.data.samples), &self.directions)?;
        let (center, losses) = evaluator.center(quiet)?;
        let expected = seen.losses(self.labels());
        checks.add(
            Definition::new("Loss", "mean cross-entropy at θ", ""),
            against,
            "its value",
            relative_error(center.loss, mean(&expected)),
            F32,
        );
        let largest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        checks.add(
            Definition::new("Largest loss of an image", "max over the images of −ln softmax(z)_y", ""),
            against,
            "its value",
            relative_error(largest(&losses), largest(&expected)),
            F32,
        );
        checks.add(
            Definition::new("Standard error of the loss", "√(Σ(lᵢ − l̄)²/(n − 1)/n)", ""),
            "losses in float64, all pairs",
            "its value",
            relative_error(center.std_error, std_error(&expected)),
            F32,
        );
        let predicted = Vec::<i64>::try_from(&output.logits.f_argmax(1, false)?.f_to_device(Device::Cpu)?)?;
        checks.add(
            Definition::new("Predictions", "argmax z, of which accuracy is the share of right ones", ""),
            "how much larger another class's logit is in float64 where it is predicted: 0 unless two classes tie to five digits",
            "the largest magnitude of a logit",
            largest_error(shortfalls(&seen, &predicted)),
            F32,
        );
        let hits = predicted.iter().zip(self.labels()).filter(|(prediction, label)| prediction == label).count();
        checks.add(
            Definition::new("Accuracy", "share of images with argmax z = y", ""),
            "a count of those predictions",
            "its value",
            relative_error(center.accuracy, hits as f64 / predicted.len() as f64),
            1e-12,
        );
        Ok(())
    }

    /// The centre, the corners, and some cells between.
    fn places(&self) -> Vec<(f64, f64)> {
        let ends = |axis: &[f64]| (axis.first().copied().unwrap_or(0.0), axis.last().copied().unwrap_or(0.0));
        let ((west, east), (south, north)) = (ends(&self.job.alpha), ends(&self.job.beta));
        let mut random = draws("conformance cells", self.job.seed, 0);
        let between = |share: f64, low: f64, high: f64| low + share * (high - low);
        let mut places = vec![(0.0, 0.0), (west, south), (west, north), (east, south), (east, north)];
        places.extend((0..RANDOM_CELLS).map(|_| (between(random.random(), west, east), between(random.random(), south, north))));
        places
    }

    fn cells(&self, checks: &mut Checks, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let plain = Evaluator::new(self.network, Evaluation::plain(self.data.samples), &self.directions)?;
        let (mut losses, mut energies, mut last) = (Vec::new(), Vec::new(), None);
        let places = self.places();
        for &(alpha, beta) in &places {
            stop_if_cancelled(reporter)?;
            let cell = plain.evaluate(alpha, beta, &mut Quiet(reporter))?;
            let seen = self.reference.look(&self.at(alpha, beta)?, &self.x)?;
            let expected = mean(&seen.losses(self.labels()));
            // A cell that is not finite is right where it is not finite in float64.
            let both = !cell.mean.loss.is_finite() && !expected.is_finite();
            losses.push(if both { (0.0, 0.0) } else { (cell.mean.loss, expected) });
            let found = cell.readings.iter().find(|reading| reading.quantity == Quantity::Energy).map_or(f64::NAN, |r| r.value);
            energies.push(if both { (0.0, 0.0) } else { (found, mean(&seen.energies())) });
            last = Some(((alpha, beta), seen));
        }
        let against = format!("weights and network in float64 at the centre, the corners and {RANDOM_CELLS} cells between");
        checks.add(
            Definition::new("Cells of the landscape", "L(θ + αδ + βη) on the plane and the range of the session", "Li et al. 2018, Eq. 1"),
            &against,
            "the loss of the cell",
            largest_relative_error(losses),
            F32,
        );
        checks.add(
            Definition::new("Energy in the cells", "mean ln Σ exp z_c of the ID images", "Liu et al. 2020"),
            &against,
            "its value",
            largest_relative_error(energies),
            F32,
        );
        match last {
            Some((place, seen)) => self.detection(checks, place, &seen, &mut Quiet(reporter)),
            None => Ok(()),
        }
    }

    /// What a cell says with semantic-shift images, at a cell where the ID images were `seen`.
    fn detection(&self, checks: &mut Checks, (alpha, beta): (f64, f64), id: &Seen, quiet: &mut Quiet) -> Result<(), AnalysisError> {
        let Some(x) = &self.ood else { return Ok(()) };
        let images = self.data.ood.iter().map(|samples| &samples.x).collect::<Vec<_>>();
        let together = Tensor::f_cat(&images, 0)?;
        let lambda = self.job.measure.lambda;
        let evaluation = Evaluation { ood: Some((&together, lambda)), ..Evaluation::plain(self.data.samples) };
        let cell = Evaluator::new(self.network, evaluation, &self.directions)?.evaluate(alpha, beta, quiet)?;
        let found = |quantity| cell.readings.iter().find(|reading| reading.quantity == quantity).map_or(f64::NAN, |r| r.value);
        let ood = self.reference.look(&self.at(alpha, beta)?, x)?;
        let (term, loss) = (mean(&ood.outlier_exposure()), mean(&id.losses(self.labels())));
        let against = format!("the network in float64 at (α, β) = ({}, {})", alpha + 0.0, beta + 0.0);
        for (name, formula, source, found, expected) in [
            (
                "Energy of SS",
                "mean ln Σ exp z_c of the semantic-shift images",
                "Liu et al. 2020",
                found(Quantity::OodEnergy),
                mean(&ood.energies()),
            ),
            ("OE loss", "mean of ln Σ exp z_c − mean z_c", "Hendrycks et al. 2019, section 3", found(Quantity::OutlierExposure), term),
            ("DR-SAM loss", "CE + λ·OE", "DR-SAM, Eq. 8", found(Quantity::DrSam), loss + lambda * term),
        ] {
            checks.add(Definition::new(name, formula, source), &against, "its value", relative_error(found, expected), F32);
        }
        let (id, ood) = (id.energies(), ood.energies());
        let gap = 2.0 * F32 * largest_error(id.iter().chain(&ood).copied());
        let shifted = |by: f64| ood.iter().map(|score| score + by).collect::<Vec<_>>();
        let (easy, hard) = (shifted(-gap), shifted(gap));
        let outside = |found: f64, low: f64, high: f64| if found.is_nan() { f64::NAN } else { (low - found).max(found - high).max(0.0) };
        let against = "energies in float64, pair by pair and threshold by threshold; scores that tie to five digits may fall either way: how far outside";
        let auroc = outside(found(Quantity::Auroc), outscored(&id, &hard), outscored(&id, &easy));
        checks.add(Definition::new("AUROC of a cell", "of the energy score, ID against SS", ""), against, "", auroc, 1e-12);
        let fpr = outside(found(Quantity::Fpr95), flagged(&id, &easy, 0.95), flagged(&id, &hard, 0.95));
        checks.add(Definition::new("FPR@95 of a cell", "of the energy score, OOD positive", ""), against, "", fpr, 1e-12);
        Ok(())
    }

    fn sharpness(&self, checks: &mut Checks, rho: &[f64], scratch: &Path, quiet: &mut Quiet) -> Result<(), AnalysisError> {
        let (Some(&least), Some(&most)) = (rho.first(), rho.last()) else { return Ok(()) };
        let few = head(self.data.samples, FEW)?;
        let mut radii = vec![least, rho[rho.len() / 2], most];
        radii.dedup();
        let settings = SharpnessSettings { estimator: Estimator::Continuation, steps: 2, rho: radii, ..SharpnessSettings::default() };
        let job = SharpnessJob {
            checkpoint: self.job.checkpoint.clone(),
            dataset: self.job.dataset.clone(),
            settings,
            seed: self.job.seed,
            save_perturbations: true,
            out: scratch.to_owned(),
            device: self.job.device,
        };
        sharpness::run(self.network, &few, &job, quiet)?;
        let curve = SharpnessCurve::load(scratch)?;
        let x = self.x.f_narrow(0, 0, few.len() as i64)?;
        let loss = |tensors: &Tensors| Ok::<_, AnalysisError>(mean(&self.reference.look(tensors, &x)?.losses(&few.dataset.labels)));
        let center = loss(&self.at(0.0, 0.0)?)?;
        let (mut rises, mut norms) = (Vec::new(), Vec::new());
        for point in curve.points.iter().filter(|point| point.rho > 0.0 && point.stuck().is_none()) {
            let epsilon = saved(&scratch.join(format!("epsilon_{}.npz", point.rho)))?;
            let rise = loss(&self.reference.moved(&[(&epsilon, 1.0)])?)? - center;
            rises.push((point.sharpness - rise) / rise.abs().max(center));
            let length = norm(&epsilon)?;
            norms.push((point.epsilon_norm - length).abs().max(length - point.rho) / point.rho);
        }
        let against = format!("every ε read back from its file, the network in float64, {} images", few.len());
        checks.add(
            Definition::new("S(ρ)", "L(θ + ε) − L(θ) of the saved ε is what is claimed", "docs/sharpness.md"),
            &against,
            "the larger of S(ρ) and L(θ)",
            largest_error(rises),
            F32,
        );
        checks.add(
            Definition::new("‖ε‖", "‖ε‖₂ is as stated and at most ρ", "docs/sharpness.md"),
            &against,
            "ρ",
            largest_error(norms),
            1e-6,
        );
        Ok(())
    }
}

/// For each image how much the predicted logit lies below the largest, as a share of the largest magnitude.
fn shortfalls(seen: &Seen, predicted: &[i64]) -> Vec<f64> {
    let scale = largest_error(seen.logits.iter().copied());
    let images = seen.logits.chunks_exact(seen.classes.max(1)).zip(predicted);
    images.map(|(z, &c)| (z.iter().copied().fold(f64::NEG_INFINITY, f64::max) - z[c as usize]) / scale).collect()
}

/// The first `n` images.
fn head(samples: &Samples, n: usize) -> Result<Samples, AnalysisError> {
    let n = n.min(samples.len());
    let all = &samples.dataset;
    let bytes = all.images.len() / all.len().max(1);
    let dataset = Dataset {
        images: all.images[..n * bytes].to_vec(),
        labels: all.labels[..n].to_vec(),
        index: all.index[..n].to_vec(),
        ..Dataset::clone(all)
    };
    Ok(Samples { dataset: Arc::new(dataset), x: samples.x.f_narrow(0, 0, n as i64)?, y: samples.y.f_narrow(0, 0, n as i64)? })
}

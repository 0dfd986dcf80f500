//! Cells of the plane: closed forms, every kind of network in float64, BatchNorm's policies, what is not finite, and resuming.

use std::path::Path;

use flatland_core::job::{JobEvent, LandscapeJob, Reporter};
use flatland_core::metric::{largest_error, largest_relative_error, relative_error};
use flatland_core::result::{Checks, Definition, LossSurface};
use flatland_core::session::{BatchNormPolicy, DirectionSettings};
use tch::{Device, Tensor};

use super::super::values::values;
use super::Quiet;
use super::reference::{Reference, cross_entropy, mean, pictures, std_error};
use super::subjects::{convolutional, landscape_job, linear, lively, mlp, noise, on, plain, samples};
use crate::analysis::AnalysisError;
use crate::analysis::landscape::{Directions, Evaluation, Evaluator, LandscapeData, run};
use crate::model::{Network, Samples, Tensors};

/// Not square, 0 at an end, not centred.
const GRID: ([f64; 4], [f64; 3]) = ([0.0, 0.25, 0.5, 1.25], [-0.5, 0.0, 2.0]);
/// What float32 may lose.
const F32: f64 = 1e-5;

/// Checks on networks that are drawn here; files go to `scratch`.
pub(super) fn checks(checks: &mut Checks, device: Device, scratch: &Path, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let mut quiet = Quiet(reporter);
    softmax_regression(checks, device, scratch, &mut quiet)?;
    let architectures = ["resnet8", "resnet20", "resnet18_32x32", "wrn-16-2", "densenet-bc-40-12", "lenet5", "oe_mnist"];
    for architecture in architectures {
        kinds_of_networks(checks, architecture, device, &mut quiet)?;
    }
    everything_moves(checks, device, &mut quiet)?;
    policies(checks, device, &mut quiet)?;
    not_finite(checks, device, scratch, &mut quiet)?;
    resumed(checks, device, scratch, &mut quiet)
}

fn softmax_regression(checks: &mut Checks, device: Device, scratch: &Path, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = on(linear(3)?, device)?;
    let data = samples(noise(150, 2), &network)?;
    let job = landscape_job(scratch.join("softmax"), &GRID.0, &GRID.1);
    run(&network, &LandscapeData::of(&data), &job, quiet)?;
    let surface = LossSurface::load(&job.out)?;
    let directions = Directions::li2018(&network, job.seed)?;
    let tensor = |tensors: &Tensors, name: &str| tensors.get(name).map_or_else(|| Ok(Vec::new()), values);
    let (weight, bias) = (tensor(&network.tensors, "fc.weight")?, tensor(&network.tensors, "fc.bias")?);
    let delta = tensor(&directions.delta.tensors(Device::Cpu)?, "fc.weight")?;
    let eta = tensor(&directions.eta.tensors(Device::Cpu)?, "fc.weight")?;
    let x = values(&pictures(&data.dataset, &plain(), 3)?)?;
    let (mut losses, mut errors, mut accuracies) = (Vec::new(), Vec::new(), Vec::new());
    for (k, (a, b)) in GRID.0.iter().flat_map(|a| GRID.1.iter().map(move |b| (a, b))).enumerate() {
        let logits = |image: &[f64]| -> Vec<f64> {
            let row =
                |c: usize| (0..12).map(|k| (weight[12 * c + k] + a * delta[12 * c + k] + b * eta[12 * c + k]) * image[k]).sum::<f64>();
            (0..3).map(|c| bias[c] + row(c)).collect()
        };
        let images = || x.chunks(12).map(logits).zip(&data.dataset.labels);
        let each: Vec<f64> = images().map(|(z, &y)| cross_entropy(&z, y as usize)).collect();
        let hits = images().filter(|(z, y)| z.iter().all(|other| other <= &z[**y as usize])).count();
        losses.push((surface.loss[k], mean(&each)));
        errors.push((surface.loss_std_error[k], std_error(&each)));
        accuracies.push((surface.accuracy[k], hits as f64 / each.len() as f64));
    }
    let against = "z = (W + αδ + βη)x + b by loops over numbers, on a 4 × 3 grid, 150 images";
    let li = "Li et al. 2018, Eq. 1";
    checks.add(
        Definition::new("Loss surface", "L(θ + αδ + βη), the mean cross-entropy in each cell, from θ itself", li),
        against,
        "the loss of the cell",
        largest_relative_error(losses),
        F32,
    );
    let of_cells = Definition::new("Standard error of a cell", "that of the mean over images", "");
    checks.add(of_cells, against, "its value", largest_relative_error(errors), F32);
    checks.add(
        Definition::new("Accuracy of a cell", "share of images with argmax z = y", ""),
        against,
        "its value",
        largest_relative_error(accuracies),
        1e-12,
    );
    Ok(())
}

/// Images of noise for `network`, in its number of channels, and again in float64.
fn images(network: &Network, n: usize) -> Result<(Samples, Tensor), AnalysisError> {
    let data = samples(noise(n, network.graph.input[1] as usize), network)?;
    let x = pictures(&data.dataset, &plain(), network.graph.input[0])?;
    Ok((data, x))
}

fn axes(directions: &Directions) -> Result<[Tensors; 2], AnalysisError> {
    Ok([directions.delta.tensors(Device::Cpu)?, directions.eta.tensors(Device::Cpu)?])
}

fn kinds_of_networks(checks: &mut Checks, architecture: &str, device: Device, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = lively(architecture, 10, 5, device)?;
    let (data, x) = images(&network, 6)?;
    let directions = Directions::li2018(&network, 1)?;
    let evaluator = Evaluator::new(&network, Evaluation::plain(&data), &directions)?;
    let reference = Reference::of(&network)?;
    let [delta, eta] = axes(&directions)?;
    let mut cells = Vec::new();
    for (alpha, beta) in [(0.5, -0.25), (-1.0, 1.0)] {
        let found = evaluator.evaluate(alpha, beta, quiet)?.mean.loss;
        let seen = reference.look(&reference.moved(&[(&delta, alpha), (&eta, beta)])?, &x)?;
        cells.push((found, mean(&seen.losses(&data.dataset.labels))));
    }
    checks.add(
        Definition::new(format!("Cells of {architecture}"), "the same with BatchNorm folded, channels innermost, sums and ReLUs fused", ""),
        "the unfolded network in float64, weights of the cell too, at 2 cells of 6 images",
        "the loss of the cell",
        largest_relative_error(cells),
        F32,
    );
    let (center, _) = evaluator.center(quiet)?;
    let (found, again) = (evaluator.evaluate(0.0, 0.0, quiet)?.mean, center);
    let difference = largest_error([found.loss - again.loss, found.accuracy - again.accuracy, found.std_error - again.std_error]);
    checks.add(
        Definition::new(format!("Cell (0, 0) of {architecture}"), "is the evaluation of θ, bit for bit", ""),
        "the same images at θ, no step taken",
        "",
        difference,
        0.0,
    );
    Ok(())
}

/// BatchNorm and biases on the axes: every cell is folded anew.
fn everything_moves(checks: &mut Checks, device: Device, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = on(convolutional(3, 2)?, device)?;
    let (data, x) = images(&network, 40)?;
    let settings = DirectionSettings { bias: Some(true), batch_norm: Some(true), ..DirectionSettings::default() };
    let directions = Directions::random(&network, &settings.rule(), 3)?;
    let evaluator = Evaluator::new(&network, Evaluation::plain(&data), &directions)?;
    let reference = Reference::of(&network)?;
    let [delta, eta] = axes(&directions)?;
    let mut cells = Vec::new();
    for (alpha, beta) in [(0.3, 0.2), (-0.8, 0.5), (1.0, -1.0)] {
        let seen = reference.look(&reference.moved(&[(&delta, alpha), (&eta, beta)])?, &x)?;
        cells.push((evaluator.evaluate(alpha, beta, quiet)?.mean.loss, mean(&seen.losses(&data.dataset.labels))));
    }
    checks.add(
        Definition::new("bias = true, batch_norm = true", "scale, shift and biases move too", "docs/landscape.md"),
        "the unfolded network in float64 at 3 cells",
        "the loss of the cell",
        largest_relative_error(cells),
        F32,
    );
    Ok(())
}

fn policies(checks: &mut Checks, device: Device, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = lively("resnet8", 3, 5, device)?;
    let (data, x) = images(&network, 60)?;
    let directions = Directions::li2018(&network, 1)?;
    let reference = Reference::of(&network)?;
    let [delta, eta] = axes(&directions)?;
    let (alpha, beta) = (0.4, -0.3);
    let moved = reference.moved(&[(&delta, alpha), (&eta, beta)])?;
    let mut found = |batch_norm: BatchNormPolicy| -> Result<f64, AnalysisError> {
        let evaluation = Evaluation { batch_norm, ..Evaluation::plain(&data) };
        Ok(Evaluator::new(&network, evaluation, &directions)?.evaluate(alpha, beta, quiet)?.mean.loss)
    };
    let (by_batches, running) = reference.look_by_batches(&moved, &x, 60)?;
    let mut renewed: Tensors = moved.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
    renewed.extend(running);
    let labels = &data.dataset.labels;
    let rows = [
        ("frozen", "running statistics of θ in every cell", "Li et al. 2018", BatchNormPolicy::Frozen, reference.look(&moved, &x)?),
        ("batch", "statistics of the evaluated batch", "as in training", BatchNormPolicy::Batch, by_batches),
        (
            "reestimated",
            "means over equal batches of their statistics, taken anew in each cell",
            "Garipov et al. 2018",
            BatchNormPolicy::Reestimated,
            reference.look(&renewed, &x)?,
        ),
    ];
    for (name, formula, source, policy, seen) in rows {
        checks.add(
            Definition::new(format!("batch_norm = \"{name}\""), formula, source),
            "the unfolded network in float64 with those statistics, at one cell of a ResNet-8, 60 images",
            "the loss of the cell",
            relative_error(found(policy)?, mean(&seen.losses(labels))),
            F32,
        );
    }
    Ok(())
}

fn not_finite(checks: &mut Checks, device: Device, scratch: &Path, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = on(mlp(1)?, device)?;
    let data = samples(noise(30, 2), &network)?;
    let job = landscape_job(scratch.join("not_finite"), &[-1e30, 0.0], &[0.0, 1e30]);
    run(&network, &LandscapeData::of(&data), &job, quiet)?;
    let surface = LossSurface::load(&job.out)?;
    // Only θ itself has a loss, and all four cells count as computed.
    let wrong = surface.loss.iter().enumerate().filter(|(k, loss)| loss.is_finite() != (*k == 2)).count() + 4 - surface.computed();
    checks.add(
        Definition::new("Cells that are not finite", "stay so: nothing is put in their place", "docs/landscape.md"),
        "a grid three of whose four cells overflow: cells that are not as they must be",
        "",
        wrong as f64,
        0.0,
    );
    Ok(())
}

/// Asks to stop once it has heard of so many cells.
struct Impatient {
    cells: usize,
    limit: usize,
}

impl Reporter for Impatient {
    fn report(&mut self, event: JobEvent) {
        if let JobEvent::Cells { cells } = event {
            self.cells += cells.len();
        }
    }

    fn cancelled(&self) -> bool {
        self.cells >= self.limit
    }
}

fn resumed(checks: &mut Checks, device: Device, scratch: &Path, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = on(mlp(1)?, device)?;
    let data = samples(noise(150, 2), &network)?;
    let data = LandscapeData::of(&data);
    let job = |name: &str| landscape_job(scratch.join(name), &GRID.0, &GRID.1);
    let (whole, parts) = (job("whole"), job("parts"));
    run(&network, &data, &whole, quiet)?;
    let mut stops = 0;
    for limit in [5, 9] {
        let stopped = run(&network, &data, &parts, &mut Impatient { cells: 0, limit });
        stops += usize::from(matches!(stopped, Err(AnalysisError::Cancelled)));
    }
    run(&network, &data, &parts, quiet)?;
    let bytes = |job: &LandscapeJob, file: &str| std::fs::read(job.out.join(file)).ok();
    let same = |file: &&str| bytes(&whole, file).is_some() && bytes(&whole, file) == bytes(&parts, file);
    let right = ["landscape.npz", "landscape.json"].iter().filter(|file| same(file)).count() + stops;
    checks.add(
        Definition::new("Resuming", "an interrupted surface goes on to the same bytes", "docs/landscape.md"),
        "a surface stopped twice beside one that was not: files that differ",
        "",
        4.0 - right as f64,
        0.0,
    );
    Ok(())
}

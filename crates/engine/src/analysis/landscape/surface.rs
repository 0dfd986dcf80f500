//! [`run`]: a landscape job.

use std::time::{Duration, Instant};

use flatland_core::job::{JobEvent, LandscapeJob, Precision, ProgressMeter, Reporter, label_record, unreadable};
use flatland_core::result::{Cell, LandscapeManifest, LossSurface, Map};
use flatland_core::session::{BatchNormPolicy, Stop};
use tch::Tensor;

use super::super::{AnalysisError, Loss, MeanLoss, SampleLosses, check_labels};
use super::device_pool::{DevicePool, Task};
use super::estimate::{Preview, estimate};
use super::order::nested;
use super::plane::Plane;
use super::saved_cells::SavedCells;
use super::{CellValue, Evaluation, Evaluator, Part, precision};
use crate::model::{Network, Samples, anonymous_memory, give_back_memory, others};

/// File of the axes, on request.
pub(super) const DIRECTIONS: &str = "directions.npz";

/// Interval between writes of the unfinished surface.
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(2);
/// Interval between reports of the estimate.
const REPORT_EVERY: Duration = Duration::from_millis(250);
/// Previews of a cell: the first one on about a twentieth of the images, the second one on a tenth.
const PREVIEW_SHARES: [i64; 2] = [20, 10];
/// Number of offsets into the order of images, so that neighbouring cells have previews on different images.
const OFFSETS: i64 = 10;

/// The images of a landscape, on the network's device.
#[derive(Clone, Debug)]
pub struct LandscapeData<'a> {
    /// Images that the loss is computed on.
    pub samples: &'a Samples,
    /// Semantic-shift images; may be empty.
    pub ood: Vec<&'a Samples>,
    /// Images that BatchNorm's statistics are estimated on, where these are other images.
    pub statistics: Option<&'a Samples>,
}

impl<'a> LandscapeData<'a> {
    /// Only the images of the loss.
    pub fn of(samples: &'a Samples) -> Self {
        Self { samples, ood: Vec::new(), statistics: None }
    }

    /// All semantic-shift images together.
    fn ood_images(&self) -> Result<Option<Tensor>, AnalysisError> {
        let all: Vec<&Tensor> = self.ood.iter().map(|samples| &samples.x).filter(|x| x.numel() > 0).collect();
        Ok(if all.is_empty() { None } else { Some(Tensor::f_cat(&all, 0)?) })
    }
}

/// Computes L(θ + αδ + βη) on the grid of `job` into `job.out/landscape.npz` and `.json`, and `directions.npz` on request.
///
/// The losses of single images go to `sample_losses.npy`, for paired differences. Grids are computed coarse to fine. Before cells
/// are computed on all images, each gets previews on some of them. [`JobEvent::Cells`] reports computed cells, [`JobEvent::Estimate`] the
/// estimate of all cells. Cells of an earlier surface of the same job (checkpoint, images, directions, definition) in `job.out` or in the cache
/// `job.cells` are reused, also when the axes have changed; another surface is replaced. The final files do not depend on interruptions.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled (computed cells stay on disk); when images have no labels, axes are empty,
/// not finite or not ascending, directions do not fit, or a file cannot be read or written.
pub fn run(
    network: &Network,
    data: &LandscapeData<'_>,
    job: &LandscapeJob,
    reporter: &mut dyn Reporter,
) -> Result<LossSurface, AnalysisError> {
    check_labels(data.samples, network.classes)?;
    job.measure.loss.check().map_err(AnalysisError::Invalid)?;
    check_axis("alpha", &job.alpha)?;
    check_axis("beta", &job.beta)?;
    let plane = Plane::of_job(network, data.samples, job, reporter)?;
    if job.save_directions {
        plane.directions.save(&job.out.join(DIRECTIONS))?;
    }
    let ood = data.ood_images()?;
    let mut evaluation = Evaluation {
        samples: data.samples,
        loss: Loss(job.measure.loss),
        ood: ood.as_ref().map(|x| (x, job.measure.lambda)),
        batch_norm: job.measure.batch_norm,
        statistics: data.statistics.map_or(&data.samples.x, |samples| &samples.x),
        precision: job.precision,
        curvature: job.measure.curvature,
        folder: Some(&job.out),
    };
    if let Some(reason) = precision::objection(network, &evaluation, &plane.directions, reporter)? {
        reporter.report(JobEvent::Warning { message: format!("computed in float32 instead of {}: {reason}", job.precision.key()) });
        evaluation.precision = Precision::F32;
    }
    let own = Evaluator::new(network, evaluation, &plane.directions)?;
    let pool = DevicePool::new(network, own, &evaluation, &plane.directions, &others(job.device, network.device))?;
    let mut manifest = manifest(network, data, job, &evaluation, &plane);
    // The evaluator has its own copy of the axes, which are as large as two networks.
    drop(plane);
    give_back_memory();
    let started = Instant::now();
    let (center, center_losses) = pool.own.center(reporter)?;
    manifest.center_loss = center.loss;
    let took = started.elapsed().as_secs_f64();
    let mut surface = LossSurface::pending(job.alpha.clone(), job.beta.clone(), manifest);
    let kept = SavedCells::fill(&mut surface, job, network.device, &mut |message| reporter.report(JobEvent::Warning { message }))?;
    let mut sweep = Sweep::new(&pool, surface, kept, job, center_losses);
    let cost = sweep.cost(network, data, took, reporter)?;
    reporter.report(cost);
    sweep.run(reporter)?;
    Ok(sweep.surface)
}

/// A landscape in progress.
struct Sweep<'a> {
    pool: &'a DevicePool<'a>,
    surface: LossSurface,
    kept: SavedCells,
    job: &'a LandscapeJob,
    /// Losses of all images at θ, in the order of evaluation.
    center: Vec<f64>,
    /// The cell of θ, or the nearest one.
    middle: [usize; 2],
    /// Images of each preview, ascending; empty where previews do not pay off.
    preview_sizes: Vec<i64>,
    /// Losses of the images that each cell has previews on.
    previews: Vec<Option<SampleLosses>>,
    /// Computed images, summed over all cells.
    done: u64,
    progress: ProgressMeter,
    saved: Instant,
    reported_at: Option<Instant>,
}

impl<'a> Sweep<'a> {
    fn new(pool: &'a DevicePool<'a>, surface: LossSurface, kept: SavedCells, job: &'a LandscapeJob, center: Vec<f64>) -> Self {
        let previews = surface.count.iter().map(|_| None).collect();
        let (images, batch) = (pool.own.images(), pool.own.batch());
        // Whole batches, so that they are not computed again later.
        let mut preview_sizes: Vec<i64> = PREVIEW_SHARES.iter().map(|share| (images / share / batch).max(2) * batch).collect();
        preview_sizes.dedup();
        // With statistics of each batch, or estimated ones, a preview is too costly or too inaccurate.
        if job.measure.batch_norm != BatchNormPolicy::Frozen || surface.count.len() == 1 {
            preview_sizes.clear();
        }
        preview_sizes.retain(|size| size * 4 <= images);
        // Counted in images, as previews compute some of them.
        let through = |cells: usize| cells as u64 * images as u64;
        let (done, total) = (through(surface.computed()), through(surface.count.len()));
        let progress = ProgressMeter::new("images", format!("landscape of {}", job.checkpoint.name), done, total);
        let nearest = |axis: &[f64]| (0..axis.len()).min_by(|&a, &b| axis[a].abs().total_cmp(&axis[b].abs())).unwrap_or(0);
        let middle = [nearest(&job.alpha), nearest(&job.beta)];
        Self { pool, surface, kept, job, center, middle, preview_sizes, previews, done, progress, saved: Instant::now(), reported_at: None }
    }

    /// Estimated seconds, from the time `took` of the evaluation of θ and from one product with the Hessian where curvature is requested, and
    /// bytes of memory.
    fn cost(&self, network: &Network, data: &LandscapeData<'_>, took: f64, reporter: &mut dyn Reporter) -> Result<JobEvent, AnalysisError> {
        let ood: usize = data.ood.iter().map(|samples| samples.len()).sum();
        let share = 1.0 + ood as f64 / data.samples.len().max(1) as f64;
        let started = Instant::now();
        let products = self.pool.own.try_product(reporter)?;
        let curvature = products as f64 * started.elapsed().as_secs_f64();
        let missing = self.surface.count.len() - self.surface.computed();
        let seconds = (took * share + curvature) * missing as f64 / self.pool.size() as f64;
        let bytes = anonymous_memory().unwrap_or_else(|| {
            let sets = [Some(data.samples), data.statistics].into_iter().flatten().chain(data.ood.iter().copied());
            let images: usize = sets.map(|samples| samples.x.numel() * 4).sum();
            let weights: usize = network.tensors.values().map(|tensor| tensor.numel() * 4).sum();
            // θ, both axes, the current point, the network itself.
            (images + 5 * weights) as u64
        });
        Ok(JobEvent::Cost { seconds, bytes })
    }

    fn run(&mut self, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        self.progress.set(self.done, reporter);
        let known = self.surface.cells();
        if !known.is_empty() {
            reporter.report(JobEvent::Cells { cells: known });
        }
        self.save()?;
        let grids = nested(&self.job.alpha, &self.job.beta);
        for size in self.preview_sizes.clone() {
            for grid in &grids {
                self.save_if_cancelled(|sweep| sweep.preview(size, grid, reporter))?;
                self.report_estimate(true, reporter);
            }
        }
        let images = self.pool.own.images();
        let missing = grids.into_iter().flatten().filter(|&(i, j)| self.surface.count[self.place(i, j)] == 0);
        let tasks: Vec<Task> = missing.map(|(i, j)| self.task(i, j, images, true)).collect();
        self.save_if_cancelled(|sweep| {
            let pool = sweep.pool;
            pool.each(tasks, reporter, |task, part, reporter| {
                sweep.computed(task, part, reporter)?;
                let enough = sweep.report_estimate(sweep.is_complete(), reporter);
                if sweep.saved.elapsed() >= SAVE_EVERY {
                    sweep.save()?;
                }
                Ok(!enough)
            })
        })?;
        self.save()
    }

    /// The task for the first `end` images of cell (i, j), without those of its previews.
    fn task(&self, i: usize, j: usize, end: i64, whole: bool) -> Task {
        let k = self.place(i, j);
        Task { k, alpha: self.job.alpha[i], beta: self.job.beta[j], offset: self.offset(k), first: self.seen(k), end, whole }
    }

    fn place(&self, i: usize, j: usize) -> usize {
        i * self.job.beta.len() + j
    }

    /// Offset of cell `k` in the order of images: neighbouring cells begin with different tenths of the images. The offset of θ is that of the
    /// evaluation of the network itself, so that both give the same bits.
    fn offset(&self, k: usize) -> i64 {
        let ([i, j], [middle_i, middle_j]) = (self.indices(k), self.middle);
        let tenth = (3 * (i as i64 - middle_i as i64) + j as i64 - middle_j as i64).rem_euclid(OFFSETS);
        tenth * self.pool.own.images() / OFFSETS
    }

    fn indices(&self, k: usize) -> [usize; 2] {
        [k / self.job.beta.len(), k % self.job.beta.len()]
    }

    /// Images of the previews of cell `k`.
    fn seen(&self, k: usize) -> i64 {
        self.previews[k].as_ref().map_or(0, |losses| losses.loss.len() as i64)
    }

    fn advance(&mut self, task: &Task, reporter: &mut dyn Reporter) {
        self.done += (task.end - task.first) as u64;
        self.progress.set(self.done, reporter);
    }

    fn is_complete(&self) -> bool {
        self.surface.computed() == self.surface.count.len()
    }

    /// Extends the previews of those cells of a grid that are not computed to `size` images.
    fn preview(&mut self, size: i64, grid: &[(usize, usize)], reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let missing = grid.iter().filter(|&&(i, j)| self.surface.count[self.place(i, j)] == 0);
        let tasks: Vec<Task> = missing.map(|&(i, j)| self.task(i, j, size, false)).collect();
        self.pool.each(tasks, reporter, |task, part, reporter| {
            self.advance(&task, reporter);
            self.previews[task.k].get_or_insert_default().extend(part.losses);
            self.report_estimate(false, reporter);
            Ok(true)
        })
    }

    /// Completes a cell with the values of its remaining images.
    fn computed(&mut self, task: Task, part: Part, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let Part { losses: rest, other: Some(other) } = part else { return Ok(()) };
        self.advance(&task, reporter);
        // The preview stays: the estimate of other cells uses it.
        let mut losses = self.previews[task.k].clone().unwrap_or_default();
        losses.extend(rest);
        let CellValue { mean: MeanLoss { loss, accuracy, std_error, count }, readings, sample_losses } =
            self.pool.own.value(losses, task.offset, &other);
        let [i, j] = self.indices(task.k);
        let cell = Cell { i, j, loss, accuracy, loss_std_error: std_error, count, readings };
        self.kept.put(self.job, &cell, &sample_losses)?;
        self.surface.set(&cell);
        reporter.report(JobEvent::Cells { cells: vec![cell] });
        Ok(())
    }

    /// Reports the estimate if it is due or `always`; returns whether it is accurate enough by [`Stop`].
    fn report_estimate(&mut self, always: bool, reporter: &mut dyn Reporter) -> bool {
        let due = always || self.reported_at.is_none_or(|reported_at| reported_at.elapsed() >= REPORT_EVERY);
        if !due || self.preview_sizes.is_empty() {
            return false;
        }
        self.reported_at = Some(Instant::now());
        let map = self.estimate();
        let finite = |values: &[f64]| values.iter().map(|&x| x.is_finite().then_some(x as f32)).collect();
        reporter.report(JobEvent::Estimate { loss: finite(&map.value), std_error: finite(&map.std_error) });
        self.surface.estimate = Some(map);
        self.job.measure.stop == Stop::Contour && self.surface.within_contour_step()
    }

    fn estimate(&self) -> Map {
        let surface = &self.surface;
        let exact: Vec<_> = surface.loss.iter().zip(&surface.count).map(|(&loss, &count)| (count > 0).then_some(loss)).collect();
        let images = self.center.len();
        let center_mean = self.center.iter().sum::<f64>() / images as f64;
        let preview = |(k, losses): (usize, &Option<SampleLosses>)| {
            let losses = &losses.as_ref()?.loss;
            let offset = self.offset(k) as usize;
            let center: Vec<f64> = self.center.iter().cycle().skip(offset).take(losses.len()).copied().collect();
            Preview::of(losses, &center, center_mean, images)
        };
        let previews: Vec<_> = self.previews.iter().enumerate().map(preview).collect();
        estimate(surface.beta.len(), &exact, &previews)
    }

    /// Result of `work`; when it is cancelled, computed cells are saved first.
    fn save_if_cancelled(&mut self, work: impl FnOnce(&mut Self) -> Result<(), AnalysisError>) -> Result<(), AnalysisError> {
        match work(self) {
            Err(AnalysisError::Cancelled) => {
                self.save()?;
                Err(AnalysisError::Cancelled)
            }
            end => end,
        }
    }

    fn save(&mut self) -> Result<(), AnalysisError> {
        self.surface.estimate = if self.is_complete() || self.reported_at.is_none() { None } else { Some(self.estimate()) };
        self.surface.save(&self.job.out)?;
        self.saved = Instant::now();
        Ok(())
    }
}

pub(super) fn check_axis(name: &str, axis: &[f64]) -> Result<(), AnalysisError> {
    let invalid = |found: String| Err(AnalysisError::Invalid(format!("expected finite, ascending values for {name}, found {found}")));
    if axis.is_empty() {
        return invalid("none".into());
    }
    match axis.iter().find(|x| !x.is_finite()) {
        Some(x) => invalid(x.to_string()),
        None => match axis.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => invalid(format!("{} before {}", pair[0], pair[1])),
            None => Ok(()),
        },
    }
}

fn manifest(
    network: &Network,
    data: &LandscapeData<'_>,
    job: &LandscapeJob,
    evaluation: &Evaluation<'_>,
    plane: &Plane,
) -> LandscapeManifest {
    let (samples, measure) = (data.samples, &job.measure);
    let ood = || blake3::hash(data.ood.iter().map(|samples| samples.dataset.hash()).collect::<String>().as_bytes()).to_hex().to_string();
    let statistics = || data.statistics.unwrap_or(samples).dataset.hash();
    let read = std::iter::once(samples).chain(data.ood.iter().copied()).chain(data.statistics);
    LandscapeManifest {
        version: 1,
        checkpoint: job.checkpoint.name.clone(),
        checkpoint_path: job.checkpoint.path.clone(),
        checkpoint_hash: network.hash(),
        architecture: network.architecture.clone(),
        dataset: samples.dataset.name.clone(),
        dataset_hash: samples.dataset.hash(),
        samples: samples.len(),
        labels: Some(label_record(&samples.dataset)),
        definition: plane.definition(job),
        normalization: plane.normalization(),
        one_dimensional: plane.one_dimensional().into(),
        batch_norm: match measure.batch_norm {
            BatchNormPolicy::Frozen => plane.record.statistics.clone(),
            policy => policy.key().into(),
        },
        statistics_hash: (measure.batch_norm == BatchNormPolicy::Reestimated).then(statistics),
        loss: measure.loss.description().unwrap_or_else(|| "cross_entropy".into()),
        ood: data.ood.iter().map(|samples| samples.dataset.name.clone()).collect(),
        ood_hash: evaluation.ood.map(|_| ood()),
        ood_samples: data.ood.iter().map(|samples| samples.len()).sum(),
        lambda: evaluation.ood.map(|(_, lambda)| lambda),
        curvature: evaluation.curvature.and_then(|settings| serde_json::to_value(settings).ok()),
        precision: evaluation.precision.key().into(),
        seed: job.seed,
        directions_hash: plane.directions.hash(),
        cosine: plane.directions.cosine(),
        input_normalization: job.checkpoint.normalization.constants(),
        input_transform: job.checkpoint.input.map(|input| input.describe()),
        center_loss: f64::NAN,
        input: None,
        plane: Some(plane.record.clone()),
        unreadable: unreadable(read.map(|samples| &*samples.dataset)),
        recipe: Some(job.recipe()),
    }
}

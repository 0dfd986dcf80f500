//! [`run`]: a landscape job.

use std::time::{Duration, Instant};

use flatland_core::job::{JobEvent, LandscapeJob, Precision, ProgressMeter, Reporter, label_record, unreadable};
use flatland_core::result::{Cell, LandscapeManifest, LossSurface, Map};
use flatland_core::session::{BatchNormPolicy, Stop};
use tch::Tensor;

use super::super::{AnalysisError, Loss, MeanLoss, SampleLosses, check_labels};
use super::estimate::{Look, estimate};
use super::kept::Kept;
use super::order::nested;
use super::plane::Plane;
use super::team::{Task, Team};
use super::{CellValue, Evaluation, Evaluator, Part, precision};
use crate::model::{Network, Samples, anonymous_memory, give_back_memory, others};

/// The axes, when they are asked for.
pub(super) const DIRECTIONS: &str = "directions.npz";

/// How often the unfinished surface goes to disk.
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(2);
/// How often the estimate is told.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// A first look takes about a twentieth of the images, a second one a tenth.
const LOOKS: [i64; 2] = [20, 10];
/// So many different shares of the images are looked at first, by cells that lie near each other.
const TURNS: i64 = 10;

/// The images of a landscape, on the network's device.
#[derive(Clone, Debug)]
pub struct LandscapeData<'a> {
    /// Those that the loss is of.
    pub samples: &'a Samples,
    /// Semantic-shift images; may be empty.
    pub ood: Vec<&'a Samples>,
    /// Those that BatchNorm's statistics are estimated on, where they are and others are.
    pub statistics: Option<&'a Samples>,
}

impl<'a> LandscapeData<'a> {
    /// Images that only the loss is taken of.
    pub fn of(samples: &'a Samples) -> Self {
        Self { samples, ood: Vec::new(), statistics: None }
    }

    /// All semantic-shift images together.
    fn ood_images(&self) -> Result<Option<Tensor>, AnalysisError> {
        let all: Vec<&Tensor> = self.ood.iter().map(|samples| &samples.x).filter(|x| x.numel() > 0).collect();
        Ok(if all.is_empty() { None } else { Some(Tensor::f_cat(&all, 0)?) })
    }
}

/// Computes L(θ + αδ + βη) on the grid of `job` into `job.out/landscape.npz` and `.json`, and `directions.npz` when asked.
///
/// The losses of single images go to `sample_losses.npy`, for paired differences. Grids come coarse to fine, and before their cells are
/// computed on all images each gets a first look at some: [`JobEvent::Cells`] tells what is computed, [`JobEvent::Estimate`] what is known
/// meanwhile. Cells of an unfinished or finished surface of the same job (checkpoint,
/// images, directions, definition) in `job.out` or in the cache `job.cells` are kept, also when the axes have changed; another surface is
/// replaced. What is on disk at the end does not depend on interruptions.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so (what is computed stays on disk); when images have no labels, axes are empty,
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
    let team = Team::new(network, own, &evaluation, &plane.directions, &others(job.device, network.device))?;
    let mut manifest = manifest(network, data, job, &evaluation, &plane);
    // The evaluator has what it needs of the axes; they are as large as two networks.
    drop(plane);
    give_back_memory();
    let started = Instant::now();
    let (center, center_losses) = team.own.center(reporter)?;
    manifest.center_loss = center.loss;
    let took = started.elapsed().as_secs_f64();
    let mut surface = LossSurface::pending(job.alpha.clone(), job.beta.clone(), manifest);
    let kept = Kept::fill(&mut surface, job, network.device, &mut |message| reporter.report(JobEvent::Warning { message }))?;
    let mut sweep = Sweep::new(&team, surface, kept, job, center_losses);
    let cost = sweep.cost(network, data, took, reporter)?;
    reporter.report(cost);
    sweep.run(reporter)?;
    Ok(sweep.surface)
}

/// A landscape under way.
struct Sweep<'a> {
    team: &'a Team<'a>,
    surface: LossSurface,
    kept: Kept,
    job: &'a LandscapeJob,
    /// Losses of all images at θ, in the order of evaluation.
    center: Vec<f64>,
    /// The cell of θ, or the one nearest to it.
    middle: [usize; 2],
    /// Images of each look, ascending; none where looks do not pay.
    glances: Vec<i64>,
    /// Losses of the images that each cell was looked at on.
    looks: Vec<Option<SampleLosses>>,
    /// Images that are through, in all cells together.
    done: u64,
    progress: ProgressMeter,
    saved: Instant,
    told: Option<Instant>,
}

impl<'a> Sweep<'a> {
    fn new(team: &'a Team<'a>, surface: LossSurface, kept: Kept, job: &'a LandscapeJob, center: Vec<f64>) -> Self {
        let looks = surface.count.iter().map(|_| None).collect();
        let (images, batch) = (team.own.images(), team.own.batch());
        // Whole batches, so that they need not be computed again.
        let mut glances: Vec<i64> = LOOKS.iter().map(|share| (images / share / batch).max(2) * batch).collect();
        glances.dedup();
        // Where every batch is its own statistics or they are estimated first, a look costs too much or says too little.
        if job.measure.batch_norm != BatchNormPolicy::Frozen || surface.count.len() == 1 {
            glances.clear();
        }
        glances.retain(|glance| glance * 4 <= images);
        // In images, of which looks take some.
        let through = |cells: usize| cells as u64 * images as u64;
        let (done, total) = (through(surface.computed()), through(surface.count.len()));
        let progress = ProgressMeter::new("images", format!("landscape of {}", job.checkpoint.name), done, total);
        let nearest = |axis: &[f64]| (0..axis.len()).min_by(|&a, &b| axis[a].abs().total_cmp(&axis[b].abs())).unwrap_or(0);
        let middle = [nearest(&job.alpha), nearest(&job.beta)];
        Self { team, surface, kept, job, center, middle, glances, looks, done, progress, saved: Instant::now(), told: None }
    }

    /// Seconds, from the evaluation of θ that `took` so long and from one product with the Hessian where curvature is wanted, and bytes.
    fn cost(&self, network: &Network, data: &LandscapeData<'_>, took: f64, reporter: &mut dyn Reporter) -> Result<JobEvent, AnalysisError> {
        let ood: usize = data.ood.iter().map(|samples| samples.len()).sum();
        let share = 1.0 + ood as f64 / data.samples.len().max(1) as f64;
        let started = Instant::now();
        let products = self.team.own.try_product(reporter)?;
        let curvature = products as f64 * started.elapsed().as_secs_f64();
        let missing = self.surface.count.len() - self.surface.computed();
        let seconds = (took * share + curvature) * missing as f64 / self.team.size() as f64;
        let bytes = anonymous_memory().unwrap_or_else(|| {
            let sets = [Some(data.samples), data.statistics].into_iter().flatten().chain(data.ood.iter().copied());
            let images: usize = sets.map(|samples| samples.x.numel() * 4).sum();
            let weights: usize = network.tensors.values().map(|tensor| tensor.numel() * 4).sum();
            // θ, both axes, the point, the network itself.
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
        for glance in self.glances.clone() {
            for grid in &grids {
                self.or_save(|sweep| sweep.look(glance, grid, reporter))?;
                self.tell(true, reporter);
            }
        }
        let images = self.team.own.images();
        let missing = grids.into_iter().flatten().filter(|&(i, j)| self.surface.count[self.place(i, j)] == 0);
        let tasks: Vec<Task> = missing.map(|(i, j)| self.task(i, j, images, true)).collect();
        self.or_save(|sweep| {
            let team = sweep.team;
            team.each(tasks, reporter, |task, part, reporter| {
                sweep.computed(task, part, reporter)?;
                let enough = sweep.tell(sweep.is_complete(), reporter);
                if sweep.saved.elapsed() >= SAVE_EVERY {
                    sweep.save()?;
                }
                Ok(!enough)
            })
        })?;
        self.save()
    }

    /// What cell (i, j) has not seen of the first `end` images.
    fn task(&self, i: usize, j: usize, end: i64, whole: bool) -> Task {
        let k = self.place(i, j);
        Task { k, alpha: self.job.alpha[i], beta: self.job.beta[j], turn: self.turn(k), first: self.seen(k), end, whole }
    }

    fn place(&self, i: usize, j: usize) -> usize {
        i * self.job.beta.len() + j
    }

    /// Where cell `k` begins in the order of evaluation: cells near each other see different tenths of the images first. θ begins where the
    /// evaluation of the network itself does, so that it is the same to the last bit.
    fn turn(&self, k: usize) -> i64 {
        let ([i, j], [middle_i, middle_j]) = (self.indices(k), self.middle);
        let tenth = (3 * (i as i64 - middle_i as i64) + j as i64 - middle_j as i64).rem_euclid(TURNS);
        tenth * self.team.own.images() / TURNS
    }

    fn indices(&self, k: usize) -> [usize; 2] {
        [k / self.job.beta.len(), k % self.job.beta.len()]
    }

    /// Images that cell `k` was looked at on.
    fn seen(&self, k: usize) -> i64 {
        self.looks[k].as_ref().map_or(0, |losses| losses.loss.len() as i64)
    }

    fn went_through(&mut self, task: &Task, reporter: &mut dyn Reporter) {
        self.done += (task.end - task.first) as u64;
        self.progress.set(self.done, reporter);
    }

    fn is_complete(&self) -> bool {
        self.surface.computed() == self.surface.count.len()
    }

    /// Looks at those cells of a grid that are not computed, so that each has seen `glance` images.
    fn look(&mut self, glance: i64, grid: &[(usize, usize)], reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let missing = grid.iter().filter(|&&(i, j)| self.surface.count[self.place(i, j)] == 0);
        let tasks: Vec<Task> = missing.map(|&(i, j)| self.task(i, j, glance, false)).collect();
        self.team.each(tasks, reporter, |task, part, reporter| {
            self.went_through(&task, reporter);
            self.looks[task.k].get_or_insert_default().extend(part.losses);
            self.tell(false, reporter);
            Ok(true)
        })
    }

    /// Takes in what is left of a cell.
    fn computed(&mut self, task: Task, part: Part, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let Part { losses: rest, beside: Some(beside) } = part else { return Ok(()) };
        self.went_through(&task, reporter);
        // The look stays: the estimate of other cells compares it with what is computed.
        let mut losses = self.looks[task.k].clone().unwrap_or_default();
        losses.extend(rest);
        let CellValue { mean: MeanLoss { loss, accuracy, std_error, count }, readings, sample_losses } =
            self.team.own.value(losses, task.turn, &beside);
        let [i, j] = self.indices(task.k);
        let cell = Cell { i, j, loss, accuracy, loss_std_error: std_error, count, readings };
        self.kept.put(self.job, &cell, &sample_losses)?;
        self.surface.set(&cell);
        reporter.report(JobEvent::Cells { cells: vec![cell] });
        Ok(())
    }

    /// Tells the surface as far as it is known, if it is time or a `must`; whether that is enough by [`Stop`].
    fn tell(&mut self, must: bool, reporter: &mut dyn Reporter) -> bool {
        let due = must || self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if !due || self.glances.is_empty() {
            return false;
        }
        self.told = Some(Instant::now());
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
        let look = |(k, losses): (usize, &Option<SampleLosses>)| {
            let losses = &losses.as_ref()?.loss;
            let turn = self.turn(k) as usize;
            let center: Vec<f64> = self.center.iter().cycle().skip(turn).take(losses.len()).copied().collect();
            Look::of(losses, &center, center_mean, images)
        };
        let looks: Vec<_> = self.looks.iter().enumerate().map(look).collect();
        estimate(surface.beta.len(), &exact, &looks)
    }

    /// What `work` gives; when it ends early, what is computed goes to disk first.
    fn or_save(&mut self, work: impl FnOnce(&mut Self) -> Result<(), AnalysisError>) -> Result<(), AnalysisError> {
        match work(self) {
            Err(AnalysisError::Cancelled) => {
                self.save()?;
                Err(AnalysisError::Cancelled)
            }
            end => end,
        }
    }

    fn save(&mut self) -> Result<(), AnalysisError> {
        self.surface.estimate = if self.is_complete() || self.told.is_none() { None } else { Some(self.estimate()) };
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
        center_loss: f64::NAN,
        input: None,
        plane: Some(plane.record.clone()),
        unreadable: unreadable(read.map(|samples| &*samples.dataset)),
        recipe: Some(job.recipe()),
    }
}

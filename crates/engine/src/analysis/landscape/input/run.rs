//! [`run`]: a landscape job in input space.

use std::time::Instant;

use flatland_core::data::class_label;
use flatland_core::job::{JobEvent, LandscapeJob, Precision, ProgressMeter, Reporter, label_record, planned_record};
use flatland_core::result::{Cell, InputRecord, LandscapeManifest, LossSurface, PlanePoint, PlaneRecord};
use flatland_core::session::InputPlane;

use super::super::super::AnalysisError;
use super::super::order::nested;
use super::super::saved_cells::SavedCells;
use super::super::surface::{DIRECTIONS, SAVE_EVERY, check_axis};
use super::directions::InputDirections;
use super::evaluator::InputEvaluator;
use super::subject::{Subject, prediction};
use crate::model::{Network, Samples, anonymous_memory, max_softmax};

/// Batches that are computed between two saves on a CPU: enough to use all cores.
const AT_ONCE: usize = 16;

/// Computes L(x + αd₁ + βd₂) on the grid of `job` into `job.out/landscape.npz` and `.json`, and `directions.npz` on request. `samples` holds
/// the image of the plane, then those that it goes through.
///
/// Grids are computed coarse to fine; [`JobEvent::Cells`] reports computed cells. The batches depend on the grid alone, so that the final files
/// do not depend on interruptions. The cell at (0, 0) is the evaluation of the single image. Cells are saved like those of other landscapes.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled (computed cells stay on disk); when the job's plane is not in input space, axes
/// are empty, not finite or not ascending, the target class is none of the network's, the gradient is zero where an axis is made of it,
/// images do not span the plane, or a file cannot be read or written.
pub fn run(network: &Network, samples: &Samples, job: &LandscapeJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    check_axis("alpha", &job.alpha)?;
    check_axis("beta", &job.beta)?;
    let plane = job.plane.axes.input().ok_or_else(|| AnalysisError::Invalid("expected a plane of kind `input`, found another".into()))?;
    plane.check().map_err(AnalysisError::Invalid)?;
    if let Some(loss) = job.measure.loss.description() {
        return Err(AnalysisError::Invalid(format!("expected plain cross-entropy for a landscape in input space, found {loss}")));
    }
    let precision = precision(network, job);
    if precision != job.precision {
        let (asked, used) = (job.precision.key(), precision.key());
        let message = format!("computed in {used} instead of {asked}: a landscape in input space is of single predictions");
        reporter.report(JobEvent::Warning { message });
    }
    let subject = Subject::new(network, samples, plane, job)?;
    let directions = InputDirections::of(&subject, plane, job.seed)?;
    if job.save_directions {
        directions.save(&subject, &job.out.join(DIRECTIONS))?;
    }
    let evaluator = InputEvaluator::new(&subject, &directions, plane.clamp)?;
    let own = subject.own_logits.iter().map(|logits| Ok(evaluator.cells(logits)?.remove(0)));
    let own = own.collect::<Result<Vec<Cell>, AnalysisError>>()?;
    let manifest = LandscapeManifest { precision: precision.key().into(), ..manifest(&subject, &directions, plane, job, &own)? };
    let mut surface = LossSurface::pending(job.alpha.clone(), job.beta.clone(), manifest);
    let kept = SavedCells::fill(&mut surface, job, network.device, &mut |message| reporter.report(JobEvent::Warning { message }))?;
    let mut sweep = Sweep { evaluator: &evaluator, center: &own[0], surface, kept, job };
    sweep.run(reporter)
}

/// The precision that is used: bf16 would change predictions, and TF32 exists only on NVIDIA's GPUs.
fn precision(network: &Network, job: &LandscapeJob) -> Precision {
    match job.precision {
        Precision::Tf32 if network.device.is_cuda() => Precision::Tf32,
        Precision::F32 | Precision::Tf32 | Precision::Bf16 => Precision::F32,
    }
}

/// A landscape in progress.
struct Sweep<'a> {
    evaluator: &'a InputEvaluator<'a>,
    center: &'a Cell,
    surface: LossSurface,
    kept: SavedCells,
    job: &'a LandscapeJob,
}

impl Sweep<'_> {
    fn run(&mut self, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let (columns, batch) = (self.job.beta.len(), self.evaluator.batch());
        let order = nested(&self.job.alpha, &self.job.beta).concat();
        let missing = |surface: &LossSurface, cells: &[(usize, usize)]| cells.iter().any(|&(i, j)| surface.count[i * columns + j] == 0);
        let batches: Vec<&[(usize, usize)]> = order.chunks(batch).filter(|cells| missing(&self.surface, cells)).collect();
        let cost = self.cost(batches.len(), reporter)?;
        reporter.report(cost);
        let total = self.surface.count.len() as u64;
        let mut progress =
            ProgressMeter::new("cells", format!("landscape of {}", self.job.checkpoint.name), self.surface.computed() as u64, total);
        progress.set(self.surface.computed() as u64, reporter);
        let known = self.surface.cells();
        if !known.is_empty() {
            reporter.report(JobEvent::Cells { cells: known });
        }
        self.save()?;
        let mut saved = Instant::now();
        let at_once = if self.evaluator.device().is_cuda() { 1 } else { AT_ONCE };
        for batches in batches.chunks(at_once) {
            match self.compute(batches, reporter) {
                Err(AnalysisError::Cancelled) => {
                    self.save()?;
                    return Err(AnalysisError::Cancelled);
                }
                end => end?,
            }
            progress.set(self.surface.computed() as u64, reporter);
            if saved.elapsed() >= SAVE_EVERY {
                self.save()?;
                saved = Instant::now();
            }
        }
        self.save()
    }

    /// Estimated seconds, from a few parallel batches, and bytes of memory.
    fn cost(&self, batches: usize, reporter: &mut dyn Reporter) -> Result<JobEvent, AnalysisError> {
        let tried = batches.min(if self.evaluator.device().is_cuda() { 1 } else { 4 });
        let started = Instant::now();
        if tried > 0 {
            let _ = self.evaluator.logits(&vec![[0.0; 2]; tried * self.evaluator.batch()], reporter)?;
        }
        let seconds = started.elapsed().as_secs_f64() * batches as f64 / tried.max(1) as f64;
        Ok(JobEvent::Cost { seconds, bytes: anonymous_memory().unwrap_or_default() })
    }

    /// Computes the cells of some batches, and keeps those that were missing.
    fn compute(&mut self, batches: &[&[(usize, usize)]], reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let size = self.evaluator.batch();
        let mut points = Vec::with_capacity(batches.len() * size);
        for cells in batches {
            points.extend(cells.iter().map(|&(i, j)| [self.job.alpha[i], self.job.beta[j]]));
            // A shorter batch may be computed by other kernels, with other last digits.
            points.resize(points.len().next_multiple_of(size), [0.0; 2]);
        }
        let computed = self.evaluator.cells(&self.evaluator.logits(&points, reporter)?)?;
        let mut told = Vec::new();
        for (k, cells) in batches.iter().enumerate() {
            for (&(i, j), cell) in cells.iter().zip(&computed[k * size..]) {
                if self.surface.count[i * self.job.beta.len() + j] > 0 {
                    continue;
                }
                let is_center = self.job.alpha[i] == 0.0 && self.job.beta[j] == 0.0;
                let cell = Cell { i, j, ..if is_center { self.center.clone() } else { cell.clone() } };
                self.kept.put(self.job, &cell, &[cell.loss as f32])?;
                self.surface.set(&cell);
                told.push(cell);
            }
        }
        reporter.report(JobEvent::Cells { cells: told });
        Ok(())
    }

    fn save(&self) -> Result<(), AnalysisError> {
        Ok(self.surface.save(&self.job.out)?)
    }
}

fn manifest(
    subject: &Subject<'_>,
    directions: &InputDirections,
    plane: &InputPlane,
    job: &LandscapeJob,
    own: &[Cell],
) -> Result<LandscapeManifest, AnalysisError> {
    let (network, dataset) = (subject.network, &subject.samples.dataset);
    let input = record(subject, directions, plane, job)?;
    let [delta_norm, eta_norm] = input.l2;
    let place = |k: usize| if k == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
    let point = |(k, &image): (usize, &usize)| {
        let [alpha, beta] = place(k);
        let label = subject.labels[k + 1].map_or(String::new(), |label| format!(" ({})", input.class(label)));
        PlanePoint {
            name: format!("image {image}{label}"),
            path: dataset.provenance.source.path.clone(),
            alpha,
            beta,
            distance: 0.0,
            from_theta: input.l2[k],
            loss: Some(own[k + 1].loss).filter(|loss| loss.is_finite()),
        }
    };
    let points = plane.through.iter().enumerate().map(point).collect();
    let plane = PlaneRecord { kind: "input".into(), delta_norm, eta_norm, statistics: "frozen".into(), points, ..PlaneRecord::default() };
    Ok(LandscapeManifest {
        version: 1,
        checkpoint: job.checkpoint.name.clone(),
        checkpoint_path: job.checkpoint.path.clone(),
        checkpoint_hash: network.hash(),
        architecture: network.architecture.clone(),
        dataset: dataset.name.clone(),
        dataset_hash: dataset.hash(),
        samples: 1,
        labels: Some(label_record(dataset)),
        definition: "input".into(),
        normalization: input.norm.clone(),
        one_dimensional: "fixed".into(),
        batch_norm: "frozen".into(),
        loss: "cross_entropy".into(),
        seed: job.seed,
        directions_hash: directions.hash(subject.shape()),
        cosine: directions.cosine(),
        input_normalization: job.checkpoint.normalization.constants(),
        input_transform: job.checkpoint.input.map(|input| input.describe()),
        center_loss: own[0].loss,
        input: Some(input),
        plane: Some(plane),
        recipe: Some(job.recipe()),
        ..LandscapeManifest::default()
    })
}

fn record(
    subject: &Subject<'_>,
    directions: &InputDirections,
    plane: &InputPlane,
    job: &LandscapeJob,
) -> Result<InputRecord, AnalysisError> {
    let dataset = &subject.samples.dataset;
    let logits = &subject.own_logits[0];
    let prediction = prediction(logits)?;
    let confidence = f64::try_from(max_softmax(logits)?)?;
    let classes = subject.network.classes as usize;
    // Names of other classes do not describe the network's predictions.
    let are_its_own = dataset.classes.len() == classes && job.dataset.role.has_classes();
    let names = if are_its_own { dataset.classes.as_slice() } else { &[] };
    Ok(InputRecord {
        label: subject.labels[0],
        target: subject.target as usize,
        prediction,
        confidence,
        gradient_norm: directions.gradient_norm,
        l2: directions.l2(),
        linf: directions.linf(),
        shape: subject.shape().map(|n| n as usize),
        classes: names.iter().map(|name| class_label(name).to_owned()).collect(),
        ..planned_record(plane)
    })
}

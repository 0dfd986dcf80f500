//! [`TrajectoryWeights`]: the checkpoints of a trajectory, parameter by parameter and block by block.

use flatland_core::job::{JobEvent, LandscapeJob, Reporter, TrajectoryFile, TrajectoryFiles};
use flatland_core::result::LeftOut;
use flatland_core::session::Trajectory;
use tch::{Device, Kind, Tensor};

use super::super::super::AnalysisError;
use super::super::super::reporting::stop_if_cancelled;
use super::difference::{load, of_trajectory};
use super::weight_file::WeightFile;
use crate::model::{Network, ParameterVector, VectorStorage, checkpoint, give_back_memory};

/// Weights of each checkpoint that are in memory at a time.
const BLOCK: usize = 1 << 16;

/// The weights of a trajectory, in order.
pub struct TrajectoryWeights {
    /// The used files.
    pub files: Vec<TrajectoryFile>,
    /// Files that are not used.
    pub left_out: Vec<LeftOut>,
    rows: Vec<Row>,
    /// (name, number of entries, offset in a vector of all parameters)
    tensors: Vec<(String, usize, usize)>,
}

/// The parameters of one checkpoint.
enum Row {
    /// A file of a run, read in blocks.
    File(WeightFile),
    /// Any other checkpoint: converted once, in an unnamed mapped file, with the hash of its bytes.
    Vector(Tensor, blake3::Hash),
}

impl Row {
    /// Numbers `from..from + len` of a parameter that begins at `place` in the vector of all, [len] f32.
    fn read(&mut self, name: &str, place: usize, from: usize, len: usize) -> Result<Tensor, AnalysisError> {
        Ok(match self {
            Row::File(file) => Tensor::f_from_slice(&file.read(name, from, len)?)?,
            Row::Vector(flat, _) => flat.f_narrow(0, (place + from) as i64, len as i64)?,
        })
    }

    fn hash(&self) -> Option<blake3::Hash> {
        match self {
            Row::File(_) => None,
            Row::Vector(_, hash) => Some(*hash),
        }
    }
}

impl TrajectoryWeights {
    /// Opens the checkpoints of `found`. Files of a folder that are no checkpoints at all, and second copies of one, are left out.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`]; when a checkpoint cannot be read or is of another network, or two with different weights have
    /// the same position in the trajectory.
    pub fn open(
        said: &Trajectory,
        found: TrajectoryFiles,
        network: &Network,
        job: &LandscapeJob,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, AnalysisError> {
        let (mut tensors, mut place) = (Vec::new(), 0);
        for name in network.parameter_names() {
            let numbers = network.tensor(&name)?.numel();
            tensors.push((name, numbers, place));
            place += numbers;
        }
        let mut weights = Self { files: Vec::new(), left_out: found.left_out, rows: Vec::new(), tensors };
        let total = found.files.len() as u64;
        for (k, file) in found.files.into_iter().enumerate() {
            stop_if_cancelled(reporter)?;
            if matches!(said, Trajectory::Run(_)) {
                weights.rows.push(Row::File(WeightFile::open(&file.path)?));
                weights.files.push(file);
                continue;
            }
            reporter.report(JobEvent::Progress {
                done: k as u64,
                total,
                unit: "checkpoints".into(),
                message: format!("reading `{}`", file.name),
                eta_secs: None,
            });
            weights.add(file, found.strict, network, job)?;
        }
        give_back_memory();
        Ok(weights)
    }

    fn add(&mut self, file: TrajectoryFile, strict: bool, network: &Network, job: &LandscapeJob) -> Result<(), AnalysisError> {
        if !strict && let Some(reason) = no_checkpoint(&file)? {
            self.left_out.push(LeftOut { path: file.path, reason });
            return Ok(());
        }
        let other = load(&of_trajectory(job, network, &file.name, &file.path), network, Device::Cpu)?;
        let storage = VectorStorage { device: Device::Cpu, folder: Some(&job.out) };
        let flat = ParameterVector::fill(&network.parameter_names(), &other.tensors, |len| storage.zeros(len))?.flat().shallow_clone();
        let row = Row::Vector(flat.shallow_clone(), hash(&flat)?);
        if let (true, Some(before)) = (file.tied, self.files.last()) {
            let same = self.rows.last().and_then(Row::hash) == row.hash();
            let (path, before) = (file.path, before.path.display());
            if !same {
                return Err(AnalysisError::Invalid(format!(
                    "expected one checkpoint for each place of the trajectory, found two with different weights whose names say the same \
                     one: list the files in their order ({before}, {})",
                    path.display()
                )));
            }
            self.left_out.push(LeftOut { reason: format!("it holds the same weights for the same place as {before}"), path });
            return Ok(());
        }
        self.rows.push(row);
        self.files.push(file);
        Ok(())
    }

    /// Pairs of checkpoints with the same parameters: the index of each that is a copy, and of the first like it.
    pub fn copies(&self) -> Vec<(usize, usize)> {
        let hashes: Vec<_> = self.rows.iter().map(Row::hash).collect();
        let first = |k: usize| hashes[..k].iter().position(|hash| hash.is_some() && *hash == hashes[k]);
        (0..hashes.len()).filter_map(|k| Some((k, first(k)?))).collect()
    }

    /// Calls `with` with each block of θ_k − θ_last, [N, numbers] f64.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`]; when a file cannot be read or holds numbers that are not finite.
    pub fn each(
        &mut self,
        reporter: &mut dyn Reporter,
        mut with: impl FnMut(&str, &Tensor) -> Result<(), AnalysisError>,
    ) -> Result<(), AnalysisError> {
        for (name, numbers, place) in &self.tensors {
            for from in (0..*numbers).step_by(BLOCK) {
                stop_if_cancelled(reporter)?;
                let len = BLOCK.min(numbers - from);
                let mut rows = Vec::new();
                for (row, file) in self.rows.iter_mut().zip(&self.files) {
                    let values = row.read(name, *place, from, len)?.f_to_kind(Kind::Double)?;
                    if !f64::try_from(values.f_sum(Kind::Double)?)?.is_finite() {
                        let path = file.path.display();
                        return Err(AnalysisError::Invalid(format!("expected finite weights, found others in `{name}` ({path})")));
                    }
                    rows.push(values);
                }
                let block = Tensor::f_stack(&rows, 0)?;
                let last = block.f_select(0, -1)?.f_unsqueeze(0)?;
                with(name, &block.f_sub(&last)?)?;
            }
        }
        Ok(())
    }
}

/// Why the file is no checkpoint of any kind; `None` where it is one, even if damaged or of another network.
fn no_checkpoint(file: &TrajectoryFile) -> Result<Option<String>, AnalysisError> {
    let reading = checkpoint::read(&file.path)?;
    Ok(match (reading.container, reading.contents) {
        (None | Some(checkpoint::Container::PlainPickle), Err(reason)) => Some(reason),
        (None | Some(checkpoint::Container::PlainPickle), Ok(_)) => None,
        (
            Some(
                checkpoint::Container::ZipPickle
                | checkpoint::Container::LegacyPickle
                | checkpoint::Container::Safetensors
                | checkpoint::Container::ExportedProgram
                | checkpoint::Container::Onnx,
            ),
            _,
        ) => None,
    })
}

fn hash(flat: &Tensor) -> Result<blake3::Hash, AnalysisError> {
    let mut hasher = blake3::Hasher::new();
    let len = flat.numel();
    for from in (0..len).step_by(BLOCK) {
        let part = flat.f_narrow(0, from as i64, BLOCK.min(len - from) as i64)?;
        let values = Vec::<f32>::try_from(&part)?;
        for value in values {
            hasher.update(&value.to_le_bytes());
        }
    }
    Ok(hasher.finalize())
}

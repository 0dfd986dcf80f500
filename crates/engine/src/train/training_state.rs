//! [`TrainingState`]: everything that resuming a run needs, as one safetensors file, so that a kill cannot leave parts of two states.
//!
//! Weights lie under `weights/<name>`, the optimizer's state under `momentum/<name>` (SGD) or `exp_avg/<name>` and
//! `exp_avg_sq/<name>` (AdamW), the method's state under `method/<name>` (f64), tensors that a network does
//! not read under `unread/<name>`; the scalars are JSON in the file's metadata.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use flatland_core::result::write_atomic;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use super::TrainError;
use super::schedule::Schedule;
use super::step::Trainee;
use crate::method::Method;

/// The scalars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done over the whole run.
    pub step: usize,
    /// Steps done in the epoch in progress.
    pub step_in_epoch: usize,
    /// ID images of the epoch in progress.
    pub images: usize,
    /// Sums over these images of the values of each step, by name.
    pub sums: BTreeMap<String, f64>,
    /// The schedule.
    pub schedule: Schedule,
    /// Best ID accuracy yet.
    pub best: Option<f64>,
    /// Step counter of the optimizer, where it has one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub optimizer_steps: usize,
}

fn is_none(steps: &usize) -> bool {
    *steps == 0
}

const SCALARS: &str = "flatland_training_state";
const METHOD: &str = "method/";
const UNREAD: &str = "unread/";

impl TrainingState {
    /// Before the first step.
    pub fn fresh(schedule: Schedule) -> Self {
        Self { epoch: 0, step: 0, step_in_epoch: 0, images: 0, sums: BTreeMap::new(), schedule, best: None, optimizer_steps: 0 }
    }

    /// Counts a step of `images` ID images with these mean `values`.
    pub fn add(&mut self, images: usize, values: &[(String, f64)]) {
        self.images += images;
        for (name, value) in values {
            *self.sums.entry(name.clone()).or_default() += value * images as f64;
        }
    }

    /// Means over the images of the epoch in progress, by name.
    pub fn means(&self) -> BTreeMap<String, f64> {
        self.sums.iter().map(|(name, sum)| (name.clone(), sum / self.images as f64)).collect()
    }

    /// Resets the sums at the end of an epoch.
    pub fn end_epoch(&mut self) {
        (self.step_in_epoch, self.images) = (0, 0);
        self.sums.clear();
    }

    /// Writes this with the weights and the optimizer of `trainee` and the state of `method`; atomic.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, trainee: &Trainee, method: &dyn Method, path: &Path) -> Result<(), TrainError> {
        let failed = |message: String| TrainError::Directory { message, path: path.into() };
        let mut entries = Vec::new();
        for name in &trainee.network.names {
            entries.push(entry(format!("weights/{name}"), &trainee.network.tensors[name])?);
        }
        for (what, tensors) in trainee.optimizer.memory() {
            for (name, tensor) in trainee.names.iter().zip(tensors) {
                entries.push(entry(format!("{what}/{name}"), tensor)?);
            }
        }
        let mut views = Vec::new();
        for (name, shape, bytes) in &entries {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|error| failed(error.to_string()))?;
            views.push((name.as_str(), view));
        }
        let kept: Vec<_> =
            method.state().into_iter().map(|(name, values)| (format!("{METHOD}{name}"), values.len(), bytes(&values))).collect();
        for (name, len, bytes) in &kept {
            let view = TensorView::new(Dtype::F64, vec![*len], bytes).map_err(|error| failed(error.to_string()))?;
            views.push((name.as_str(), view));
        }
        let unread: Vec<_> =
            trainee.network.program.iter().map(|program| program.kept.views()).collect::<Result<_, _>>().map_err(failed)?;
        let unread: Vec<_> = unread.into_iter().flatten().map(|(name, view)| (format!("{UNREAD}{name}"), view)).collect();
        views.extend(unread.iter().map(|(name, view)| (name.as_str(), view.clone())));
        let scalars = serde_json::to_string(&Self { optimizer_steps: trainee.optimizer.steps(), ..self.clone() })
            .map_err(|error| failed(error.to_string()))?;
        let metadata = HashMap::from([(SCALARS.to_owned(), scalars)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| failed(error.to_string()))?;
        Ok(write_atomic(path, &bytes)?)
    }

    /// Reads a state into `trainee` and `method`.
    ///
    /// # Errors
    /// When the file cannot be read or is of another network.
    pub fn load(trainee: &mut Trainee, method: &mut dyn Method, path: &Path) -> Result<Self, TrainError> {
        let failed = |message: String| TrainError::Directory { message: format!("cannot resume: {message}"), path: path.into() };
        let bytes = std::fs::read(path).map_err(|source| TrainError::Io { action: "read", source, path: path.into() })?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| failed(error.to_string()))?;
        let scalars = header.metadata().as_ref().and_then(|metadata| metadata.get(SCALARS));
        let scalars = scalars.ok_or_else(|| failed("expected a training state, found other tensors".into()))?;
        let state: Self = serde_json::from_str(scalars).map_err(|error| failed(error.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| failed(error.to_string()))?;
        let read = |name: String, like: &Tensor| -> Result<Tensor, TrainError> {
            let view = file.tensor(&name).map_err(|error| failed(error.to_string()))?;
            let values: Vec<f32> = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            Ok(Tensor::f_from_slice(&values)?.f_view(like.size().as_slice())?.f_to_device(like.device())?)
        };
        for name in trainee.network.names.clone() {
            let Some(tensor) = trainee.network.tensors.get_mut(&name) else { continue };
            let saved = read(format!("weights/{name}"), tensor)?;
            no_grad(|| tensor.f_copy_(&saved))?;
        }
        if let Some(program) = &mut trainee.network.program {
            program.kept.restore(|name| Some(file.tensor(&format!("{UNREAD}{name}")).ok()?.data().to_vec()));
        }
        trainee.optimizer.forget();
        if state.step > 0 {
            let Trainee { optimizer, names, network, .. } = &mut *trainee;
            optimizer.remember(state.optimizer_steps, |what| {
                names.iter().map(|name| read(format!("{what}/{name}"), &network.tensors[name])).collect::<Result<Vec<_>, TrainError>>()
            })?;
        }
        for (name, view) in file.tensors() {
            if let Some(name) = name.strip_prefix(METHOD) {
                let values = view.data().chunks_exact(8).map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]));
                method.restore(name, &values.collect::<Vec<_>>());
            }
        }
        Ok(state)
    }
}

fn bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn entry(name: String, tensor: &Tensor) -> Result<(String, Vec<usize>, Vec<u8>), TrainError> {
    let shape = tensor.size().iter().map(|&side| side as usize).collect();
    let values = Vec::<f32>::try_from(tensor.detach().f_flatten(0, -1)?)?;
    Ok((name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

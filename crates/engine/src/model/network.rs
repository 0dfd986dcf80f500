//! [`Network`]: a graph with its tensors on a device.

use std::collections::HashSet;
use std::path::Path;

use flatland_core::session::NetworkChoice;
use rand::Rng;
use rand_distr::StandardNormal;
use safetensors::tensor::{Dtype, TensorView};
use tch::{Device, Kind, Tensor};

use super::architecture::{self, Architecture, Head, Init, ProgramTraits, Shapes, TensorSpec};
use super::checkpoint::{Contents, Entry};
use super::checkpoint_fit::{CheckpointFit, Known};
use super::exported;
use super::ignore::Ignore;
use super::image_size::for_images;
use super::requested_network::RequestedNetwork;
use super::{
    BatchNormMode, Graph, ModelError, Output, ParameterVector, Tensors, VectorStorage, checkpoint, derived_rng, find, give_back_memory,
    is_parameter, state_dicts,
};

/// A graph with its tensors, f32, on one device.
#[derive(Debug)]
pub struct Network {
    /// Name of the architecture, e.g. `resnet20`.
    pub architecture: String,
    /// The graph.
    pub graph: Graph,
    /// Parameters and running statistics by their names in the state dict (prefixes stripped).
    pub tensors: Tensors,
    /// Names of all tensors in the order of PyTorch's state dict, without BatchNorm's counters.
    pub names: Vec<String>,
    /// Number of classes C.
    pub classes: i64,
    /// Device of every tensor.
    pub device: Device,
    /// Names of the tensors of its file that `ignore` leaves out.
    pub left_out: Vec<String>,
    /// A note on the state dicts of its file, where it holds several and none was chosen.
    pub several: Option<String>,
    /// The exported program that it comes from.
    pub program: Option<ProgramTraits>,
}

impl Network {
    /// Reads a checkpoint (see [`checkpoint`]); nothing in it is executed. The architecture is inferred from the tensors unless `choice`
    /// names one or the file's metadata do.
    ///
    /// # Errors
    /// When the file cannot be read, is refused, its tensors are not those of the architecture, some are left over that `choice` does not
    /// leave out, or several networks have them and none is the usual one.
    pub fn load(path: &Path, choice: &NetworkChoice, device: Device) -> Result<Self, ModelError> {
        let refuse = |message: String| ModelError::Checkpoint { message, path: path.into() };
        let reading = checkpoint::read(path)?;
        let contents = reading.contents.map_err(refuse)?;
        let ignore = Ignore::new(&choice.ignore).map_err(refuse)?;
        let asked = RequestedNetwork::of(choice, reading.program.as_ref(), path, &contents).map_err(|refusal| refuse(refusal.reason))?;
        let known = Known { asked: asked.as_ref(), ignore: &ignore };
        let chosen = state_dicts::choose(&contents, &known, choice.weights.as_deref());
        let chosen = chosen.map_err(|refusal| refuse(refusal.reason))?;
        let entries = &chosen.candidate.entries;
        let fit = CheckpointFit::new(entries, &chosen.candidate.prefix, &ignore);
        let architecture = fit.architecture(asked.as_ref(), reading.architecture.as_deref()).map_err(refuse)?;
        let mut architecture = for_images(architecture, choice.input_size).map_err(refuse)?;
        if let Some(program) = &mut architecture.program {
            program.kept.replace(entries, &contents, |name| fit.stripped(name)).map_err(refuse)?;
        }
        let mut loaded = Tensors::new();
        let left_out: HashSet<&str> = fit.left_out.iter().map(String::as_str).collect();
        let spec = |entry: &Entry| architecture.tensors.iter().find(|spec| spec.name == fit.stripped(&entry.name));
        let is_needed = |entry: &&Entry| !left_out.contains(entry.name.as_str()) && spec(entry).is_some();
        let needed: Vec<Entry> = entries.iter().filter(is_needed).cloned().collect();
        // One tensor at a time, each freed before the next: a file may be as large as the free memory.
        let mut copier = contents.open(&needed).map_err(refuse)?;
        for (entry, spec) in needed.iter().filter_map(|entry| Some((entry, spec(entry)?))) {
            let raw = copier.copy(entry).map_err(refuse)?;
            let values = raw.dtype.to_f32(&raw.data);
            let values = values.ok_or_else(|| refuse(format!("expected floats in `{}`, found {}", spec.name, raw.dtype.label())))?;
            loaded.insert(spec.name.clone(), Tensor::f_from_slice(&values)?.f_view(spec.shape.as_slice())?.f_to_device(device)?);
        }
        let tied = architecture.program.iter().flat_map(|program| &program.tied);
        tied.map(|pair| refuse_unequal(pair, &fit, entries, &contents)).collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        give_back_memory();
        let network = Self { left_out: fit.left_out, several: chosen.question, ..Self::assemble(architecture, loaded, device)? };
        if network.program.is_some() {
            exported::check_independence(&network).map_err(|error| refuse(error.to_string()))?;
        }
        Ok(network)
    }

    /// Notes on its file: tensors that were left out, several state dicts, what its exported program does not tell.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let of_program = self.program.iter().flat_map(|program| program.notes.clone());
        self.left_out_note().into_iter().chain(self.several.clone()).chain(of_program)
    }

    /// A note on the tensors that were left out; `None` where none were.
    pub fn left_out_note(&self) -> Option<String> {
        let count = self.left_out.len();
        let some = super::checkpoint_fit::some(&self.left_out);
        (count > 0).then(|| format!("{count} tensor{} of the file left out, as `ignore` says: {some}", if count == 1 { "" } else { "s" }))
    }

    /// The same network with other tensors of the same names and shapes.
    #[must_use]
    pub fn with_tensors(&self, tensors: Tensors) -> Self {
        Self {
            architecture: self.architecture.clone(),
            graph: self.graph.clone(),
            tensors,
            names: self.names.clone(),
            classes: self.classes,
            device: self.device,
            left_out: self.left_out.clone(),
            several: self.several.clone(),
            program: self.program.clone(),
        }
    }

    /// This network with its tensors in `storage`.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn stored_in(mut self, storage: &VectorStorage<'_>) -> Result<Self, ModelError> {
        let stored = ParameterVector::fill(&self.names, &self.tensors, |len| storage.zeros(len))?;
        self.tensors = stored.views()?;
        give_back_memory();
        Ok(self)
    }

    /// This network with `head` in place of its classifier. Tensors that the head shares with the classifier are copied, new ones
    /// are drawn as in [`Network::random`].
    ///
    /// # Errors
    /// When the network has another head already.
    pub fn with_head(mut self, head: Head, seed: u64) -> Result<Self, ModelError> {
        match Head::split(&self.architecture) {
            (_, Some(found)) if found == head => return Ok(self),
            (_, None) => {}
            (_, Some(found)) => {
                return Err(ModelError::Mismatch(format!(
                    "expected a network without a head or with `{}`, found one with `{}`",
                    head.key(),
                    found.key()
                )));
            }
        }
        let base = self.definition()?;
        let classifier = base.classifier().unwrap_or_default().to_owned();
        let architecture = head.attach_to(base)?;
        let mut tensors = Tensors::new();
        for spec in &architecture.tensors {
            let tensor = match head.origin(&spec.name, &classifier) {
                // A copy: two classifiers may have the same origin.
                Some(origin) => self.tensor(&origin)?.f_detach_copy()?,
                None => initial(spec, seed, self.device)?,
            };
            tensors.insert(spec.name.clone(), tensor);
        }
        self.tensors.clear();
        Ok(Self { left_out: self.left_out, several: self.several, ..Self::assemble(architecture, tensors, self.device)? })
    }

    /// Its architecture.
    fn definition(&self) -> Result<Architecture, ModelError> {
        let shapes: Shapes =
            self.names.iter().map(|name| Ok((name.clone(), self.tensor(name)?.size()))).collect::<Result<_, ModelError>>()?;
        let Some(program) = &self.program else { return architecture::named_for(&self.architecture, &shapes) };
        let spec = |(name, shape)| TensorSpec { name, shape, init: Init::Constant(0.0) };
        Ok(Architecture {
            name: self.architecture.clone(),
            classes: self.classes,
            graph: self.graph.clone(),
            tensors: shapes.into_iter().map(spec).collect(),
            usual: true,
            traits: &[],
            program: Some(program.clone()),
        })
    }

    /// How a run file names its architecture: by the path of its exported program with the head, or by its name.
    pub fn reference(&self) -> String {
        match (&self.program, Head::split(&self.architecture).1) {
            (Some(program), Some(head)) => format!("{}+{}", program.path.display(), head.key()),
            (Some(program), None) => program.path.display().to_string(),
            (None, _) => self.architecture.clone(),
        }
    }

    /// A network with PyTorch's default initialization (weights and biases U(±1/√fan_in), BatchNorm 1 and 0), drawn from a
    /// generator keyed by (seed, tensor name): the same seed gives the same bytes everywhere.
    ///
    /// # Errors
    /// When the architecture is unknown or libtorch fails.
    pub fn random(architecture: &str, classes: i64, seed: u64, device: Device) -> Result<Self, ModelError> {
        let (base, head) = Head::split(architecture);
        let architecture = architecture::named(base, classes)?;
        let mut tensors = Tensors::new();
        for spec in &architecture.tensors {
            tensors.insert(spec.name.clone(), initial(spec, seed, device)?);
        }
        let network = Self::assemble(architecture, tensors, device)?;
        match head {
            Some(head) => network.with_head(head, seed),
            None => Ok(network),
        }
    }

    fn assemble(architecture: Architecture, tensors: Tensors, device: Device) -> Result<Self, ModelError> {
        let names = architecture.tensors.into_iter().map(|spec| spec.name).collect();
        Ok(Self {
            architecture: architecture.name,
            graph: architecture.graph.to_device(device)?,
            tensors,
            names,
            classes: architecture.classes,
            device,
            left_out: Vec::new(),
            several: None,
            program: architecture.program,
        })
    }

    /// Writes all tensors as safetensors, f32, with the name of the architecture as metadata; atomic. Of an exported program also those that no
    /// operation reads, as they were read, and tied ones under both names: all names of its state dict.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let refuse = |message: String| ModelError::Checkpoint { message, path: path.into() };
        let mut entries = Vec::new();
        for name in &self.names {
            let tensor = self.tensor(name)?;
            let shape: Vec<usize> = tensor.size().iter().map(|&side| side as usize).collect();
            entries.push((name, shape, bytes(tensor)?));
        }
        let mut views = Vec::new();
        for (name, shape, data) in &entries {
            let view = TensorView::new(Dtype::F32, shape.clone(), data).map_err(|error| refuse(error.to_string()))?;
            let tied = self.program.iter().flat_map(|program| &program.tied).filter(|(_, first)| first == *name);
            views.extend(tied.map(|(second, _)| (second.as_str(), view.clone())));
            views.push((name.as_str(), view));
        }
        if let Some(program) = &self.program {
            views.extend(program.kept.views().map_err(refuse)?);
        }
        let said = std::collections::HashMap::from([(checkpoint::ARCHITECTURE.to_owned(), self.architecture.clone())]);
        let file = safetensors::serialize(views, Some(said)).map_err(|error| refuse(format!("cannot write safetensors: {error}")))?;
        flatland_core::result::write_atomic(path, &file).map_err(|error| refuse(error.to_string()))
    }

    /// blake3, in hex, over names, shapes and f32 bytes in the order of [`Network::names`]: equal for equal weights from whatever
    /// container.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for name in &self.names {
            let Some(tensor) = self.tensors.get(name) else { continue };
            hasher.update(name.as_bytes()).update(&[0]);
            for side in tensor.size() {
                hasher.update(&side.to_le_bytes());
            }
            // A tensor that cannot be copied from its device hashes as empty: no cached result has that hash.
            hasher.update(&bytes(tensor).unwrap_or_default());
        }
        // Two programs may compute different functions of the same tensors.
        if self.program.is_some() {
            hasher.update(format!("{:?} {:?}", self.graph.nodes, (self.graph.features, self.graph.logits)).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The tensor called `name`.
    ///
    /// # Errors
    /// When there is none.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, ModelError> {
        find(&self.tensors, name)
    }

    /// Features and logits of normalized images `x` [N, C, H, W], BatchNorm frozen.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Output, ModelError> {
        self.graph.forward(&self.tensors, x, BatchNormMode::Frozen)
    }

    /// Whether its tensor of this name is trained: statistics of BatchNorm and other buffers are not.
    pub fn is_parameter(&self, name: &str) -> bool {
        is_parameter(name) && !self.is_buffer(name)
    }

    /// Whether its tensor of this name is neither trained nor a statistic of BatchNorm.
    pub fn is_buffer(&self, name: &str) -> bool {
        self.program.as_ref().is_some_and(|program| program.buffers.iter().any(|buffer| buffer == name))
    }

    /// Names of the trainable tensors in the order of the state dict.
    pub fn parameter_names(&self) -> Vec<String> {
        self.names.iter().filter(|name| self.is_parameter(name)).cloned().collect()
    }

    /// θ: a copy of all parameters as one vector.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn theta(&self) -> Result<ParameterVector, ModelError> {
        self.vector_of(&self.parameter_names())
    }

    /// A copy of the tensors called `names` as one vector.
    ///
    /// # Errors
    /// When there is no such tensor, or libtorch fails.
    pub fn vector_of(&self, names: &[String]) -> Result<ParameterVector, ModelError> {
        let storage = |len| Ok::<_, ModelError>(Tensor::f_zeros([len], (Kind::Float, self.device))?);
        ParameterVector::fill(names, &self.tensors, storage)
    }
}

/// # Errors
/// When a file holds other numbers under the second name of tied tensors than under the first.
fn refuse_unequal((second, first): &(String, String), fit: &CheckpointFit, entries: &[Entry], contents: &Contents) -> Result<(), String> {
    let entry = |name: &str| entries.iter().find(|entry| fit.stripped(&entry.name) == name).cloned();
    let (Some(a), Some(b)) = (entry(first), entry(second)) else { return Ok(()) };
    let mut tensors = contents.gather(&[a, b])?.into_iter();
    match (tensors.next(), tensors.next()) {
        (Some(a), Some(b)) if a.data != b.data => {
            Err(format!("`{second}` and `{first}` are one tensor of the network, but the file holds different numbers under the two names"))
        }
        _ => Ok(()),
    }
}

/// The f32 elements of a tensor, row-major, little endian.
fn bytes(tensor: &Tensor) -> Result<Vec<u8>, ModelError> {
    let tensor = tensor.detach().f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut values = vec![0f32; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The values of a tensor before training.
fn initial(spec: &TensorSpec, seed: u64, device: Device) -> Result<Tensor, ModelError> {
    let numel = spec.shape.iter().product::<i64>() as usize;
    let rng = || derived_rng("flatland initial weights", &[&seed.to_le_bytes(), spec.name.as_bytes()]);
    let values: Vec<f32> = match spec.init {
        Init::Constant(value) => vec![value as f32; numel],
        Init::Uniform { bound } => {
            let mut rng = rng();
            (0..numel).map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound as f32).collect()
        }
        Init::Normal { std } => {
            let mut rng = rng();
            (0..numel).map(|_| rng.sample::<f32, _>(StandardNormal) * std as f32).collect()
        }
    };
    Ok(Tensor::f_from_slice(&values)?.f_view(spec.shape.as_slice())?.f_to_device(device)?)
}

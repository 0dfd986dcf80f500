//! [`RequestedNetwork`]: the network that a checkpoint is read as: a built-in one by its name, or an exported program.

use std::path::{Path, PathBuf};

use flatland_core::session::NetworkChoice;

use super::architecture::{self, Architecture, Head, Init, ProgramTraits, Shapes, TensorSpec};
use super::checkpoint::{self, Contents, Program};
use super::checkpoint_fit::some;
use super::exported::{self, Refusal};
use super::{UnreadTensors, is_parameter};

/// A network that was asked for.
#[derive(Clone, Debug)]
pub enum RequestedNetwork {
    /// A built-in one, see [`architecture::KNOWN`].
    Named(String),
    /// That of an exported program.
    Program(Box<Architecture>),
}

impl RequestedNetwork {
    /// The network that `choice` asks for, or the program `own` of the checkpoint at `path` itself; `None` where the tensors tell.
    ///
    /// # Errors
    /// When an exported program cannot be read or computed with.
    pub fn of(choice: &NetworkChoice, own: Option<&Program>, path: &Path, contents: &Contents) -> Result<Option<Self>, Refusal> {
        let read = |program: &Program, path: &Path, contents: &Contents, head: Option<Head>| {
            let base = of_program(program, path, contents, choice, false)?;
            let architecture = match head {
                Some(head) => head.attach_to(base).map_err(|error| Refusal::from(error.to_string()))?,
                None => base,
            };
            Ok::<_, Refusal>(Some(Self::Program(Box::new(architecture))))
        };
        let Some(asked) = &choice.architecture else {
            return own.map_or(Ok(None), |program| read(program, path, contents, None));
        };
        let (base, head) = Head::split(asked);
        let file = PathBuf::from(base);
        if !choice.is_program() {
            return Ok(Some(Self::Named(asked.clone())));
        }
        if let (Some(program), true) = (own, file == path) {
            return read(program, path, contents, head);
        }
        let of_file = |reason: String| format!("cannot read the network {}: {reason}", file.display());
        let reading = checkpoint::read(&file).map_err(|error| of_file(error.to_string()))?;
        let others = reading.contents.map_err(of_file)?;
        let program =
            reading.program.ok_or_else(|| of_file("expected an exported program (.pt2 or .onnx), found another checkpoint".into()))?;
        read(&program, &file, &others, head).map_err(|refusal| Refusal { reason: of_file(refusal.reason), ..refusal })
    }

    /// The network, in the variant that fits `shapes` best.
    ///
    /// # Errors
    /// When the name is unknown.
    pub fn architecture(&self, shapes: &Shapes) -> Result<Architecture, String> {
        match self {
            Self::Named(name) => architecture::named_for(name, shapes).map_err(|error| error.to_string()),
            Self::Program(architecture) => Ok((**architecture).clone()),
        }
    }
}

/// The network of a program of the file at `path`, called by the name of the file. Dropout acts where `drops`.
pub(super) fn of_program(
    program: &Program,
    path: &Path,
    contents: &Contents,
    choice: &NetworkChoice,
    drops: bool,
) -> Result<Architecture, Refusal> {
    let found = exported::import(program, contents, [choice.features.as_deref(), choice.output.as_deref()], drops)?;
    let is_buffer = |(name, _, is_trained): &&(String, Vec<i64>, bool)| !is_trained && is_parameter(name);
    let buffers = found.tensors.iter().filter(is_buffer).map(|(name, ..)| name.clone()).collect();
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    // Its values always come from a file.
    let spec = |(name, shape, _): (String, Vec<i64>, bool)| TensorSpec { name, shape, init: Init::Constant(0.0) };
    let (torch_version, path) = (program.torch_version.clone(), path.to_owned());
    let is_second = |name: &String| found.tied.iter().any(|(second, _)| second == name);
    let (kept, other) = UnreadTensors::read(found.unread.iter().filter(|name| !is_second(name)), contents)?;
    let mut notes = found.notes;
    if !other.is_empty() {
        notes.push(format!("saved weights lack {}, whose element types safetensors do not have", some(&other)));
    }
    let program = ProgramTraits { path, torch_version, unread: found.unread, kept, tied: found.tied, buffers, notes, values: found.values };
    Ok(Architecture {
        name,
        classes: found.classes,
        graph: found.graph,
        tensors: found.tensors.into_iter().map(spec).collect(),
        usual: true,
        traits: &[],
        program: Some(program),
    })
}

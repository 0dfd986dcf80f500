//! [`Container`]: the kinds of checkpoint files.

/// A kind of checkpoint file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// What `torch.save` writes since PyTorch 1.6.
    ZipPickle,
    /// What `torch.save` wrote before.
    LegacyPickle,
    /// What `pickle.dump` writes.
    PlainPickle,
    /// Hugging Face's format.
    Safetensors,
    /// What `torch.export.save` writes: a program with its tensors.
    ExportedProgram,
    /// What `torch.onnx.export` writes: a graph with its tensors.
    Onnx,
}

impl Container {
    /// Its name for messages.
    pub fn label(self) -> &'static str {
        match self {
            Container::ZipPickle => "zip pickle",
            Container::LegacyPickle => "legacy pickle",
            Container::PlainPickle => "plain pickle",
            Container::Safetensors => "safetensors",
            Container::ExportedProgram => "exported program (.pt2)",
            Container::Onnx => "ONNX",
        }
    }
}

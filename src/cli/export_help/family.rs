//! [`Family`] and [`Model`]: networks of a library, and how their tensors are told from others. The rows are in [`super::rules`].

/// A Python library that has networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// `torchvision.models`
    Torchvision,
    /// `timm.create_model`
    Timm,
    /// `transformers`, by a class and a `config.json`
    HuggingFace,
}

impl Library {
    /// Its name in Python.
    pub fn key(self) -> &'static str {
        match self {
            Library::Torchvision => "torchvision",
            Library::Timm => "timm",
            Library::HuggingFace => "transformers",
        }
    }
}

/// The session's `normalization` for what most weights were trained with.
pub const IMAGENET: &str = "\"imagenet\"";
/// Mean and standard deviation 0.5.
pub const HALF: &str = "\"half\"";
/// The constants of OpenAI's CLIP.
pub const CLIP: &str = "{ mean = [0.48145466, 0.4578275, 0.40821073], std = [0.26862954, 0.26130258, 0.27577711] }";

/// Networks with the same names of tensors.
#[derive(Debug)]
pub struct Family {
    /// Whose they are.
    pub library: Library,
    /// Its name; of Hugging Face as its classes begin: `ViT` of `ViTForImageClassification` and `ViTConfig`.
    pub name: &'static str,
    marks: &'static str,
    heads: &'static str,
    /// The tensor of position embeddings, from which the input size follows.
    pub positions: Option<&'static str>,
    /// Its members that are known by their sizes.
    pub models: &'static [Model],
}

/// A network of a library.
#[derive(Debug, PartialEq)]
pub struct Model {
    /// Its name there.
    pub name: &'static str,
    /// Number of floating-point tensors, without those of the logits and of positions.
    pub tensors: usize,
    /// Number of their values, for three input channels.
    pub values: i64,
    /// Width and height of the images that the library's weights were trained on.
    pub size: i64,
    /// The session's `normalization` for the library's weights.
    pub normalization: &'static str,
    /// Other networks with the same tensors, which compute something else.
    pub others: &'static str,
    /// Further arguments that make it.
    pub arguments: &'static str,
}

/// A family; `marks` and `heads` are names with a space between them.
pub const fn family(library: Library, name: &'static str, marks: &'static str, heads: &'static str, models: &'static [Model]) -> Family {
    Family { library, name, marks, heads, positions: None, models }
}

/// A family of Hugging Face, whose sizes are in a file of its own.
pub const fn hugging_face(name: &'static str, marks: &'static str, heads: &'static str) -> Family {
    family(Library::HuggingFace, name, marks, heads, &[])
}

/// A model of ImageNet's normalization.
pub const fn model(name: &'static str, tensors: usize, values: i64, size: i64) -> Model {
    Model { name, tensors, values, size, normalization: IMAGENET, others: "", arguments: "" }
}

impl Family {
    /// Has position embeddings in this tensor.
    pub const fn at(self, positions: &'static str) -> Self {
        Self { positions: Some(positions), ..self }
    }

    /// The class of a network of Hugging Face that gives logits.
    pub fn class(&self) -> String {
        format!("{}ForImageClassification", self.name)
    }

    /// The tensors that every member has.
    pub fn marks(&self) -> impl Iterator<Item = &'static str> {
        self.marks.split(' ')
    }

    /// The weight of the first layer, [out, in, height, width].
    pub fn stem(&self) -> &'static str {
        self.marks().next().unwrap_or(self.marks)
    }

    /// The modules that give logits, the main one first.
    pub fn heads(&self) -> impl Iterator<Item = &'static str> {
        self.heads.split(' ')
    }
}

impl Model {
    /// Whose weights were trained with another normalization.
    pub const fn after(self, normalization: &'static str) -> Self {
        Self { normalization, ..self }
    }

    /// Has the tensors of these other networks too.
    pub const fn or(self, others: &'static str) -> Self {
        Self { others, ..self }
    }

    /// Is made with these further arguments.
    pub const fn with(self, arguments: &'static str) -> Self {
        Self { arguments, ..self }
    }
}

//! [`CheckpointFit`]: which architecture the tensors of a file are those of.

use super::architecture::{self, Architecture, Match, Shapes};
use super::checkpoint::RawTensor;
use super::prefix::common_prefix;

/// The names of a file without their common prefix, and the nearest architecture.
pub struct CheckpointFit {
    /// What all names began with.
    pub prefix: String,
    /// Shapes by stripped name.
    pub shapes: Shapes,
    /// The nearest architecture, and how well it fits.
    pub nearest: Option<(Architecture, Match)>,
}

impl CheckpointFit {
    /// Compares `tensors` with every family.
    pub fn new(tensors: &[RawTensor]) -> Self {
        let names = tensors.iter().map(|tensor| tensor.name.as_str());
        let prefix = common_prefix(names.filter(|name| !architecture::is_bookkeeping(name)));
        let strip = |name: &str| name.strip_prefix(&prefix).unwrap_or(name).to_string();
        let shapes = tensors.iter().map(|tensor| (strip(&tensor.name), tensor.shape.clone())).collect();
        let nearest = architecture::nearest(&shapes);
        Self { prefix, shapes, nearest }
    }

    /// A tensor's name without the common prefix.
    pub fn stripped<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(&self.prefix).unwrap_or(name)
    }

    /// The architecture that fits exactly, whether or not its tensors leave a question open.
    pub fn exact(&self) -> Option<&Architecture> {
        self.nearest.as_ref().filter(|(_, found)| found.is_exact()).map(|(architecture, _)| architecture)
    }

    /// The architecture to compute with: the one `asked` for, else the one that fits exactly.
    pub fn architecture(&self, asked: Option<&str>) -> Result<Architecture, String> {
        if let Some(asked) = asked {
            let architecture = architecture::named_for(asked, &self.shapes).map_err(|error| error.to_string())?;
            let found = architecture.compare(&self.shapes);
            return if found.is_loadable() {
                Ok(architecture)
            } else {
                Err(format!("the tensors are not those of {}", describe(&architecture, &found)))
            };
        }
        match (self.problem(), &self.nearest) {
            (None, Some((architecture, _))) => match architecture.open_question {
                None => Ok(architecture.clone()),
                Some(question) => Err(format!(
                    "{question}: set architecture = \"{}\" to take the usual ones, or expect only `flatland inspect`",
                    architecture.name
                )),
            },
            (problem, _) => Err(problem.unwrap_or_else(|| "the file holds no tensors".into())),
        }
    }

    /// Why no architecture fits exactly; `None` when one does.
    pub fn problem(&self) -> Option<String> {
        match &self.nearest {
            Some((_, found)) if found.is_exact() => None,
            Some((architecture, found)) => {
                Some(format!("no known architecture has these tensors; the nearest is {}", describe(architecture, found)))
            }
            None => {
                let examples: Vec<String> = self.shapes.iter().take(4).map(|(name, shape)| format!("{name} {shape:?}")).collect();
                let more = if self.shapes.len() > examples.len() { ", .." } else { "" };
                Some(format!(
                    "no known architecture has these tensors: expected one of {}, found {} tensors ({}{more})",
                    architecture::KNOWN,
                    self.shapes.len(),
                    examples.join(", ")
                ))
            }
        }
    }
}

fn describe(architecture: &Architecture, found: &Match) -> String {
    let mut text = format!(
        "{}: {} of its {} tensors match, {} missing, {} of another shape, {} unexpected",
        architecture.name,
        found.matched,
        architecture.tensors.len(),
        found.missing.len(),
        found.mismatched.len(),
        found.unexpected.len()
    );
    let examples = [("missing", found.missing.first()), ("unexpected", found.unexpected.first()), ("mismatched", found.mismatched.first())];
    let examples: Vec<String> = examples.iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
    if !examples.is_empty() {
        text.push_str(&format!(" (e.g. {})", examples.join("; ")));
    }
    text
}

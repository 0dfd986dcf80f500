//! [`Snippet`]: the Python that exports the network of a state dict, with what was inferred and what must be checked.

use flatland_core::result::Inspection;

use super::family::{Family, Library, Model};
use super::recognize::{Network, Recognized};
use super::state_dict::StateDict;

/// What the user replaces.
pub const FILL_IN: &str = "FILL_IN";
/// Width and height of the example image where nothing tells it.
const USUAL_SIZE: i64 = 224;
/// The module that makes a Hugging Face network give its logits, and keeps the names of its tensors.
const LOGITS: &str = "
class Logits(CLASS):
    def forward(self, pixel_values):
        return super().forward(pixel_values).logits


";

/// Python that exports a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snippet {
    /// What the tensors told.
    pub inferred: Vec<String>,
    /// What they did not tell.
    pub check: Vec<String>,
    /// The Python.
    pub code: String,
}

/// Exports any network that Python has as `model`.
pub fn generic() -> Snippet {
    let model = format!("model = {FILL_IN}  # your network, with its weights");
    let check = [
        "the size of torch.randn: 2 images, channels, height, width of your images",
        "the network returns the logits alone",
        "the archive does not hold the normalization of the images; state it in Flatland",
    ];
    let code = ["import torch".to_owned(), String::new(), model, export(3, USUAL_SIZE, "net.pt2")].join("\n");
    Snippet { inferred: Vec::new(), check: check.map(str::to_owned).to_vec(), code }
}

/// Exports the network of the state dict that `report` is on, `seen` being what its tensors tell.
pub fn of_file(report: &Inspection, seen: &Recognized) -> Snippet {
    let dict = StateDict::of(report);
    let (mut inferred, mut check) = (Vec::new(), Vec::new());
    tell(report, seen, &mut inferred, &mut check);
    if dict.is_none() {
        check.push(
            "torch.load(.., weights_only=True) does not read this file, and without it the file could run code: the snippet leaves the \
             weights out. Open the file itself with `architecture` = the exported archive"
                .into(),
        );
    }
    let archive = report.file.with_extension("pt2");
    let archive = archive.file_name().map_or_else(|| "net.pt2".into(), |name| name.to_string_lossy());
    let size = seen.size.unwrap_or_else(|| model_of(seen.network).map_or(USUAL_SIZE, |model| model.size));
    let mut lines = network(report, seen, dict.as_ref());
    lines.push(export(seen.channels.unwrap_or(3), size, &archive));
    Snippet { inferred, check, code: lines.join("\n") }
}

fn model_of(network: Network) -> Option<&'static Model> {
    match network {
        Network::Model(_, model) => Some(model),
        Network::Family(_) | Network::Unknown => None,
    }
}

/// The two lines that export `model`.
fn export(channels: i64, size: i64, archive: &str) -> String {
    format!(
        "program = torch.export.export(model.eval(), (torch.randn(2, {channels}, {size}, {size}),), dynamic_shapes=({{0: \
         torch.export.Dim(\"batch\")}},))\ntorch.export.save(program, {})",
        quoted(archive)
    )
}

/// A Python literal: what JSON escapes, Python reads.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The lines before the export: imports, network, weights.
fn network(report: &Inspection, seen: &Recognized, dict: Option<&StateDict>) -> Vec<String> {
    let classes = seen.classes.as_ref().map_or_else(|| FILL_IN.to_owned(), |(_, classes)| classes.to_string());
    let import = dict.and_then(|dict| dict.import);
    let mut lines = vec!["import torch".to_owned()];
    let mut load = dict.map_or_else(Vec::new, |dict| dict.load(&seen.prefix));
    let mut import_then = |line: String| lines.extend(std::iter::once(line).chain(import.map(str::to_owned)).chain([String::new()]));
    let Some(family) = seen.network.family() else {
        import_then(format!("from {FILL_IN} import {FILL_IN}  # the module and the class of your network"));
        lines.push(format!("model = {FILL_IN}({FILL_IN})  # the class, with the arguments that it was trained with"));
        lines.append(&mut load);
        return lines;
    };
    let model = model_of(seen.network);
    let name = model.map_or(FILL_IN, |model| model.name);
    let mut arguments = vec![format!("num_classes={classes}")];
    arguments.extend(model.map(|model| model.arguments.to_owned()).filter(|more| !more.is_empty()));
    match family.library {
        Library::Torchvision => {
            import_then("import torchvision".into());
            arguments.extend(seen.size.map(|size| format!("image_size={size}")));
            lines.push(format!("model = torchvision.models.{name}({})", arguments.join(", ")));
            lines.extend(seen.channels.filter(|&channels| channels != 3).into_iter().flat_map(|channels| stem(family, channels)));
        }
        Library::Timm => {
            import_then("import timm".into());
            arguments.extend(seen.channels.filter(|&channels| channels != 3).map(|channels| format!("in_chans={channels}")));
            arguments.extend(seen.size.map(|size| format!("img_size={size}")));
            lines.push(format!("model = timm.create_model({}, {})", quoted(name), arguments.join(", ")));
        }
        Library::HuggingFace => {
            let (class, config) = (family.class(), format!("{}Config", family.name));
            let folder = report.file.parent().map_or_else(String::new, |folder| folder.display().to_string());
            let folder = quoted(if folder.is_empty() { "." } else { &folder });
            let config_of = format!("{config}.from_pretrained({folder}, num_labels={classes})");
            import_then(format!("from transformers import {config}, {class}"));
            lines.extend(LOGITS.replace("CLASS", &class).lines().map(str::to_owned));
            let Some(dict) = dict else {
                lines.push(format!("model = Logits({config_of})"));
                return lines;
            };
            lines.extend(dict.read(&seen.prefix));
            lines.push(format!("model = Logits.from_pretrained(None, config={config_of}, state_dict=state)"));
            return lines;
        }
    }
    lines.append(&mut load);
    lines
}

/// A first layer for another number of channels than torchvision's.
fn stem(family: &Family, channels: i64) -> [String; 2] {
    let layer = quoted(family.stem().trim_end_matches(".weight"));
    [
        format!("stem = model.get_submodule({layer})"),
        format!(
            "model.set_submodule({layer}, torch.nn.Conv2d({channels}, stem.out_channels, stem.kernel_size, stem.stride, stem.padding, \
             bias=stem.bias is not None))"
        ),
    ]
}

/// What the tensors told, and what they did not.
fn tell(report: &Inspection, seen: &Recognized, inferred: &mut Vec<String>, check: &mut Vec<String>) {
    if !seen.prefix.is_empty() {
        inferred.push(format!("all names begin with `{}`, which the snippet removes", seen.prefix));
    }
    match seen.network {
        Network::Model(family, model) => {
            inferred.push(format!("{} of {}: it has exactly these tensors", model.name, family.library.key()));
            if !model.others.is_empty() {
                check.push(format!("other networks have the same tensors and compute something else: {}", model.others));
            }
        }
        Network::Family(family) if family.library == Library::HuggingFace => {
            inferred.push(format!("{} of {}, by the names of the tensors", family.class(), family.library.key()));
            check.push("`config.json` of the network must be in the folder that the snippet names".into());
        }
        Network::Family(family) => {
            inferred.push(format!("the names of the tensors are those of {}'s {}", family.library.key(), family.name));
            check.push(format!("which {} it is: none that Flatland lists has tensors of these sizes; fill in its name", family.name));
        }
        Network::Unknown => {
            check.push("the class of the network and its arguments: the names are those of no library that Flatland lists".into())
        }
    }
    match &seen.classes {
        Some((tensor, classes)) if seen.network.family().is_some() => inferred.push(format!("{classes} classes, from `{tensor}`")),
        Some((tensor, classes)) => check.push(format!("the number of classes: {classes}, if `{tensor}` gives the logits")),
        None => check.push("the number of classes".into()),
    }
    match seen.channels {
        Some(channels) => inferred.push(format!("{channels} input channels, from the first layer")),
        None => check.push("the number of input channels, 3 in the snippet".into()),
    }
    match (seen.size, model_of(seen.network)) {
        (Some(size), _) => inferred.push(format!("images of {size}x{size}, from the position embeddings")),
        (None, Some(model)) => check.push(format!(
            "the size of the images: the tensors do not tell it; {0}x{0} in the snippet is what {1} is made for",
            model.size, model.name
        )),
        (None, None) => {
            check.push(format!(
                "the size of the images: the tensors do not tell it; {USUAL_SIZE}x{USUAL_SIZE} in the snippet is only usual"
            ));
        }
    }
    let normalization = match model_of(seen.network) {
        Some(model) if seen.channels == Some(3) => format!("the library's own weights take `normalization = {}`", model.normalization),
        None if seen.network.family().is_some_and(|family| family.library == Library::HuggingFace) => {
            "`image_mean` and `image_std` in `preprocessor_config.json`".to_owned()
        }
        Some(_) | None => "that of the training".to_owned(),
    };
    check.push(format!("the normalization of the images, which no tensor tells: {normalization}"));
    if report.state_dicts.len() > 1
        && let Some(read) = &report.weights
    {
        let others: Vec<&str> = report.state_dicts.iter().filter(|key| *key != read).map(String::as_str).collect();
        check.push(format!("the state dict: `{read}` is taken, the file also holds {}", others.join(", ")));
    }
}

//! The archives of PyTorch 2.8 and later: everything in one folder, `archive_format`, `models/<name>.json`,
//! `data/weights/<name>_weights_config.json` beside raw bytes. PyTorch 2.8 has the checkpoint `data/weights/<name>.pt` instead.

use std::collections::HashMap;

use super::super::Stored;
use super::super::backing::Place;
use super::super::storage::StorageId;
use super::super::stored::Buffer;
use super::parts::{Parts, Tensors, dtype};
use super::pickled;
use super::schema::{PayloadConfig, PayloadMeta, SymInt, TensorMeta};
use super::source::Source;
use super::text::{EXPORT, short};

/// PyTorch's number of the layout of dense tensors.
pub(super) const STRIDED: i64 = 7;

/// The folder of everything, with its `/`; `None` where there is no `archive_format`.
pub(super) fn root(names: &[String]) -> Option<String> {
    let roots = names.iter().filter_map(|name| name.strip_suffix("archive_format"));
    let is_root = |root: &&str| root.is_empty() || root.find('/').is_some_and(|at| at + 1 == root.len());
    roots.filter(is_root).min_by_key(|root| root.len()).map(String::from)
}

/// Reads the archive in the folder `root`; adds what its pickles refer to to `globals`.
///
/// # Errors
/// When it holds compiled code, is of a format that is not read, or a tensor is pickled or lies outside its bytes.
pub(super) fn read(source: &mut Source<'_>, root: &str, globals: &mut Vec<String>) -> Result<Parts, String> {
    if source.names.iter().any(|name| name.strip_prefix(root).is_some_and(|rest| rest.starts_with("data/aotinductor/"))) {
        return Err(format!(
            "found compiled code (AOTInductor, `data/aotinductor/`) in the archive, which is not run; expected the network as data: `{EXPORT}`"
        ));
    }
    for (name, expected) in [("archive_format", "pt2"), ("archive_version", "0"), ("byteorder", "little")] {
        let found = source.entry(&format!("{root}{name}"))?;
        if found != expected.as_bytes() {
            let found = short(&String::from_utf8_lossy(&found));
            return Err(format!(
                "expected `{expected}` in `{root}{name}`, as PyTorch 2.8 to 2.11 write it, found `{found}`; export the network with one of them: \
                 `{EXPORT}`"
            ));
        }
    }
    let model = model(&source.names, root)?;
    let mut tensors = Tensors::default();
    for (folder, found) in [("weights", &mut tensors.weights), ("constants", &mut tensors.constants)] {
        let checkpoint = format!("{root}data/{folder}/{model}.pt");
        *found = if source.has(&checkpoint) {
            pickled::read(source, &checkpoint, globals, &mut tensors.places)?
        } else {
            let config: PayloadConfig = source.json(&format!("{root}data/{folder}/{model}_{folder}_config.json"))?;
            raw(source, &format!("{root}data/{folder}/"), config, &mut tensors.places)?
        };
    }
    Ok(Parts { model: source.program(&format!("{root}models/{model}.json"))?, tensors })
}

/// The name of the only model.
fn model(names: &[String], root: &str) -> Result<String, String> {
    let models: Vec<&str> =
        names.iter().filter_map(|name| name.strip_prefix(root)?.strip_prefix("models/")?.strip_suffix(".json")).collect();
    match models.as_slice() {
        [model] => Ok((*model).to_owned()),
        [] => Err(format!("expected a program under `{root}models/` in the archive, found none; export the network again: `{EXPORT}`")),
        several => Err(format!(
            "expected one program in the archive, found {} ({}); save each in a file of its own with `torch.export.save`",
            several.len(),
            short(&several.join(", "))
        )),
    }
}

/// The tensors that `config` places in `folder`.
fn raw(
    source: &mut Source<'_>,
    folder: &str,
    config: PayloadConfig,
    places: &mut HashMap<String, Place>,
) -> Result<HashMap<String, Stored>, String> {
    let mut tensors = HashMap::new();
    for (name, meta) in config.config {
        let tensor = payload(source, folder, &meta, places).map_err(|reason| format!("tensor `{}`: {reason}", short(&name)))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn payload(source: &mut Source<'_>, folder: &str, meta: &PayloadMeta, places: &mut HashMap<String, Place>) -> Result<Stored, String> {
    let Some(tensor) = meta.tensor_meta.as_ref().filter(|_| !meta.use_pickle) else {
        return Err("found a pickled Python object, which is not loaded; expected the numbers of a plain tensor. Make the parameters and \
                    buffers of the network plain tensors and export it again"
            .into());
    };
    if !is_plain(&meta.path_name) {
        return Err(format!(
            "expected the name of an entry in `{folder}` (letters, digits, `_`, `.`, `-`), found `{}`; the archive is damaged, export the \
             network again",
            short(&meta.path_name)
        ));
    }
    let TensorMeta { dtype: code, sizes, strides, storage_offset, layout } = tensor;
    if *layout != STRIDED {
        return Err(format!(
            "expected a dense tensor (layout {STRIDED}), found layout {layout}; make it dense and export the network again"
        ));
    }
    let dtype = dtype(*code)?;
    let indices = |values: &[SymInt]| values.iter().map(index).collect::<Result<Vec<_>, _>>();
    let (offset, size, stride) = (index(storage_offset)?, indices(sizes)?, indices(strides)?);
    let entry = format!("{folder}{}", meta.path_name);
    let bytes = source.size(&entry)?;
    if bytes % dtype.size() != 0 {
        return Err(format!("expected elements of {} bytes ({}) in `{entry}`, found {bytes} bytes", dtype.size(), dtype.label()));
    }
    let id = StorageId { key: entry.clone(), dtype: dtype.clone(), numel: bytes / dtype.size(), view: None };
    places.insert(entry.clone(), Place { archive: None, entry });
    Stored::viewing(Buffer::Separate(id.clone()), &id, dtype, offset, size, stride)
}

fn index(value: &SymInt) -> Result<usize, String> {
    match value {
        SymInt::Int(number) => usize::try_from(*number).map_err(|_| {
            format!("expected sizes, strides and an offset that are not negative, found {number}; the archive is damaged, export the network again")
        }),
        SymInt::Expression(expression) => {
            Err(format!("expected sizes, strides and an offset that are numbers, found `{}`", short(&expression.expr_str)))
        }
    }
}

/// Whether a name is one of an entry, and no path.
fn is_plain(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ['_', '.', '-'].contains(&c);
    !name.is_empty() && name.chars().all(is_allowed) && name != "." && !name.contains("..")
}

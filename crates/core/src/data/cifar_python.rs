//! CIFAR-10 and CIFAR-100, python version: pickled dicts with `data` [N, 3072] planar and a list of labels.
//!
//! Written by Python 2 with NumPy of 2009, so keys are byte strings; repacked by Python 3 they are text. Nothing is executed.

use std::path::Path;

use super::not_data::not_data;
use super::opened::Opened;
use super::pickle::{self, Object, Value};
use super::pixels::{Block, Layout, PixelArray, map};
use super::{DataError, names, split};
use crate::numpy::{Bytes, Element, RawArray};

const WHAT: &str = "CIFAR python batches";
/// The files of each split.
const BATCHES: [(&str, &[&str]); 2] = [
    ("test", &["test_batch", "test"]),
    ("train", &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "train"]),
];
/// 3 x 32 x 32.
const PIXELS: usize = 3072;

/// Opens one batch, or the batches of split `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let files = if path.is_dir() { split::pick_named(WHAT, path, wanted, &BATCHES)? } else { vec![path.to_path_buf()] };
    let (mut blocks, mut labels, mut coarse) = (Vec::new(), Vec::new(), Vec::new());
    for file in &files {
        let batch = parse(file)?;
        let invalid = |(expected, found): (String, String)| DataError::invalid(WHAT, expected, found, file);
        let data = member(&batch, &["data"]).map_err(invalid)?;
        let data = array(data).map_err(invalid)?;
        let count = match (data.shape.as_slice(), data.dtype.get(1..)) {
            (&[count, PIXELS], Some("u1")) => count,
            _ => return Err(invalid(("`data` of u8, [N, 3072]".into(), format!("shape {:?} of {}", data.shape, data.dtype)))),
        };
        let of_batch = member(&batch, &["fine_labels", "labels"]).and_then(integers).map_err(invalid)?;
        if of_batch.len() != count {
            return Err(invalid((format!("{count} labels"), format!("{}", of_batch.len()))));
        }
        labels.extend(of_batch);
        if let Some(labels) = batch.get("coarse_labels") {
            coarse.extend(integers(labels).map_err(invalid)?);
        }
        blocks.push(Block { bytes: data.bytes, start: data.start, stride: PIXELS, count });
    }
    let classes = class_names(path).unwrap_or_default();
    let classes = if classes.is_empty() && labels.iter().all(|label| (0..10).contains(label)) { names::cifar10() } else { classes };
    let coarse = if coarse.len() == labels.len() { coarse } else { Vec::new() };
    let pixels = PixelArray { blocks, height: 32, width: 32, layout: Layout::Planar };
    Ok(Opened { coarse, ..Opened::array("cifar_python", labels, classes, pixels) })
}

/// The names in `batches.meta` or `meta` in the folder `path`, or beside the file.
pub(super) fn class_names(path: &Path) -> Option<Vec<String>> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let file = ["batches.meta", "meta"].into_iter().map(|name| folder.join(name)).find(|file| file.is_file())?;
    let meta = parse(&file).ok()?;
    let names = meta.get("fine_label_names").or_else(|| meta.get("label_names"))?.as_slice()?;
    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn parse(file: &Path) -> Result<Value, DataError> {
    let bytes = map(WHAT, file)?;
    if let Some(found) = not_data(&bytes) {
        return Err(DataError::invalid(WHAT, "a pickle", found, file));
    }
    pickle::parse(&bytes).map(|(value, _)| value).map_err(|source| DataError::Pickle { what: WHAT, source, path: file.into() })
}

fn member<'a>(batch: &'a Value, keys: &[&str]) -> Result<&'a Value, (String, String)> {
    keys.iter().find_map(|key| batch.get(key)).ok_or_else(|| {
        let found = match batch.as_pairs() {
            Some(pairs) => {
                let names: Vec<&str> = pairs.iter().filter_map(|(key, _)| key.as_str()).take(8).collect();
                format!("a dict with {}", if names.is_empty() { "other keys".into() } else { names.join(", ") })
            }
            None => "another value".into(),
        };
        (format!("a dict with `{}`", keys.join("` or `")), found)
    })
}

/// A pickled `ndarray`: `_reconstruct` with the state (version, shape, dtype, Fortran order, bytes).
fn array(value: &Value) -> Result<RawArray, (String, String)> {
    let wrong = |found: &str| ("a pickled NumPy array".to_string(), found.to_string());
    let object = value.as_object().ok_or_else(|| wrong("another value"))?;
    let modules = ["numpy.core.multiarray", "numpy._core.multiarray"];
    if object.constructor.name != "_reconstruct" || !modules.contains(&object.constructor.module.as_str()) {
        return Err(wrong(&format!("`{}`", object.constructor)));
    }
    let state = object.state.as_ref().and_then(Value::as_slice).ok_or_else(|| wrong("one without contents"))?;
    let [_, shape, dtype, fortran, data] = state else { return Err(wrong("one with other contents")) };
    let sizes = shape.as_slice().and_then(|sizes| sizes.iter().map(|n| usize::try_from(n.as_i64()?).ok()).collect::<Option<Vec<_>>>());
    let shape = sizes.ok_or_else(|| wrong("one without a shape"))?;
    let dtype = dtype.as_object().and_then(dtype_name).ok_or_else(|| wrong("one without a type"))?;
    if fortran.as_i64() != Some(0) && shape.len() > 1 {
        return Err(("an array in C order".into(), "one in Fortran order".into()));
    }
    let bytes = raw(data).ok_or_else(|| wrong("one without bytes"))?;
    RawArray { dtype, shape, bytes, start: 0 }.checked()
}

/// `dtype('u1', ...)` with the state (version, byte order, ...).
fn dtype_name(dtype: &Object) -> Option<String> {
    let name = dtype.args.as_slice()?.first()?.as_str()?;
    let order = dtype.state.as_ref().and_then(Value::as_slice).and_then(|state| state.get(1)?.as_str()).unwrap_or("|");
    dtype.constructor.is("numpy", "dtype").then(|| format!("{order}{name}"))
}

fn raw(value: &Value) -> Option<Bytes> {
    match value {
        Value::Bytes(bytes) => Some(Bytes::Shared(bytes.clone())),
        other => other.to_bytes().map(|bytes| Bytes::Owned(bytes.into_owned())),
    }
}

fn integers(value: &Value) -> Result<Vec<i64>, (String, String)> {
    match value.as_slice() {
        Some(items) => items.iter().map(Value::as_i64).collect::<Option<_>>().ok_or_else(|| ("integer labels".into(), "others".into())),
        None => array(value).and_then(|array| match array.element() {
            Some(Element::Unsigned(_) | Element::Signed(_)) => Ok(array.integers().collect()),
            Some(Element::Bool | Element::Float(_) | Element::Bytes(_) | Element::Text(_)) | None => {
                Err(("integer labels".into(), format!("elements of type {}", array.dtype)))
            }
        }),
    }
}

#[cfg(test)]
mod tests;

//! Finds the images and their labels among the arrays of an `.npz` by common names.

use super::array_images::may_be_images;
use super::arrays::NAMES;
use crate::numpy::Element;

/// Splits in the order of preference, if none is requested.
const SPLITS: [&str; 3] = ["test", "val", "train"];
/// Names of labels beside images that are not of a split.
const LABELS: [&str; 8] = ["labels", "label", "y", "targets", "target", "fine_labels", "classes", "arr_1"];

/// An array of the archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
}

/// Names of the arrays to read.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) images: String,
    pub(super) labels: Option<String>,
    /// Whether they are float arrays that are used as they are.
    pub(super) are_inputs: bool,
}

/// The images are `images`; else those of a split (`x_test`, `test_images`, `images_test`, ..., then `val`, then `train`; or that which is
/// `wanted`); else `arr_0`; else the only array of u8 images. Labels are found by the same rules.
///
/// # Errors
/// What was expected and found, when there are none, or several candidates.
pub(super) fn choose(entries: &[Entry], wanted: Option<&str>) -> Result<Chosen, (String, String)> {
    let there = |name: &str| entries.iter().find(|entry| entry.name == name);
    if there("images").is_some() {
        return Ok(Chosen { images: "images".into(), labels: labels(entries, "images")?, are_inputs: false });
    }
    for split in wanted.map_or(SPLITS.to_vec(), |wanted| vec![wanted]) {
        if let Some(images) = only(entries, &spelled(split, &["x", "images", "data"]))? {
            let labels = only(entries, &spelled(split, &["y", "labels", "targets"]))?;
            return Ok(Chosen { images, labels, are_inputs: false });
        }
    }
    let of_splits =
        entries.iter().filter(|entry| SPLITS.iter().any(|split| spelled(split, &["x", "images", "data"]).contains(&entry.name)));
    let of_splits: Vec<&str> = of_splits.map(|entry| entry.name.as_str()).collect();
    if let (Some(split), false) = (wanted, of_splits.is_empty()) {
        return Err((format!("images of split `{split}`"), of_splits.join(", ")));
    }
    let is_u8 = |entry: &&Entry| Element::of(&entry.dtype) == Some(Element::Unsigned(1)) && !NAMES.contains(&entry.name.as_str());
    let pictures: Vec<&Entry> =
        entries.iter().filter(is_u8).filter(|entry| may_be_images(Some(Element::Unsigned(1)), &entry.shape)).collect();
    if let Some(inputs) = only(entries, &NAMES.map(String::from))? {
        if !pictures.is_empty() || there("arr_0").is_some() {
            let way_out = "remove the others, or name the images `images`";
            return Err((format!("float arrays `{inputs}` or images, not both: {way_out}"), described(entries)));
        }
        let labels = labels(entries, &inputs)?;
        return Ok(Chosen { images: inputs, labels, are_inputs: true });
    }
    if there("arr_0").is_some() {
        return Ok(Chosen { images: "arr_0".into(), labels: labels(entries, "arr_0")?, are_inputs: false });
    }
    match pictures.as_slice() {
        [only] => Ok(Chosen { images: only.name.clone(), labels: labels(entries, &only.name)?, are_inputs: false }),
        [] => Err((expected(), described(entries))),
        _ => Err((format!("{}; several may be meant", expected()), described(entries))),
    }
}

fn expected() -> String {
    "an array `images` (or `x_test`, `test_images`, ..., `arr_0`), or floats that a network gets as they are as `inputs`, and its labels as \
     `labels` (`y_test`, `test_labels`, ...): rename them"
        .into()
}

/// The labels beside images that are of no split.
fn labels(entries: &[Entry], images: &str) -> Result<Option<String>, (String, String)> {
    let names: Vec<String> = LABELS.iter().filter(|name| images == "arr_0" || **name != "arr_1").map(|name| (*name).to_owned()).collect();
    // `labels` is the documented name and has priority.
    if entries.iter().any(|entry| entry.name == "labels") {
        return Ok(Some("labels".into()));
    }
    let named = only(entries, &names)?;
    let count = entries.iter().find(|entry| entry.name == images).and_then(|entry| entry.shape.first()).copied();
    let may_be_labels = |entry: &&Entry| {
        let of_numbers = matches!(Element::of(&entry.dtype), Some(Element::Unsigned(_) | Element::Signed(_) | Element::Text(_)));
        of_numbers && entry.name != images && entry.shape.len() == 1 && entry.shape.first().copied() == count
    };
    match (named, entries.iter().find(may_be_labels)) {
        (None, Some(unknown)) => {
            let expected = format!("labels of `{images}` named `labels` (rename it if it is that, else take it out of the archive)");
            Err((expected, described(std::slice::from_ref(unknown))))
        }
        (named, _) => Ok(named),
    }
}

/// How `what` of a split may be spelled: `x_test`, `X_test`, `test_x`.
fn spelled(split: &str, what: &[&str]) -> Vec<String> {
    let one = |what: &&str| {
        let upper = what.to_uppercase();
        [
            format!("{what}_{split}"),
            format!("{split}_{what}"),
            format!("{upper}_{split}"),
            format!("{split}_{upper}"),
            format!("{what}{split}"),
        ]
    };
    what.iter().flat_map(one).collect()
}

/// The one of `names` that is there.
fn only(entries: &[Entry], names: &[String]) -> Result<Option<String>, (String, String)> {
    let found: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).filter(|name| names.iter().any(|known| known == name)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).to_owned())),
        _ => Err(("one of them: rename or remove the others".into(), format!("the arrays {}", found.join(", ")))),
    }
}

/// The arrays, for a message.
fn described(entries: &[Entry]) -> String {
    const MOST: usize = 12;
    if entries.is_empty() {
        return "no arrays".into();
    }
    let one = |entry: &Entry| format!("{} ({} {:?})", entry.name, entry.dtype, entry.shape);
    let more = if entries.len() > MOST { format!(", and {} more", entries.len() - MOST) } else { String::new() };
    format!("arrays {}{more}", entries.iter().take(MOST).map(one).collect::<Vec<_>>().join(", "))
}

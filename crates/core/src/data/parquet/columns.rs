//! [`Columns`]: which columns of a table are the images and their labels.

use ::parquet::basic::{ConvertedType, LogicalType, Type};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;
use serde_json::Value;

use crate::data::names::cifar100_coarse;

/// What was expected, and what was found.
type Unlike = (String, String);

/// Names of columns of images, in the order of preference.
const IMAGES: [&str; 2] = ["image", "img"];
/// Names of columns of labels.
const LABELS: [&str; 9] = ["label", "labels", FINE, COARSE, "target", "targets", "class", "cls", "y"];
/// CIFAR-100's.
const FINE: &str = "fine_label";
const COARSE: &str = "coarse_label";

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) place: usize,
    pub(super) name: String,
    /// Whether a row may be without a value.
    pub(super) nullable: bool,
}

/// Which columns are read.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) image: usize,
    pub(super) label: Option<Chosen>,
    /// The superclasses of CIFAR-100, where they stand beside the classes.
    pub(super) coarse: Option<Chosen>,
    /// Whether the labels are CIFAR-100's classes because they stand beside superclasses.
    is_fine: bool,
    /// The names of the classes of `label`, as the metadata of Hugging Face have them.
    pub(super) names: Vec<String>,
    /// All columns.
    all: Vec<String>,
}

impl Columns {
    /// The columns of a table, with the labels of column `wanted`, where given.
    pub(super) fn of<R: ::parquet::file::reader::ChunkReader + 'static>(
        table: &SerializedFileReader<R>,
        wanted: Option<&str>,
    ) -> Result<Self, Unlike> {
        let metadata = table.metadata().file_metadata();
        let leaves: Vec<Leaf> =
            metadata.schema_descr().columns().iter().enumerate().map(|(place, column)| Leaf::new(place, column)).collect();
        let mut all: Vec<String> = leaves.iter().map(|leaf| leaf.column().to_owned()).collect();
        all.dedup();
        let features = metadata.key_value_metadata().into_iter().flatten().find(|pair| pair.key == "huggingface");
        let features: Value = features.and_then(|pair| serde_json::from_str(pair.value.as_deref()?).ok()).unwrap_or_default();
        let names = |column: &str| -> Option<Vec<String>> {
            let names = features.get("info")?.get("features")?.get(column)?.get("names")?.as_array()?;
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let image = image(&leaves, &all)?;
        let labels: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.may_be_labels()).collect();
        let column = |name: &str| labels.iter().find(|leaf| leaf.column() == name).map(|leaf| leaf.chosen());
        let mut is_fine = false;
        let (label, coarse) = match wanted {
            Some(wanted) => {
                let missing = || (format!("a column `{wanted}` of whole numbers or text"), format!("the columns {}", all.join(", ")));
                (Some(column(wanted).ok_or_else(missing)?), None)
            }
            None => {
                let is_label = |leaf: &&&Leaf| LABELS.contains(&leaf.column()) || names(leaf.column()).is_some();
                let known: Vec<&str> = labels.iter().filter(is_label).map(|leaf| leaf.column()).collect();
                match known.as_slice() {
                    [] => (None, None),
                    [only] => (column(only), None),
                    [FINE, COARSE] | [COARSE, FINE] => {
                        is_fine = true;
                        // A network of 20 classes takes superclasses for CIFAR-100's, so their names must be these.
                        let coarse = names(COARSE).is_none_or(|names| names == cifar100_coarse());
                        (column(FINE), column(COARSE).filter(|_| coarse))
                    }
                    several => {
                        let expected = format!(
                            "one column of labels, or the one that is meant behind the split, such as `test/{0}` (of a file: `{0}`)",
                            several[0]
                        );
                        return Err((expected, several.join(", ")));
                    }
                }
            }
        };
        let names = label.as_ref().and_then(|label| names(&label.name)).unwrap_or_default();
        Ok(Self { image, label, coarse, is_fine, names, all })
    }

    /// Whether the shards of a dataset may have these columns.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let name = |label: &Option<Chosen>| label.as_ref().map(|label| label.name.clone());
        name(&self.label) == name(&other.label) && name(&self.coarse) == name(&other.coarse) && self.names == other.names
    }

    pub(super) fn describe(&self) -> String {
        let label = self.label.as_ref().map_or("no labels".into(), |label| format!("labels `{}`", label.name));
        format!("{label} of {} named classes among {}", self.names.len(), self.all.join(", "))
    }

    /// What is assumed, a sentence each.
    pub(super) fn assumed(&self) -> Vec<String> {
        match (&self.label, self.is_fine) {
            (Some(_), true) => {
                vec![format!("`{FINE}` are the labels, not `{COARSE}` (`split = \"test/{COARSE}\"`, of a file `\"{COARSE}\"`)")]
            }
            (Some(_), false) => vec![],
            (None, _) => vec![format!("no column is known as labels among {} (a name behind the split chooses one)", self.all.join(", "))],
        }
    }
}

/// A column of values.
struct Leaf<'a> {
    place: usize,
    column: &'a ColumnDescriptor,
}

impl<'a> Leaf<'a> {
    fn new(place: usize, column: &'a ColumnDescriptor) -> Self {
        Self { place, column }
    }

    /// The column of the table that it is part of.
    fn column(&self) -> &'a str {
        self.column.path().parts().first().map_or("", String::as_str)
    }

    fn is_text(&self) -> bool {
        self.column.converted_type() == ConvertedType::UTF8 || matches!(self.column.logical_type_ref(), Some(LogicalType::String))
    }

    fn is_single(&self) -> bool {
        self.column.max_rep_level() == 0
    }

    fn may_be_images(&self) -> bool {
        let is_bytes = self.column.physical_type() == Type::BYTE_ARRAY && !self.is_text();
        let parts = self.column.path().parts();
        is_bytes && self.is_single() && (parts.len() == 1 || (parts.len() == 2 && parts[1] == "bytes"))
    }

    fn may_be_labels(&self) -> bool {
        let kind = self.column.physical_type();
        let is_label = matches!(kind, Type::INT32 | Type::INT64) || (kind == Type::BYTE_ARRAY && self.is_text());
        is_label && self.is_single() && self.column.path().parts().len() == 1
    }

    fn chosen(&self) -> Chosen {
        Chosen { place: self.place, name: self.column().to_owned(), nullable: self.column.max_def_level() > 0 }
    }
}

fn image(leaves: &[Leaf<'_>], all: &[String]) -> Result<usize, Unlike> {
    let candidates: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| leaf.may_be_images()).collect();
    let named = IMAGES.into_iter().find_map(|name| candidates.iter().find(|leaf| leaf.column() == name));
    match (named, candidates.as_slice()) {
        (Some(leaf), _) => Ok(leaf.place),
        (None, [only]) => Ok(only.place),
        (None, _) => {
            let found = format!("{} columns of bytes among {}", candidates.len(), all.join(", "));
            Err(("a column `image` or `img` of image files".into(), found))
        }
    }
}

//! [`ScatterView`]: how the embedding is shown, and which images are selected.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Selection;

/// A property of an image by which points can be coloured and selected. Written as `role`, `label`, ..., `score:energy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColorBy {
    /// The role of its dataset.
    #[default]
    Role,
    /// Its dataset.
    Dataset,
    /// Its class.
    Label,
    /// The class that the checkpoint predicts.
    Prediction,
    /// Whether the prediction is right.
    Correctness,
    /// A detection score of the checkpoint: `energy`, `msp`, ...
    Score(String),
}

impl ColorBy {
    /// The properties that have categories.
    pub const CATEGORICAL: [ColorBy; 5] = [ColorBy::Role, ColorBy::Dataset, ColorBy::Label, ColorBy::Prediction, ColorBy::Correctness];

    /// As written in files.
    pub fn key(&self) -> String {
        match self {
            ColorBy::Role => "role".into(),
            ColorBy::Dataset => "dataset".into(),
            ColorBy::Label => "label".into(),
            ColorBy::Prediction => "prediction".into(),
            ColorBy::Correctness => "correctness".into(),
            ColorBy::Score(name) => format!("score:{name}"),
        }
    }

    /// The name of the score; `None` where it has categories.
    pub fn score(&self) -> Option<&str> {
        match self {
            ColorBy::Score(name) => Some(name),
            ColorBy::Role | ColorBy::Dataset | ColorBy::Label | ColorBy::Prediction | ColorBy::Correctness => None,
        }
    }
}

impl From<ColorBy> for String {
    fn from(color_by: ColorBy) -> Self {
        color_by.key()
    }
}

impl TryFrom<String> for ColorBy {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        if let Some(name) = key.strip_prefix("score:") {
            return Ok(ColorBy::Score(name.into()));
        }
        ColorBy::CATEGORICAL
            .into_iter()
            .find(|known| known.key() == key)
            .ok_or_else(|| format!("expected role, dataset, label, prediction, correctness or score:NAME, found `{key}`"))
    }
}

/// Images with the same value of a property: `role` = `far`, `label` = `3`. Written as `role:far`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Category {
    /// The property; never a score.
    pub field: ColorBy,
    /// Key of the role, name of the dataset, number of the class (`none` where there is none), `right`, `wrong` or `none`.
    pub value: String,
}

impl From<Category> for String {
    fn from(category: Category) -> Self {
        format!("{}:{}", category.field.key(), category.value)
    }
}

impl TryFrom<String> for Category {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(field, value)| Some((ColorBy::try_from(field.to_owned()).ok()?, value)));
        let (field, value) = parts.ok_or_else(|| format!("expected a category as `role:far` or `label:3`, found `{text}`"))?;
        Ok(Self { field, value: value.into() })
    }
}

/// The content of the pane below the scatter plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    /// None; it is closed.
    #[default]
    Closed,
    /// A row for each selected image.
    Table,
    /// A thumbnail for each selected image.
    Images,
}

/// The effect of a drag over the scatter plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Moves the picture.
    #[default]
    Pan,
    /// Selects what lies in a rectangle.
    Marquee,
    /// Selects what lies in a drawn outline.
    Lasso,
}

impl Tool {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Tool; 3] = [Tool::Pan, Tool::Marquee, Tool::Lasso];

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Tool::Pan => "Move",
            Tool::Marquee => "Rectangle",
            Tool::Lasso => "Lasso",
        }
    }
}

/// How the embedding is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterView {
    /// The property that points are coloured by.
    pub color_by: ColorBy,
    /// Whether the density of points is drawn instead of the points.
    pub density: bool,
    /// Images of these categories are not shown.
    pub hidden: BTreeSet<Category>,
    /// The effect of a drag.
    pub tool: Tool,
    /// The content of the pane below.
    pub pane: Pane,
    /// Selected images, in every view.
    pub selection: Selection,
    /// The checkpoint in whose panel they were selected, if it was one panel: the only one that shows them while selections are not linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_in: Option<String>,
}

impl ScatterView {
    /// Renames the dataset `name` to `to`; without `to`, its images are neither selected nor hidden any more.
    pub(super) fn say_dataset(&mut self, name: &str, to: Option<&str>) {
        self.selection.say_dataset(name, to);
        let category = |name: &str| Category { field: ColorBy::Dataset, value: name.into() };
        if self.hidden.remove(&category(name)) {
            self.hidden.extend(to.map(category));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_view_is_written_and_reads_back() {
        let hidden = [("role", "far"), ("dataset", "a:b"), ("label", "none")];
        let view = ScatterView {
            color_by: ColorBy::Score("energy".into()),
            density: true,
            hidden: hidden
                .map(|(field, value)| Category { field: ColorBy::try_from(field.to_owned()).unwrap(), value: value.into() })
                .into(),
            tool: Tool::Lasso,
            pane: Pane::Images,
            selection: Selection::of("test", vec![3, 4]),
            selected_in: Some("OE".into()),
        };
        let text = toml::to_string(&view).unwrap();
        assert!(text.contains("color_by = \"score:energy\"") && text.contains("role:far"), "{text}");
        assert_eq!(toml::from_str::<ScatterView>(&text).unwrap(), view);
        assert_eq!(toml::from_str::<ScatterView>("").unwrap(), ScatterView::default());
    }

    #[test]
    fn invalid_text_is_refused() {
        for (text, expected) in [
            ("color_by = \"size\"", "found `size`"),
            ("hidden = [\"far\"]", "expected a category as `role:far`"),
            ("colour = \"role\"", "colour"),
        ] {
            let error = toml::from_str::<ScatterView>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

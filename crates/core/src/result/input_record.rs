//! [`InputRecord`]: the plane of a surface in input space: an image, the target class, and two directions of pixels.

use serde::{Deserialize, Serialize};

use super::non_finite;

/// A plane x + αd₁ + βd₂ around an image x, pixels in [0, 1] before normalization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputRecord {
    /// Position of x in its source.
    pub image: usize,
    /// Its label; absent where it has none among the network's classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<usize>,
    /// The target class, for which loss, margin and accuracy are computed.
    pub target: usize,
    /// The source of the target class: `label`, `prediction` or `class`.
    pub target_from: String,
    /// The network's prediction for x; absent where its logits are not finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<usize>,
    /// Its confidence in that, the largest softmax probability.
    #[serde(with = "non_finite")]
    pub confidence: f64,
    /// `random`, `gradient`, `sign_gradient` or `images`.
    pub axes: String,
    /// Positions of the other images that the plane goes through: α = 1 is the first, β = 1 the second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<usize>,
    /// The norm in which both directions have length 1, `l2` or `linf`; `image` where α = 1 and β = 1 are images.
    pub norm: String,
    /// Whether pixels are clamped to [0, 1].
    pub clamp: bool,
    /// ‖∇ₓL‖₂ with respect to pixels in [0, 1], if an axis is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// ‖d₁‖₂ and ‖d₂‖₂.
    pub l2: [f64; 2],
    /// ‖d₁‖∞ and ‖d₂‖∞.
    pub linf: [f64; 2],
    /// Channels, height and width of x as the network takes it.
    pub shape: [usize; 3],
    /// Names of the classes in label order; empty where they are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

impl InputRecord {
    /// What cells depend on: everything but the names of classes.
    pub(super) fn essence(&self) -> Self {
        Self { classes: Vec::new(), ..self.clone() }
    }

    /// The name of a class; `class 3` where it has none.
    pub fn class(&self, class: usize) -> String {
        self.classes.get(class).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("class {class}"))
    }

    /// The image by its position in the dataset called `dataset`.
    pub fn of(&self, dataset: &str) -> String {
        format!("image {} of {dataset}", self.image)
    }

    /// The labels of the axes, with the units of α and β.
    pub fn axis_labels(&self) -> [&'static str; 2] {
        match self.norm.as_str() {
            "linf" => ["α (l∞ of pixels)", "β (l∞ of pixels)"],
            "image" if self.through.len() == 1 => ["α (1: the other image)", "β (1: as far as that)"],
            "image" => ["α (1: the second image)", "β (1: the third image)"],
            _ => ["α (l2 of pixels)", "β (l2 of pixels)"],
        }
    }

    /// A description of the directions, for notes.
    pub fn directions(&self) -> String {
        match self.axes.as_str() {
            "random" => "random directions".into(),
            "gradient" => "d₁: the loss gradient by pixels, each checkpoint's own; d₂: random, orthogonal".into(),
            "sign_gradient" => "d₁: sign of the loss gradient by pixels, each checkpoint's own; d₂: random signs".into(),
            _ => match self.through.as_slice() {
                [other] => format!("towards image {other}"),
                [b, c] => format!("through images {b} and {c}"),
                _ => String::new(),
            },
        }
    }

    /// Label, prediction and the target class, for notes: `label cat, predicted dog`.
    pub fn classes_said(&self) -> String {
        // A record from before the computation has no shape.
        if self.shape.contains(&0) {
            return "unfinished".into();
        }
        let label = self.label.map_or("no label".into(), |label| format!("label {}", self.class(label)));
        let prediction = self.prediction.map_or("no prediction".into(), |class| format!("predicted {}", self.class(class)));
        let target = if Some(self.target) == self.label { String::new() } else { format!(", loss of {}", self.class(self.target)) };
        format!("{label}, {prediction}{target}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_class_is_called_by_its_name_where_it_has_one() {
        let record = InputRecord { classes: vec!["cat".into(), String::new()], ..Default::default() };
        assert_eq!([0, 1, 7].map(|class| record.class(class)), ["cat", "class 1", "class 7"]);
    }

    #[test]
    fn what_is_told_of_the_image_names_the_class_that_counts_where_it_is_not_the_label() {
        let classes = vec!["cat".into(), "dog".into(), "fox".into()];
        let record = InputRecord { label: Some(0), target: 0, prediction: Some(1), shape: [3, 2, 2], classes, ..Default::default() };
        assert_eq!(record.classes_said(), "label cat, predicted dog");
        assert_eq!(InputRecord { target: 2, ..record.clone() }.classes_said(), "label cat, predicted dog, loss of fox");
        assert_eq!(
            InputRecord { label: None, target: 1, prediction: None, ..record }.classes_said(),
            "no label, no prediction, loss of dog"
        );
        assert_eq!(InputRecord::default().classes_said(), "unfinished");
    }

    #[test]
    fn a_confidence_that_is_not_finite_survives_its_file() {
        let record = InputRecord { confidence: f64::NAN, ..Default::default() };
        let text = serde_json::to_string(&record).unwrap();
        assert!(serde_json::from_str::<InputRecord>(&text).unwrap().confidence.is_nan(), "{text}");
    }
}

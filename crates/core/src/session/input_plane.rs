//! [`InputPlane`]: a plane in the space of images, around one image of a dataset: `[landscape.plane]` with `kind = "input"`.

use serde::{Deserialize, Serialize};

use super::Norm;

/// The directions of a plane in input space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputAxes {
    /// Entries N(0, 1) on both axes, the second made orthogonal to the first. All checkpoints with inputs of one shape share them.
    #[default]
    Random,
    /// The gradient of the loss with respect to the image, and a random direction orthogonal to it. Each checkpoint has its own.
    Gradient,
    /// The sign of that gradient in every entry (FGSM, Goodfellow et al. 2015), and random signs.
    SignGradient,
}

impl InputAxes {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            InputAxes::Random => "random",
            InputAxes::Gradient => "gradient",
            InputAxes::SignGradient => "sign_gradient",
        }
    }
}

/// The class for which loss, margin and accuracy are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputTarget {
    /// The label of the image.
    #[default]
    Label,
    /// The network's prediction for the image itself.
    Prediction,
    /// This class, whatever the label is.
    Class(usize),
}

impl InputTarget {
    /// Its source, as written in files.
    pub fn key(self) -> &'static str {
        match self {
            InputTarget::Label => "label",
            InputTarget::Prediction => "prediction",
            InputTarget::Class(_) => "class",
        }
    }
}

/// A plane x + αd₁ + βd₂ around the image x; pixels are in [0, 1], before normalization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputPlane {
    /// The image: its position in the dataset's source, as in `index` of `embedding.npz`.
    pub image: usize,
    /// The directions; absent = random, or towards the images of `through`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<InputAxes>,
    /// Positions of one or two other images of the dataset instead of `axes`: d₁ goes to the first (α = 1), d₂ to the second (β = 1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<usize>,
    /// Both directions have length 1 in this norm over all entries of the image; absent = `l2`, for the gradient's sign `linf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// Whether pixels are clamped to [0, 1] before they are normalized.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clamp: bool,
    /// The class for which loss, margin and accuracy are computed.
    #[serde(default, skip_serializing_if = "is_label")]
    pub target: InputTarget,
}

fn is_label(target: &InputTarget) -> bool {
    *target == InputTarget::Label
}

impl InputPlane {
    /// The directions, unless they go to other images.
    pub fn axes(&self) -> InputAxes {
        self.axes.unwrap_or_default()
    }

    /// The norm in which both directions have length 1; `None` where they go to other images.
    pub fn norm(&self) -> Option<Norm> {
        let automatic = match self.axes() {
            InputAxes::Random | InputAxes::Gradient => Norm::L2,
            InputAxes::SignGradient => Norm::Linf,
        };
        self.through.is_empty().then(|| self.norm.unwrap_or(automatic))
    }

    /// The images that are read: x, then those that the plane goes through.
    pub fn images(&self) -> Vec<usize> {
        std::iter::once(self.image).chain(self.through.iter().copied()).collect()
    }

    /// Whether it goes to only one other image: β is 0 unless it is given.
    pub fn is_line(&self) -> bool {
        self.through.len() == 1
    }

    /// First and last value of both axes unless they are given.
    pub fn extent(&self) -> [f64; 2] {
        let of = |length: f64| [-length, length];
        match (self.norm(), self.axes()) {
            (None, _) => [-0.25, 1.25],
            (Some(Norm::L2), InputAxes::Random) => of(10.0),
            (Some(Norm::L2), InputAxes::Gradient | InputAxes::SignGradient) => of(2.0),
            (Some(Norm::Linf), InputAxes::Random) => of(0.5),
            (Some(Norm::Linf), InputAxes::Gradient) => of(0.25),
            (Some(Norm::Linf), InputAxes::SignGradient) => of(16.0 / 255.0),
        }
    }

    /// Whether the values are valid together; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let images = self.images();
        if let Some((_, twice)) = images.iter().enumerate().find(|(k, image)| images[..*k].contains(image)) {
            return Err(format!("expected different images in `image` and `through`, found image {twice} twice"));
        }
        match (self.through.len(), self.axes, self.norm) {
            (0, ..) | (1 | 2, None, None) => Ok(()),
            (1 | 2, Some(axes), _) => {
                Err(format!("expected `axes` or `through`, found both: `{}` and {} other images", axes.key(), self.through.len()))
            }
            (1 | 2, None, Some(norm)) => Err(format!(
                "expected no `norm` where a plane goes through other images, which α = 1 and β = 1 are then, found `{}`",
                norm.key()
            )),
            (n, ..) => Err(format!("expected one or two other images in `through`, found {n}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::{Axes, LandscapeSettings};

    fn settings(plane: &str) -> LandscapeSettings {
        toml::from_str(&format!("grid = [3, 3]\n[plane]\nkind = \"input\"\n{plane}")).unwrap()
    }

    #[test]
    fn a_plane_in_input_space_is_read_and_written_as_it_was_said() {
        for text in [
            "image = 17",
            "image = 0\naxes = \"sign_gradient\"\nclamp = true\ntarget = { class = 3 }",
            "image = 2\nthrough = [5, 9]\ntarget = \"prediction\"",
            "image = 2\naxes = \"gradient\"\nnorm = \"linf\"",
        ] {
            let read = settings(text);
            assert_eq!(read.check(), Ok(()), "{text}");
            assert_eq!(toml::from_str::<LandscapeSettings>(&toml::to_string(&read).unwrap()).unwrap(), read, "{text}");
        }
        let plain = toml::to_string(&settings("image = 17").plane).unwrap();
        assert_eq!(plain, "kind = \"input\"\nimage = 17\n", "what is as by default is not written");
    }

    #[test]
    fn what_makes_no_sense_together_is_told() {
        for (text, expected) in [
            ("image = 3\nthrough = [3]", "found image 3 twice"),
            ("image = 3\nthrough = [4, 4]", "found image 4 twice"),
            ("image = 3\nthrough = [4]\naxes = \"gradient\"", "found both: `gradient` and 1 other images"),
            ("image = 3\nthrough = [4]\nnorm = \"l2\"", "expected no `norm`"),
            ("image = 3\nthrough = [4, 5, 6]", "one or two other images in `through`, found 3"),
        ] {
            let error = settings(text).check().unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        for text in ["image = -1", "axes = \"random\"", "image = 1\nclam = true", "image = 1\naxes = \"hessian\""] {
            let read = toml::from_str::<Axes>(&format!("kind = \"input\"\n{text}"));
            assert!(read.is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_between_two_images_has_one_axis_and_the_unit_of_the_others_is_their_norm() {
        let line = settings("image = 1\nthrough = [2]");
        assert_eq!(line.axes(), (vec![-0.25, 0.5, 1.25], vec![0.0]));
        assert_eq!(settings("image = 1\nthrough = [2, 3]").axes().1, [-0.25, 0.5, 1.25]);
        assert_eq!(settings("image = 1").axes().0, [-10.0, 0.0, 10.0]);
        let fgsm = settings("image = 1\naxes = \"sign_gradient\"");
        assert_eq!(fgsm.axes().0, [-16.0 / 255.0, 0.0, 16.0 / 255.0]);
        let Axes::Input(plane) = &fgsm.plane else { panic!("expected a plane in input space, found {:?}", fgsm.plane) };
        assert_eq!(plane.norm(), Some(Norm::Linf));
    }
}

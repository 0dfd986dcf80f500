//! [`LossSurface::errors`]: the standard errors of a surface, drawn instead of its values.

use super::{LossSurface, Map, Quantity};

/// The unit of a standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// In the unit of its quantity.
    Absolute,
    /// As a share of the magnitude of its quantity.
    Relative,
}

impl LossSurface {
    /// The same surface with its standard errors instead of its values. They have no standard errors themselves (NaN). A relative
    /// error of 0 is NaN.
    pub fn errors(&self, kind: ErrorKind) -> Self {
        let of = |value: f64, error: f64| match kind {
            ErrorKind::Absolute => error,
            ErrorKind::Relative if value == 0.0 => f64::NAN,
            ErrorKind::Relative => error / value.abs(),
        };
        let map = |values: &[f64], errors: &[f64]| values.iter().zip(errors).map(|(value, error)| of(*value, *error)).collect::<Vec<f64>>();
        let unknown = vec![f64::NAN; self.loss.len()];
        let estimate = |found: &Map| Map { value: map(&found.value, &found.std_error), std_error: unknown.clone() };
        Self {
            loss: map(&self.loss, &self.loss_std_error),
            estimate: self.estimate.as_ref().map(estimate),
            loss_std_error: unknown.clone(),
            error_shown: Some(kind),
            ..self.clone()
        }
    }

    /// The key of this surface's colours in a session: `loss`, `difference`, `auroc`, ..., followed by `_std_error` or
    /// `_relative_error` for errors.
    pub fn value_key(&self) -> String {
        let key = match (self.quantity, &self.baseline) {
            (Some(quantity), _) => quantity.key(),
            (None, Some(_)) => "difference",
            (None, None) => "loss",
        };
        match self.error_shown {
            None => key.into(),
            Some(ErrorKind::Absolute) => format!("{key}_std_error"),
            Some(ErrorKind::Relative) => format!("{key}_relative_error"),
        }
    }

    /// What it holds, as shown to people.
    pub fn value_label(&self) -> String {
        let label = match (self.quantity, &self.baseline) {
            (Some(quantity), _) => self.quantity_label(quantity).into(),
            (None, Some(baseline)) => format!("{} − loss of {baseline}", self.manifest.loss_label()),
            (None, None) => self.manifest.loss_label(),
        };
        match self.error_shown {
            None => label,
            Some(ErrorKind::Absolute) => format!("standard error of {label}"),
            Some(ErrorKind::Relative) => format!("relative standard error of {label}"),
        }
    }

    /// The label of a quantity of its cells: values of one image are not called means.
    pub fn quantity_label(&self, quantity: Quantity) -> &'static str {
        match (&self.manifest.input, quantity) {
            (Some(_), Quantity::Energy) => "energy score",
            (_, quantity) => quantity.label(),
        }
    }

    /// [`LossSurface::value_label`] with a capital letter.
    pub fn value_title(&self) -> String {
        capital(&self.value_label())
    }

    /// Whether it holds classes, which are drawn in colours of their own.
    pub fn shows_classes(&self) -> bool {
        self.quantity.is_some_and(Quantity::is_class) && self.error_shown.is_none()
    }

    /// Whether it holds differences from a baseline.
    pub fn is_difference(&self) -> bool {
        self.baseline.is_some() && self.error_shown.is_none()
    }

    /// Whether cell `k` holds a difference that is not significant: within two standard errors of 0.
    pub fn is_unsure(&self, k: usize) -> bool {
        self.is_difference() && self.loss[k].abs() <= 2.0 * self.loss_std_error[k]
    }
}

/// A label with a capital letter; symbols such as λ are not changed.
pub fn capital(label: &str) -> String {
    let mut signs = label.chars();
    signs.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + signs.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::LandscapeManifest;

    #[test]
    fn errors_take_the_place_of_the_values_whether_computed_or_estimated() {
        let mut surface = LossSurface::pending(vec![0.0, 1.0, 2.0], vec![0.0], LandscapeManifest::default());
        (surface.loss[0], surface.loss_std_error[0], surface.count[0]) = (-4.0, 0.5, 10);
        (surface.loss[1], surface.loss_std_error[1], surface.count[1]) = (0.0, 0.1, 10);
        surface.estimate = Some(Map { value: vec![1.0, 1.0, 8.0], std_error: vec![0.1, 0.1, 2.0] });
        let values = |surface: &LossSurface| (0..3).map(|k| surface.known_loss(k).map(|(value, _)| value)).collect::<Vec<_>>();
        assert_eq!(values(&surface.errors(ErrorKind::Absolute)), [Some(0.5), Some(0.1), Some(2.0)]);
        let relative = surface.errors(ErrorKind::Relative);
        assert_eq!([values(&relative)[0], values(&relative)[2]], [Some(0.125), Some(0.25)]);
        assert!(relative.loss[1].is_nan(), "no share of 0");
        assert_eq!([surface.value_title(), capital(Quantity::LambdaMax.label())], ["Loss", "λ max of the Hessian"]);
        assert_eq!((relative.value_key().as_str(), surface.value_key().as_str()), ("loss_relative_error", "loss"));
        let auroc = LossSurface { quantity: Some(Quantity::Auroc), ..relative };
        assert_eq!((auroc.value_key(), auroc.value_label()), ("auroc_relative_error".into(), "relative standard error of AUROC".into()));
    }
}

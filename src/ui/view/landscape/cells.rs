//! What the panels show for each checkpoint: its loss, a difference, another quantity, or their errors; and cells as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::figure::number::{significant, with_error};
use crate::ui::state::number::share;
use crate::ui::state::store::Landscape;
use crate::ui::view::Scene;
use flatland_core::result::{CellStatus, ErrorKind, InputRecord, LossSurface, Quantity, nearest_node};

/// Surfaces computed from those of the store, kept until these change.
#[derive(Default)]
pub(super) struct Shown {
    surfaces: BTreeMap<Key, Landscape>,
}

/// Checkpoint, dataset, quantity, whether it is a difference, which errors are shown.
type Key = (String, String, Option<Quantity>, bool, Option<ErrorKind>);

impl Shown {
    /// The surfaces of all shown checkpoints that have one, in the order of the session.
    pub(super) fn of(&mut self, scene: &Scene<'_>, dataset: &str, quantity: Option<Quantity>) -> Vec<Option<Landscape>> {
        scene.session.shown().map(|(_, checkpoint)| self.one(scene, &checkpoint.name, dataset, quantity)).collect()
    }

    fn one(&mut self, scene: &Scene<'_>, checkpoint: &str, dataset: &str, quantity: Option<Quantity>) -> Option<Landscape> {
        let key = (checkpoint.to_owned(), dataset.to_owned());
        let found = if scene.difference { scene.store.differences.get(&key)? } else { scene.store.landscapes.get(&key)? };
        // A single image has no standard error.
        let error = scene.session.view.landscape.error.map(crate::figure::error_kind).filter(|_| found.surface.manifest.input.is_none());
        let quantity = quantity.filter(|_| !scene.difference);
        if quantity.is_none() && error.is_none() {
            return Some(found.clone());
        }
        let key = (key.0, key.1, quantity, scene.difference, error);
        if let Some(known) = self.surfaces.get(&key).filter(|known| known.revision == found.revision) {
            return Some(known.clone());
        }
        let of = match quantity {
            Some(quantity) => found.surface.of(quantity)?,
            None => (*found.surface).clone(),
        };
        let surface = error.map_or_else(|| of.clone(), |kind| of.errors(kind));
        let landscape = Landscape { surface: Arc::new(surface), revision: found.revision };
        self.surfaces.insert(key, landscape.clone());
        Some(landscape)
    }

    /// Checkpoints with a kept surface, for tests.
    #[cfg(test)]
    pub(super) fn checkpoints(&self) -> impl Iterator<Item = &str> {
        self.surfaces.keys().map(|(checkpoint, ..)| checkpoint.as_str())
    }

    /// Keeps the surfaces for which `is_there` is true; its arguments are the checkpoint and the revision.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str, u64) -> bool) {
        self.surfaces.retain(|(checkpoint, ..), landscape| is_there(checkpoint, landscape.revision));
    }
}

/// The quantities that the landscapes on `dataset` have besides the loss.
pub fn quantities(scene: &Scene<'_>) -> Vec<Quantity> {
    let has = |quantity: &Quantity| {
        let on = scene.store.landscapes.iter().filter(|((_, dataset), _)| Some(dataset.as_str()) == scene.dataset);
        on.into_iter().any(|(_, found)| found.surface.has(*quantity))
    };
    Quantity::SHOWN.into_iter().filter(has).collect()
}

/// Symbol of the quantity, for an axis.
pub(super) fn symbol(surface: Option<&LossSurface>) -> &'static str {
    let Some(surface) = surface else { return "L" };
    match (surface.error_shown, surface.quantity) {
        (None, _) => symbol_of_value(surface),
        (Some(ErrorKind::Absolute), _) => "s.e.",
        (Some(ErrorKind::Relative), None) if surface.baseline.is_none() => "s.e. / L",
        (Some(ErrorKind::Relative), _) => "rel. s.e.",
    }
}

fn symbol_of_value(surface: &LossSurface) -> &'static str {
    match surface.quantity {
        None if surface.baseline.is_some() => "ΔL",
        None => "L",
        Some(Quantity::Energy) if surface.manifest.input.is_some() => "E",
        Some(Quantity::Energy) => "E ID",
        Some(Quantity::OodEnergy) => "E SS",
        Some(Quantity::OutlierExposure) => "L OE",
        Some(Quantity::DrSam) => "L DR",
        Some(Quantity::Accuracy | Quantity::Auroc | Quantity::Fpr95 | Quantity::NegativeCurvature) => "",
        Some(Quantity::LambdaMax) => "λ max",
        Some(Quantity::LambdaMin) => "λ min",
        Some(Quantity::Prediction) => "class",
        Some(Quantity::Margin) => "margin",
        Some(Quantity::Confidence) => "conf.",
    }
}

/// Index of the cell nearest to (α, β).
pub(super) fn value_at(surface: &LossSurface, [alpha, beta]: [f64; 2]) -> Option<usize> {
    Some(nearest_node(&surface.alpha, alpha)? * surface.beta.len() + nearest_node(&surface.beta, beta)?)
}

/// The value of a cell with its error, if it is known.
pub(super) fn loss_text(surface: &LossSurface, k: usize) -> String {
    match surface.known_loss(k) {
        None => "not computed".into(),
        Some((class, _)) if surface.shows_classes() => class_text(surface, class),
        Some((value, _)) if surface.error_shown == Some(ErrorKind::Relative) => format!("{} %", significant(100.0 * value, 2)),
        Some((value, _)) if surface.error_shown.is_some() => significant(value, 2),
        Some((loss, error)) if surface.status(k) == CellStatus::Estimated => format!("about {}", with_error(loss, error)),
        Some((loss, error)) => with_error(loss, error),
    }
}

/// The name of a class that is a value of a surface.
pub(super) fn class_text(surface: &LossSurface, class: f64) -> String {
    if class.is_finite() { surface.class_name(class as usize) } else { "none, not finite".into() }
}

/// Labels of the axes of the plane.
pub(super) fn axis_labels(surface: Option<&LossSurface>) -> [&'static str; 2] {
    surface.and_then(|surface| surface.manifest.input.as_ref()).map_or(["α", "β"], InputRecord::axis_labels)
}

/// The shown quantity and the accuracy at θ; for a plane in input space, at the image, with the prediction of the network.
pub(super) fn center_facts(surface: &LossSurface) -> Option<String> {
    let (i, j) = (surface.alpha.iter().position(|a| *a == 0.0)?, surface.beta.iter().position(|b| *b == 0.0)?);
    let k = i * surface.beta.len() + j;
    (surface.count[k] > 0).then(|| {
        let value = Some(symbol_of_value(surface)).filter(|symbol| !symbol.is_empty());
        let value = value.or(surface.quantity.map(Quantity::label)).unwrap_or_default();
        if let Some(input) = &surface.manifest.input {
            return format!("{value}(x) {} · {}", loss_text(surface, k), input.classes_said());
        }
        let what = match (surface.error_shown, surface.quantity) {
            (None, None) => format!("{value}(θ)"),
            (None, Some(_)) => format!("{value} at θ"),
            (Some(ErrorKind::Absolute), _) => format!("s.e. of {value} at θ"),
            (Some(ErrorKind::Relative), _) => format!("rel. s.e. of {value} at θ"),
        };
        let shown = format!("{what} {}", loss_text(surface, k));
        if surface.quantity == Some(Quantity::Accuracy) {
            return shown;
        }
        format!("{shown} · acc. {}", share(surface.accuracy[k], surface.count[k] as usize))
    })
}

/// Text of a panel for screen readers.
pub(super) fn summary(name: &str, dataset: &str, quantity: Option<Quantity>, surface: Option<&LossSurface>, form: &str) -> String {
    let baseline = surface.and_then(|surface| surface.baseline.as_ref());
    let error = surface.and_then(|surface| surface.error_shown);
    let (title, value) = match (error, quantity) {
        (Some(_), _) => (format!("{form} of the {}", surface.map_or(String::new(), LossSurface::value_label)), "errors"),
        (None, None) if baseline.is_some() => (format!("Difference to {} of the loss", baseline.map_or("", String::as_str)), "differences"),
        (None, None) => (format!("Loss {}", form.to_lowercase()), "loss"),
        (None, Some(quantity)) => (format!("{form} of {}", quantity.label()), "values"),
    };
    match surface {
        None => format!("{title} of {name} on {dataset}, nothing computed yet"),
        Some(surface) => {
            let range = surface
                .range()
                .map_or(String::new(), |(low, high)| format!(", {value} {} to {}", significant(low, 3), significant(high, 3)));
            let (a, b) = (surface.alpha.len(), surface.beta.len());
            let space = if surface.manifest.input.is_some() { " in input space" } else { "" };
            let on = surface.around(dataset);
            format!("{title} of {name} on {on}{space}, {a} × {b} cells, {} computed{range}", surface.computed())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::result::{Cell, LandscapeManifest, Reading};

    #[test]
    fn around_an_image_the_centre_is_the_image_and_classes_are_called_by_their_names() {
        let classes = vec!["cat".into(), "dog".into()];
        let input = InputRecord { image: 17, label: Some(0), prediction: Some(1), shape: [3, 2, 2], classes, ..Default::default() };
        let manifest = LandscapeManifest { input: Some(input), ..Default::default() };
        let mut surface = LossSurface::pending(vec![0.0], vec![0.0], manifest);
        let readings = vec![Reading { quantity: Quantity::Prediction, value: 1.0, std_error: f64::NAN }];
        surface.set(&Cell { i: 0, j: 0, loss: 0.5, accuracy: 0.0, loss_std_error: f64::NAN, count: 1, readings });
        assert_eq!(center_facts(&surface).unwrap(), "L(x) 0.5000 · label cat, predicted dog");
        let classes = surface.of(Quantity::Prediction).unwrap();
        assert_eq!((loss_text(&classes, 0), class_text(&surface, f64::NAN)), ("dog".into(), "none, not finite".into()));
        assert!(
            summary("A", "test", None, Some(&surface), "Landscape").starts_with("Loss landscape of A on image 17 of test in input space")
        );
    }

    #[test]
    fn the_value_at_the_centre_is_named_as_what_it_is() {
        let mut surface = LossSurface::pending(vec![0.0], vec![0.0], LandscapeManifest::default());
        let reading = |quantity, value| Reading { quantity, value, std_error: 0.02 };
        let readings = vec![reading(Quantity::Auroc, 0.91), reading(Quantity::Energy, 7.3)];
        surface.set(&Cell { i: 0, j: 0, loss: 0.5, accuracy: 0.75, loss_std_error: 0.03, count: 300, readings });
        let facts = |surface: &LossSurface| center_facts(surface).unwrap();
        assert_eq!(facts(&surface), "L(θ) 0.50 ± 0.03 · acc. 75 ± 2 %");
        assert_eq!(facts(&surface.of(Quantity::Auroc).unwrap()), "AUROC at θ 0.91 ± 0.02 · acc. 75 ± 2 %");
        assert_eq!(facts(&surface.errors(ErrorKind::Relative)), "rel. s.e. of L at θ 6.0 % · acc. 75 ± 2 %");
        assert_eq!(facts(&surface.of(Quantity::Energy).unwrap()), "E ID at θ 7.30 ± 0.02 · acc. 75 ± 2 %");
        surface.baseline = Some("plain".into());
        assert_eq!(facts(&surface), "ΔL(θ) 0.50 ± 0.03 · acc. 75 ± 2 %");
    }
}

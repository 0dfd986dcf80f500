//! Surfaces of one dimension: lines. See [`LossBarrier`](super::LossBarrier) for what lies between two checkpoints.

use super::{LossSurface, Map, Quantity};
use crate::metric::share_std_error;

/// How near to 0 or 1 a node has to be to count as the end of a line; spaced axes are rounded.
const AT_END: f64 = 1e-9;

impl LossSurface {
    /// Whether it has one dimension: several values of α, and one of β. It is drawn as a curve.
    pub fn is_line(&self) -> bool {
        self.beta.len() == 1 && self.alpha.len() > 1
    }

    /// Whether it is the line from one checkpoint (α = 0) to another one (α = 1). A line beside them (β ≠ 0) is not.
    pub fn is_between_checkpoints(&self) -> bool {
        self.is_line() && self.beta == [0.0] && self.manifest.definition == "line"
    }

    /// Names of what lies at α = 0 and at α = 1 of a line between two checkpoints: the checkpoints; where BatchNorm's statistics or the inputs
    /// are those of the first one everywhere, the second one with these. `None` of other surfaces, and of those of older versions, which do not
    /// keep the names.
    pub fn ends(&self) -> Option<[String; 2]> {
        let plane = self.manifest.plane.as_ref().filter(|_| self.is_between_checkpoints())?;
        let [from, to] = plane.through.as_slice() else { return None };
        let taken = [(self.has_statistics_of_first(), "statistics"), (plane.other_inputs, "inputs")];
        let taken: Vec<&str> = taken.into_iter().filter_map(|(is_taken, what)| is_taken.then_some(what)).collect();
        let to = if taken.is_empty() { to.clone() } else { format!("{to}, {} of {from}", taken.join(" and ")) };
        Some([from.clone(), to])
    }

    /// Whether BatchNorm has the running statistics of the first checkpoint everywhere on a line between two; a network that may have BatchNorm
    /// counts as one that has.
    pub fn has_statistics_of_first(&self) -> bool {
        let layers = self.manifest.plane.as_ref().and_then(|plane| plane.batch_norm_layers);
        self.is_between_checkpoints() && self.manifest.batch_norm == "frozen" && layers != Some(0)
    }

    /// Index of the cell of a line at `t`, 0 or 1; `None` if the grid has no node there.
    pub(super) fn end(&self, t: f64) -> Option<usize> {
        self.alpha.iter().position(|alpha| (alpha - t).abs() < AT_END)
    }

    /// Whether `quantity` was measured.
    pub fn has(&self, quantity: Quantity) -> bool {
        match quantity {
            // A single image is right or wrong.
            Quantity::Accuracy => self.manifest.input.is_none(),
            measured => self.maps.contains_key(&measured),
        }
    }

    /// The values of a quantity with their standard errors; `None` if it was not measured. The error of the accuracy is that of a share of
    /// as many images as were evaluated.
    pub fn map(&self, quantity: Quantity) -> Option<Map> {
        if quantity != Quantity::Accuracy {
            return self.maps.get(&quantity).cloned();
        }
        let error = |(share, count): (&f64, &u32)| if *count > 0 { share_std_error(*share, *count as usize) } else { f64::NAN };
        let std_error = self.accuracy.iter().zip(&self.count).map(error).collect();
        self.has(quantity).then(|| Map { value: self.accuracy.clone(), std_error })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::result::{Cell, InputRecord, LandscapeManifest, PlaneRecord};

    fn line(batch_norm: &str, batch_norm_layers: Option<usize>) -> LossSurface {
        let plane = PlaneRecord { through: vec!["A".into(), "B".into()], batch_norm_layers, ..Default::default() };
        let manifest =
            LandscapeManifest { definition: "line".into(), batch_norm: batch_norm.into(), plane: Some(plane), ..Default::default() };
        LossSurface::pending(vec![0.0, 0.5, 1.0], vec![0.0], manifest)
    }

    #[test]
    fn the_ends_are_named_as_what_they_are() {
        let ends = |surface: &LossSurface| surface.ends().map(|ends| ends.join(" | "));
        assert_eq!(ends(&line("interpolated", Some(3))).unwrap(), "A | B");
        assert_eq!(ends(&line("frozen", Some(3))).unwrap(), "A | B, statistics of A");
        assert_eq!(ends(&line("frozen", None)).unwrap(), "A | B, statistics of A", "it may have BatchNorm");
        assert_eq!(ends(&line("frozen", Some(0))).unwrap(), "A | B", "a network without BatchNorm");
        let mut other = line("interpolated", Some(3));
        other.manifest.plane.as_mut().unwrap().other_inputs = true;
        assert_eq!(ends(&other).unwrap(), "A | B, inputs of A");
        let beside = LossSurface { beta: vec![0.5], ..line("interpolated", None) };
        assert!(beside.is_line() && beside.ends().is_none(), "neither checkpoint lies on it");
        let mut random = line("interpolated", None);
        random.manifest.definition = "li2018".into();
        assert!(random.is_line() && random.ends().is_none());
        assert!(!LossSurface::pending(vec![0.0], vec![0.0], LandscapeManifest::default()).is_line(), "a point");
    }

    #[test]
    fn accuracy_is_a_quantity_with_the_error_of_a_share() {
        let mut surface = line("interpolated", None);
        surface.set(&Cell { i: 1, j: 0, loss: 0.5, accuracy: 0.8, loss_std_error: 0.1, count: 100, readings: Vec::new() });
        let accuracy = surface.of(Quantity::Accuracy).unwrap();
        assert_eq!((accuracy.loss[1], accuracy.value_key().as_str()), (0.8, "accuracy"));
        assert!((accuracy.loss_std_error[1] - 0.04).abs() < 1e-12 && accuracy.loss_std_error[0].is_nan());
        assert!(surface.of(Quantity::Auroc).is_none(), "it was not measured");
        surface.manifest.input = Some(InputRecord::default());
        assert!(surface.of(Quantity::Accuracy).is_none(), "of one image");
    }
}

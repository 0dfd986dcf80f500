//! [`ClassColors`]: colours for surfaces whose values are classes. [`Coloring`]: how the values of a surface become colours.

use std::collections::BTreeMap;

use super::palette::{self, CLASS_COLORS, Rgb};
use super::{ColorScale, Colormap, ColormapTable};
use flatland_core::result::LossSurface;
use flatland_core::session::Theme;

/// The classes that occur on surfaces, each with its colour of the palette. If two of them would have the same, the later one gets the
/// next free colour, so that regions are distinct for any number of classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassColors(BTreeMap<usize, usize>);

impl ClassColors {
    /// The colours of the classes on all surfaces together; `None` if their values are no classes.
    pub fn of<'a>(surfaces: impl IntoIterator<Item = &'a LossSurface>) -> Option<Self> {
        let mut found: Vec<usize> = Vec::new();
        for surface in surfaces {
            if !surface.shows_classes() {
                return None;
            }
            found.extend(surface.loss.iter().zip(&surface.count).filter(|(_, count)| **count > 0).filter_map(|(&value, _)| class(value)));
        }
        found.sort_unstable();
        found.dedup();
        let mut colors = BTreeMap::new();
        for class in found {
            let taken = |place: &usize| colors.values().any(|known| known == place);
            let own = class % CLASS_COLORS;
            let free = (0..CLASS_COLORS).map(|step| (own + step) % CLASS_COLORS).find(|place| !taken(place));
            colors.insert(class, free.unwrap_or(own));
        }
        Some(Self(colors))
    }

    /// The colour of a value; `None` if it is none of the classes.
    pub fn color(&self, value: f64, theme: Theme) -> Option<Rgb> {
        self.0.get(&class(value)?).map(|place| palette::class(*place, theme))
    }

    /// The classes, ascending.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }
}

/// The class of a value.
fn class(value: f64) -> Option<usize> {
    (value.is_finite() && value >= 0.0 && value.fract() == 0.0).then_some(value as usize)
}

/// How the values of a surface become colours.
#[derive(Clone, Debug, PartialEq)]
pub enum Coloring {
    /// Along a scale.
    Scale(ColorScale, Colormap),
    /// One colour per class.
    Classes(ClassColors, Theme),
}

impl Coloring {
    /// The colour of a value; `None` if it has none.
    pub fn color(&self, value: f64) -> Option<Rgb> {
        match self {
            Coloring::Scale(scale, map) => scale.position(value).map(|t| map.color(t)),
            Coloring::Classes(classes, theme) => classes.color(value, *theme),
        }
    }
}

/// Edges between neighbouring cells of different classes, from and to, given the edges of the cells; cells without a class have no edges.
pub fn class_borders(surface: &LossSurface, alpha: &[f64], beta: &[f64]) -> Vec<[[f64; 2]; 2]> {
    let (a, b) = (surface.alpha.len(), surface.beta.len());
    let of = |i: usize, j: usize| (surface.count[i * b + j] > 0).then(|| class(surface.loss[i * b + j])).flatten();
    let differ = |one: Option<usize>, other: Option<usize>| one.zip(other).is_some_and(|(one, other)| one != other);
    let mut borders = Vec::new();
    for i in 0..a {
        for j in 0..b {
            if i + 1 < a && differ(of(i, j), of(i + 1, j)) {
                borders.push([[alpha[i + 1], beta[j]], [alpha[i + 1], beta[j + 1]]]);
            }
            if j + 1 < b && differ(of(i, j), of(i, j + 1)) {
                borders.push([[alpha[i], beta[j + 1]], [alpha[i + 1], beta[j + 1]]]);
            }
        }
    }
    borders
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::result::{LandscapeManifest, Quantity};

    fn surface(classes: &[f64]) -> LossSurface {
        let axis = (0..classes.len()).map(|k| k as f64).collect();
        let mut surface = LossSurface::pending(axis, vec![0.0], LandscapeManifest::default());
        surface.loss.copy_from_slice(classes);
        surface.count.fill(1);
        surface.quantity = Some(Quantity::Prediction);
        surface
    }

    #[test]
    fn classes_have_their_own_colours_and_no_two_that_occur_have_the_same() {
        let few = ClassColors::of([&surface(&[3.0, 7.0, f64::NAN])]).unwrap();
        assert_eq!(few.color(3.0, Theme::Print), Some(palette::class(3, Theme::Print)), "as in the embedding");
        assert_eq!([few.color(f64::NAN, Theme::Print), few.color(4.0, Theme::Print), few.color(-1.0, Theme::Print)], [None; 3]);
        // 3, 33 and 63 would share one colour.
        let many = ClassColors::of([&surface(&[33.0, 3.0]), &surface(&[63.0, 4.0])]).unwrap();
        assert_eq!(many.classes().collect::<Vec<_>>(), [3, 4, 33, 63]);
        let mut colors: Vec<Rgb> = many.classes().map(|class| many.color(class as f64, Theme::Print).unwrap()).collect();
        colors.sort_unstable();
        colors.dedup();
        assert_eq!(colors.len(), 4);
        assert_eq!(ClassColors::of([&LossSurface { quantity: None, ..surface(&[1.0]) }]), None);
    }

    #[test]
    fn borders_lie_between_cells_of_different_classes_only() {
        let found = class_borders(&surface(&[1.0, 1.0, 2.0, f64::NAN, 2.0]), &[-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], &[-0.5, 0.5]);
        assert_eq!(found, [[[1.5, -0.5], [1.5, 0.5]]]);
    }
}

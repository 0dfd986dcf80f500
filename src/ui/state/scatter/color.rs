//! The colours of categories and scores, and which points of a [`Cloud`] are hidden.

use crate::figure::ColormapTable as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::figure::{ColorScale, Colormap, Theme, palette};
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scores;
use flatland_core::session::{Category, ColorBy, Role};

/// Flag of a visible point.
pub const VISIBLE: u8 = 1;
/// Flag of a selected point.
pub const SELECTED: u8 = 2;

/// The colour map of scores and of densities.
pub const MAP: Colormap = Colormap::Viridis;

/// An entry of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The category.
    pub category: Category,
    /// Name shown in the window.
    pub name: String,
    /// Its colour on a light background.
    pub print: palette::Rgb,
    /// Its colour on a dark background.
    pub dark: palette::Rgb,
}

/// The categories of `field` in the clouds, in the order of the legend.
pub fn legend<'a>(clouds: impl IntoIterator<Item = &'a Cloud>, field: &ColorBy) -> Vec<Entry> {
    let clouds: Vec<&Cloud> = clouds.into_iter().collect();
    // Category → rank; for datasets also the role and the number within that role.
    let mut found: BTreeMap<(i64, String), Option<Role>> = BTreeMap::new();
    let mut datasets: Vec<(String, Option<Role>)> = Vec::new();
    for cloud in &clouds {
        for dataset in &cloud.datasets {
            if !datasets.iter().any(|(name, _)| *name == dataset.name) {
                datasets.push((dataset.name.clone(), dataset.role));
            }
        }
        let mut seen = BTreeSet::new();
        let mut last = i64::MIN;
        for row in 0..cloud.len() as u32 {
            let code = cloud.code(row, field);
            if code == last || !seen.insert(code) {
                last = code;
                continue;
            }
            last = code;
            let Some(value) = cloud.category(row, field) else { continue };
            let rank = match field {
                ColorBy::Dataset => datasets.iter().position(|(name, _)| *name == value).map_or(i64::MAX, |index| index as i64),
                // Right comes before wrong, and points without a value come last.
                ColorBy::Correctness if code >= 0 => 1 - code,
                ColorBy::Role | ColorBy::Label | ColorBy::Prediction | ColorBy::Score(_) if code >= 0 => code,
                ColorBy::Role | ColorBy::Label | ColorBy::Prediction | ColorBy::Correctness | ColorBy::Score(_) => i64::MAX,
            };
            found.insert((rank, value), cloud.role[row as usize]);
        }
    }
    let entry = |((_, value), role): ((i64, String), Option<Role>)| {
        let of = |theme: Theme| match field {
            ColorBy::Role => palette::role_key(&value, theme),
            ColorBy::Dataset => {
                let before = datasets.iter().take_while(|(name, _)| *name != value).filter(|(_, of)| *of == role).count();
                let base = role.map_or([0x80; 3], |role| palette::role(role, theme));
                palette::faded(base, before, theme)
            }
            ColorBy::Correctness => palette::correctness(&value, theme),
            ColorBy::Label | ColorBy::Prediction | ColorBy::Score(_) => {
                value.parse().map_or(palette::unknown(theme), |class| palette::class(class, theme))
            }
        };
        let name = match field {
            ColorBy::Role => Role::of_key(&value).map_or(value.clone(), |role| role.label().into()),
            ColorBy::Correctness if value == "none" => "not judged".into(),
            ColorBy::Label | ColorBy::Prediction if value == "none" => "no label".into(),
            ColorBy::Label if is_of_others(&clouds, &value) => match class_name(&clouds, &value) {
                Some(name) => format!("{name} · {value}"),
                None => value.clone(),
            },
            ColorBy::Label | ColorBy::Prediction => class_name(&clouds, &value).unwrap_or_else(|| value.clone()),
            ColorBy::Correctness | ColorBy::Dataset | ColorBy::Score(_) => value.clone(),
        };
        Entry { name, print: of(Theme::Print), dark: of(Theme::Dark), category: Category { field: field.clone(), value } }
    };
    found.into_iter().map(entry).collect()
}

/// The name of the class of this number, if the networks that name it agree.
fn class_name(clouds: &[&Cloud], value: &str) -> Option<String> {
    let class = value.parse().ok()?;
    let mut names = clouds.iter().filter_map(|cloud| cloud.class_names.name(class));
    let first = names.next()?;
    names.all(|other| other == first).then(|| first.to_owned())
}

/// Whether images of other classes than the network's have this number as their own label too.
fn is_of_others(clouds: &[&Cloud], value: &str) -> bool {
    let is_other = |cloud: &Cloud, row: u32| cloud.role_of(row).is_none_or(|role| !role.has_classes());
    let of = |cloud: &&Cloud| {
        let is_of = of_category(cloud, &ColorBy::Label, &[value]);
        (0u32..).zip(is_of).any(|(row, is_of)| is_of && is_other(cloud, row))
    };
    // Numbers without names need no distinction.
    clouds.iter().any(|cloud| cloud.class_names.is_known()) && clouds.iter().any(of)
}

/// The scale of a score over all clouds; `None` when no cloud has it.
pub fn scale<'a>(clouds: impl IntoIterator<Item = &'a Cloud>, score: &str) -> Option<ColorScale> {
    let values = clouds.into_iter().filter_map(|cloud| cloud.scores.get(score)).flatten().filter(|v| v.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    ColorScale::over(low, high, crate::figure::Spacing::Linear)
}

/// Whether each row is shown: it is in no hidden category.
pub fn shown(cloud: &Cloud, hidden: &BTreeSet<Category>) -> Vec<bool> {
    let mut shown = vec![true; cloud.len()];
    let fields: BTreeSet<&ColorBy> = hidden.iter().map(|category| &category.field).collect();
    for field in fields {
        let values = hidden.iter().filter(|category| category.field == *field).map(|category| category.value.as_str());
        for (shown, of) in shown.iter_mut().zip(of_category(cloud, field, &values.collect::<Vec<_>>())) {
            *shown &= !of;
        }
    }
    shown
}

/// Whether each row has one of these values of a field.
pub fn of_category(cloud: &Cloud, field: &ColorBy, values: &[&str]) -> Vec<bool> {
    let mut verdicts = CategoryCache::default();
    let is_of = |row| cloud.category(row, field).is_some_and(|value| values.contains(&value.as_str()));
    (0..cloud.len() as u32).map(|row| *verdicts.of(cloud.code(row, field), || is_of(row))).collect()
}

/// Red, green, blue and flags of the point at each place.
pub fn styles(
    cloud: &Cloud,
    color_by: &ColorBy,
    legend: &[Entry],
    scale: Option<&ColorScale>,
    theme: Theme,
    shown: &[bool],
    mask: &[bool],
) -> Arc<Vec<[u8; 4]>> {
    let unknown = palette::unknown(theme);
    let finite = |row: usize| cloud.xy[row][0].is_finite() && cloud.xy[row][1].is_finite();
    let flags = |row: usize| if shown[row] && finite(row) { VISIBLE | if mask[row] { SELECTED } else { 0 } } else { 0 };
    let with = |[r, g, b]: palette::Rgb, row: usize| [r, g, b, flags(row)];
    if let ColorBy::Score(name) = color_by {
        let values = cloud.scores.get(name);
        let color = |row: usize| {
            let position = values.and_then(|values| scale?.position(values[row]));
            position.map_or(unknown, |t| MAP.color(t))
        };
        return Arc::new(cloud.order.par_iter().map(|row| with(color(*row as usize), *row as usize)).collect());
    }
    let mut colors = CategoryCache::default();
    let mut of = |row: u32| {
        let find = || {
            let value = cloud.category(row, color_by)?;
            let entry = legend.iter().find(|entry| entry.category.value == value)?;
            Some(if theme == Theme::Dark { entry.dark } else { entry.print })
        };
        *colors.of(cloud.code(row, color_by), || find().unwrap_or(unknown))
    };
    Arc::new(cloud.order.iter().map(|row| with(of(*row), *row as usize)).collect())
}

/// Caches a value for each category code.
struct CategoryCache<T>(Vec<Option<T>>);

impl<T> Default for CategoryCache<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> CategoryCache<T> {
    /// Codes are small and at least −1. A code larger than any number of classes shares an entry with another code.
    fn of(&mut self, code: i64, find: impl FnOnce() -> T) -> &T {
        let index = ((code + 1).max(0) % (1 << 20)) as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index].get_or_insert_with(find)
    }
}

/// The name of what gives the colours.
pub fn label(color_by: &ColorBy) -> String {
    match color_by {
        ColorBy::Role => "role".into(),
        ColorBy::Dataset => "dataset".into(),
        ColorBy::Label => "label".into(),
        ColorBy::Prediction => "prediction".into(),
        ColorBy::Correctness => "right or wrong".into(),
        ColorBy::Score(name) => format!("{} score", scores::label(name)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ui::state::scatter::cloud::tests::{cloud, named_cloud};

    fn names(field: ColorBy) -> Vec<String> {
        legend([&cloud()], &field).into_iter().map(|entry| entry.name).collect()
    }

    fn hidden(texts: &[&str]) -> BTreeSet<Category> {
        texts.iter().map(|text| Category::try_from((*text).to_owned()).unwrap()).collect()
    }

    #[test]
    fn the_legend_has_what_the_points_have_in_order() {
        assert_eq!(names(ColorBy::Role), ["ID", "far SS"]);
        assert_eq!(names(ColorBy::Dataset), ["test", "far"]);
        assert_eq!(names(ColorBy::Label), ["0", "1", "2", "3", "no label"]);
        assert_eq!(names(ColorBy::Correctness), ["right", "wrong", "not judged"]);
        assert!(names(ColorBy::Score("energy".into())).is_empty());
    }

    #[test]
    fn classes_are_called_by_their_names_where_all_networks_agree_on_them() {
        let names =
            |clouds: &[&Cloud]| legend(clouds.iter().copied(), &ColorBy::Label).into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        let (named, unnamed) = (named_cloud(), cloud());
        assert_eq!(names(&[&named, &unnamed]), ["ant", "bee", "wild_cat", "tench", "no label"]);
        assert_eq!(names(&[&unnamed]), ["0", "1", "2", "3", "no label"]);
        assert_eq!(
            (named.shown_category(3, &ColorBy::Label), named.shown_category(3, &ColorBy::Prediction)),
            (Some("tench".into()), Some("ant".into()))
        );
    }

    #[test]
    fn a_label_keeps_its_colour_whatever_else_is_there() {
        let all = legend([&cloud()], &ColorBy::Label);
        let of_prediction = legend([&cloud()], &ColorBy::Prediction);
        let color = |entries: &[Entry], value: &str| entries.iter().find(|entry| entry.category.value == value).map(|entry| entry.print);
        assert_eq!(color(&all, "3"), color(&of_prediction, "3"));
        assert_eq!(color(&all, "3"), Some(palette::class(3, Theme::Print)));
    }

    #[test]
    fn hidden_categories_of_every_field_are_not_shown() {
        let cloud = cloud();
        let rows = |texts: &[&str]| {
            let shown = shown(&cloud, &hidden(texts));
            (0..12).filter(|row| shown[*row]).collect::<Vec<_>>()
        };
        assert_eq!(rows(&["role:far", "label:0"]), [1, 2, 3, 5, 6, 7]);
        assert_eq!(rows(&["correctness:none", "correctness:right"]), [3]);
        assert_eq!(rows(&[]).len(), 12);
    }

    #[test]
    fn styles_lie_in_the_order_of_drawing() {
        let cloud = cloud();
        let entries = legend([&cloud], &ColorBy::Role);
        let mut mask = vec![false; 12];
        mask[9] = true;
        let visible = shown(&cloud, &hidden(&["label:1"]));
        let found = styles(&cloud, &ColorBy::Role, &entries, None, Theme::Dark, &visible, &mask);
        let [r, g, b] = palette::role(Role::Id, Theme::Dark);
        assert_eq!((found[0], found[1]), ([r, g, b, VISIBLE], [r, g, b, 0]));
        let [r, g, b] = palette::role(Role::Far, Theme::Dark);
        assert_eq!(found[9], [r, g, b, VISIBLE | SELECTED]);
        let scale = scale([&cloud], "energy").unwrap();
        assert_eq!((scale.low, scale.high), (-4.0, 7.0));
        let by_score = styles(&cloud, &ColorBy::Score("energy".into()), &[], Some(&scale), Theme::Dark, &visible, &mask);
        assert_eq!(by_score[7][..3], MAP.color(1.0));
        assert_eq!(by_score[11][..3], MAP.color(0.0));
    }
}

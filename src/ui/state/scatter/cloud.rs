//! [`Cloud`]: the points of one checkpoint, prepared for drawing, picking, selecting and colouring.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::ui::state::scatter::class_names::ClassNames;
use crate::ui::state::scatter::grid_index::GridIndex;
use flatland_core::result::{Embedding, ScoreTable};
use flatland_core::session::{ColorBy, Role, Selection};

/// The points of a dataset.
#[derive(Debug)]
pub struct DatasetRows {
    /// Name of the dataset.
    pub name: String,
    /// Its role.
    pub role: Option<Role>,
    /// Position in the source and row of each point, ascending.
    pub rows: Vec<(i64, u32)>,
}

/// The points of one checkpoint. A "row" is a row of the embedding; a "place" is an index into the order of drawing.
#[derive(Debug, Default)]
pub struct Cloud {
    /// The embedding; `None` while t-SNE runs, when only positions and roles are known.
    pub embedding: Option<Arc<Embedding>>,
    /// Coordinates by row.
    pub xy: Vec<[f32; 2]>,
    /// The largest absolute value of the finite coordinates.
    pub max_abs: f32,
    /// The row at each place: ID first, SS last and on top.
    pub order: Vec<u32>,
    /// Coordinates by place.
    pub positions: Arc<Vec<[f32; 2]>>,
    /// Role by row.
    pub role: Vec<Option<Role>>,
    /// The datasets; empty while t-SNE runs.
    pub datasets: Vec<DatasetRows>,
    /// Index into `datasets` by row; empty while t-SNE runs.
    pub dataset_of: Vec<u16>,
    /// Index of the points in the plane; empty while t-SNE runs.
    pub index: GridIndex,
    /// Values by row for each score; NaN when not known.
    pub scores: IndexMap<String, Vec<f64>>,
    /// The names of the network's classes.
    pub class_names: ClassNames,
}

impl Cloud {
    /// The points of a running t-SNE.
    pub fn live(xy: Vec<[f32; 2]>, roles: &[String]) -> Self {
        let role = (0..xy.len()).map(|row| roles.get(row).and_then(|key| Role::of_key(key))).collect();
        Self { xy, role, ..Self::default() }.ordered()
    }

    /// The points of a finished embedding, with the scores of the same checkpoint if they are known; `is_imagenet`: its classes are taken to be
    /// ImageNet's.
    pub fn finished(embedding: Arc<Embedding>, scores: Option<&ScoreTable>, is_imagenet: bool) -> Self {
        let mut places: IndexMap<&str, u16> = IndexMap::new();
        let mut datasets: Vec<DatasetRows> = Vec::new();
        let mut dataset_of = Vec::with_capacity(embedding.len());
        let (mut last, mut of_last) = ("", u16::MAX);
        let rows = embedding.dataset.iter().zip(&embedding.role).zip(&embedding.index).zip(0u32..);
        for (((name, role), position), row) in rows {
            // The rows of a dataset are contiguous.
            if of_last == u16::MAX || name != last {
                of_last = *places.entry(name).or_insert_with(|| {
                    datasets.push(DatasetRows { name: name.clone(), role: Role::of_key(role), rows: Vec::new() });
                    (datasets.len() - 1) as u16
                });
                last = name;
            }
            dataset_of.push(of_last);
            datasets[of_last as usize].rows.push((*position, row));
        }
        let scores = scores.map(|table| join(table, &embedding, &datasets)).unwrap_or_default();
        for dataset in &mut datasets {
            if !dataset.rows.is_sorted() {
                dataset.rows.sort_unstable();
            }
        }
        let role = dataset_of.iter().map(|d| datasets[*d as usize].role).collect();
        let index = GridIndex::new(&embedding.tsne);
        let (xy, class_names) = (embedding.tsne.clone(), ClassNames::of(&embedding, is_imagenet));
        Self { xy, role, datasets, dataset_of, index, scores, class_names, embedding: Some(embedding), ..Self::default() }.ordered()
    }

    fn ordered(mut self) -> Self {
        self.max_abs = self.xy.iter().flatten().filter(|v| v.is_finite()).fold(0.0, |max_abs, v| max_abs.max(v.abs()));
        // A counting sort: roles in their order, and the rows of one role in theirs.
        for role in std::iter::once(None).chain(Role::ALL.map(Some)) {
            self.order.extend((0..self.xy.len() as u32).filter(|row| self.role[*row as usize] == role));
        }
        self.positions = Arc::new(self.order.iter().map(|row| self.xy[*row as usize]).collect());
        self
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.xy.len()
    }

    /// Dataset and position of a row; `None` while t-SNE runs.
    pub fn image(&self, row: u32) -> Option<(&str, i64)> {
        let dataset = self.datasets.get(*self.dataset_of.get(row as usize)? as usize)?;
        Some((&dataset.name, *self.embedding.as_ref()?.index.get(row as usize)?))
    }

    /// The role of a row, if it is known.
    pub fn role_of(&self, row: u32) -> Option<Role> {
        self.role.get(row as usize).copied().flatten()
    }

    /// The row of an image.
    pub fn row(&self, dataset: &str, position: i64) -> Option<u32> {
        let rows = &self.datasets.iter().find(|known| known.name == dataset)?.rows;
        let found = rows.binary_search_by_key(&position, |(position, _)| *position).ok()?;
        Some(rows[found].1)
    }

    /// The images of these rows.
    pub fn selection(&self, rows: impl IntoIterator<Item = u32>) -> Selection {
        let Some(embedding) = &self.embedding else { return Selection::default() };
        let mut positions: Vec<Vec<i64>> = vec![Vec::new(); self.datasets.len()];
        for row in rows {
            positions[self.dataset_of[row as usize] as usize].push(embedding.index[row as usize]);
        }
        let mut selection = Selection::default();
        for (dataset, positions) in self.datasets.iter().zip(positions) {
            selection.apply(Selection::of(&dataset.name, positions), flatland_core::session::SelectMode::Add);
        }
        selection
    }

    /// Whether each row is selected.
    pub fn mask(&self, selection: &Selection) -> Vec<bool> {
        let mut mask = vec![false; self.len()];
        for dataset in &self.datasets {
            for [low, high] in selection.ranges(&dataset.name) {
                let from = dataset.rows.partition_point(|(position, _)| position < low);
                for (_, row) in dataset.rows[from..].iter().take_while(|(position, _)| position <= high) {
                    mask[*row as usize] = true;
                }
            }
        }
        mask
    }

    /// The category of a row as text: `far`, `3`, `none`, `wrong`, ...; `None` for a score.
    pub fn category(&self, row: u32, field: &ColorBy) -> Option<String> {
        let class = |class: Option<&i64>| class.filter(|class| **class >= 0).map_or_else(|| "none".to_owned(), i64::to_string);
        let embedding = self.embedding.as_ref();
        let row = row as usize;
        Some(match field {
            ColorBy::Role => self.role_of(row as u32).map_or("none", Role::key).to_owned(),
            ColorBy::Dataset => self.dataset_of.get(row).map_or_else(|| "none".to_owned(), |d| self.datasets[*d as usize].name.clone()),
            ColorBy::Label => class(embedding.and_then(|e| e.label.get(row))),
            ColorBy::Prediction => class(embedding.and_then(|e| e.prediction.get(row))),
            ColorBy::Correctness => match self.is_right(row as u32) {
                Some(true) => "right".into(),
                Some(false) => "wrong".into(),
                None => "none".into(),
            },
            ColorBy::Score(_) => return None,
        })
    }

    /// The category of a row as it is shown: [`Cloud::category`], with the name of a class of the network where it is known.
    pub fn shown_category(&self, row: u32, field: &ColorBy) -> Option<String> {
        let value = self.category(row, field)?;
        // Labels of images of other roles are numbers of other classes.
        let is_class = match field {
            ColorBy::Label => self.role_of(row).is_some_and(Role::has_classes),
            ColorBy::Prediction => true,
            ColorBy::Role | ColorBy::Dataset | ColorBy::Correctness | ColorBy::Score(_) => false,
        };
        let name = value.parse().ok().filter(|_| is_class).and_then(|class| self.class_names.name(class));
        Some(name.map_or(value, str::to_owned))
    }

    /// Whether the prediction of a row equals its label; `None` without a label or prediction, or when the network does not know the
    /// class.
    pub fn is_right(&self, row: u32) -> Option<bool> {
        let embedding = self.embedding.as_ref().filter(|_| self.role_of(row).is_some_and(Role::has_classes))?;
        let (label, prediction) = (*embedding.label.get(row as usize)?, *embedding.prediction.get(row as usize)?);
        (label >= 0 && prediction >= 0).then_some(prediction == label)
    }

    /// A number that is equal for rows of one category: faster than [`Cloud::category`].
    pub fn code(&self, row: u32, field: &ColorBy) -> i64 {
        let class = |class: Option<&i64>| class.copied().filter(|class| *class >= 0).unwrap_or(-1);
        let embedding = self.embedding.as_ref();
        let at = row as usize;
        match field {
            ColorBy::Role => self.role[at].map_or(-1, |role| role as i64),
            ColorBy::Dataset => self.dataset_of.get(at).map_or(-1, |d| i64::from(*d)),
            ColorBy::Label => class(embedding.and_then(|e| e.label.get(at))),
            ColorBy::Prediction => class(embedding.and_then(|e| e.prediction.get(at))),
            ColorBy::Correctness => self.is_right(row).map_or(-1, i64::from),
            ColorBy::Score(_) => -1,
        }
    }
}

/// The scores of every row. Both analyses read the same images in the same order: the scores of a dataset are joined in order if there are
/// as many of them with the same positions and labels, and left out otherwise. Older tables have no positions.
fn join(table: &ScoreTable, embedding: &Embedding, datasets: &[DatasetRows]) -> IndexMap<String, Vec<f64>> {
    let mut joined: IndexMap<String, Vec<f64>> = IndexMap::new();
    for dataset in datasets {
        let Some(data) = table.datasets.iter().find(|data| data.name == dataset.name) else { continue };
        let labels = dataset.rows.iter().map(|(_, row)| embedding.label[*row as usize]);
        let positions = dataset.rows.iter().map(|(position, _)| *position);
        let elsewhere = !data.index.is_empty() && !positions.eq(data.index.iter().copied());
        if elsewhere || !labels.eq(data.label.iter().copied()) {
            continue;
        }
        for (score, values) in data.scores.iter().filter(|(_, values)| values.len() == dataset.rows.len()) {
            let column = joined.entry(score.clone()).or_insert_with(|| vec![f64::NAN; embedding.len()]);
            for ((_, row), value) in dataset.rows.iter().zip(values) {
                column[*row as usize] = *value;
            }
        }
    }
    joined
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::result::DatasetScores;
    use flatland_core::session::SelectMode;

    /// Twelve images: eight of `test` (positions 100, 110, ...; image 3 is wrong) and four of `far` in falling positions.
    pub(in crate::ui::state::scatter) fn embedding() -> Embedding {
        let mut found = Embedding { feature_dim: 2, classes: 4, ..Embedding::default() };
        for i in 0..12i64 {
            let far = i >= 8;
            found.tsne.push([i as f32, (i % 4) as f32]);
            found.features.extend([i as f32, 0.0]);
            found.logits.extend([0.0; 4]);
            found.label.push(if far { -1 } else { i % 4 });
            found.prediction.push(if i == 3 { 0 } else { i % 4 });
            found.role.push(if far { "far" } else { "id" }.into());
            found.dataset.push(if far { "far" } else { "test" }.into());
            found.index.push(if far { 20 - i } else { 100 + 10 * i });
        }
        found
    }

    /// The same, of classes with these names.
    pub(in crate::ui::state::scatter) fn named_cloud() -> Cloud {
        let class_names = ["ant", "bee", "wild_cat", "n01440764"].map(str::to_owned).into();
        Cloud::finished(Arc::new(Embedding { class_names, ..embedding() }), Some(&table()), false)
    }

    pub(in crate::ui::state::scatter) fn table() -> ScoreTable {
        let of = |name: &str, label: Vec<i64>, energy: Vec<f64>| DatasetScores {
            name: name.into(),
            role: String::new(),
            index: Vec::new(),
            prediction: label.clone(),
            label,
            tied: 0,
            scores: [("energy".to_owned(), energy)].into_iter().collect(),
        };
        let datasets = vec![
            of("test", vec![0, 1, 2, 3, 0, 1, 2, 3], (0..8).map(f64::from).collect()),
            of("far", vec![-1; 4], vec![-1.0, -2.0, -3.0, -4.0]),
        ];
        ScoreTable { datasets, ..ScoreTable::default() }
    }

    pub(in crate::ui::state::scatter) fn cloud() -> Cloud {
        Cloud::finished(Arc::new(embedding()), Some(&table()), false)
    }

    #[test]
    fn scores_join_by_order_within_a_dataset() {
        let cloud = cloud();
        assert_eq!(cloud.scores["energy"], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -1.0, -2.0, -3.0, -4.0]);
    }

    #[test]
    fn scores_of_other_images_are_not_joined() {
        let mut other = table();
        other.datasets[0].label[2] = 1;
        let cloud = Cloud::finished(Arc::new(embedding()), Some(&other), false);
        assert!(cloud.scores["energy"][..8].iter().all(|v| v.is_nan()) && cloud.scores["energy"][8] == -1.0);
        for (index, joined) in [(vec![12, 11, 10, 9], true), (vec![13, 11, 10, 9], false), (vec![12, 11, 10], false)] {
            let mut known = table();
            known.datasets[1].index = index;
            let cloud = Cloud::finished(Arc::new(embedding()), Some(&known), false);
            assert_eq!(!cloud.scores["energy"][8].is_nan(), joined);
        }
        let mut fewer = table();
        fewer.datasets.remove(0);
        fewer.datasets[0].label.pop();
        assert!(Cloud::finished(Arc::new(embedding()), Some(&fewer), false).scores.is_empty());
    }

    #[test]
    fn images_are_found_from_rows_and_rows_from_images() {
        let cloud = cloud();
        for row in 0..12 {
            let (dataset, position) = cloud.image(row).unwrap();
            assert_eq!(cloud.row(dataset, position), Some(row));
        }
        assert_eq!((cloud.row("test", 101), cloud.row("near", 100)), (None, None));
    }

    #[test]
    fn a_selection_of_rows_masks_these_rows_here_and_their_images_elsewhere() {
        let cloud = cloud();
        let mut selection = cloud.selection([1, 2, 9, 11]);
        assert_eq!(selection.len(), 4);
        let rows = |mask: Vec<bool>| (0..12u32).filter(|row| mask[*row as usize]).collect::<Vec<_>>();
        assert_eq!(rows(cloud.mask(&selection)), [1, 2, 9, 11]);
        selection.apply(cloud.selection([2]), SelectMode::Subtract);
        let mut shuffled = embedding();
        shuffled.dataset.rotate_left(8);
        shuffled.role.rotate_left(8);
        shuffled.index.rotate_left(8);
        let elsewhere = Cloud::finished(Arc::new(shuffled), None, false);
        assert_eq!(rows(elsewhere.mask(&selection)), [1, 3, 5]);
    }

    #[test]
    fn what_is_not_id_is_drawn_last() {
        let mut reversed = embedding();
        reversed.role.reverse();
        reversed.dataset.reverse();
        let cloud = Cloud::finished(Arc::new(reversed), None, false);
        assert_eq!(cloud.order, [4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3]);
        assert_eq!(cloud.positions[11], [3.0, 3.0]);
    }

    #[test]
    fn only_known_classes_are_right_or_wrong() {
        let cloud = cloud();
        assert_eq!([0, 3, 9].map(|row| cloud.is_right(row)), [Some(true), Some(false), None]);
        assert_eq!(cloud.category(9, &ColorBy::Label).as_deref(), Some("none"));
        assert_eq!(cloud.category(3, &ColorBy::Correctness).as_deref(), Some("wrong"));
        assert_eq!(cloud.category(9, &ColorBy::Role).as_deref(), Some("far"));
    }

    #[test]
    fn points_under_way_have_roles_and_nothing_else() {
        let cloud = Cloud::live(vec![[0.0, 0.0], [1.0, 1.0]], &["far".into(), "id".into()]);
        assert_eq!((cloud.order.as_slice(), cloud.image(0)), (&[1, 0][..], None));
        assert!(cloud.mask(&Selection::of("test", vec![1])).iter().all(|selected| !selected));
        assert_eq!(cloud.category(0, &ColorBy::Label).as_deref(), Some("none"));
    }
}

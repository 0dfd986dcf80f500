//! [`Picture`]: the engine that computed the 2-D coordinates of an embedding, and why it was chosen.

use super::{Npz, NpzValues};

/// Smallest number of distinct points for t-SNE.
pub const FEWEST_POINTS: usize = 5;

/// Values of a feature that differ by less than this share of the largest one differ only by rounding: the features of
/// one image differ so between batches of different sizes.
const ROUNDING: f32 = 1e-5;

/// An engine that computes 2-D coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// t-SNE by the crate `bhtsne`.
    #[default]
    Bhtsne,
    /// The first two principal components.
    Pca,
}

impl Engine {
    /// All of them.
    pub const ALL: [Engine; 2] = [Engine::Bhtsne, Engine::Pca];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Engine::Bhtsne => "bhtsne",
            Engine::Pca => "pca",
        }
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Engine::Bhtsne => "t-SNE",
            Engine::Pca => "principal components",
        }
    }

    /// Labels of the axes.
    pub fn axes(self) -> [&'static str; 2] {
        match self {
            Engine::Bhtsne => ["t-SNE 1", "t-SNE 2"],
            Engine::Pca => ["principal component 1", "principal component 2"],
        }
    }
}

/// The engine of an embedding, and why it is not the requested one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The engine.
    pub engine: Engine,
    /// The perplexity of t-SNE; `None` for other engines or if it is not known.
    pub perplexity: Option<f64>,
    /// Why engine or perplexity are not the requested ones.
    pub reason: Option<String>,
}

impl Picture {
    /// Principal components instead of t-SNE, because only `different` of `images` have distinct features.
    pub fn too_few(different: usize, images: usize) -> Self {
        let among = if different < images { format!(" among {images}") } else { String::new() };
        let reason = format!("t-SNE needs at least {FEWEST_POINTS} images whose features differ, found {different}{among}");
        Self { engine: Engine::Pca, perplexity: None, reason: Some(reason) }
    }

    /// As text: `t-SNE`, or the other engine and the reason.
    pub fn describe(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{} ({reason})", self.engine.label()),
            None => self.engine.label().into(),
        }
    }

    pub(super) fn write(&self, npz: &mut Npz) {
        npz.push("engine", &[1], NpzValues::Text(vec![self.engine.key().into()]));
        npz.push("perplexity", &[1], NpzValues::F64(vec![self.perplexity.unwrap_or(f64::NAN)]));
        npz.push("reason", &[1], NpzValues::Text(vec![self.reason.clone().unwrap_or_default()]));
    }

    /// The record in an archive; `None` for versions without one.
    pub(super) fn read(npz: &Npz) -> Result<Option<Self>, String> {
        let text = |name: &str| match npz.get(name).map(|array| &array.values) {
            Some(NpzValues::Text(texts)) => texts.first().cloned(),
            _ => None,
        };
        let Some(key) = text("engine") else { return Ok(None) };
        let engine = Engine::ALL.into_iter().find(|engine| engine.key() == key).ok_or_else(|| {
            let known = Engine::ALL.map(Engine::key).join(" or ");
            format!("expected {known} in `engine`, found `{key}`")
        })?;
        let perplexity = npz.f64("perplexity").and_then(|values| values.first().copied()).filter(|value| value.is_finite());
        Ok(Some(Self { engine, perplexity, reason: text("reason").filter(|reason| !reason.is_empty()) }))
    }

    /// The engine of an embedding without a record: earlier versions used principal components for fewer than five points and for points that
    /// are all equal. t-SNE moves equal points apart, principal components leave them at 0.
    pub(super) fn unrecorded(features: &[f32], dim: usize, xy: &[[f32; 2]]) -> Self {
        let all_at_zero = || xy.as_flattened().iter().all(|v| v.abs() < 1e-3);
        let different = different_points(features, dim, FEWEST_POINTS);
        if xy.len() < FEWEST_POINTS || (different <= 1 && all_at_zero()) {
            return Self::too_few(different, xy.len());
        }
        Self::default()
    }
}

/// How many of the points [N, dim] differ from each other by more than rounding; counted up to `enough`.
pub fn different_points(points: &[f32], dim: usize, enough: usize) -> usize {
    if dim == 0 {
        return usize::from(!points.is_empty()).min(enough);
    }
    let mut tolerance = vec![0.0f32; dim];
    for point in points.chunks_exact(dim) {
        tolerance.iter_mut().zip(point).for_each(|(most, value)| *most = most.max(ROUNDING * value.abs()));
    }
    let mut found: Vec<&[f32]> = Vec::with_capacity(enough);
    for point in points.chunks_exact(dim) {
        if found.len() == enough {
            break;
        }
        let same = |other: &&[f32]| point.iter().zip(*other).zip(&tolerance).all(|((a, b), tolerance)| (a - b).abs() <= *tolerance);
        if !found.iter().any(same) {
            found.push(point);
        }
    }
    found.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn points_that_differ_by_rounding_are_one() {
        let rows = |rows: &[[f32; 2]]| rows.concat();
        assert_eq!(different_points(&rows(&[[1.0, 2.0]; 40]), 2, 5), 1);
        assert_eq!(different_points(&rows(&[[1.0, 2.0], [1.000_000_1, 2.0], [1.0, 2.1]]), 2, 5), 2);
        assert_eq!(different_points(&rows(&[[0.0, 1e6], [1.0, 1e6], [2.0, 1e6]]), 2, 5), 3, "a large feature does not hide a small one");
        assert_eq!(different_points(&(0..40u8).map(f32::from).collect::<Vec<_>>(), 1, 5), 5);
        assert_eq!((different_points(&[], 2, 5), different_points(&[0.0; 8], 2, 5)), (0, 1));
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_an_unknown_engine_is_refused() {
        for picture in [
            Picture { engine: Engine::Bhtsne, perplexity: Some(3.0), reason: Some("because".into()) },
            Picture::too_few(1, 40),
            Picture::default(),
        ] {
            let mut npz = Npz::default();
            picture.write(&mut npz);
            assert_eq!(Picture::read(&npz).unwrap(), Some(picture));
        }
        assert_eq!(Picture::read(&Npz::default()).unwrap(), None);
        let mut npz = Npz::default();
        npz.push("engine", &[1], NpzValues::Text(vec!["umap".into()]));
        assert_eq!(Picture::read(&npz).unwrap_err(), "expected bhtsne or pca in `engine`, found `umap`");
    }

    #[test]
    fn the_engine_of_an_embedding_without_a_record_follows_from_its_points() {
        let engine = |features: &[f32], xy: &[[f32; 2]]| Picture::unrecorded(features, 1, xy).engine;
        assert_eq!(engine(&[1.0, 2.0, 3.0, 4.0], &[[0.0; 2]; 4]), Engine::Pca, "fewer than five");
        assert_eq!(engine(&[7.0; 40], &[[0.0; 2]; 40]), Engine::Pca, "one image forty times");
        assert_eq!(engine(&[1.0, 2.0, 3.0, 4.0, 5.0], &[[2.0, 1.0]; 5]), Engine::Bhtsne);
    }
}

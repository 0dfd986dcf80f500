//! [`Images`]: the images of datasets, read when they are shown.

use std::collections::HashMap;
use std::sync::Arc;

use flatland_core::data::{SingleImage, Source};

/// Number of images that are kept; those used longest ago are removed first.
const CAPACITY: usize = 1024;
/// Number of images read at once.
const BATCH: usize = 64;

/// The state of an image.
#[derive(Clone)]
pub enum Image {
    /// It was requested.
    Requested,
    /// It was read.
    Loaded(Arc<SingleImage>),
    /// It cannot be shown, with the reason.
    Failed(String),
}

/// Identifies an image: a position in a source. A dataset of the same name may later have another source or a corruption.
type Key = (Arc<Source>, i64);

/// Cache of the images of datasets.
#[derive(Default)]
pub struct Images {
    /// Source of the images by name of the dataset.
    sources: HashMap<String, Arc<Source>>,
    known: HashMap<Key, (Image, u64)>,
    /// Images to read; the latest request is last.
    wanted: Vec<Key>,
    reading: bool,
    clock: u64,
}

impl Images {
    /// Sets the source of each dataset: the first source with its name.
    pub fn set_sources<'a>(&mut self, sources: impl Iterator<Item = &'a Source>) {
        let mut old = std::mem::take(&mut self.sources);
        for source in sources {
            if !self.sources.contains_key(&source.name) {
                let known = old.remove(&source.name).filter(|known| **known == *source);
                self.sources.insert(source.name.clone(), known.unwrap_or_else(|| Arc::new(source.clone())));
            }
        }
    }

    /// An image of a dataset. The first call requests it.
    pub fn get(&mut self, dataset: &str, position: i64) -> Image {
        self.clock += 1;
        let Some(source) = self.sources.get(dataset) else {
            return Image::Failed(format!("expected `{dataset}` among the datasets of an embedding, found it in none"));
        };
        let key = (source.clone(), position);
        if let Some((image, used)) = self.known.get_mut(&key) {
            *used = self.clock;
            return image.clone();
        }
        self.known.insert(key.clone(), (Image::Requested, self.clock));
        self.wanted.push(key);
        Image::Requested
    }

    /// The images to read next, all of one source, the latest request first; `None` while images are being read.
    pub fn next(&mut self) -> Option<(Arc<Source>, Vec<i64>)> {
        if self.reading {
            return None;
        }
        let source = self.wanted.last()?.0.clone();
        let mut chosen = Vec::new();
        for k in (0..self.wanted.len()).rev() {
            if self.wanted[k].0 == source && chosen.len() < BATCH {
                chosen.push(self.wanted.remove(k).1);
            }
        }
        self.reading = true;
        Some((source, chosen))
    }

    /// Stores images that were read.
    pub fn read(&mut self, source: &Arc<Source>, images: Vec<(i64, Result<SingleImage, String>)>) {
        self.reading = false;
        for (position, image) in images {
            let image = image.map_or_else(Image::Failed, |image| Image::Loaded(Arc::new(image)));
            self.known.insert((source.clone(), position), (image, self.clock));
        }
        if self.known.len() > CAPACITY {
            let mut ages: Vec<u64> = self.known.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - CAPACITY];
            self.known.retain(|_, (image, used)| *used >= oldest || matches!(image, Image::Requested));
        }
    }

    /// Removes all images except those being read: files may have changed when they are opened again.
    pub fn clear(&mut self) {
        *self = Self { reading: self.reading, clock: self.clock, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::data::Corruption;

    fn source(name: &str) -> Source {
        let path = format!("/nowhere/{name}").into();
        Source { name: name.into(), path, ..Source::default() }
    }

    /// Images of the datasets `a` and `b`.
    fn images() -> Images {
        let mut images = Images::default();
        images.set_sources([source("a"), source("b")].iter());
        images
    }

    fn pixels() -> SingleImage {
        SingleImage { height: 1, width: 2, pixels: vec![0; 6] }
    }

    #[test]
    fn images_are_asked_for_once_and_read_by_dataset() {
        let mut images = images();
        for k in 0..100 {
            images.get("a", k);
            images.get("a", k);
        }
        let (a, first) = images.next().unwrap();
        assert_eq!((a.name.as_str(), first.len(), images.next().is_some()), ("a", BATCH, false));
        images.read(&a, first.iter().map(|k| (*k, if *k == 99 { Err("cut off".into()) } else { Ok(pixels()) })).collect());
        assert!(matches!(images.get("a", 98), Image::Loaded(_)) && matches!(images.get("a", 99), Image::Failed(_)));
        images.get("b", 5);
        let (b, latest) = images.next().unwrap();
        assert_eq!((b.name.as_str(), latest), ("b", vec![5]), "the latest wish comes first");
        images.read(&b, Vec::new());
        assert_eq!(images.next().map(|(source, rest)| (source.name.clone(), rest.len())), Some(("a".into(), 36)));
        assert!(matches!(images.get("c", 0), Image::Failed(reason) if reason.contains("expected `c` among the datasets")));
    }

    #[test]
    fn a_dataset_of_the_same_name_from_elsewhere_has_other_images() {
        let mut images = images();
        let corruption = Some(Corruption { kind: "fog".into(), severity: 3 });
        let other = [
            Source { split: Some("train".into()), ..source("a") },
            Source { corruption, ..source("a") },
            Source { seed: 1, ..source("a") },
        ];
        images.get("a", 0);
        let (a, wanted) = images.next().unwrap();
        images.read(&a, wanted.into_iter().map(|k| (k, Ok(pixels()))).collect());
        for other in &other {
            images.set_sources([other].into_iter());
            assert!(matches!(images.get("a", 0), Image::Requested), "{other:?}");
            // The source changes back while images are being read.
            let (source, wanted) = images.next().unwrap();
            assert_eq!(*source, *other);
            images.set_sources([a.as_ref()].into_iter());
            images.read(&source, wanted.into_iter().map(|k| (k, Err("of the other".into()))).collect());
            assert!(matches!(images.get("a", 0), Image::Loaded(_)), "what was read stays with its source");
        }
    }

    #[test]
    fn images_used_longest_ago_are_removed() {
        let mut images = images();
        let a = images.sources["a"].clone();
        for k in 0..CAPACITY as i64 + 50 {
            images.get("a", k);
            images.get("a", 0);
            images.read(&a, vec![(k, Ok(pixels()))]);
        }
        assert!(images.known.len() <= CAPACITY + 1);
        assert!(matches!(images.get("a", 0), Image::Loaded(_)) && matches!(images.get("a", 1), Image::Requested));
    }
}

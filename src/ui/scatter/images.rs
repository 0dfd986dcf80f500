//! [`Images`]: the images of datasets as textures, read when somebody wants to see them.

use std::collections::HashMap;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::data::SingleImage;

/// Textures that are kept; those that were looked at longest ago go first.
const KEPT: usize = 1024;
/// Images read at once.
const AT_ONCE: usize = 64;

/// An image, as far as it is known.
#[derive(Clone)]
pub enum Image {
    /// It was asked for.
    Coming,
    /// Its texture.
    There(TextureHandle),
    /// Why it cannot be shown.
    Failed(String),
}

/// Images by dataset and position.
#[derive(Default)]
pub struct Images {
    known: HashMap<(String, i64), (Image, u64)>,
    /// What to read; the latest wish last.
    wanted: Vec<(String, i64)>,
    reading: bool,
    clock: u64,
}

impl Images {
    /// An image; the first time it is asked for it is coming.
    pub fn get(&mut self, dataset: &str, position: i64) -> Image {
        self.clock += 1;
        let key = (dataset.to_owned(), position);
        if let Some((image, used)) = self.known.get_mut(&key) {
            *used = self.clock;
            return image.clone();
        }
        self.known.insert(key.clone(), (Image::Coming, self.clock));
        self.wanted.push(key);
        Image::Coming
    }

    /// What to read next, of one dataset, the latest wish first; nothing while something is being read.
    pub fn next(&mut self) -> Option<(String, Vec<i64>)> {
        if self.reading {
            return None;
        }
        let name = self.wanted.last()?.0.clone();
        let mut chosen = Vec::new();
        for k in (0..self.wanted.len()).rev() {
            if self.wanted[k].0 == name && chosen.len() < AT_ONCE {
                chosen.push(self.wanted.remove(k).1);
            }
        }
        self.reading = true;
        Some((name, chosen))
    }

    /// Takes in what was read.
    pub fn read(&mut self, ctx: &Context, dataset: &str, images: Vec<(i64, Result<SingleImage, String>)>) {
        self.reading = false;
        for (position, image) in images {
            let image = match image {
                Ok(image) => {
                    let picture = ColorImage::from_rgb([image.width, image.height], &image.pixels);
                    Image::There(ctx.load_texture(format!("{dataset} {position}"), picture, TextureOptions::NEAREST))
                }
                Err(reason) => Image::Failed(reason),
            };
            self.known.insert((dataset.to_owned(), position), (image, self.clock));
        }
        if self.known.len() > KEPT {
            let mut ages: Vec<u64> = self.known.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let oldest = ages[ages.len() - KEPT];
            self.known.retain(|_, (image, used)| *used >= oldest || matches!(image, Image::Coming));
        }
    }

    /// Forgets everything but what is being read.
    pub fn clear(&mut self) {
        *self = Self { reading: self.reading, clock: self.clock, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_asked_for_once_and_read_by_dataset() {
        let (ctx, mut images) = (Context::default(), Images::default());
        for k in 0..100 {
            images.get("a", k);
            images.get("a", k);
        }
        let Some((name, first)) = images.next() else { panic!("wishes") };
        assert_eq!((name.as_str(), first.len(), images.next().is_some()), ("a", AT_ONCE, false));
        let pixels = SingleImage { height: 1, width: 2, pixels: vec![0; 6] };
        images.read(&ctx, "a", first.iter().map(|k| (*k, if *k == 99 { Err("cut off".into()) } else { Ok(pixels.clone()) })).collect());
        assert!(matches!(images.get("a", 98), Image::There(_)) && matches!(images.get("a", 99), Image::Failed(_)));
        images.get("b", 5);
        assert_eq!(images.next(), Some(("b".into(), vec![5])), "the latest wish comes first");
        images.read(&ctx, "b", Vec::new());
        assert_eq!(images.next().map(|(name, rest)| (name, rest.len())), Some(("a".into(), 36)));
    }

    #[test]
    fn what_was_looked_at_longest_ago_goes() {
        let (ctx, mut images) = (Context::default(), Images::default());
        let pixels = SingleImage { height: 1, width: 1, pixels: vec![0; 3] };
        for k in 0..KEPT as i64 + 50 {
            images.get("a", k);
            images.get("a", 0);
            images.read(&ctx, "a", vec![(k, Ok(pixels.clone()))]);
        }
        assert!(images.known.len() <= KEPT + 1);
        assert!(matches!(images.get("a", 0), Image::There(_)) && matches!(images.get("a", 1), Image::Coming));
    }
}

//! Single images of a source, for looking at.

use super::{DataError, Source, corruption, open};

/// An image at its own size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleImage {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Pixels, u8 RGB, [height, width, 3].
    pub pixels: Vec<u8>,
}

/// The images at these positions of the source (as in [`super::Dataset::index`]), corrupted as [`super::load`] does, each at its own size;
/// per image, why it cannot be shown. The rest of the source is not decoded.
///
/// # Errors
/// When the source cannot be opened.
pub fn load_images(source: &Source, positions: &[usize]) -> Result<Vec<Result<SingleImage, String>>, DataError> {
    let opened = open(source)?;
    let place = |position: usize| match opened.index.binary_search(&position) {
        Ok(place) => Some(place),
        // Sources list their images in order, but nothing promises it.
        Err(_) => opened.index.iter().position(|known| *known == position),
    };
    let image = |&position: &usize| {
        let place = place(position).ok_or_else(|| format!("expected an image {position} in `{}`, found none", source.name))?;
        let ([height, width], mut pixels) = opened.image(place)?;
        if let Some(corruption) = &source.corruption {
            let seed = corruption::image_seed(source.seed, position);
            corruption::apply(&mut pixels, height, width, corruption, seed).map_err(|error| error.to_string())?;
        }
        Ok(SingleImage { height, width, pixels })
    };
    Ok(positions.iter().map(image).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::data::{Corruption, Subset, load};

    fn source(corruption: Option<Corruption>) -> Source {
        let subset = Subset::Stratified(20);
        Source { name: "t".into(), path: "demo:test".into(), subset, corruption, seed: 3, ..Source::default() }
    }

    #[test]
    fn they_are_the_images_of_the_dataset() {
        for corruption in [None, Some(Corruption { kind: "gaussian_noise".into(), severity: 3 })] {
            let source = source(corruption);
            let dataset = load(&source, None).unwrap();
            let found = load_images(&source, &[dataset.index[7], dataset.index[2]]).unwrap();
            for (k, image) in [7, 2].into_iter().zip(found) {
                let image = image.unwrap();
                assert_eq!((image.height, image.width), (dataset.height, dataset.width));
                assert_eq!(image.pixels, dataset.image(k));
            }
        }
    }

    #[test]
    fn a_position_that_is_not_there_is_told() {
        let found = load_images(&source(None), &[9_999_999]).unwrap();
        assert_eq!(found[0].as_ref().unwrap_err(), "expected an image 9999999 in `t`, found none");
    }
}

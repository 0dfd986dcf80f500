//! Single images of a source: for display, and as a dataset of their own.

use super::labels::assign::assign;
use super::load::{corrupt, open};
use super::opened::Opened;
use super::{DataError, Dataset, Preparation, Source, corruption};

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
    let places: Vec<Option<usize>> = positions.iter().map(|&position| place(&opened, position)).collect();
    // Together, since the images of a packed file are found in one pass over it.
    let mut images = opened.images(&places.iter().flatten().copied().collect::<Vec<_>>()).into_iter();
    let mut image = |(&position, place): (&usize, &Option<usize>)| {
        let missing = || format!("expected an image {position} in `{}`, found none", source.name);
        let ([height, width], mut pixels) = place.and_then(|_| images.next()).ok_or_else(missing)??;
        if let Some(corruption) = &source.corruption {
            let seed = corruption::image_seed(source.seed, position);
            corruption::apply(&mut pixels, height, width, corruption, seed).map_err(|error| error.to_string())?;
        }
        Ok(SingleImage { height, width, pixels })
    };
    Ok(positions.iter().zip(&places).map(&mut image).collect())
}

/// The images at these positions of the source (as in [`super::Dataset::index`]: not every source begins at 0, `demo:test` does not),
/// whatever its subset is, in this order, as [`super::load`] gives them, for a network of `classes` classes, where given, as
/// [`super::load_for`] does: brought to a size, corrupted, with labels. The rest of the source is not decoded.
///
/// # Errors
/// As [`super::load_for`]; also when there is no image at a position, or it cannot be read.
pub fn load_positions(
    source: &Source,
    preparation: impl Into<Preparation>,
    positions: &[usize],
    classes: Option<usize>,
) -> Result<Dataset, DataError> {
    let preparation = preparation.into();
    preparation.check(&source.path)?;
    let mut opened = open(source)?;
    let labelling = assign(&mut opened, source, classes)?;
    let missing = |position: usize| {
        let found = match (opened.index.iter().min(), opened.index.iter().max()) {
            (Some(first), Some(last)) => format!("{} images, at positions from {first} to {last}", opened.index.len()),
            _ => "no images".into(),
        };
        DataError::invalid("a dataset", format!("an image at position {position}"), found, &source.path)
    };
    let places = positions.iter().map(|&position| place(&opened, position).ok_or_else(|| missing(position)));
    let places = places.collect::<Result<Vec<usize>, DataError>>()?;
    let mut dataset = opened.read_chosen(&places, labelling, source, preparation)?;
    if dataset.len() < positions.len() {
        let mut lost = dataset.provenance.unreadable.iter().map(|lost| format!("{}: {}", lost.path.display(), lost.reason));
        let found = lost.next_back().unwrap_or_else(|| "less".into());
        return Err(DataError::invalid("a dataset", format!("readable images at the positions {positions:?}"), found, &source.path));
    }
    corrupt(&mut dataset, source)?;
    Ok(dataset)
}

/// The index of the image at a position of the source.
fn place(opened: &Opened, position: usize) -> Option<usize> {
    match opened.index.binary_search(&position) {
        Ok(place) => Some(place),
        // Sources list their images in order, but this is not guaranteed.
        Err(_) => opened.index.iter().position(|known| *known == position),
    }
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
    fn as_a_dataset_they_are_what_the_whole_dataset_has_at_their_positions() {
        for corruption in [None, Some(Corruption { kind: "gaussian_noise".into(), severity: 3 })] {
            let source = source(corruption);
            let whole = load(&Source { subset: Subset::All, ..source.clone() }, Some([40, 36])).unwrap();
            // Positions are those in the file of all digits: not the places in this part of it.
            let positions = [whole.index[31], whole.index[4]];
            assert_ne!(positions, [31, 4]);
            let some = load_positions(&source, Some([40, 36]), &positions, None).unwrap();
            assert_eq!((some.index.as_slice(), some.height, some.width), (positions.as_slice(), 40, 36));
            for (k, there) in [31, 4].into_iter().enumerate() {
                assert_eq!((some.labels[k], some.image(k)), (whole.labels[there], whole.image(there)));
            }
            assert_eq!(some.classes, whole.classes);
        }
        let index = load(&Source { subset: Subset::All, ..source(None) }, None).unwrap().index;
        let (first, last) = (index[0], index[index.len() - 1]);
        let error = load_positions(&source(None), None, &[first, 9_999_999], None).unwrap_err().to_string();
        let found = format!("{} images, at positions from {first} to {last}", index.len());
        assert!(error.contains("an image at position 9999999") && error.contains(&found), "{error}");
    }

    #[test]
    fn an_unreadable_image_is_reported_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            std::fs::create_dir(folder.path().join(class)).unwrap();
            image::RgbImage::new(4, 4).save(folder.path().join(class).join("0.png")).unwrap();
            std::fs::write(folder.path().join(class).join("1.png"), b"no image").unwrap();
        }
        let source = Source { path: folder.path().into(), ..source(None) };
        assert_eq!(load_positions(&source, Some([4, 4]), &[2], None).unwrap().labels, [1]);
        let error = load_positions(&source, Some([4, 4]), &[2, 3], None).unwrap_err().to_string();
        assert!(error.contains("1.png") && error.contains("[2, 3]"), "{error}");
    }

    #[test]
    fn a_missing_position_is_refused() {
        let found = load_images(&source(None), &[9_999_999]).unwrap();
        assert_eq!(found[0].as_ref().unwrap_err(), "expected an image 9999999 in `t`, found none");
    }
}

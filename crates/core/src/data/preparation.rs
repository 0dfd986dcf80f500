//! [`Preparation`]: the size that images are brought to, and how.

use std::path::Path;

use super::DataError;
use super::resize::{resize_and_crop, scale_and_crop};

/// How pixels between those of an image are found. All but `Nearest` are antialiased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// A triangle.
    #[default]
    Bilinear,
    /// Keys' cubic with a = −0.5.
    Bicubic,
    /// Lanczos with three lobes.
    Lanczos,
    /// The nearest pixel.
    Nearest,
}

/// The size that an image is scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resize {
    /// The length of the shorter side; the other side keeps the aspect ratio, rounded down.
    Shorter(usize),
    /// [height, width], whatever the aspect ratio.
    Exactly([usize; 2]),
}

/// torchvision's `Resize`, then its `CenterCrop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResizeAndCrop {
    /// Scaling, if any.
    pub resize: Option<Resize>,
    /// [height, width] of the crop, if any. Black is added where the scaled image is smaller.
    pub crop: Option<[usize; 2]>,
    /// How images are scaled.
    pub filter: Filter,
}

impl ResizeAndCrop {
    /// The size of an image of `stored` = [height, width] after scaling.
    fn scaled(&self, stored: [usize; 2]) -> [usize; 2] {
        let [height, width] = stored;
        let longer = |side: usize, long: usize, short: usize| side.saturating_mul(long) / short.max(1);
        match self.resize {
            None => stored,
            Some(Resize::Exactly(size)) => size,
            Some(Resize::Shorter(side)) if height <= width => [side, longer(side, width, height)],
            Some(Resize::Shorter(side)) => [longer(side, height, width), side],
        }
    }

    /// The size of an image of `stored` = [height, width] after both.
    fn size(&self, stored: [usize; 2]) -> [usize; 2] {
        self.crop.unwrap_or_else(|| self.scaled(stored))
    }

    fn apply(&self, image: &[u8], stored: [usize; 2]) -> Vec<u8> {
        scale_and_crop(image, stored, self.scaled(stored), self.size(stored), self.filter)
    }
}

/// The size that images are brought to, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preparation {
    /// They keep their own size.
    #[default]
    None,
    /// To [height, width], as OpenOOD does where they are equal: scaled bilinearly to fill it, then cropped in the centre.
    To([usize; 2]),
    /// By these steps, which have to give the second: [height, width].
    By(ResizeAndCrop, [usize; 2]),
}

impl From<Option<[usize; 2]>> for Preparation {
    fn from(size: Option<[usize; 2]>) -> Self {
        size.map_or(Preparation::None, Preparation::To)
    }
}

impl Preparation {
    /// Whether it makes sense, for a source at `path`.
    ///
    /// # Errors
    /// When one of its sizes is 0.
    pub(super) fn check(&self, path: &Path) -> Result<(), DataError> {
        let sizes = match *self {
            Preparation::None => vec![],
            Preparation::To(size) => vec![size],
            Preparation::By(steps, size) => {
                let resize = steps.resize.map(|resize| match resize {
                    Resize::Shorter(side) => [side; 2],
                    Resize::Exactly(size) => size,
                });
                [Some(size), resize, steps.crop].into_iter().flatten().collect()
            }
        };
        match sizes.iter().find(|size| size.contains(&0)) {
            None => Ok(()),
            Some([height, width]) => Err(DataError::invalid("images", "a size of at least 1x1", format!("{height}x{width}"), path)),
        }
    }

    /// The size that images of `stored` = [height, width] get; `path` is theirs.
    ///
    /// # Errors
    /// When its steps give another size than they have to.
    pub(super) fn size(&self, stored: [usize; 2], path: &Path) -> Result<[usize; 2], DataError> {
        match *self {
            Preparation::None => Ok(stored),
            Preparation::To(size) => Ok(size),
            Preparation::By(steps, expected) => match steps.size(stored) {
                found if found == expected => Ok(found),
                found => Err(DataError::InputSize { expected, found, path: path.into() }),
            },
        }
    }

    /// `image`, u8 RGB of `stored` = [height, width], at the size that [`Self::size`] gives.
    pub(super) fn apply(&self, image: Vec<u8>, stored: [usize; 2]) -> Vec<u8> {
        match *self {
            Preparation::None => image,
            Preparation::To(size) if size == stored => image,
            Preparation::To(size) => resize_and_crop(&image, stored, size),
            Preparation::By(steps, _) => steps.apply(&image, stored),
        }
    }
}

#[cfg(test)]
mod tests;

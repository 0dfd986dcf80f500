//! Image files within other files: in a tar archive, in a column of a table.

use std::borrow::Cow;
use std::path::PathBuf;

use super::DataError;
use super::decode::decoded::Sized;
use super::decode::of_bytes;

/// Number of images whose files are held in memory at a time.
pub(super) const BATCH: usize = 256;

/// The file of an image; or why there is none.
pub(super) type ImageFile<'a> = Result<Cow<'a, [u8]>, String>;

/// Image files within other files.
pub(super) trait EncodedImages: Send + Sync {
    /// What an image is called in lists of unreadable ones: the path of the file, then its place in it.
    fn name(&self, image: usize) -> PathBuf;

    /// The files of these images, in this order.
    ///
    /// # Errors
    /// When the file that they are in cannot be read.
    fn files(&self, chosen: &[usize]) -> Result<Vec<ImageFile<'_>>, DataError>;
}

/// An image of its own size; or why it cannot be read.
pub(super) fn decode(file: ImageFile<'_>) -> Result<Sized, String> {
    of_bytes(&file?)
}

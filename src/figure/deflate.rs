//! [`deflate`]: compression of the streams of a PDF.

use std::io::Write;

use super::error::FigureError;

/// `bytes` as a zlib stream.
pub(super) fn deflate(bytes: &[u8]) -> Result<Vec<u8>, FigureError> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(9));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| FigureError::Draw(error.to_string()))
}

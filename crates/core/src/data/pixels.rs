//! Images in arrays: CIFAR batches, idx files, NumPy arrays. They are gathered into u8 RGB, [height, width, 3] each.

use std::path::Path;

use rayon::prelude::*;

use super::DataError;
use crate::numpy::Bytes;

/// Maps a file into memory; an empty file gives no bytes.
pub(super) fn map(what: &'static str, path: &Path) -> Result<Bytes, DataError> {
    let file = std::fs::File::open(path).map_err(DataError::io(what, path))?;
    if file.metadata().map_err(DataError::io(what, path))?.len() == 0 {
        return Ok(Bytes::Owned(Vec::new()));
    }
    #[expect(unsafe_code, reason = "mapping a file has no safe form")]
    // SAFETY: the map is only read, as plain bytes that are checked before use. A file that another process cuts short meanwhile
    // ends this process with SIGBUS; datasets are not rewritten in place, and reading them whole would cost their size in memory.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(DataError::io(what, path))?;
    Ok(Bytes::Mapped(map))
}

/// Order of the bytes of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// [3, height, width]
    Planar,
    /// [height, width, 3]
    Interleaved,
    /// [3, width, height]: MATLAB's order.
    Columns,
    /// [height, width]
    Grey,
}

impl Layout {
    /// Bytes of a pixel.
    pub(super) fn channels(self) -> usize {
        if self == Layout::Grey { 1 } else { 3 }
    }
}

/// `count` images, the first at `start`, the next `stride` bytes on.
pub(super) struct Block {
    pub(super) bytes: Bytes,
    pub(super) start: usize,
    pub(super) stride: usize,
    pub(super) count: usize,
}

/// Images of one size in one or more blocks. Readers check that all of them are within their blocks.
pub(super) struct PixelArray {
    pub(super) blocks: Vec<Block>,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) layout: Layout,
}

impl PixelArray {
    /// Image `i` over all blocks, u8 RGB [height, width, 3].
    fn image(&self, i: usize) -> Vec<u8> {
        let area = self.height * self.width;
        let mut within = i;
        let mut blocks = self.blocks.iter();
        let stored = blocks.find_map(|block| {
            if within < block.count {
                let start = block.start + within * block.stride;
                return Some(&block.bytes[start..start + area * self.layout.channels()]);
            }
            within -= block.count;
            None
        });
        let stored = stored.unwrap_or_default();
        match self.layout {
            Layout::Interleaved => stored.to_vec(),
            Layout::Columns => {
                let pixel = |p: usize| {
                    let at = p % self.width * self.height + p / self.width;
                    [stored[at], stored[area + at], stored[2 * area + at]]
                };
                (0..stored.len() / 3).flat_map(pixel).collect()
            }
            Layout::Grey => stored.iter().flat_map(|&value| [value; 3]).collect(),
            Layout::Planar => (0..stored.len() / 3).flat_map(|p| [stored[p], stored[area + p], stored[2 * area + p]]).collect(),
        }
    }

    /// Images `chosen`, each passed through `finish`, one after the other.
    pub(super) fn gather(&self, chosen: &[usize], finish: impl Fn(Vec<u8>) -> Vec<u8> + Sync) -> Vec<u8> {
        chosen.par_iter().flat_map_iter(|&i| finish(self.image(i))).collect()
    }
}

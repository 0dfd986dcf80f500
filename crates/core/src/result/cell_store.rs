//! [`CellStore`]: computed cells of landscapes by what determines them, so that another extent, a finer grid or another folder reuses them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Cell, LandscapeManifest, LossRows, ResultError};

/// One line per cell, in the order in which they were computed.
const CELLS: &str = "cells.jsonl";
/// Row k: the losses of single images in the cell of line k.
const LOSSES: &str = "losses.f32";
/// Locked by the process that writes.
const LOCK: &str = "lock";
/// Size of all stores of one root together, beyond which the oldest are deleted.
const LIMIT: u64 = 4 << 30;

/// A cell and its place in the plane.
#[derive(Serialize, Deserialize)]
struct Line {
    alpha: f64,
    beta: f64,
    cell: Cell,
}

/// The cells of one network, one set of images, one plane and one definition, in a folder of the user's cache. Append only. One process
/// writes; others read what existed when they opened it.
#[derive(Debug)]
pub struct CellStore {
    rows: HashMap<[u64; 2], (usize, Cell)>,
    losses: LossRows,
    lines: File,
    path: PathBuf,
    /// `None` where another process writes.
    lock: Option<File>,
}

impl CellStore {
    /// The store below `root` of the cells that `manifest` describes (names and axes are ignored), computed on a `device`.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn open(root: &Path, manifest: &LandscapeManifest, device: &str) -> Result<Self, ResultError> {
        let folder = root.join(key(manifest, device));
        let path = folder.join(CELLS);
        let io = |source| ResultError::Io { action: "open", source, path: path.clone() };
        if !folder.is_dir() {
            prune(root, LIMIT);
        }
        std::fs::create_dir_all(&folder).map_err(io)?;
        let lock = File::options().write(true).create(true).truncate(false).open(folder.join(LOCK)).map_err(io)?;
        let lock = lock.try_lock().is_ok().then_some(lock);
        let lines = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let losses = LossRows::bare(folder.join(LOSSES), manifest.samples)?;
        let text = std::fs::read_to_string(&path).map_err(io)?;
        let mut rows = HashMap::new();
        let mut length = 0;
        // A writer that was killed may leave a part of a line, or a row without a line.
        for (row, line) in text.split_inclusive('\n').take(losses.len()).enumerate() {
            let Some(Line { alpha, beta, cell }) = line.strip_suffix('\n').and_then(|line| serde_json::from_str(line).ok()) else { break };
            rows.insert(place(alpha, beta), (row, cell));
            length += line.len();
        }
        let mut store = Self { rows, losses, lines, path, lock };
        if store.lock.is_some() {
            let lines = text[..length].lines().count();
            let cut = store.lines.set_len(length as u64).and_then(|()| store.lines.seek(SeekFrom::End(0)));
            cut.map_err(|source| ResultError::Io { action: "write", source, path: store.path.clone() })?;
            store.losses.truncate(lines)?;
        }
        Ok(store)
    }

    /// The cell at (`alpha`, `beta`) with the losses of single images; its indices are of the grid that it was computed for.
    pub fn get(&mut self, alpha: f64, beta: f64) -> Option<(Cell, Vec<f32>)> {
        let (row, cell) = self.rows.get(&place(alpha, beta))?;
        let losses = self.losses.read(*row, cell.loss)?;
        Some((cell.clone(), losses))
    }

    /// Stores a cell, unless another process writes or it is stored already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, alpha: f64, beta: f64, cell: &Cell, losses: &[f32]) -> Result<(), ResultError> {
        let place = place(alpha, beta);
        if self.lock.is_none() || self.rows.contains_key(&place) {
            return Ok(());
        }
        let row = self.losses.len();
        self.losses.write(row, losses)?;
        let line = serde_json::to_string(&Line { alpha, beta, cell: cell.clone() }).unwrap_or_default() + "\n";
        self.lines.write_all(line.as_bytes()).map_err(|source| ResultError::Io { action: "write", source, path: self.path.clone() })?;
        self.rows.insert(place, (row, cell.clone()));
        Ok(())
    }
}

/// The bits of a number, equal for −0 and 0.
fn place(alpha: f64, beta: f64) -> [u64; 2] {
    [(alpha + 0.0).to_bits(), (beta + 0.0).to_bits()]
}

/// A hash of everything that a cell depends on.
fn key(manifest: &LandscapeManifest, device: &str) -> String {
    let essence = manifest.essence();
    let text = serde_json::to_string(&essence).unwrap_or_default();
    blake3::hash(format!("{}\0{device}\0{text}", env!("CARGO_PKG_VERSION")).as_bytes()).to_hex().to_string()
}

/// Deletes the stores whose last change is oldest until the rest takes at most `limit` bytes. Stores in use are kept.
fn prune(root: &Path, limit: u64) {
    let folders = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut stores: Vec<_> = folders
        .filter_map(|folder| {
            let size = [CELLS, LOSSES].iter().filter_map(|name| std::fs::metadata(folder.join(name)).ok()).map(|m| m.len()).sum::<u64>();
            let written = std::fs::metadata(folder.join(CELLS)).and_then(|metadata| metadata.modified()).ok()?;
            Some((written, size, folder))
        })
        .collect();
    stores.sort();
    let mut total: u64 = stores.iter().map(|(_, size, _)| size).sum();
    for (_, size, folder) in stores {
        if total <= limit {
            return;
        }
        let free = File::options().write(true).open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if free && std::fs::remove_dir_all(&folder).is_ok() {
            total -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn manifest() -> LandscapeManifest {
        LandscapeManifest { samples: 2, checkpoint_hash: "a".into(), ..Default::default() }
    }

    fn cell(loss: f64) -> Cell {
        Cell { i: 3, j: 1, loss, accuracy: 0.5, loss_std_error: 0.1, count: 2, readings: Vec::new() }
    }

    #[test]
    fn cells_are_found_again_by_their_place_and_by_nothing_else_s_content() {
        let root = tempfile::tempdir().unwrap();
        let mut store = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        store.put(0.5, -0.0, &cell(2.0), &[1.0, 3.0]).unwrap();
        store.put(1.0, f64::MIN_POSITIVE, &cell(f64::INFINITY), &[1.0, f32::INFINITY]).unwrap();
        drop(store);
        let named = LandscapeManifest { checkpoint: "other name".into(), ..manifest() };
        let mut store = CellStore::open(root.path(), &named, "cpu").unwrap();
        assert_eq!(store.get(0.5, 0.0), Some((cell(2.0), vec![1.0, 3.0])));
        assert_eq!(store.get(1.0, f64::MIN_POSITIVE).unwrap().0, cell(f64::INFINITY));
        assert_eq!(store.get(0.0, 0.5), None);
        let other = LandscapeManifest { checkpoint_hash: "b".into(), ..manifest() };
        assert_eq!(CellStore::open(root.path(), &other, "cpu").unwrap().get(0.5, 0.0), None);
        assert_eq!(CellStore::open(root.path(), &manifest(), "cuda").unwrap().get(0.5, 0.0), None);
    }

    #[test]
    fn what_a_killed_writer_tore_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let mut store = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        store.put(0.0, 0.0, &cell(2.0), &[1.0, 3.0]).unwrap();
        store.put(1.0, 0.0, &cell(4.0), &[3.0, 5.0]).unwrap();
        let folder = store.path.parent().unwrap().to_owned();
        drop(store);
        let text = std::fs::read_to_string(folder.join(CELLS)).unwrap();
        std::fs::write(folder.join(CELLS), &text[..text.len() - 3]).unwrap();
        let mut store = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        assert_eq!(store.get(1.0, 0.0), None);
        store.put(2.0, 0.0, &cell(6.0), &[5.0, 7.0]).unwrap();
        drop(store);
        let mut store = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        assert_eq!(store.get(0.0, 0.0), Some((cell(2.0), vec![1.0, 3.0])));
        assert_eq!(store.get(2.0, 0.0), Some((cell(6.0), vec![5.0, 7.0])));
    }

    #[test]
    fn one_process_writes_and_the_other_reads() {
        let root = tempfile::tempdir().unwrap();
        let mut first = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        first.put(0.0, 0.0, &cell(2.0), &[1.0, 3.0]).unwrap();
        let mut second = CellStore::open(root.path(), &manifest(), "cpu").unwrap();
        second.put(1.0, 0.0, &cell(2.0), &[1.0, 3.0]).unwrap();
        assert!(second.get(0.0, 0.0).is_some() && second.get(1.0, 0.0).is_none());
    }

    #[test]
    fn the_oldest_store_goes_first_and_one_in_use_stays() {
        let root = tempfile::tempdir().unwrap();
        let open =
            |hash: &str| CellStore::open(root.path(), &LandscapeManifest { checkpoint_hash: hash.into(), ..manifest() }, "cpu").unwrap();
        let stores: Vec<CellStore> = ["old", "new", "used"]
            .iter()
            .map(|hash| {
                let mut store = open(hash);
                store.put(0.0, 0.0, &cell(2.0), &[1.0, 3.0]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
                store
            })
            .collect();
        let size: u64 = ["cells.jsonl", "losses.f32"].iter().map(|n| stores[0].path.with_file_name(n).metadata().unwrap().len()).sum();
        let mut stores = stores;
        let used = stores.remove(2);
        drop(stores);
        prune(root.path(), 2 * size);
        assert_eq!([open("old"), open("new")].map(|mut store| store.get(0.0, 0.0).is_some()), [false, true]);
        prune(root.path(), 0);
        assert!(used.path.exists());
    }
}

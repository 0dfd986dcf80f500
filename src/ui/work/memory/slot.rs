//! [`Slot`]: the file in which a window keeps its session, and its lock. The system releases the lock when the process ends for any
//! reason.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ui::state::memory::{KeptSession, Leftover};
use flatland_core::result::write_atomic;

impl Leftover {
    /// Describes the content of `slot`. A slot that cannot be read may contain unsaved changes.
    fn of(id: String, slot: &Slot) -> Self {
        match slot.read() {
            Ok(KeptSession { file, name, unsaved, time, session, .. }) => {
                Self { id, file, name, unsaved, time, checkpoints: session.checkpoints.len(), error: None }
            }
            Err(error) => {
                let modified = std::fs::metadata(&slot.file).and_then(|metadata| metadata.modified()).ok();
                let time = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0.0, |time| time.as_secs_f64());
                Self { name: format!("{id}.toml"), id, file: None, unsaved: true, time, checkpoints: 0, error: Some(error) }
            }
        }
    }
}

/// A slot locked by this process.
#[derive(Debug)]
pub struct Slot {
    file: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Slot {
    /// Creates a slot.
    pub fn new(root: &Path) -> Result<Self, String> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let id = format!("{nanos}-{}", std::process::id());
        Self::hold(root, &id).map_err(|error| format!("cannot keep the open session: {error} ({})", root.display()))
    }

    /// Locks an existing slot that no process has locked.
    pub fn claim(root: &Path, id: &str) -> Option<Self> {
        let slot = Self::hold(root, id).ok()?;
        slot.file.is_file().then_some(slot)
    }

    fn hold(root: &Path, id: &str) -> io::Result<Self> {
        let folder = root.join("slots");
        let lock = folder.join(format!("{id}.lock"));
        let held = lock_file(&lock)?;
        held.try_lock()?;
        Ok(Self { file: folder.join(format!("{id}.toml")), lock, _held: held })
    }

    pub fn read(&self) -> Result<KeptSession, String> {
        let text = std::fs::read_to_string(&self.file).map_err(|error| error.to_string());
        text.and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()))
            .map_err(|error| format!("cannot read the kept session: {error} ({})", self.file.display()))
    }

    pub fn write(&self, kept: &KeptSession) -> Result<(), String> {
        let text = toml::to_string(kept).map_err(|error| format!("cannot keep the open session: {error}"))?;
        write_atomic(&self.file, text.as_bytes()).map_err(|error| error.to_string())
    }

    /// Removes the slot.
    pub fn remove(self) {
        // A file that cannot be removed is found again later, which does no harm.
        let _ = std::fs::remove_file(&self.file);
        let _ = std::fs::remove_file(&self.lock);
    }
}

/// Opens a file for locking; creates it and its folder.
pub fn lock_file(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// The slots of windows that have ended, the latest first.
pub fn leftovers(root: &Path) -> Vec<Leftover> {
    let entries = std::fs::read_dir(root.join("slots")).into_iter().flatten().flatten();
    let mut left: Vec<Leftover> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let id = path.file_name()?.to_str()?.strip_suffix(".toml")?.to_owned();
            let slot = Slot::claim(root, &id)?;
            Some(Leftover::of(id, &slot))
        })
        .collect();
    left.sort_by(|a, b| b.time.total_cmp(&a.time));
    left
}

//! What the window remembers from one start to the next, in a folder of the user's state (`FLATLAND_STATE` sets another folder):
//!
//! - `slots/<id>.toml`: the session of a window, [`KeptSession`], written a second after every change. Each window has its own slot and holds
//!   its lock while it runs, so two windows never write the same file. A slot without a lock belongs to a window that has ended.
//! - `recent.toml`: recent session files, [`Recent`]. - `preferences.toml`: theme, zoom and the commands used last, [`Preferences`].
//! - `programs.toml`: the exported programs that were chosen for checkpoints, [`RememberedProgram`].
//!
//! Files are written completely or not at all. All functions block: [`queue::MemoryQueue`] runs them on another thread.
//! Results are not stored here (they are in the cache), nor runs (they are in their directories).

mod preferences;
mod programs;
pub mod queue;
mod recent;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::ui::state::memory::{KeptSession, Leftover, Preferences, Recent, RememberedProgram, RestoredSession};
use crate::ui::work::memory::slot::Slot;
use flatland_core::session::Session;

/// The memory's folder, and the slot of this window.
#[derive(Debug)]
pub struct Memory {
    root: PathBuf,
    slot: Option<Slot>,
}

impl Memory {
    /// A memory in this folder, which need not exist yet.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), slot: None }
    }

    /// Takes over the session that was open last and is not open in another window.
    ///
    /// # Errors
    /// When a slot cannot be read; it is not changed.
    pub fn take_last(&mut self) -> Result<Option<RestoredSession>, String> {
        let Some(last) = self.leftovers().into_iter().next() else { return Ok(None) };
        self.take(&last.id)
    }

    /// Takes over the session of a slot; `None` when another window has it.
    ///
    /// # Errors
    /// When it cannot be read; it is not changed.
    pub fn take(&mut self, id: &str) -> Result<Option<RestoredSession>, String> {
        let Some(slot) = Slot::claim(&self.root, id) else { return Ok(None) };
        let kept = slot.read()?;
        self.slot = Some(slot);
        let saved = kept.file.as_deref().and_then(|file| Session::load(file).ok());
        Ok(Some(RestoredSession { kept, saved }))
    }

    /// Keeps the open session.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, kept: &KeptSession) -> Result<(), String> {
        if self.slot.is_none() {
            self.slot = Some(Slot::new(&self.root)?);
        }
        self.slot.as_ref().map_or(Ok(()), |slot| slot.write(kept))
    }

    /// Leaves the slot to another window; the next session is kept in a new slot.
    pub fn leave(&mut self) {
        self.slot = None;
    }

    /// Removes this window's slot, when it has no unsaved changes.
    pub fn drop_slot(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.remove();
        }
    }

    /// The sessions of windows that have ended, the latest first.
    pub fn leftovers(&self) -> Vec<Leftover> {
        slot::leftovers(&self.root)
    }

    /// Removes a slot.
    pub fn forget(&self, id: &str) {
        if let Some(slot) = Slot::claim(&self.root, id) {
            slot.remove();
        }
    }

    /// Removes slots without unsaved changes, except the latest, which the next window opens, and the latest of each of the last files, which
    /// has the view of that file.
    pub fn remove_old_slots(&self) {
        let mut files = BTreeSet::new();
        let readable = self.leftovers().into_iter().filter(|left| left.error.is_none());
        for (k, left) in readable.enumerate().filter(|(_, left)| !left.unsaved) {
            let is_last_of_file = left.file.is_some() && files.len() < recent::CAP && files.insert(left.file);
            if k > 0 && !is_last_of_file {
                self.forget(&left.id);
            }
        }
    }

    /// Recent session files, the latest first; `opened` is put first.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn recents(&self, opened: Option<&Path>) -> Result<Vec<Recent>, String> {
        recent::note(&self.root, opened)
    }

    /// The exported programs that were chosen for checkpoints and exist, the latest first; `chosen` is put first.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn programs(&self, chosen: Option<RememberedProgram>) -> Result<Vec<RememberedProgram>, String> {
        programs::note(&self.root, chosen)
    }

    /// Keeps the preferences that differ from `before`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn prefer(&self, before: &Preferences, now: &Preferences) -> Result<(), String> {
        now.save(before, &self.root)
    }
}

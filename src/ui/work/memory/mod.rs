//! What the window remembers from one start to the next, in a folder of the user's state (`FLATLAND_STATE` names another):
//!
//! - `slots/<id>.toml`: what a window has open, [`Kept`], written a second after every change. Each window has a slot of its own and
//!   holds its lock while it lives, so two windows never write the same file, and a slot that nobody holds is one whose window is gone.
//! - `recent.toml`: session files, [`Recent`]. - `preferences.toml`: theme, zoom, [`Preferences`].
//!
//! All files are whole or absent. Everything here blocks: the window has it done by [`keeper::Keeper`] on another thread.
//! Deliberately absent: results (they are found in the cache), runs (their directories are the truth).

pub mod keeper;
mod preferences;
mod recent;
mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::ui::state::memory::{Kept, Left, Preferences, Recent, Restored};
use crate::ui::work::memory::slot::Slot;
use flatland_core::session::Session;

/// The folder, and the slot of this window.
#[derive(Debug)]
pub struct Memory {
    root: PathBuf,
    slot: Option<Slot>,
}

impl Memory {
    /// Memory in this folder, which need not be there yet.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), slot: None }
    }

    /// Takes over what was open last and is open nowhere now.
    ///
    /// # Errors
    /// When a slot is there and cannot be read; it stays.
    pub fn take_last(&mut self) -> Result<Option<Restored>, String> {
        let Some(last) = self.left().into_iter().next() else { return Ok(None) };
        self.take(&last.id)
    }

    /// Takes over what was left in a slot; `None` when somebody else has.
    ///
    /// # Errors
    /// When it cannot be read; it stays.
    pub fn take(&mut self, id: &str) -> Result<Option<Restored>, String> {
        let Some(slot) = Slot::claim(&self.root, id) else { return Ok(None) };
        let kept = slot.read()?;
        self.slot = Some(slot);
        let saved = kept.file.as_deref().and_then(|file| Session::load(file).ok());
        Ok(Some(Restored { kept, saved }))
    }

    /// Keeps what is open.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, kept: &Kept) -> Result<(), String> {
        if self.slot.is_none() {
            self.slot = Some(Slot::new(&self.root)?);
        }
        self.slot.as_ref().map_or(Ok(()), |slot| slot.write(kept))
    }

    /// Leaves the slot to whoever takes it; what is kept next goes into another.
    pub fn leave(&mut self) {
        self.slot = None;
    }

    /// Drops what is kept in this window's slot, when nothing of it would be missed.
    pub fn drop_slot(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.remove();
        }
    }

    /// What windows that are gone have left, the latest first.
    pub fn left(&self) -> Vec<Left> {
        slot::left(&self.root)
    }

    /// Removes what was left in a slot.
    pub fn forget(&self, id: &str) {
        if let Some(slot) = Slot::claim(&self.root, id) {
            slot.remove();
        }
    }

    /// Removes what nobody needs: slots without unsaved changes, but for the latest, which the next window opens, and the latest of each of
    /// the last files, which knows how it was looked at.
    pub fn tidy(&self) {
        let mut files = BTreeSet::new();
        let readable = self.left().into_iter().filter(|left| left.error.is_none());
        for (k, left) in readable.enumerate().filter(|(_, left)| !left.unsaved) {
            let is_last_of_file = left.file.is_some() && files.len() < recent::CAP && files.insert(left.file);
            if k > 0 && !is_last_of_file {
                self.forget(&left.id);
            }
        }
    }

    /// Session files, the latest first; `opened` comes first.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn recents(&self, opened: Option<&Path>) -> Result<Vec<Recent>, String> {
        recent::note(&self.root, opened)
    }

    /// Keeps what has changed of theme, zoom and habits since they were `before`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn prefer(&self, before: &Preferences, now: &Preferences) -> Result<(), String> {
        now.save(before, &self.root)
    }
}

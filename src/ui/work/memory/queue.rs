//! [`MemoryQueue`]: the queue of tasks for the memory. Another thread performs them in order, one batch at a time, and returns a
//! [`Report`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Memory;
use crate::ui::state::memory::{KeptSession, Leftover, Preferences, Recent, RememberedProgram, RestoredSession};

/// Seconds from a change until it is kept, so that a dragged slider is written once.
const DELAY: f64 = 1.0;

/// A task for the memory.
#[derive(Clone, Debug)]
pub enum Task {
    /// Restore the session that was open last.
    RestoreLast,
    /// Restore the session in this slot.
    Restore(String),
    /// Keep the open session.
    Keep(Box<KeptSession>),
    /// Leave the kept session for later, and continue in another slot.
    NewSlot,
    /// Remove the kept session: it has no unsaved changes.
    DropSlot,
    /// Remove the session in this slot.
    Remove(String),
    /// Add a session file that was opened or saved to the recent files.
    Opened(PathBuf),
    /// Remember the exported program that was chosen for tensors.
    RememberProgram(Box<RememberedProgram>),
    /// Keep changed preferences: the old ones and the new ones.
    SavePreferences(Box<[Preferences; 2]>),
    /// List the recent files and the sessions of windows that have ended.
    ListSessions,
}

/// The result of tasks.
#[derive(Debug, Default)]
pub struct Report {
    /// For [`Task::RestoreLast`] and [`Task::Restore`]: the restored session, if any.
    pub restored: Option<Option<Box<RestoredSession>>>,
    /// Recent session files, the latest first.
    pub recents: Option<Vec<Recent>>,
    /// Exported programs that were chosen for checkpoints, the latest first.
    pub programs: Option<Vec<RememberedProgram>>,
    /// Sessions of windows that have ended.
    pub leftovers: Vec<Leftover>,
    /// Errors.
    pub errors: Vec<String>,
}

/// What a thread returns after its tasks: the memory and their result.
pub type Finished = (Box<Memory>, Report);

/// Performs the tasks in their order.
pub fn perform(memory: &mut Memory, tasks: Vec<Task>) -> Report {
    let mut report = Report::default();
    for task in tasks {
        let done = match task {
            Task::RestoreLast | Task::Restore(_) => {
                let taken = if let Task::Restore(id) = &task { memory.take(id) } else { memory.take_last() };
                taken.map(|restored| report.restored = Some(restored.map(Box::new))).inspect_err(|_| report.restored = Some(None))
            }
            Task::Keep(kept) => memory.keep(&kept),
            Task::NewSlot => {
                memory.leave();
                Ok(())
            }
            Task::DropSlot => {
                memory.drop_slot();
                Ok(())
            }
            Task::Remove(id) => {
                memory.forget(&id);
                Ok(())
            }
            Task::Opened(path) => memory.recents(Some(&path)).map(drop),
            Task::RememberProgram(program) => memory.programs(Some(*program)).map(drop),
            Task::SavePreferences(preferences) => memory.prefer(&preferences[0], &preferences[1]),
            Task::ListSessions => {
                memory.remove_old_slots();
                Ok(())
            }
        };
        report.errors.extend(done.err());
    }
    report.recents = memory.recents(None).ok();
    report.programs = memory.programs(None).ok();
    report.leftovers = memory.leftovers();
    report
}

/// The queue of tasks for the memory.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    /// `None` while a thread uses it, or when the window has no memory.
    memory: Option<Box<Memory>>,
    has_memory: bool,
    queue: VecDeque<Task>,
    /// The session that was queued last.
    kept: Option<KeptSession>,
    /// Time at which the present session is to be kept, in seconds of the window's clock.
    due: Option<f64>,
}

impl MemoryQueue {
    /// A queue for the memory in this folder.
    pub fn at(root: &Path) -> Self {
        Self { memory: Some(Box::new(Memory::at(root))), has_memory: true, ..Self::default() }
    }

    /// Whether the window has a memory.
    pub fn has_memory(&self) -> bool {
        self.has_memory
    }

    /// Queues a task.
    pub fn push(&mut self, task: Task) {
        if self.has_memory {
            self.queue.push_back(task);
        }
    }

    /// Queues the open session when it has changed and the delay has passed. Returns the seconds until then.
    pub fn keep_when_due(&mut self, kept: impl FnOnce() -> KeptSession, same: impl FnOnce(&KeptSession) -> bool, now: f64) -> Option<f64> {
        if !self.has_memory || self.kept.as_ref().is_some_and(same) {
            self.due = None;
            return None;
        }
        let due = *self.due.get_or_insert(now + DELAY);
        if now < due {
            return Some(due - now);
        }
        self.due = None;
        self.keep(kept());
        None
    }

    /// Queues the open session.
    pub fn keep(&mut self, kept: KeptSession) {
        self.kept = Some(kept.clone());
        self.push(Task::Keep(Box::new(kept)));
    }

    /// Whether the open session is kept.
    pub fn has_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Records that another session is open, of which nothing is kept yet.
    pub fn clear_kept(&mut self) {
        (self.kept, self.due) = (None, None);
    }

    /// Records that the slot contains this session already.
    pub fn set_kept(&mut self, kept: KeptSession) {
        self.kept = Some(kept);
    }

    /// The memory and its next tasks, for another thread; `None` when there are none or a thread uses the memory.
    pub fn take_work(&mut self) -> Option<(Box<Memory>, Vec<Task>)> {
        if self.queue.is_empty() {
            return None;
        }
        Some((self.memory.take()?, self.queue.drain(..).collect()))
    }

    /// Whether a thread uses the memory.
    pub fn is_busy(&self) -> bool {
        self.has_memory && self.memory.is_none()
    }

    /// Takes the memory back from a thread.
    pub fn return_memory(&mut self, memory: Box<Memory>) {
        self.memory = Some(memory);
    }
}

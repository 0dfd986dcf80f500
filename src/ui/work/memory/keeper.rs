//! [`MemoryQueue`]: the queue of tasks for the memory. Another thread performs them in order, one batch at a time, and returns a
//! [`Report`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Memory;
use crate::ui::state::memory::{Kept, Left, Preferences, Recent, Restored};

/// Seconds from a change until it is kept, so that a dragged slider is written once.
const CALM: f64 = 1.0;

/// A task for the memory.
#[derive(Clone, Debug)]
pub enum Task {
    /// Restore the session that was open last.
    TakeLast,
    /// Restore the session in this slot.
    Take(String),
    /// Keep the open session.
    Keep(Box<Kept>),
    /// Leave the kept session for later, and continue in another slot.
    Leave,
    /// Remove the kept session: it has no unsaved changes.
    Drop,
    /// Remove the session in this slot.
    Forget(String),
    /// Add a session file that was opened or saved to the recent files.
    Opened(PathBuf),
    /// Keep changed preferences: the old ones and the new ones.
    Prefer(Box<[Preferences; 2]>),
    /// List the recent files and the sessions of windows that have ended.
    Look,
}

/// The result of tasks.
#[derive(Debug, Default)]
pub struct Report {
    /// For [`Task::RestoreLast`] and [`Task::Restore`]: the restored session, if any.
    pub restored: Option<Option<Box<Restored>>>,
    /// Recent session files, the latest first.
    pub recents: Option<Vec<Recent>>,
    /// Sessions of windows that have ended.
    pub left: Vec<Left>,
    /// Errors.
    pub complaints: Vec<String>,
}

/// What a thread returns after its tasks: the memory and their result.
pub type Finished = (Box<Memory>, Report);

/// Performs the tasks in their order.
pub fn perform(memory: &mut Memory, tasks: Vec<Task>) -> Report {
    let mut report = Report::default();
    for task in tasks {
        let done = match task {
            Task::TakeLast | Task::Take(_) => {
                let taken = if let Task::Take(id) = &task { memory.take(id) } else { memory.take_last() };
                taken.map(|restored| report.restored = Some(restored.map(Box::new))).inspect_err(|_| report.restored = Some(None))
            }
            Task::Keep(kept) => memory.keep(&kept),
            Task::Leave => {
                memory.leave();
                Ok(())
            }
            Task::Drop => {
                memory.drop_slot();
                Ok(())
            }
            Task::Forget(id) => {
                memory.forget(&id);
                Ok(())
            }
            Task::Opened(path) => memory.recents(Some(&path)).map(drop),
            Task::Prefer(preferences) => memory.prefer(&preferences[0], &preferences[1]),
            Task::Look => {
                memory.tidy();
                Ok(())
            }
        };
        report.complaints.extend(done.err());
    }
    report.recents = memory.recents(None).ok();
    report.left = memory.left();
    report
}

/// The queue of tasks for the memory.
#[derive(Debug, Default)]
pub struct Keeper {
    /// `None` while a thread uses it, or when the window has no memory.
    memory: Option<Box<Memory>>,
    remembers: bool,
    queue: VecDeque<Task>,
    /// The session that was queued last.
    kept: Option<Kept>,
    /// Time at which the present session is to be kept, in seconds of the window's clock.
    due: Option<f64>,
}

impl Keeper {
    /// A queue for the memory in this folder.
    pub fn at(root: &Path) -> Self {
        Self { memory: Some(Box::new(Memory::at(root))), remembers: true, ..Self::default() }
    }

    /// Whether the window has a memory.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// Queues a task.
    pub fn ask(&mut self, task: Task) {
        if self.remembers {
            self.queue.push_back(task);
        }
    }

    /// Queues the open session when it has changed and the delay has passed. Returns the seconds until then.
    pub fn watch(&mut self, kept: impl FnOnce() -> Kept, same: impl FnOnce(&Kept) -> bool, now: f64) -> Option<f64> {
        if !self.remembers || self.kept.as_ref().is_some_and(same) {
            self.due = None;
            return None;
        }
        let due = *self.due.get_or_insert(now + CALM);
        if now < due {
            return Some(due - now);
        }
        self.due = None;
        self.keep(kept());
        None
    }

    /// Queues the open session.
    pub fn keep(&mut self, kept: Kept) {
        self.kept = Some(kept.clone());
        self.ask(Task::Keep(Box::new(kept)));
    }

    /// Whether the open session is kept.
    pub fn has_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Records that another session is open, of which nothing is kept yet.
    pub fn begin(&mut self) {
        (self.kept, self.due) = (None, None);
    }

    /// Records that the slot contains this session already.
    pub fn holds(&mut self, kept: Kept) {
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
        self.remembers && self.memory.is_none()
    }

    /// Takes the memory back from a thread.
    pub fn back(&mut self, memory: Box<Memory>) {
        self.memory = Some(memory);
    }
}

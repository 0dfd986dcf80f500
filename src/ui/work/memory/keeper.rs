//! [`Keeper`]: the window's side of its memory. What is to be remembered is queued and done in order on another thread, one
//! batch at a time; what came of it is told in a [`Report`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Memory;
use crate::ui::state::memory::{Kept, Left, Preferences, Recent, Restored};

/// Seconds from a change until it is kept: a slider that is dragged is written once.
const CALM: f64 = 1.0;

/// Something to be remembered, or to be recalled.
#[derive(Clone, Debug)]
pub enum Task {
    /// Recall what was open last.
    TakeLast,
    /// Recall what was left in this slot.
    Take(String),
    /// Keep what is open.
    Keep(Box<Kept>),
    /// Leave what is kept for later, and go on in another slot.
    Leave,
    /// Drop what is kept: nothing of it would be missed.
    Drop,
    /// Remove what was left in this slot.
    Forget(String),
    /// A session file was opened or saved.
    Opened(PathBuf),
    /// Keep what has changed of theme, zoom and habits: what they were, what they are.
    Prefer(Box<[Preferences; 2]>),
    /// Look which sessions there are.
    Look,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Of [`Task::TakeLast`] and [`Task::Take`]: what was there.
    pub restored: Option<Option<Box<Restored>>>,
    /// Session files, the latest first.
    pub recents: Option<Vec<Recent>>,
    /// What windows that are gone have left.
    pub left: Vec<Left>,
    /// What could not be done.
    pub complaints: Vec<String>,
}

/// What a thread that did tasks gives back: the memory, and what came of them.
pub type Finished = (Box<Memory>, Report);

/// Does the tasks in their order.
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

/// What the window knows of its memory, and what it still has to tell it.
#[derive(Debug, Default)]
pub struct Keeper {
    /// `None` while a thread has it, or when nothing is remembered.
    memory: Option<Box<Memory>>,
    remembers: bool,
    queue: VecDeque<Task>,
    /// As it was queued last.
    kept: Option<Kept>,
    /// When the present state is to be kept, in the window's seconds.
    due: Option<f64>,
}

impl Keeper {
    /// One that remembers in this folder.
    pub fn at(root: &Path) -> Self {
        Self { memory: Some(Box::new(Memory::at(root))), remembers: true, ..Self::default() }
    }

    /// Whether anything is remembered.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// Queues a task.
    pub fn ask(&mut self, task: Task) {
        if self.remembers {
            self.queue.push_back(task);
        }
    }

    /// What is open now; it is queued when it changed and a moment has passed. Gives the seconds until then.
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

    /// Queues what is open now.
    pub fn keep(&mut self, kept: Kept) {
        self.kept = Some(kept.clone());
        self.ask(Task::Keep(Box::new(kept)));
    }

    /// Whether something is kept of what is open.
    pub fn has_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Something else is open: nothing of it is kept yet.
    pub fn begin(&mut self) {
        (self.kept, self.due) = (None, None);
    }

    /// The slot holds this already.
    pub fn holds(&mut self, kept: Kept) {
        self.kept = Some(kept);
    }

    /// The memory and its next tasks, to be performed on another thread; `None` while there is nothing to do or a thread has it.
    pub fn take_work(&mut self) -> Option<(Box<Memory>, Vec<Task>)> {
        if self.queue.is_empty() {
            return None;
        }
        Some((self.memory.take()?, self.queue.drain(..).collect()))
    }

    /// Whether a thread has the memory.
    pub fn is_busy(&self) -> bool {
        self.remembers && self.memory.is_none()
    }

    /// The memory is back.
    pub fn back(&mut self, memory: Box<Memory>) {
        self.memory = Some(memory);
    }
}

//! Executes the commands on whole sessions: new, open, save, restore, undo.

use std::path::{Path, PathBuf};

use egui::ViewportCommand;

use super::App;
use crate::ui::state::document::{DEMO, Document, Restoring};
use crate::ui::state::history::{History, UndoStep};
use crate::ui::state::memory::{KeptSession, Leftover, RestoredSession};
use crate::ui::state::stem;
use crate::ui::work::dialog;
use crate::ui::work::inspect_path::{Opened, inspect_path};
use crate::ui::work::memory::queue::Task;
use crate::ui::work::save::{self, Overwrite, SaveResult};
use flatland_core::job::{JobId, demo_session};
use flatland_core::session::{Session, ViewSettings};

impl App {
    /// Sets the title of the window to the name of the session.
    pub(in crate::ui) fn update_title(&mut self) {
        let mark = if self.state.unsaved() { "• " } else { "" };
        let title = format!("{mark}{} – Flatland", self.state.document.name);
        if title != self.state.document.title {
            self.ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.state.document.title = title;
        }
    }

    /// Replaces the open session; its unsaved changes are kept and can be restored.
    fn replace_session(&mut self, document: Document, session: Session) {
        let keeps = self.state.is_worth_keeping();
        if keeps {
            let kept = self.state.kept_session(true);
            self.memory_queue.keep(kept);
        }
        // A session that is being restored has unsaved changes, so it is never dropped.
        self.memory_queue.push(if keeps || self.state.restoring.is_some() { Task::NewSlot } else { Task::DropSlot });
        self.memory_queue.clear_kept();
        let ids: Vec<JobId> = self.state.store.jobs.keys().copied().collect();
        for id in ids {
            self.worker.cancel(id);
        }
        self.state.store.clear();
        self.state.scatter.forget();
        // Information about the replaced session is no longer valid; errors still are.
        self.state.message.take_if(|message| !message.is_error);
        self.set_document(document, session);
        self.state.stopped = false;
        self.replan();
    }

    fn set_document(&mut self, document: Document, session: Session) {
        let number = self.state.document.number + 1;
        (self.state.document, self.state.session, self.state.history) = (Document { number, ..document }, session, History::default());
        if let Some(tab) = self.state.first_tab.take() {
            self.state.session.view.tab = tab;
        }
        self.replace_unknown_tab();
    }

    /// Shows the first tab if the session names one that this window does not have, and says so.
    fn replace_unknown_tab(&mut self) {
        let (known, shown) = (&self.state.tabs, &self.state.session.view.tab);
        let Some(first) = known.first().filter(|_| known.iter().all(|known| known.tab != *shown)) else { return };
        let keys: Vec<&str> = known.iter().map(|known| known.tab.key()).collect();
        let error =
            format!("{} is shown: expected the tab of the session to be one of {}, found `{}`", first.title, keys.join(", "), shown.key());
        self.state.session.view.tab = first.tab.clone();
        self.state.report_error(error);
    }

    pub(in crate::ui) fn new_session(&mut self) {
        let document = Document::default();
        // The shown tab stays, since the user did not ask for another.
        let mut session = Session::default();
        session.view.tab = self.state.session.view.tab.clone();
        self.replace_session(document, session);
        self.memory_queue.push(Task::ListSessions);
    }

    pub(in crate::ui) fn open_demo(&mut self) {
        let inspect = || match demo_session() {
            Ok(path) => inspect_path(path, Default::default()),
            Err(error) => Opened::Failed(error.to_string()),
        };
        self.spawn(inspect, |app, opened| app.opened(vec![opened]));
    }

    /// Opens a session that was read from a file.
    pub(in crate::ui) fn open_session(&mut self, path: PathBuf, session: Session) {
        if demo_session().is_ok_and(|demo| demo == path) {
            return self.show_as_demo(session);
        }
        self.memory_queue.push(Task::Opened(path.clone()));
        let document = Document { checks_leftovers: true, ..Document::new(Some(path.clone()), stem(&path), session.clone()) };
        self.replace_session(document, session);
    }

    /// Opens `session` as the demo: it has no file and is never changed.
    pub(in crate::ui) fn show_as_demo(&mut self, session: Session) {
        self.replace_session(Document::new(None, DEMO.into(), session.clone()), session);
    }

    pub(in crate::ui) fn save(&mut self) {
        match self.state.document.file.clone() {
            Some(file) => self.save_as(file, true),
            None => self.save_dialog(),
        }
    }

    pub(in crate::ui) fn save_dialog(&mut self) {
        let folder = self.state.document.file.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (name, number) = (format!("{}.toml", self.state.document.name), self.state.document.number);
        self.ask(move || dialog::save(&name, folder.as_deref()), move |app, path| app.save_where_chosen(number, path));
    }

    /// Saves the session of this number to the path chosen in the dialog.
    pub(in crate::ui) fn save_where_chosen(&mut self, number: u64, path: PathBuf) {
        if number == self.state.document.number {
            self.save_as(path, true);
        } else {
            self.state.report_error(format!("not saved: another session was opened while the file dialog was open ({})", path.display()));
        }
    }

    /// Saves under a path; `asked`: whether the user confirmed to overwrite an existing file.
    pub(in crate::ui) fn save_as(&mut self, path: PathBuf, asked: bool) {
        let (path, is_completed) = save::session_path(path);
        let is_own = self.state.document.file.as_ref() == Some(&path);
        let over = match () {
            () if is_own && !self.state.document.overwrite_confirmed => Overwrite::IfUnchanged(Box::new(self.state.document.saved.clone())),
            // The dialog did not ask about the path with the added extension.
            () if (is_completed || !asked) && !is_own => Overwrite::Never,
            () => Overwrite::Any,
        };
        let (session, number) = (self.state.session.clone(), self.state.document.number);
        self.spawn(move || save::save(path, session, over), move |app, saved| app.saved(number, saved));
    }

    /// Handles the result of saving the session of this number; another one may be open now.
    pub(in crate::ui) fn saved(&mut self, number: u64, saved: SaveResult) {
        let is_open = number == self.state.document.number;
        match saved {
            SaveResult::Written(path, session) => {
                self.state.inform(format!("Saved: {}", path.display()));
                self.memory_queue.push(Task::Opened(path.clone()));
                if is_open {
                    self.state.document.name = stem(&path);
                    (self.state.document.file, self.state.document.saved, self.state.document.overwrite_confirmed) =
                        (Some(path), *session, false);
                }
            }
            SaveResult::Changed(path) => {
                self.state.document.overwrite_confirmed |= is_open;
                let advice = if is_open {
                    "Save again to overwrite it, or save elsewhere"
                } else {
                    "The unsaved session is kept and can be restored from the menu Session"
                };
                let found = "the file was changed by another program since it was opened";
                self.state.report_error(format!("not saved: {found}. {advice} ({})", path.display()));
            }
            SaveResult::Failed(error) => self.state.report_error(error),
        }
    }

    /// Restores the session of a slot and replaces the open one.
    pub(in crate::ui) fn restore(&mut self, id: String) {
        self.replace_session(Document::default(), Session::default());
        self.state.restoring = Some(Restoring::Chosen);
        self.memory_queue.push(Task::Restore(id));
    }

    /// After opening a file: restores unsaved changes that an earlier window left to it, else the view of the file that was shown last.
    pub(in crate::ui) fn restore_leftover(&mut self) {
        if !std::mem::take(&mut self.state.document.checks_leftovers) || self.state.restoring.is_some() || self.state.unsaved() {
            return;
        }
        let of_file = |left: &&Leftover| left.error.is_none() && left.file.is_some() && left.file == self.state.document.file;
        let mut left = self.state.memory.leftovers.iter().filter(of_file);
        let left = left.clone().find(|left| left.unsaved).or_else(|| left.next());
        if let Some(id) = left.map(|left| left.id.clone()) {
            self.state.restoring = Some(Restoring::Changes);
            self.memory_queue.push(Task::Restore(id));
        }
    }

    /// Opens a restored session.
    pub(in crate::ui) fn restored(&mut self, restored: Option<RestoredSession>) {
        let restoring = self.state.restoring.take();
        let Some(RestoredSession { kept, saved }) = restored else {
            if restoring == Some(Restoring::Last) && self.state.is_empty() {
                self.open_demo();
            }
            return;
        };
        if restoring == Some(Restoring::Changes) {
            return self.restore_changes(kept);
        }
        // The file may have been edited since. Without unsaved changes its content has priority, except for the view.
        let session = match &saved {
            Some(saved) if !kept.unsaved => Session { view: kept.session.view.clone(), ..saved.clone() },
            _ => kept.session.clone(),
        };
        let is_lost = saved.is_none() && kept.file.is_some();
        let base = match saved {
            Some(saved) => saved,
            None if kept.unsaved || is_lost => Session::default(),
            None => session.clone(),
        };
        if is_lost {
            let file = kept.file.as_deref().unwrap_or(Path::new("")).display().to_string();
            self.state
                .report_error(format!("the session's file does not exist or cannot be read; the restored session is not saved ({file})"));
        } else if restoring == Some(Restoring::Last) && !kept.closed {
            self.state
                .inform("The last window ended without being closed. Its session was restored; changes of its last second may be missing.");
        }
        self.set_document(Document::new(kept.file.clone(), kept.name.clone(), base), session);
        let stopped = kept.stopped;
        self.memory_queue.set_kept(kept);
        self.replan();
        self.state.analyses_on_hold = stopped;
    }

    /// Applies the unsaved changes of an earlier window to the open file.
    fn restore_changes(&mut self, kept: KeptSession) {
        if kept.file != self.state.document.file || self.state.unsaved() {
            // Changes made here in the meantime are kept in a separate slot and do not overwrite the earlier window's.
            self.memory_queue.push(Task::NewSlot);
            return self.memory_queue.clear_kept();
        }
        let before = self.state.session.clone();
        if kept.unsaved {
            self.set_session(kept.session);
            self.record(UndoStep::separate("bring back unsaved changes"), before);
            self.state.inform("Unsaved changes were restored. Undo removes them again.");
        } else {
            // The file may have been edited since: its content has priority, except for the view.
            let view = ViewSettings { tab: before.view.tab.clone(), ..kept.session.view };
            self.set_session(Session { view, ..before.clone() });
            self.record(UndoStep::separate("restore the view"), before);
        }
    }

    /// Records an undo step if the command changed something that undo restores.
    pub(in crate::ui) fn record(&mut self, step: UndoStep, before: Session) {
        if self.state.session.same_but_view(&before) && self.state.session.view.same_but_tab(&before.view) {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        self.state.history.record(step, before, now);
    }

    /// Undoes one step, or redoes one.
    pub(in crate::ui) fn step(&mut self, back: bool) {
        let present = self.state.session.clone();
        let name = if back { self.state.history.undo_name() } else { self.state.history.redo_name() }.map(str::to_owned);
        let session = if back { self.state.history.undo(present) } else { self.state.history.redo(present) };
        if let (Some(name), Some(session)) = (name, session) {
            self.state.inform(format!("{} {name}", if back { "Undone:" } else { "Redone:" }));
            self.set_session(session);
        }
    }

    /// Replaces the session by an earlier or later value. Its results are found in the cache; jobs that it does not need end.
    fn set_session(&mut self, session: Session) {
        let before = std::mem::replace(&mut self.state.session, session);
        self.replace_unknown_tab();
        let gone = self.state.session.gone_from(&before).into_iter().map(|(entry, to)| (entry.clone(), to.map(str::to_owned)));
        for (entry, to) in gone.collect::<Vec<_>>() {
            match to {
                Some(to) => self.checkpoint_renamed(&entry.name, &to),
                None => self.forget_checkpoint(&entry),
            }
        }
        if !before.same_but_view(&self.state.session) || before.view.dataset != self.state.session.view.dataset {
            self.replan();
        }
        self.ask_differences();
    }
}

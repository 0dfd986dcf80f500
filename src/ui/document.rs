//! [`Document`]: the session as a file: what it is called, where it lies, how it was when it was opened or saved. And the acts about
//! whole sessions: new, open, save, bring back, undo.

use std::path::{Path, PathBuf};

use egui::ViewportCommand;

use super::app::{App, stem};
use super::history::Act;
use super::loader::{self, Finished, Over, Saved};
use super::memory::keeper::Task;
use super::memory::{Kept, Left, Restored};
use flatland_core::job::{JobId, demo_session, now};
use flatland_core::session::{Session, ViewSettings};

/// What the demo is called.
const DEMO: &str = "Demo";

/// Which file is open.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// `None` until it is saved: new sessions, and the demo, which stays as it is.
    pub(super) file: Option<PathBuf>,
    /// As shown to people.
    pub(super) name: String,
    /// The session as its file has it; where there is none, as it began.
    saved: Session,
    /// Whether changes that an earlier window left unsaved shall be looked for.
    looks_for_left: bool,
    /// Whether its file is to be written though somebody else changed it: that was told, and saving asked for again.
    overwrites: bool,
    /// The window's title, as it was set last.
    title: String,
    /// Grows with every session that takes the place of another, so that what was asked of one is not done to the next.
    number: u64,
}

impl Default for Document {
    fn default() -> Self {
        Self::new(None, "Untitled".into(), Session::default())
    }
}

impl Document {
    fn new(file: Option<PathBuf>, name: String, saved: Session) -> Self {
        Self { file, name, saved, looks_for_left: false, overwrites: false, title: String::new(), number: 0 }
    }

    /// Where it lies, or what it is when it lies nowhere.
    pub(super) fn place(&self) -> String {
        self.file.as_ref().map_or("not in a file yet".into(), |file| file.display().to_string())
    }
}

/// What is being recalled from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recalling {
    /// What was open last; the demo when nothing was.
    Last,
    /// Something chosen, in the place of what is open.
    Chosen,
    /// Unsaved changes to what is open.
    Changes,
}

impl App {
    /// Whether there are changes that no file has. What is merely looked at otherwise is no change, but is kept and saved too.
    pub(super) fn unsaved(&self) -> bool {
        !self.session.same_but_view(&self.document.saved)
    }

    /// Whether saving would change nothing, not even how things are looked at.
    pub(super) fn is_as_saved(&self) -> bool {
        self.document.file.is_some() && self.session == self.document.saved
    }

    /// Whether the bundled demo is open, as it came.
    pub(super) fn shows_untouched_demo(&self) -> bool {
        self.document.file.is_none() && self.document.name == DEMO && !self.unsaved()
    }

    /// Whether nothing is open.
    pub(super) fn is_empty(&self) -> bool {
        self.session.checkpoints.is_empty() && self.session.datasets.is_empty()
    }

    /// What is open, to be kept.
    pub(super) fn kept(&self, closed: bool) -> Kept {
        Kept {
            file: self.document.file.clone(),
            name: self.document.name.clone(),
            unsaved: self.unsaved(),
            closed,
            stopped: closed && self.stopped,
            time: now(),
            session: self.session.clone(),
        }
    }

    /// Names the window after what is open.
    pub(super) fn entitle(&mut self) {
        let mark = if self.unsaved() { "• " } else { "" };
        let title = format!("{mark}{} – Flatland", self.document.name);
        if title != self.document.title {
            self.ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.document.title = title;
        }
    }

    /// Whether something would be missed if it were not kept: changes, and how the session of a file is looked at.
    fn is_worth_keeping(&self) -> bool {
        self.unsaved() || (self.document.file.is_some() && !self.session.view.same_but_tab(&self.document.saved.view))
    }

    /// Puts another session in the place of the open one, whose unsaved changes stay where they can be brought back from.
    fn turn_to(&mut self, document: Document, session: Session) {
        let keeps = self.is_worth_keeping();
        if keeps {
            let kept = self.kept(true);
            self.keeper.keep(kept);
        }
        // What is being recalled was changed by somebody: it is never dropped.
        self.keeper.ask(if keeps || self.recalling.is_some() { Task::Leave } else { Task::Drop });
        self.keeper.begin();
        let ids: Vec<JobId> = self.store.jobs.keys().copied().collect();
        for id in ids {
            self.bench.cancel(id);
        }
        self.store.clear();
        self.scatter.forget();
        self.put(document, session);
        self.stopped = false;
        // What was told of the session before says nothing of this one; what failed still did.
        self.message.take_if(|message| !message.is_error);
        self.replan();
    }

    fn put(&mut self, document: Document, session: Session) {
        let number = self.document.number + 1;
        (self.document, self.session, self.history) = (Document { number, ..document }, session, Default::default());
        if let Some(tab) = self.first_tab.take() {
            self.session.view.tab = tab;
        }
    }

    pub(super) fn new_session(&mut self) {
        let document = Document::default();
        // The tab stays: nobody asked for another.
        let mut session = Session::default();
        session.view.tab = self.session.view.tab;
        self.turn_to(document, session);
        self.keeper.ask(Task::Look);
    }

    pub(super) fn open_demo(&mut self) {
        self.spawn(|| {
            Finished::Opened(vec![match demo_session() {
                Ok(path) => loader::open(path, Default::default()),
                Err(error) => loader::Opened::Failed(error.to_string()),
            }])
        });
    }

    /// Opens what was read from a file.
    pub(super) fn open_session(&mut self, path: PathBuf, session: Session) {
        if demo_session().is_ok_and(|demo| demo == path) {
            return self.show_as_demo(session);
        }
        self.keeper.ask(Task::Opened(path.clone()));
        let document = Document { looks_for_left: true, ..Document::new(Some(path.clone()), stem(&path), session.clone()) };
        self.turn_to(document, session);
    }

    /// Opens `session` as the demo: it is in no file, and stays as it is.
    pub(super) fn show_as_demo(&mut self, session: Session) {
        self.turn_to(Document::new(None, DEMO.into(), session.clone()), session);
    }

    pub(super) fn save(&mut self) {
        match self.document.file.clone() {
            Some(file) => self.save_as(file, true),
            None => self.save_dialog(),
        }
    }

    pub(super) fn save_dialog(&mut self) {
        let folder = self.document.file.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (name, number) = (format!("{}.toml", self.document.name), self.document.number);
        self.spawn_waiting(move || loader::ask_save(number, &name, folder.as_deref()));
    }

    /// Saves the session of this number where the dialog said.
    pub(super) fn save_where_chosen(&mut self, number: u64, path: PathBuf) {
        if number == self.document.number {
            self.save_as(path, true);
        } else {
            self.complain(format!("not saved: another session has been opened since the name was asked for ({})", path.display()));
        }
    }

    /// Saves under a name; `asked`: about writing over what is there.
    pub(super) fn save_as(&mut self, path: PathBuf, asked: bool) {
        let (path, is_completed) = loader::session_path(path);
        let is_own = self.document.file.as_ref() == Some(&path);
        let over = match () {
            () if is_own && !self.document.overwrites => Over::Known(Box::new(self.document.saved.clone())),
            // Of a dialog, nobody was asked about the name with its ending.
            () if (is_completed || !asked) && !is_own => Over::Nothing,
            () => Over::Anything,
        };
        let (session, number) = (self.session.clone(), self.document.number);
        self.spawn(move || Finished::Saved(number, loader::save(path, session, over)));
    }

    /// The session of this number was saved, or not; another may be open by now.
    pub(super) fn saved(&mut self, number: u64, saved: Saved) {
        let is_open = number == self.document.number;
        match saved {
            Saved::Written(path, session) => {
                self.tell(format!("Saved: {}", path.display()));
                self.keeper.ask(Task::Opened(path.clone()));
                if is_open {
                    self.document.name = stem(&path);
                    (self.document.file, self.document.saved, self.document.overwrites) = (Some(path), *session, false);
                }
            }
            Saved::Foreign(path) => {
                self.document.overwrites |= is_open;
                let advice = if is_open {
                    "Save again to write over it, or save elsewhere"
                } else {
                    "What was to be saved is kept: the menu Session brings it back"
                };
                let found = "the file was changed by another program since it was opened";
                self.complain(format!("not saved: {found}. {advice} ({})", path.display()));
            }
            Saved::Failed(error) => self.complain(error),
        }
    }

    /// Recalls what was left in a slot, in the place of what is open.
    pub(super) fn restore(&mut self, id: String) {
        self.turn_to(Document::default(), Session::default());
        self.recalling = Some(Recalling::Chosen);
        self.keeper.ask(Task::Take(id));
    }

    /// When a file was opened to which an earlier window left changes unsaved, recalls them; else how it was looked at last.
    pub(super) fn look_for_left(&mut self) {
        if !std::mem::take(&mut self.document.looks_for_left) || self.recalling.is_some() || self.unsaved() {
            return;
        }
        let of_file = |left: &&Left| left.error.is_none() && left.file.is_some() && left.file == self.document.file;
        let mut left = self.keeper.left.iter().filter(of_file);
        let left = left.clone().find(|left| left.unsaved).or_else(|| left.next());
        if let Some(id) = left.map(|left| left.id.clone()) {
            self.recalling = Some(Recalling::Changes);
            self.keeper.ask(Task::Take(id));
        }
    }

    /// Takes in what was recalled.
    pub(super) fn restored(&mut self, restored: Option<Restored>) {
        let recalling = self.recalling.take();
        let Some(Restored { kept, saved }) = restored else {
            if recalling == Some(Recalling::Last) && self.is_empty() {
                self.open_demo();
            }
            return;
        };
        if recalling == Some(Recalling::Changes) {
            return self.take_changes(kept);
        }
        // A file may have been edited since by hand; without unsaved changes it is the truth, but for how it was looked at.
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
            self.complain(format!("the session's file is gone or cannot be read; what was open is here, not saved ({file})"));
        } else if recalling == Some(Recalling::Last) && !kept.closed {
            self.tell("The last window ended without being closed. Here is what was open; changes of its last second may be missing.");
        }
        self.put(Document::new(kept.file.clone(), kept.name.clone(), base), session);
        let stopped = kept.stopped;
        self.keeper.holds(kept);
        self.replan();
        self.holds = stopped;
    }

    /// Takes in what an earlier window did to the file that is open.
    fn take_changes(&mut self, kept: Kept) {
        if kept.file != self.document.file || self.unsaved() {
            // What was changed here meanwhile is kept in a slot of its own, not upon what that one holds.
            self.keeper.ask(Task::Leave);
            return self.keeper.begin();
        }
        let before = self.session.clone();
        if kept.unsaved {
            self.adopt(kept.session);
            self.record(Act::alone("bring back unsaved changes"), before);
            self.tell("Changes that were not saved are back. Undo takes them away again.");
        } else {
            // The file may have been edited since: it is the truth, but for how it is looked at.
            let view = ViewSettings { tab: before.view.tab, ..kept.session.view };
            self.adopt(Session { view, ..before.clone() });
            self.record(Act::alone("look at it as before"), before);
        }
    }

    /// Notes an act, when it changed something that is worth a step.
    pub(super) fn record(&mut self, act: Act, before: Session) {
        if self.session.same_but_view(&before) && self.session.view.same_but_tab(&before.view) {
            return;
        }
        let now = self.ctx.input(|input| input.time);
        self.history.record(act, before, now);
    }

    /// One step back, or one forward.
    pub(super) fn step(&mut self, back: bool) {
        let present = self.session.clone();
        let name = if back { self.history.undoes() } else { self.history.redoes() }.map(str::to_owned);
        let session = if back { self.history.undo(present) } else { self.history.redo(present) };
        if let (Some(name), Some(session)) = (name, session) {
            self.tell(format!("{} {name}", if back { "Undone:" } else { "Done again:" }));
            self.adopt(session);
        }
    }

    /// Puts an earlier value of the session in place. What it asks for is found in the cache; jobs of what it has no longer end.
    fn adopt(&mut self, session: Session) {
        let before = std::mem::replace(&mut self.session, session);
        let gone = self.session.gone_from(&before).into_iter().map(|(entry, to)| (entry.clone(), to.map(str::to_owned)));
        for (entry, to) in gone.collect::<Vec<_>>() {
            match to {
                Some(to) => self.checkpoint_renamed(&entry.name, &to),
                None => self.forget_checkpoint(&entry),
            }
        }
        if !before.same_but_view(&self.session) || before.view.dataset != self.session.view.dataset {
            self.replan();
        }
        self.ask_differences();
    }
}

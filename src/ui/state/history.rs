//! [`History`]: what the session was before each act, so that acts can be undone and done again. Values, not commands: going back is
//! putting an earlier value in place, and nothing has to know how to undo itself.

use flatland_core::session::Session;

/// So many acts can be undone.
const DEPTH: usize = 200;
/// Seconds within which acts of one kind are one.
const TOGETHER: f64 = 1.0;

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// As it stands behind "Undo": `close checkpoint SAM`.
    pub name: String,
    /// Acts of one kind that follow each other at once are one: the id of the command, and what it does within a view; `None` = always an
    /// act of its own.
    pub kind: Option<(&'static str, &'static str)>,
}

impl Act {
    /// One that stands for itself.
    pub fn alone(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: None }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    act: Act,
    /// The session on the other side of the act.
    session: Session,
}

/// Acts that can be undone and done again.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: Vec<Entry>,
    future: Vec<Entry>,
    /// When something was done last, in the window's seconds.
    last: f64,
}

impl History {
    /// Something was done at `now`; `before` it, the session was this.
    pub fn record(&mut self, act: Act, before: Session, now: f64) {
        self.future.clear();
        let joins = act.kind.is_some() && self.past.last().is_some_and(|last| last.act.kind == act.kind) && now - self.last < TOGETHER;
        self.last = now;
        if joins {
            // What the session was before the first of them stays; the name is that of the latest.
            self.past.last_mut().into_iter().for_each(|last| last.act.name.clone_from(&act.name));
            return;
        }
        self.past.push(Entry { act, session: before });
        if self.past.len() > DEPTH {
            self.past.remove(0);
        }
    }

    /// What would be undone.
    pub fn undoes(&self) -> Option<&str> {
        self.past.last().map(|entry| entry.act.name.as_str())
    }

    /// What would be done again.
    pub fn redoes(&self) -> Option<&str> {
        self.future.last().map(|entry| entry.act.name.as_str())
    }

    /// Gives the session as it was before the last act; `present` can be had again.
    pub fn undo(&mut self, present: Session) -> Option<Session> {
        Self::step(&mut self.past, &mut self.future, present)
    }

    /// Gives the session as it was before the last undo.
    pub fn redo(&mut self, present: Session) -> Option<Session> {
        Self::step(&mut self.future, &mut self.past, present)
    }

    fn step(from: &mut Vec<Entry>, to: &mut Vec<Entry>, present: Session) -> Option<Session> {
        let Entry { act, session } = from.pop()?;
        // An act that comes after a step is never joined to one before it.
        to.push(Entry { act: Act { kind: None, ..act }, session: present });
        if let Some(last) = from.last_mut() {
            last.act.kind = None;
        }
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ui::command::scatter::ScatterCommand;
    use crate::ui::command::{CheckpointCommand, Command};

    fn session(seed: u64) -> Session {
        Session { seed, ..Session::default() }
    }

    #[test]
    fn acts_are_undone_and_done_again_in_order_with_their_names() {
        let mut history = History::default();
        history.record(Act::alone("one"), session(0), 0.0);
        history.record(Act::alone("two"), session(1), 0.1);
        assert_eq!((history.undoes(), history.redoes()), (Some("two"), None));
        assert_eq!(history.undo(session(2)).unwrap().seed, 1);
        assert_eq!((history.undoes(), history.redoes()), (Some("one"), Some("two")));
        assert_eq!(history.undo(session(1)).unwrap().seed, 0);
        assert!(history.undo(session(0)).is_none());
        assert_eq!(history.redo(session(0)).unwrap().seed, 1);
        assert_eq!(history.redo(session(1)).unwrap().seed, 2);
        assert!(history.redo(session(2)).is_none());
    }

    #[test]
    fn acts_of_one_kind_in_quick_succession_are_one() {
        let mut history = History::default();
        let score = |name: &str| Command::SelectScore(name.into()).act();
        for (k, now) in [0.0, 0.5, 1.2, 2.0].into_iter().enumerate() {
            history.record(score("msp"), session(k as u64), now);
        }
        assert_eq!(history.undo(session(9)).unwrap().seed, 0, "one step back is before the first");
        assert!(history.undoes().is_none());
        history.record(score("msp"), session(0), 2.1);
        history.record(score("energy"), session(1), 9.0);
        history.record(Command::Scatter(ScatterCommand::ShowDensity(true)).act(), session(2), 9.1);
        assert_eq!(history.undo(session(3)).unwrap().seed, 2, "another kind");
        assert_eq!(history.undo(session(2)).unwrap().seed, 1, "after a while");
        let close = Command::RemoveCheckpoint("SAM".into()).act();
        history.record(close.clone(), session(4), 20.0);
        history.record(close, session(5), 20.1);
        assert_eq!(history.undo(session(6)).unwrap().seed, 5, "every closing is an act of its own");
        assert_eq!(history.undoes(), Some("close checkpoint SAM"));
    }

    #[test]
    fn acts_about_a_checkpoint_have_names_and_only_its_moves_are_joined() {
        let of = |command| Command::Checkpoint("SAM".into(), command).act();
        let acts = [
            (of(CheckpointCommand::Rename("OE".into())), "rename SAM to OE"),
            (of(CheckpointCommand::Hide(true)), "hide SAM"),
            (of(CheckpointCommand::Hide(false)), "show SAM"),
            (of(CheckpointCommand::Baseline), "take differences to SAM"),
            (of(CheckpointCommand::Color(3)), "colour SAM"),
            (of(CheckpointCommand::Color(4)), "colour SAM"),
            (of(CheckpointCommand::MoveBy(1)), "move SAM"),
            (of(CheckpointCommand::Weights("ema".into())), "read ema of SAM"),
            (of(CheckpointCommand::OpenBeside("ema".into())), "open ema beside SAM"),
            (Command::AddHessian.act(), "compute the Hessian"),
            (Command::ShowPlanes(true).act(), "show random planes"),
            (Command::OnlyDifferences(true).act(), "compare what differs"),
        ];
        let mut history = History::default();
        for (k, (act, name)) in acts.iter().enumerate() {
            history.record(act.clone(), session(k as u64), 0.01 * k as f64);
            assert_eq!(history.undoes(), Some(*name));
        }
        for k in (0..acts.len()).rev() {
            assert_eq!(history.undo(session(99)).unwrap().seed, k as u64, "each is a step of its own");
        }
        for (k, by) in [1, 1, -1].into_iter().enumerate() {
            history.record(of(CheckpointCommand::MoveBy(by)), session(k as u64), 50.0 + 0.1 * k as f64);
        }
        assert_eq!(history.undo(session(99)).unwrap().seed, 0);
    }

    #[test]
    fn a_new_act_ends_what_could_be_done_again_and_is_not_joined_to_what_was_undone() {
        let mut history = History::default();
        let toggle = Command::Scatter(ScatterCommand::ShowDensity(true)).act();
        history.record(toggle.clone(), session(0), 0.0);
        history.record(Act::alone("other"), session(1), 0.1);
        history.undo(session(2)).unwrap();
        history.record(toggle, session(1), 0.2);
        assert!(history.redoes().is_none());
        assert_eq!(history.undo(session(3)).unwrap().seed, 1);
    }

    #[test]
    fn the_oldest_acts_are_forgotten() {
        let mut history = History::default();
        (0..DEPTH as u64 + 5).for_each(|k| history.record(Act::alone("x"), session(k), k as f64));
        let mut last = session(999);
        let mut steps = 0;
        while let Some(earlier) = history.undo(last.clone()) {
            (last, steps) = (earlier, steps + 1);
        }
        assert_eq!((last.seed, steps), (5, DEPTH));
    }
}

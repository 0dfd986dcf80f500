//! [`History`]: the values of the session before each change, for undo and redo. It stores values, not commands: undo puts an earlier
//! value back, and no command has to know how to reverse itself.

use flatland_core::session::Session;

/// The largest number of steps that can be undone.
const MAX_STEPS: usize = 200;
/// Changes of one kind that follow each other within this time are one step, in seconds.
const MERGE_SECONDS: f64 = 1.0;

/// A step that can be undone.
#[derive(Clone, Debug, PartialEq)]
pub struct UndoStep {
    /// Text after "Undo" in the menu: `close checkpoint SAM`.
    pub name: String,
    /// Id of the command, and what it does within a view. Steps of equal kind that follow each other at once are one step; `None` =
    /// always a separate step.
    pub kind: Option<(&'static str, &'static str)>,
}

impl UndoStep {
    /// A step that is never merged with another.
    pub fn separate(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: None }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    step: UndoStep,
    /// The session to return to.
    session: Session,
}

/// The steps that can be undone and redone.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: Vec<Entry>,
    future: Vec<Entry>,
    /// Time of the last step, in seconds of the window's clock.
    last: f64,
}

impl History {
    /// Records a step at time `now`; `before` is the session before it.
    pub fn record(&mut self, step: UndoStep, before: Session, now: f64) {
        self.future.clear();
        let merges =
            step.kind.is_some() && self.past.last().is_some_and(|last| last.step.kind == step.kind) && now - self.last < MERGE_SECONDS;
        self.last = now;
        if merges {
            // The session before the first of the merged steps stays; the name is that of the latest.
            self.past.last_mut().into_iter().for_each(|last| last.step.name.clone_from(&step.name));
            return;
        }
        self.past.push(Entry { step, session: before });
        if self.past.len() > MAX_STEPS {
            self.past.remove(0);
        }
    }

    /// Name of the step that undo would reverse.
    pub fn undo_name(&self) -> Option<&str> {
        self.past.last().map(|entry| entry.step.name.as_str())
    }

    /// Name of the step that redo would repeat.
    pub fn redo_name(&self) -> Option<&str> {
        self.future.last().map(|entry| entry.step.name.as_str())
    }

    /// Returns the session before the last step; redo returns to `present`.
    pub fn undo(&mut self, present: Session) -> Option<Session> {
        Self::step(&mut self.past, &mut self.future, present)
    }

    /// Returns the session before the last undo.
    pub fn redo(&mut self, present: Session) -> Option<Session> {
        Self::step(&mut self.future, &mut self.past, present)
    }

    fn step(from: &mut Vec<Entry>, to: &mut Vec<Entry>, present: Session) -> Option<Session> {
        let Entry { step, session } = from.pop()?;
        // A change after an undo is never merged with a step before it.
        to.push(Entry { step: UndoStep { kind: None, ..step }, session: present });
        if let Some(last) = from.last_mut() {
            last.step.kind = None;
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
    fn steps_are_undone_and_redone_in_order_with_their_names() {
        let mut history = History::default();
        history.record(UndoStep::separate("one"), session(0), 0.0);
        history.record(UndoStep::separate("two"), session(1), 0.1);
        assert_eq!((history.undo_name(), history.redo_name()), (Some("two"), None));
        assert_eq!(history.undo(session(2)).unwrap().seed, 1);
        assert_eq!((history.undo_name(), history.redo_name()), (Some("one"), Some("two")));
        assert_eq!(history.undo(session(1)).unwrap().seed, 0);
        assert!(history.undo(session(0)).is_none());
        assert_eq!(history.redo(session(0)).unwrap().seed, 1);
        assert_eq!(history.redo(session(1)).unwrap().seed, 2);
        assert!(history.redo(session(2)).is_none());
    }

    #[test]
    fn steps_of_one_kind_in_quick_succession_are_merged() {
        let mut history = History::default();
        let score = |name: &str| Command::SelectScore(name.into()).undo_step();
        for (k, now) in [0.0, 0.5, 1.2, 2.0].into_iter().enumerate() {
            history.record(score("msp"), session(k as u64), now);
        }
        assert_eq!(history.undo(session(9)).unwrap().seed, 0, "one step back is before the first");
        assert!(history.undo_name().is_none());
        history.record(score("msp"), session(0), 2.1);
        history.record(score("energy"), session(1), 9.0);
        history.record(Command::Scatter(ScatterCommand::ShowDensity(true)).undo_step(), session(2), 9.1);
        assert_eq!(history.undo(session(3)).unwrap().seed, 2, "another kind");
        assert_eq!(history.undo(session(2)).unwrap().seed, 1, "after a while");
        let close = Command::RemoveCheckpoint("SAM".into()).undo_step();
        history.record(close.clone(), session(4), 20.0);
        history.record(close, session(5), 20.1);
        assert_eq!(history.undo(session(6)).unwrap().seed, 5, "every closing is an act of its own");
        assert_eq!(history.undo_name(), Some("close checkpoint SAM"));
    }

    #[test]
    fn steps_on_a_checkpoint_have_names_and_only_its_moves_are_merged() {
        let of = |command| Command::Checkpoint("SAM".into(), command).undo_step();
        let steps = [
            (of(CheckpointCommand::Rename("OE".into())), "rename SAM to OE"),
            (of(CheckpointCommand::Hide(true)), "hide SAM"),
            (of(CheckpointCommand::Hide(false)), "show SAM"),
            (of(CheckpointCommand::Baseline), "take differences to SAM"),
            (of(CheckpointCommand::Color(3)), "colour SAM"),
            (of(CheckpointCommand::Color(4)), "colour SAM"),
            (of(CheckpointCommand::MoveBy(1)), "move SAM"),
            (of(CheckpointCommand::Weights("ema".into())), "read ema of SAM"),
            (of(CheckpointCommand::OpenBeside("ema".into())), "open ema beside SAM"),
            (Command::AddHessian.undo_step(), "compute the Hessian"),
            (Command::ShowPlanes(true).undo_step(), "show random planes"),
            (Command::OnlyDifferences(true).undo_step(), "compare what differs"),
        ];
        let mut history = History::default();
        for (k, (step, name)) in steps.iter().enumerate() {
            history.record(step.clone(), session(k as u64), 0.01 * k as f64);
            assert_eq!(history.undo_name(), Some(*name));
        }
        for k in (0..steps.len()).rev() {
            assert_eq!(history.undo(session(99)).unwrap().seed, k as u64, "each is a step of its own");
        }
        for (k, by) in [1, 1, -1].into_iter().enumerate() {
            history.record(of(CheckpointCommand::MoveBy(by)), session(k as u64), 50.0 + 0.1 * k as f64);
        }
        assert_eq!(history.undo(session(99)).unwrap().seed, 0);
    }

    #[test]
    fn a_new_step_clears_redo_and_is_not_merged_with_an_undone_step() {
        let mut history = History::default();
        let toggle = Command::Scatter(ScatterCommand::ShowDensity(true)).undo_step();
        history.record(toggle.clone(), session(0), 0.0);
        history.record(UndoStep::separate("other"), session(1), 0.1);
        history.undo(session(2)).unwrap();
        history.record(toggle, session(1), 0.2);
        assert!(history.redo_name().is_none());
        assert_eq!(history.undo(session(3)).unwrap().seed, 1);
    }

    #[test]
    fn the_oldest_steps_are_removed() {
        let mut history = History::default();
        (0..MAX_STEPS as u64 + 5).for_each(|k| history.record(UndoStep::separate("x"), session(k), k as f64));
        let mut last = session(999);
        let mut steps = 0;
        while let Some(earlier) = history.undo(last.clone()) {
            (last, steps) = (earlier, steps + 1);
        }
        assert_eq!((last.seed, steps), (5, MAX_STEPS));
    }
}

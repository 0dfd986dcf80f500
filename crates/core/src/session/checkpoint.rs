//! [`CheckpointEntry`], and the changes to the list of them: order, colour, name, visibility. A checkpoint keeps its colour when others
//! change.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Assumptions, InputTransform, NetworkChoice, Normalization, Session, stated_choice};

/// Number of checkpoint colours; the next checkpoint gets the first colour again.
pub const COLORS: usize = 8;

/// A checkpoint that is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointEntry {
    /// Unique name within the session.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Overrides inference from the tensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Which state dict of a file that holds several, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Globs of tensor names that the network does not have and that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Name of the value of an exported program that is the penultimate features; absent = the input of its last affine map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// Name of the output of an exported program that is the logits, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What the network's inputs were normalized with.
    #[serde(default)]
    pub normalization: Normalization,
    /// How images are brought to the size of the network's input; absent = scaled to fill it, then cropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputTransform>,
    /// What was inferred and not confirmed yet.
    #[serde(default, skip_serializing_if = "Assumptions::is_empty")]
    pub assumed: Assumptions,
    /// Index of its colour; absent = its place in the session ([`Session::colors`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<usize>,
    /// Whether it is open but not drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl CheckpointEntry {
    /// How its file is read.
    pub fn choice(&self) -> NetworkChoice {
        stated_choice!(self)
    }
}

impl Session {
    /// Index of the colour of every checkpoint, in their order: the stored one, else its place in the list if that colour is free, else the first
    /// free one.
    pub fn colors(&self) -> Vec<usize> {
        let mut taken: Vec<usize> = self.checkpoints.iter().filter_map(|entry| entry.color).collect();
        let mut of = |(index, entry): (usize, &CheckpointEntry)| {
            entry.color.unwrap_or_else(|| {
                let color = std::iter::once(index).chain(0..).find(|color| !taken.contains(color)).unwrap_or(index);
                taken.push(color);
                color
            })
        };
        self.checkpoints.iter().enumerate().map(&mut of).collect()
    }

    /// Index of the colour of the checkpoint called `name`; 0 when there is none.
    pub fn color_of(&self, name: &str) -> usize {
        self.position(name).and_then(|index| self.colors().get(index).copied()).unwrap_or(0)
    }

    /// The checkpoints that are drawn, in their order, each with the index of its colour.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &CheckpointEntry)> {
        self.colors().into_iter().zip(&self.checkpoints).filter(|(_, entry)| !entry.hidden)
    }

    /// Whether the checkpoint called `name` is drawn.
    pub fn is_shown(&self, name: &str) -> bool {
        self.checkpoints.iter().any(|entry| entry.name == name && !entry.hidden)
    }

    /// Adds a checkpoint after the others.
    pub fn add_checkpoint(&mut self, entry: CheckpointEntry) {
        self.keep_colors();
        self.checkpoints.push(entry);
        self.keep_colors();
    }

    /// Adds the state dict `weights` of the file of the checkpoint at `index`, after the others. Everything else is equal; the key is
    /// appended to the name.
    pub fn open_beside(&mut self, index: usize, weights: String) {
        let Some(entry) = self.checkpoints.get(index) else { return };
        let own = entry.weights.as_ref().and_then(|own| entry.name.strip_suffix(&format!(" ({own})")));
        let requested = format!("{} ({weights})", own.unwrap_or(&entry.name));
        let names = std::iter::once(requested.clone()).chain((2..).map(|n| format!("{requested} {n}")));
        let name = names.into_iter().find(|name| self.position(name).is_none()).unwrap_or(requested);
        let entry = CheckpointEntry { name, weights: Some(weights), color: None, hidden: false, ..entry.clone() };
        self.add_checkpoint(entry);
    }

    /// Removes the checkpoint called `name` and returns it. The session does not mention it any more, except in the axes of a plane
    /// through it.
    pub fn remove_checkpoint(&mut self, name: &str) -> Option<CheckpointEntry> {
        self.keep_colors();
        let entry = self.position(name).map(|index| self.checkpoints.remove(index))?;
        self.landscape.baseline.take_if(|baseline| baseline == name);
        self.lists_mut().for_each(|list| list.retain(|said| said != name));
        self.view.rename_checkpoint(name, None);
        Some(entry)
    }

    /// Moves the checkpoint called `name` to place `to`, at most to the end.
    pub fn move_checkpoint(&mut self, name: &str, to: usize) {
        self.keep_baseline();
        self.keep_colors();
        let Some(from) = self.position(name) else { return };
        let entry = self.checkpoints.remove(from);
        self.checkpoints.insert(to.min(self.checkpoints.len()), entry);
    }

    /// Gives the checkpoint called `name` the colour of this index. The checkpoint that has it gets the other's colour, so that colours
    /// stay distinct.
    pub fn recolor_checkpoint(&mut self, name: &str, color: usize) {
        self.keep_colors();
        let Some(index) = self.position(name) else { return };
        let before = self.checkpoints[index].color;
        self.checkpoints.iter_mut().filter(|entry| entry.color == Some(color)).for_each(|entry| entry.color = before);
        self.checkpoints[index].color = Some(color);
    }

    /// Renames the checkpoint `from` wherever the session mentions it.
    ///
    /// # Errors
    /// When there is no such checkpoint, or the new name is empty or taken.
    pub fn rename_checkpoint(&mut self, from: &str, to: &str) -> Result<(), String> {
        let to = to.trim();
        let Some(index) = self.position(from) else { return Err(format!("expected a checkpoint of the session, found `{from}`")) };
        if to.is_empty() {
            return Err(format!("expected a name for the checkpoint `{from}`, found none"));
        }
        if self.position(to).is_some_and(|other| other != index) {
            return Err(format!("expected a name that no other checkpoint has, found `{to}`"));
        }
        self.checkpoints[index].name = to.into();
        self.view.rename_checkpoint(from, Some(to));
        let rename = |name: &mut String| {
            if name == from {
                *name = to.into();
            }
        };
        self.lists_mut().flatten().for_each(rename);
        self.landscape.plane.through_mut().iter_mut().chain(&mut self.landscape.baseline).for_each(rename);
        Ok(())
    }

    /// The lists of names of checkpoints.
    fn lists_mut(&mut self) -> impl Iterator<Item = &mut Vec<String>> {
        [&mut self.figure.compared, &mut self.figure.methods].into_iter().chain(&mut self.landscape.project)
    }

    /// The checkpoints of `before` that this session does not have, each with its new name if the same weights of the same file
    /// have another name here.
    pub fn gone_from<'a>(&'a self, before: &'a Self) -> Vec<(&'a CheckpointEntry, Option<&'a str>)> {
        let is_same = |a: &CheckpointEntry, b: &CheckpointEntry| a.path == b.path && a.choice() == b.choice();
        let has = |session: &Self, entry: &CheckpointEntry| session.checkpoints.iter().any(|e| e.name == entry.name && is_same(e, entry));
        let mut new: Vec<&CheckpointEntry> = self.checkpoints.iter().filter(|entry| before.position(&entry.name).is_none()).collect();
        let gone = before.checkpoints.iter().filter(|entry| !has(self, entry));
        gone.map(|entry| {
            let renamed = new.iter().position(|other| is_same(other, entry)).map(|index| new.remove(index).name.as_str());
            (entry, renamed)
        })
        .collect()
    }

    /// The place of the checkpoint called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.checkpoints.iter().position(|entry| entry.name == name)
    }

    /// Stores every colour, so that it stays when places change.
    fn keep_colors(&mut self) {
        let colors = self.colors();
        self.checkpoints.iter_mut().zip(colors).for_each(|(entry, color)| entry.color = Some(color));
    }

    /// Stores the baseline, so that it stays when another checkpoint becomes the first.
    fn keep_baseline(&mut self) {
        self.landscape.baseline = self.landscape_baseline().map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::{Axes, Camera, ColorSettings, PickedCell};

    fn entry(name: &str) -> CheckpointEntry {
        CheckpointEntry { name: name.into(), ..CheckpointEntry::default() }
    }

    fn session(names: &[&str]) -> Session {
        Session { checkpoints: names.iter().map(|name| entry(name)).collect(), ..Session::default() }
    }

    fn colored(session: &Session) -> Vec<(&str, usize)> {
        session.checkpoints.iter().map(|entry| entry.name.as_str()).zip(session.colors()).collect()
    }

    #[test]
    fn an_older_file_gives_every_checkpoint_the_colour_of_its_place() {
        let text = "version = 1\n[[checkpoint]]\nname = \"a\"\npath = \"a\"\n[[checkpoint]]\nname = \"b\"\npath = \"b\"\n";
        let session: Session = toml::from_str(text).unwrap();
        assert_eq!(colored(&session), [("a", 0), ("b", 1)]);
        assert!(session.shown().count() == 2 && !session.to_toml(std::path::Path::new("/")).unwrap().contains("color"));
    }

    #[test]
    fn a_checkpoint_keeps_its_colour_when_others_go_come_and_move() {
        let mut session = session(&["a", "b", "c"]);
        session.remove_checkpoint("a");
        assert_eq!(colored(&session), [("b", 1), ("c", 2)]);
        session.move_checkpoint("c", 0);
        assert_eq!(colored(&session), [("c", 2), ("b", 1)]);
        session.add_checkpoint(entry("d"));
        assert_eq!(colored(&session), [("c", 2), ("b", 1), ("d", 0)], "the colour that became free");
        session.move_checkpoint("c", 99);
        session.rename_checkpoint("b", "B").unwrap();
        assert_eq!(colored(&session), [("B", 1), ("d", 0), ("c", 2)]);
        let text = session.to_toml(std::path::Path::new("/")).unwrap();
        assert_eq!(colored(&toml::from_str(&text).unwrap()), colored(&session));
    }

    #[test]
    fn a_colour_that_one_checkpoint_keeps_is_not_given_to_another() {
        let mut session = session(&["a", "b", "c"]);
        session.checkpoints[0].color = Some(1);
        assert_eq!(colored(&session), [("a", 1), ("b", 0), ("c", 2)]);
        session.recolor_checkpoint("b", 2);
        assert_eq!(colored(&session), [("a", 1), ("b", 2), ("c", 0)], "two checkpoints change colours");
    }

    #[test]
    fn the_baseline_is_the_same_after_a_move_and_goes_with_its_checkpoint() {
        let mut session = session(&["a", "b", "c"]);
        session.move_checkpoint("c", 0);
        assert_eq!(session.landscape_baseline(), Some("a"));
        session.rename_checkpoint("a", "A").unwrap();
        assert_eq!(session.landscape_baseline(), Some("A"));
        session.remove_checkpoint("A");
        assert_eq!(session.landscape_baseline(), Some("c"));
    }

    #[test]
    fn a_closed_checkpoint_is_named_nowhere() {
        let mut session = session(&["a", "b", "c"]);
        session.figure.compared = vec!["a".into(), "b".into()];
        session.figure.methods = vec!["b".into()];
        session.landscape.project = Some(vec!["c".into(), "b".into()]);
        session.landscape.baseline = Some("b".into());
        session.remove_checkpoint("b");
        assert_eq!((session.figure.compared.as_slice(), session.figure.methods.len()), (&["a".to_owned()][..], 0));
        assert_eq!((session.landscape.project.as_deref(), session.landscape.baseline.as_deref()), (Some(&["c".to_owned()][..]), None));
        assert_eq!(session.check(), Ok(()), "it can be saved and opened again");
    }

    #[test]
    fn a_new_name_is_used_everywhere_and_must_be_free() {
        let mut session = session(&["a", "b", "c"]);
        session.landscape.plane = Axes::Line { through: ["a".into(), "b".into()], statistics: Default::default() };
        session.landscape.project = Some(vec!["b".into(), "c".into()]);
        session.figure.compared = vec!["b".into()];
        session.rename_checkpoint("b", " better ").unwrap();
        assert_eq!(session.landscape.plane.through(), ["a", "better"]);
        assert_eq!(
            (session.landscape.project.clone().unwrap(), &session.figure.compared[0]),
            (vec!["better".into(), "c".into()], &"better".into())
        );
        assert!(session.rename_checkpoint("better", "c").unwrap_err().contains("found `c`"));
        assert!(session.rename_checkpoint("better", "  ").is_err());
        assert!(session.rename_checkpoint("none", "x").unwrap_err().contains("`none`"));
        session.rename_checkpoint("c", "c").unwrap();
    }

    /// A session that says `b` wherever a view can say a checkpoint.
    fn looked_at(names: &[&str]) -> Session {
        let mut session = session(names);
        session.view.scatter.selected_in = Some("b".into());
        let view = &mut session.view.landscape;
        view.picked = Some(PickedCell { checkpoint: "b".into(), alpha: 0.5, beta: 0.0 });
        view.own_cameras = [("a", 1.0), ("b", 2.0)].map(|(name, yaw)| (name.into(), Camera { yaw, ..Camera::default() })).into();
        let colors = ColorSettings { low: Some(0.5), ..ColorSettings::default() };
        view.colors = ["loss", "loss of a", "loss of b", "auroc of b", "loss of a of b"].map(|key| (key.into(), colors)).into();
        session
    }

    #[test]
    fn views_say_the_new_name() {
        let mut session = looked_at(&["a", "b"]);
        session.rename_checkpoint("b", "B").unwrap();
        let view = &session.view.landscape;
        assert_eq!(session.view.scatter.selected_in.as_deref(), Some("B"));
        assert_eq!(view.picked.as_ref().map(|cell| (cell.checkpoint.as_str(), cell.alpha)), Some(("B", 0.5)));
        assert_eq!(view.own_cameras.iter().map(|(name, camera)| (name.as_str(), camera.yaw)).collect::<Vec<_>>(), [("B", 2.0), ("a", 1.0)]);
        assert_eq!(view.colors.keys().collect::<Vec<_>>(), ["auroc of B", "loss", "loss of B", "loss of a", "loss of a of b"]);
    }

    #[test]
    fn a_closed_checkpoint_is_mentioned_nowhere_and_the_session_can_be_opened_again() {
        let mut session = looked_at(&["a", "b"]);
        session.figure.compared = vec!["a".into(), "b".into()];
        session.figure.methods = vec!["b".into()];
        session.landscape.project = Some(vec!["b".into(), "a".into()]);
        session.remove_checkpoint("b");
        let view = &session.view.landscape;
        assert_eq!((&session.view.scatter.selected_in, &view.picked), (&None, &None));
        assert_eq!(view.own_cameras.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(view.colors.keys().collect::<Vec<_>>(), ["loss", "loss of a", "loss of a of b"]);
        assert_eq!((session.figure.compared.len(), session.figure.methods.len()), (1, 0));
        assert_eq!(session.landscape.project.as_deref(), Some(&["a".to_owned()][..]));
        session.check().unwrap();
    }

    #[test]
    fn a_checkpoint_that_is_gone_may_have_another_name() {
        let open = |entries: &[(&str, &str)]| {
            let entries = entries.iter().map(|(name, path)| CheckpointEntry { path: path.into(), ..entry(name) });
            Session { checkpoints: entries.collect(), ..Session::default() }
        };
        let gone = |before: &[(&str, &str)], after: &[(&str, &str)]| {
            let (before, after) = (open(before), open(after));
            after.gone_from(&before).into_iter().map(|(entry, to)| (entry.name.clone(), to.map(str::to_owned))).collect::<Vec<_>>()
        };
        assert_eq!(gone(&[("a", "1"), ("b", "2")], &[("b", "2")]), [("a".into(), None)]);
        assert_eq!(gone(&[("a", "1"), ("b", "2")], &[("b", "2"), ("c", "1")]), [("a".into(), Some("c".into()))]);
        assert_eq!(gone(&[("a", "1"), ("b", "1")], &[("c", "1")]), [("a".into(), Some("c".into())), ("b".into(), None)]);
        assert_eq!(gone(&[("a", "1"), ("b", "2")], &[("b", "1")]), [("a".into(), None), ("b".into(), None)], "b is another file now");
    }

    #[test]
    fn two_entries_of_one_file_differ_by_their_state_dicts() {
        let of = |name: &str, weights: &str| CheckpointEntry { path: "1".into(), weights: Some(weights.into()), ..entry(name) };
        let open = |checkpoints: Vec<CheckpointEntry>| Session { checkpoints, ..Session::default() };
        let before = open(vec![of("a", "model"), of("b", "ema")]);
        let renamed = open(vec![of("c", "ema"), of("a", "model")]);
        assert_eq!(renamed.gone_from(&before).iter().map(|(e, to)| (e.name.as_str(), *to)).collect::<Vec<_>>(), [("b", Some("c"))]);
        let read_otherwise = open(vec![of("a", "ema"), of("b", "ema")]);
        assert_eq!(read_otherwise.gone_from(&before).iter().map(|(e, to)| (e.name.as_str(), *to)).collect::<Vec<_>>(), [("a", None)]);
        let mut session = before;
        session.open_beside(1, "model".into());
        session.open_beside(0, "ema".into());
        let opened: Vec<(&str, Option<&str>)> = session.checkpoints.iter().map(|e| (e.name.as_str(), e.weights.as_deref())).collect();
        assert_eq!(opened[2..], [("b (model)", Some("model")), ("a (ema)", Some("ema"))]);
        assert_eq!(session.colors(), [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_hidden_is_open_and_not_shown() {
        let mut session = session(&["a", "b", "c"]);
        session.checkpoints[1].hidden = true;
        assert_eq!(session.shown().map(|(color, entry)| (entry.name.as_str(), color)).collect::<Vec<_>>(), [("a", 0), ("c", 2)]);
        assert!(!session.is_shown("b") && session.is_shown("c"));
    }
}

//! [`DatasetEntry`], and the changes to the list of them: how one is added with a default limit, and how it is changed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Assumption, Assumptions, ClassesEntry, Role, Session};

/// Default limit of images of a dataset that is measured on: enough to see shapes, in minutes instead of hours on a CPU.
pub const FIRST_LOOK: usize = 200;

/// A corruption in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorruptionEntry {
    /// Snake-case name, e.g. `gaussian_noise`.
    pub kind: String,
    /// 1 (weak) to 5 (strong).
    pub severity: u8,
}

/// A dataset that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetEntry {
    /// Unique name within the session.
    pub name: String,
    /// What it is to the ID data.
    pub role: Role,
    /// File or folder, or `demo:<part>` for a part of the bundled demo set.
    pub path: PathBuf,
    /// Overrides sniffing by content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `train`, `test`, `val`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Size of a class-stratified subset drawn with the session's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Takes the first images in file order instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<usize>,
    /// Applied to every image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<CorruptionEntry>,
    /// What was inferred and not confirmed yet.
    #[serde(default, skip_serializing_if = "Assumptions::is_empty")]
    pub assumed: Assumptions,
    /// The class of the network that each of its classes is, where names do not determine it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassesEntry>,
}

impl DatasetEntry {
    /// A dataset that has just been opened: with the default limit if it is measured on, whole if it is trained on.
    pub fn opened(name: String, path: PathBuf, role: Role) -> Self {
        let limit = role.is_measured().then_some(FIRST_LOOK);
        Self {
            name,
            role,
            path,
            format: None,
            split: None,
            limit,
            first: None,
            corruption: None,
            assumed: Assumptions::new(),
            classes: None,
        }
    }

    /// A dataset that has just been opened and whose role was guessed.
    pub fn guessed(name: String, path: PathBuf, role: Role) -> Self {
        Self { assumed: [Assumption::Role].into(), ..Self::opened(name, path, role) }
    }

    /// Whether it is a part of the bundled demo set, `demo:<part>`, and lies in no file.
    pub fn is_bundled(&self) -> bool {
        self.path.to_string_lossy().starts_with("demo:")
    }

    /// Sets the role that the user states. The default limit is set or removed with it.
    pub fn take_role(&mut self, role: Role) {
        match (self.role.is_measured(), role.is_measured()) {
            (true, false) if self.limit == Some(FIRST_LOOK) => self.limit = None,
            (false, true) if self.limit.is_none() && self.first.is_none() => self.limit = Some(FIRST_LOOK),
            _ => {}
        }
        self.role = role;
        self.assumed.remove(&Assumption::Role);
    }
}

impl Session {
    /// Replaces the dataset called `name` by `entry`; a new name is changed everywhere in the session.
    ///
    /// # Errors
    /// When there is no such dataset, or the new name is empty or taken.
    pub fn change_dataset(&mut self, name: &str, entry: DatasetEntry) -> Result<(), String> {
        let position = |name: &str| self.datasets.iter().position(|dataset| dataset.name == name);
        let Some(at) = position(name) else { return Err(format!("expected a dataset of the session, found `{name}`")) };
        let to = entry.name.trim().to_owned();
        if to.is_empty() {
            return Err(format!("expected a name for the dataset `{name}`, found none"));
        }
        if position(&to).is_some_and(|other| other != at) {
            return Err(format!("expected a name that no other dataset has, found `{to}`"));
        }
        // The loss on images of other classes has no meaning.
        if !entry.role.has_classes() && self.view.dataset.as_deref() == Some(name) {
            self.view.dataset = None;
        }
        self.datasets[at] = DatasetEntry { name: to.clone(), ..entry };
        self.say_dataset(name, Some(&to));
        Ok(())
    }

    /// Removes the dataset called `name`; nothing in the session mentions it any more.
    pub fn remove_dataset(&mut self, name: &str) {
        self.datasets.retain(|dataset| dataset.name != name);
        self.say_dataset(name, None);
    }

    /// Replaces the dataset `name` by `to` wherever the session mentions it; without `to`, removes it there.
    fn say_dataset(&mut self, name: &str, to: Option<&str>) {
        let hessian = self.hessian.as_mut().map(|settings| &mut settings.datasets);
        let lists = [&mut self.landscape.datasets, &mut self.landscape.ood, &mut self.sharpness.datasets, &mut self.embedding.datasets];
        for list in lists.into_iter().chain(hessian) {
            match to {
                Some(to) => list.iter_mut().filter(|said| *said == name).for_each(|said| *said = to.into()),
                None => list.retain(|said| said != name),
            }
        }
        if self.view.dataset.as_deref() == Some(name) {
            self.view.dataset = to.map(str::to_owned);
        }
        self.view.scatter.say_dataset(name, to);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::{Category, ColorBy, SelectMode, Selection};

    fn opened(name: &str, role: Role) -> DatasetEntry {
        DatasetEntry::opened(name.into(), format!("/data/{name}").into(), role)
    }

    #[test]
    fn what_is_measured_on_is_opened_for_a_first_look_and_what_is_trained_with_whole() {
        assert_eq!(opened("a", Role::Far).limit, Some(FIRST_LOOK));
        assert_eq!(opened("a", Role::Train).limit, None);
        let mut entry = opened("a", Role::Id);
        entry.take_role(Role::Outliers);
        assert_eq!((entry.role, entry.limit), (Role::Outliers, None));
        entry.take_role(Role::Near);
        assert_eq!(entry.limit, Some(FIRST_LOOK));
        entry.limit = Some(77);
        entry.take_role(Role::Train);
        assert_eq!(entry.limit, Some(77), "somebody chose this number");
    }

    #[test]
    fn a_renamed_dataset_is_renamed_everywhere() {
        let mut session = Session { datasets: vec![opened("a", Role::Id), opened("b", Role::Far)], ..Session::default() };
        session.landscape.datasets = vec!["a".into()];
        session.view.dataset = Some("a".into());
        session.change_dataset("a", DatasetEntry { name: " CIFAR-10 ".into(), ..opened("a", Role::Id) }).unwrap();
        assert_eq!((&session.landscape.datasets[0], session.view.dataset.as_deref()), (&"CIFAR-10".into(), Some("CIFAR-10")));
        assert!(session.change_dataset("b", opened("CIFAR-10", Role::Far)).unwrap_err().contains("no other dataset"));
        assert!(
            session.change_dataset("b", opened(" ", Role::Far)).is_err() && session.change_dataset("c", opened("c", Role::Far)).is_err()
        );
        session.change_dataset("CIFAR-10", opened("CIFAR-10", Role::Near)).unwrap();
        assert_eq!(session.view.dataset, None, "no loss on images of other classes");
    }

    #[test]
    fn selected_and_hidden_images_are_those_of_the_renamed_dataset_still() {
        let hidden = |name: &str| Category { field: ColorBy::Dataset, value: name.into() };
        let mut session = Session { datasets: vec![opened("a", Role::Id), opened("b", Role::Far)], ..Session::default() };
        session.view.scatter.selection = Selection::of("a", vec![3, 4]);
        session.view.scatter.selection.apply(Selection::of("b", vec![1]), SelectMode::Add);
        session.view.scatter.hidden = [hidden("a"), hidden("b")].into();
        session.change_dataset("a", opened("c", Role::Id)).unwrap();
        let scatter = &session.view.scatter;
        assert!(scatter.selection.contains("c", 3) && scatter.selection.contains("b", 1) && scatter.selection.ranges("a").is_empty());
        assert_eq!(scatter.hidden, [hidden("b"), hidden("c")].into());
    }
}

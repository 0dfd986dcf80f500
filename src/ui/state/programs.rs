//! The exported programs (`.pt2`) that a checkpoint can be read as: those whose tensors have the same names and shapes.

use super::memory::RememberedProgram;
use super::store::Store;
use flatland_core::result::TensorSet;
use flatland_core::session::{CheckpointEntry, NetworkChoice, Session, is_program};

/// An exported program that a checkpoint is read as without being asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AssumedProgram {
    /// The choice that reads the checkpoint as it.
    pub network: NetworkChoice,
    /// Why it is this one.
    pub reason: Reason,
}

/// Why a program is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is open, and its tensors have the same names and shapes.
    Open,
    /// The user chose it before for tensors of the same names and shapes.
    Remembered,
}

/// Whether the file of a checkpoint is an exported program and is read as such.
pub fn is_own_program(entry: &CheckpointEntry) -> bool {
    entry.architecture.is_none() && entry.path.to_str().is_some_and(is_program)
}

/// The open programs that have the tensors of `entry`, one a file.
pub fn fitting(entry: &CheckpointEntry, session: &Session, store: &Store) -> Vec<NetworkChoice> {
    let mut programs = session.checkpoints.iter().filter(|other| is_own_program(other) && other.path != entry.path).peekable();
    let (Some(inspection), Some(_)) = (store.inspection(entry), programs.peek()) else { return Vec::new() };
    let tensors = TensorSet::of(&inspection.tensors);
    let mut found: Vec<NetworkChoice> = Vec::new();
    for program in programs {
        let network = program.choice().network_of(&program.path);
        let is_known = found.iter().any(|other| other.architecture == network.architecture);
        let of_program = store.inspection(program).filter(|inspection| inspection.error.is_none());
        if !is_known && of_program.is_some_and(|inspection| tensors.is_of(&TensorSet::of(&inspection.tensors))) {
            found.push(network);
        }
    }
    found
}

/// The program that a checkpoint is read as if no built-in network has its tensors: the only open one that has them, or, if no open one
/// has them, the remembered one. `None` while an open program is being read, and if several have them.
pub fn assumed(entry: &CheckpointEntry, session: &Session, store: &Store, remembered: &[RememberedProgram]) -> Option<AssumedProgram> {
    let inspection = store.inspection(entry)?;
    let is_unknown = inspection.architecture.is_none() && inspection.error.is_some();
    if !is_unknown || entry.architecture.is_some() || is_own_program(entry) {
        return None;
    }
    if session.checkpoints.iter().any(|other| is_own_program(other) && is_being_read(other, store)) {
        return None;
    }
    let mut open = fitting(entry, session, store);
    match open.len() {
        0 => {
            let key = TensorSet::of(&inspection.tensors).key();
            let network = remembered.iter().find(|program| program.tensors == key)?.network.clone();
            Some(AssumedProgram { network, reason: Reason::Remembered })
        }
        1 => open.pop().map(|network| AssumedProgram { network, reason: Reason::Open }),
        _ => None,
    }
}

fn is_being_read(entry: &CheckpointEntry, store: &Store) -> bool {
    store.inspection(entry).is_none() && store.inspection_job(entry).is_none_or(|job| job.state.is_open())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flatland_core::result::{Inspection, TensorInfo};

    fn entry(path: &str) -> CheckpointEntry {
        CheckpointEntry { name: path.into(), path: path.into(), ..CheckpointEntry::default() }
    }

    fn session(paths: &[&str]) -> Session {
        Session { checkpoints: paths.iter().map(|path| entry(path)).collect(), ..Session::default() }
    }

    fn tensor(name: &str) -> TensorInfo {
        TensorInfo { name: name.into(), shape: vec![10, 4], dtype: "f32".into(), values: None }
    }

    /// Stores what the files at `paths` contain; a `.pth` is refused.
    fn read(store: &mut Store, paths: &[&str], tensor: &TensorInfo) {
        for path in paths {
            let error = (!path.ends_with(".pt2")).then(|| "no known architecture".to_owned());
            let report = Inspection { tensors: vec![tensor.clone()], error, ..Inspection::default() };
            store.inspections.insert(((*path).into(), NetworkChoice::default()), report);
        }
    }

    fn open(path: &str) -> Option<AssumedProgram> {
        Some(AssumedProgram { network: NetworkChoice::named(path), reason: Reason::Open })
    }

    #[test]
    fn the_only_open_program_with_the_tensors_is_assumed() {
        let (session, mut store) = (session(&["/a/net.pt2", "/a/other.pt2", "/a/epoch7.pth"]), Store::default());
        read(&mut store, &["/a/net.pt2"], &tensor("fc.weight"));
        read(&mut store, &["/a/other.pt2"], &tensor("head.weight"));
        read(&mut store, &["/a/epoch7.pth"], &tensor("module.fc.weight"));
        let assumed = |entry: &CheckpointEntry| assumed(entry, &session, &store, &[]);
        assert_eq!(assumed(&entry("/a/epoch7.pth")), open("/a/net.pt2"));
        assert_eq!(assumed(&entry("/a/net.pt2")), None, "it is a program itself");
        let stated = CheckpointEntry { architecture: Some("resnet18".into()), ..entry("/a/epoch7.pth") };
        assert_eq!(assumed(&stated), None, "the user chose a network");
    }

    #[test]
    fn nothing_is_assumed_of_a_file_with_a_known_network() {
        let (session, mut store) = (session(&["/a/net.pt2", "/a/epoch7.pth"]), Store::default());
        read(&mut store, &["/a/net.pt2", "/a/epoch7.pth"], &tensor("fc.weight"));
        let known =
            Inspection { error: None, architecture: Some("resnet8".into()), tensors: vec![tensor("fc.weight")], ..Inspection::default() };
        store.inspections.insert(("/a/epoch7.pth".into(), NetworkChoice::default()), known);
        assert_eq!(assumed(&entry("/a/epoch7.pth"), &session, &store, &[]), None);
        assert_eq!(fitting(&entry("/a/epoch7.pth"), &session, &store), [NetworkChoice::named("/a/net.pt2")], "but it can be chosen");
    }

    #[test]
    fn of_several_open_programs_none_is_assumed_in_whatever_order_they_are_read() {
        let (session, mut store) = (session(&["/a/net.pt2", "/b/net.pt2", "/a/epoch7.pth"]), Store::default());
        read(&mut store, &["/a/net.pt2", "/a/epoch7.pth"], &tensor("fc.weight"));
        assert_eq!(assumed(&entry("/a/epoch7.pth"), &session, &store, &[]), None, "the other is being read");
        read(&mut store, &["/b/net.pt2"], &tensor("fc.weight"));
        assert_eq!(assumed(&entry("/a/epoch7.pth"), &session, &store, &[]), None);
        assert_eq!(fitting(&entry("/a/epoch7.pth"), &session, &store).len(), 2);
        read(&mut store, &["/b/net.pt2"], &tensor("head.weight"));
        assert_eq!(assumed(&entry("/a/epoch7.pth"), &session, &store, &[]), open("/a/net.pt2"));
    }

    #[test]
    fn a_program_that_was_chosen_before_is_assumed_where_no_open_one_has_the_tensors() {
        let mut store = Store::default();
        read(&mut store, &["/a/net.pt2", "/a/epoch7.pth"], &tensor("fc.weight"));
        let network = NetworkChoice { output: Some("logits".into()), ..NetworkChoice::named("/old/net.pt2") };
        let key = TensorSet::of(&[tensor("fc.weight")]).key();
        let remembered = [
            RememberedProgram { tensors: "0".into(), network: NetworkChoice::named("x.pt2") },
            RememberedProgram { tensors: key, network: network.clone() },
        ];
        let found = |session: &Session| assumed(&entry("/a/epoch7.pth"), session, &store, &remembered);
        assert_eq!(found(&session(&["/a/epoch7.pth"])), Some(AssumedProgram { network, reason: Reason::Remembered }));
        assert_eq!(found(&session(&["/a/net.pt2", "/a/epoch7.pth"])), open("/a/net.pt2"));
    }

    #[test]
    fn a_program_lends_its_output_to_other_files() {
        let (mut session, mut store) = (session(&["/a/net.pt2", "/a/epoch7.pth"]), Store::default());
        session.checkpoints[0].output = Some("logits".into());
        read(&mut store, &["/a/epoch7.pth"], &tensor("fc.weight"));
        let program = Inspection { tensors: vec![tensor("fc.weight")], ..Inspection::default() };
        store.inspections.insert(("/a/net.pt2".into(), session.checkpoints[0].choice()), program);
        let network = NetworkChoice { output: Some("logits".into()), ..NetworkChoice::named("/a/net.pt2") };
        assert_eq!(fitting(&entry("/a/epoch7.pth"), &session, &store), [network]);
    }
}

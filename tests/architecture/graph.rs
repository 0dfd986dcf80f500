//! Which file imports which, through re-exports, and the circles among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::source::{paths, tokens, without_tests};

/// A file of a crate.
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Modules from the root: `["job", "plan"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// Its text.
    pub source: String,
}

impl File {
    /// Its tokens without tests.
    pub fn tokens(&self) -> Vec<String> {
        without_tests(tokens(&self.source))
    }

    /// Where a path of this file leads within its crate, as modules and names from the root; `None` when it leads out of it.
    pub fn target(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        match path.first().map(String::as_str)? {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some(self.module.iter().chain(&path[1..]).cloned().collect()),
            "super" => Some(self.module[..self.module.len().checked_sub(ups)?].iter().chain(&path[ups..]).cloned().collect()),
            _ => None,
        }
    }
}

/// Every file below a folder of sources that is no test.
pub fn files(root: &Path) -> Vec<File> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["tests", "testing", "test_support"].contains(&name.as_str())
                && !name.ends_with("_tests")
            {
                let within = path.strip_prefix(root).unwrap();
                let mut module: Vec<String> = within.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
                if ["mod", "lib", "main"].contains(&name.as_str()) {
                    module.pop();
                }
                let source = std::fs::read_to_string(&path).unwrap();
                files.push(File { path, module, source });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The imports between the files of one crate.
pub struct Graph<'a> {
    files: &'a [File],
    /// The file of each module.
    modules: BTreeMap<&'a [String], usize>,
    /// What a module re-exports: (module, name) to where it comes from.
    exports: BTreeMap<(usize, String), Vec<String>>,
}

impl<'a> Graph<'a> {
    /// The graph of these files.
    pub fn of(files: &'a [File]) -> Self {
        let modules: BTreeMap<&[String], usize> = files
            .iter()
            .enumerate()
            .filter(|(_, file)| !file.path.ends_with("main.rs"))
            .map(|(at, file)| (file.module.as_slice(), at))
            .collect();
        let mut graph = Self { files, modules, exports: BTreeMap::new() };
        for (at, file) in files.iter().enumerate() {
            for (path, is_export) in uses(&file.tokens()) {
                if let (true, Some(target), Some(name)) = (is_export, graph.full(file, &path), path.last()) {
                    graph.exports.insert((at, name.clone()), target);
                }
            }
        }
        graph
    }

    /// From the root of the crate, also for a path that begins with a child of the file's module.
    fn full(&self, file: &File, path: &[String]) -> Option<Vec<String>> {
        file.target(path).or_else(|| {
            let child: Vec<String> = file.module.iter().chain(path.first()).cloned().collect();
            self.modules.contains_key(child.as_slice()).then(|| file.module.iter().chain(path).cloned().collect())
        })
    }

    /// The file in which what a path names is defined.
    fn file_of(&self, target: &[String], depth: usize) -> Option<usize> {
        let length = (0..=target.len()).rev().find(|n| self.modules.contains_key(&target[..*n]))?;
        let at = self.modules[&target[..length]];
        match target.get(length).and_then(|name| self.exports.get(&(at, name.clone()))) {
            Some(from) if depth < 8 => {
                let rest: Vec<String> = from.iter().chain(&target[length + 1..]).cloned().collect();
                self.file_of(&rest, depth + 1)
            }
            _ => Some(at),
        }
    }

    /// The files that each file imports, apart from what it only passes on.
    pub fn imports(&self) -> Vec<BTreeSet<usize>> {
        let of = |(at, file): (usize, &File)| {
            let tokens = file.tokens();
            let exported: BTreeSet<Vec<String>> =
                uses(&tokens).into_iter().filter(|(_, is_export)| *is_export).map(|(path, _)| path).collect();
            let named = paths(&tokens).into_iter().filter(|path| !exported.contains(path));
            let found = named.filter_map(|path| self.file_of(&self.full(file, &path)?, 0));
            found.filter(|other| *other != at).collect()
        };
        self.files.iter().enumerate().map(of).collect()
    }

    /// Groups of two or more files of which each reaches each other.
    pub fn circles(&self) -> Vec<Vec<&'a File>> {
        let imports = self.imports();
        let reach = |from: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(at) = open.pop() {
                open.extend(imports[at].iter().filter(|next| seen.insert(**next)));
            }
            seen
        };
        let reached: Vec<BTreeSet<usize>> = (0..self.files.len()).map(reach).collect();
        let mut circles: Vec<Vec<&File>> = Vec::new();
        for at in 0..self.files.len() {
            let members: Vec<usize> = reached[at].iter().copied().filter(|other| reached[*other].contains(&at)).collect();
            if members.first() == Some(&at) && members.len() > 1 {
                circles.push(members.into_iter().map(|member| &self.files[member]).collect());
            }
        }
        circles
    }
}

/// The paths of `use` items, and whether each is passed on (`pub use`).
fn uses(tokens: &[String]) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "use") {
        let end = tokens[at..].iter().position(|token| token == ";").map_or(tokens.len(), |length| at + length);
        let before = at.checked_sub(1).map(|before| tokens[before].as_str());
        let is_export = before == Some("pub") || before == Some(")");
        found.extend(paths(&tokens[at + 1..end]).into_iter().map(|path| (path, is_export)));
    }
    found
}

//! The house rules that no compiler checks: which room may import which, and what has no place where.
//!
//! The tables are those of `src/lib.rs` and `crates/engine/src/lib.rs`. Code under `#[cfg(test)]` and files of tests are not held to them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// A file longer than this holds more than one concept.
const LONGEST_FILE: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Building {
    Desk,
    Bench,
}

impl Building {
    fn rooms(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Building::Desk => &[
                ("data", &[]),
                ("metric", &[]),
                ("session", &[]),
                ("result", &["metric"]),
                ("job", &["data", "session", "result"]),
                ("figure", &["session", "result", "metric"]),
                ("ui", &["data", "metric", "session", "result", "job", "figure"]),
                ("cli", &["data", "metric", "session", "result", "job", "figure"]),
            ],
            Building::Bench => &[
                ("model", &[]),
                ("method", &["model"]),
                ("train", &["model", "method"]),
                ("analysis", &["model"]),
                ("worker", &["model", "method", "train", "analysis"]),
            ],
        }
    }
}

/// The rooms of the desk that the bench may enter.
const DOOR: [&str; 5] = ["data", "metric", "session", "result", "job"];

/// What may not be named outside the rooms listed: (first segments of a path, building, rooms, why).
const PLACES: &[(&[&str], Building, &[&str], &str)] = &[
    (&["egui"], Building::Desk, &["ui"], "the window is the business of `ui`"),
    (&["eframe"], Building::Desk, &["ui"], "the window is the business of `ui`"),
    (&["egui_plot"], Building::Desk, &["ui"], "the window is the business of `ui`"),
    (&["egui_extras"], Building::Desk, &["ui"], "the window is the business of `ui`"),
    (&["rfd"], Building::Desk, &["ui"], "the window is the business of `ui`"),
    (&["plotters"], Building::Desk, &["figure"], "figures are the business of `figure`"),
    (&["tch"], Building::Desk, &[], "the desk never links libtorch"),
    (&["flatland_engine"], Building::Desk, &[], "the desk never links libtorch"),
    (&["std", "thread"], Building::Desk, &["job"], "threads are the business of `job`"),
    (&["std", "sync", "mpsc"], Building::Desk, &["job"], "channels are the business of `job`"),
    (&["std", "process", "Command"], Building::Desk, &["job"], "processes are the business of `job`"),
    (&["std", "fs"], Building::Bench, &["model", "train", "analysis", "worker"], "objectives touch no files"),
    (&["std", "thread"], Building::Bench, &["worker", "analysis", "train"], "objectives and models start no threads"),
];

struct File {
    building: Building,
    /// Modules from the root: `["job", "plan"]`; empty for `lib.rs` and `main.rs`.
    module: Vec<String>,
    source: String,
}

impl File {
    fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// Everything wrong with the file.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let lines = self.source.lines().count();
        if lines > LONGEST_FILE {
            complaints.push(format!("has {lines} lines, expected at most {LONGEST_FILE}: split it by concept"));
        }
        let tokens = without_tests(tokens(&self.source));
        for path in paths(&tokens) {
            complaints.extend(self.edge(&path));
            complaints.extend(self.misplaced(&path));
        }
        let talks = self.room().is_none_or(|room| room == "cli" || room == "worker");
        for window in tokens.windows(2) {
            let [first, second] = window else { continue };
            if !talks && second == "!" && ["println", "eprintln", "print", "eprint"].contains(&first.as_str()) {
                complaints.push(format!("uses `{first}!`: only `cli` and `worker` talk"));
            }
            if first == "." && (second == "unwrap" || second == "expect") {
                complaints.push(format!("uses `.{second}` outside tests"));
            }
        }
        complaints
    }

    /// Whether `path` leads into a room that this one may not enter.
    fn edge(&self, path: &[String]) -> Option<String> {
        let room = self.room()?;
        let allowed = self.building.rooms().iter().find(|(name, _)| *name == room)?.1;
        match path.first().map(String::as_str) {
            Some("crate" | "super") => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                // `crate::x` starts at the root, `super::super::x` two modules up.
                let mut target: Vec<&String> =
                    if path[0] == "crate" { Vec::new() } else { self.module.iter().take(self.module.len().checked_sub(ups)?).collect() };
                target.extend(path.iter().skip(ups.max(1)));
                let other = target.first()?.as_str();
                let is_room = self.building.rooms().iter().any(|(name, _)| *name == other);
                (is_room && other != room && !allowed.contains(&other)).then(|| format!("`{room}` may not import `{other}`"))
            }
            Some("flatland") if self.building == Building::Bench => {
                let other = path.get(1)?.as_str();
                (!DOOR.contains(&other)).then(|| format!("the bench may not import the desk's `{other}`"))
            }
            _ => None,
        }
    }

    fn misplaced(&self, path: &[String]) -> Option<String> {
        let room = self.room()?;
        let (prefix, _, _, why) = PLACES.iter().find(|(prefix, building, rooms, _)| {
            *building == self.building
                && !rooms.contains(&room)
                && path.len() >= prefix.len()
                && path.iter().zip(*prefix).all(|(a, b)| a == b)
        })?;
        Some(format!("`{room}` names `{}`: {why}", prefix.join("::")))
    }
}

/// Identifiers and single signs (and `::`); comments, strings and characters are left out.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut tokens, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 1;
            i += 2;
            while i < chars.len() && depth > 0 {
                let step = match (chars[i], at(i + 1)) {
                    ('/', '*') => {
                        depth += 1;
                        2
                    }
                    ('*', '/') => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                i += step;
            }
        } else if c == '"' {
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if c == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && chars[i] != '\'' {
                i += 1;
            }
            i += 1;
        } else if c == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else if c.is_alphanumeric() || c == '_' {
            let start = i;
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let mut hashes = 0;
            while ["r", "br"].contains(&word.as_str()) && at(i + hashes) == '#' {
                hashes += 1;
            }
            if ["r", "br"].contains(&word.as_str()) && at(i + hashes) == '"' {
                i += hashes + 1;
                while i < chars.len() && !(chars[i] == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                    i += 1;
                }
                i += 1 + hashes;
            } else {
                tokens.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            tokens.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.into());
            }
            i += 1;
        }
    }
    tokens
}

/// Leaves out every item that stands under an attribute with `cfg(test` or `cfg(all(test`.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let (mut kept, mut i) = (Vec::new(), 0);
    let starts =
        |i: usize, pattern: &[&str]| pattern.iter().enumerate().all(|(k, part)| tokens.get(i + k).is_some_and(|token| token == part));
    while i < tokens.len() {
        if starts(i, &["#", "[", "cfg", "(", "test"]) || starts(i, &["#", "[", "cfg", "(", "all", "(", "test"]) {
            while i < tokens.len() && tokens[i] != "]" {
                i += 1;
            }
            let mut depth = 0;
            while i < tokens.len() {
                match tokens[i].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                i += 1;
                if depth == 0 && (tokens[i - 1] == "}" || tokens[i - 1] == ";") {
                    break;
                }
            }
        } else {
            kept.push(tokens[i].clone());
            i += 1;
        }
    }
    kept
}

/// Every path of at least two segments, with the groups of `use` spelled out.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    fn is_name(token: &str) -> bool {
        token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
    }
    fn tree(tokens: &[String], i: &mut usize, prefix: &[String], found: &mut Vec<Vec<String>>) {
        let mut path = prefix.to_vec();
        while let Some(token) = tokens.get(*i) {
            if token == "{" {
                *i += 1;
                while tokens.get(*i).is_some_and(|token| token != "}") {
                    let before = *i;
                    tree(tokens, i, &path, found);
                    while tokens.get(*i).is_some_and(|token| token != "," && token != "}") {
                        *i += 1;
                    }
                    if tokens.get(*i).is_some_and(|token| token == ",") {
                        *i += 1;
                    }
                    if *i == before {
                        return;
                    }
                }
                *i += 1;
                return;
            }
            if !is_name(token) {
                break;
            }
            path.push(token.clone());
            *i += 1;
            if tokens.get(*i).is_none_or(|token| token != "::") {
                break;
            }
            *i += 1;
        }
        found.push(path);
    }
    let (mut found, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        let starts_path = is_name(&tokens[i]) && tokens.get(i + 1).is_some_and(|next| next == "::") && (i == 0 || tokens[i - 1] != "::");
        if starts_path {
            tree(tokens, &mut i, &[], &mut found);
        } else {
            i += 1;
        }
    }
    found
}

fn files(building: Building) -> Vec<(PathBuf, File)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(match building {
        Building::Desk => "src",
        Building::Bench => "crates/engine/src",
    });
    let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
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
                let mut module: Vec<String> = path
                    .strip_prefix(&root)
                    .unwrap()
                    .iter()
                    .map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned())
                    .collect();
                if ["mod", "lib", "main"].contains(&name.as_str()) {
                    module.pop();
                }
                files.push((path.clone(), File { building, module, source: std::fs::read_to_string(&path).unwrap() }));
            }
        }
    }
    files
}

#[test]
fn every_file_keeps_the_rules_of_its_room() {
    let mut complaints = Vec::new();
    for (path, file) in [Building::Desk, Building::Bench].into_iter().flat_map(files) {
        complaints.extend(file.complaints().into_iter().map(|complaint| format!("{}: {complaint}", path.display())));
    }
    complaints.sort();
    complaints.dedup();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    for building in [Building::Desk, Building::Bench] {
        let mut rooms: Vec<String> = files(building).into_iter().filter_map(|(_, file)| file.module.into_iter().next()).collect();
        rooms.sort();
        rooms.dedup();
        let mut known: Vec<&str> = building.rooms().iter().map(|(room, _)| *room).collect();
        known.sort_unstable();
        assert_eq!(rooms, known);
    }
}

fn complaints(building: Building, module: &[&str], source: &str) -> Vec<String> {
    File { building, module: module.iter().map(|&part| part.to_owned()).collect(), source: source.into() }.complaints()
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for source in [
        "use crate::ui::App;",
        "use crate::{data::Dataset, ui};",
        "use crate::{\n    data::{self, Dataset},\n    ui::{App},\n};",
        "fn f() { crate::ui::run(); }",
        "use super::super::ui::App;",
    ] {
        assert_eq!(complaints(Building::Desk, &["job", "plan"], source), ["`job` may not import `ui`"], "{source}");
    }
    assert_eq!(complaints(Building::Bench, &["method", "sam"], "use crate::train::run;"), ["`method` may not import `train`"]);
    assert_eq!(
        complaints(Building::Bench, &["model"], "use flatland::{data, figure::Scene};"),
        ["the bench may not import the desk's `figure`"]
    );
}

#[test]
fn allowed_imports_comments_strings_and_tests_are_not_complained_about() {
    let source = r##"
        //! crate::ui is elsewhere; x.unwrap()
        use crate::data::Dataset;
        use super::spec;
        /* use crate::ui; /* nested */ use tch; */
        const A: &str = "crate::ui::App \" println!";
        const B: &str = r#"crate::ui "quoted" "#;
        const C: char = '"';
        const D: char = '\'';
        fn f<'a>(x: &'a str) -> &'a str { x }
        #[cfg(test)]
        mod tests { use crate::ui::App; fn f() { g().unwrap(); println!("{}", 1); } }
    "##;
    assert_eq!(complaints(Building::Desk, &["job", "plan"], source), Vec::<String>::new());
}

#[test]
fn what_has_no_place_in_a_room_is_found() {
    assert!(complaints(Building::Desk, &["result"], "use egui::Color32;")[0].contains("`ui`"));
    assert!(complaints(Building::Desk, &["data"], "fn f(x: &tch::Tensor) {}")[0].contains("libtorch"));
    assert!(complaints(Building::Desk, &["figure"], "fn f() { std::thread::spawn(g); }")[0].contains("threads"));
    assert!(complaints(Building::Desk, &["job"], "fn f() { println!(); }")[0].contains("println"));
    assert!(complaints(Building::Bench, &["train"], "fn f() { g().unwrap(); }")[0].contains("unwrap"));
    assert!(complaints(Building::Bench, &["method"], "use std::{fs, io};")[0].contains("files"));
    assert!(complaints(Building::Desk, &["job"], &"\n".repeat(LONGEST_FILE + 1))[0].contains("lines"));
    assert_eq!(complaints(Building::Desk, &["cli"], "fn f() { println!(); }"), Vec::<String>::new());
}

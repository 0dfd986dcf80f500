//! The rules that no compiler checks: which room may import which, what has no place where, and that no files import each other in a
//! large circle. Code under `#[cfg(test)]` and files of tests are not held to them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod graph;
mod rooms;
mod source;

use std::path::{Path, PathBuf};

use graph::{File, Graph, files};
use rooms::{CORE, ENGINE, FLATLAND, PACKAGES, PRINTS, Package, Room};
use source::paths;

/// A file longer than this holds more than one concept.
const LONGEST_FILE: usize = 500;
/// So many files of one room may import each other in a circle.
const LARGEST_CIRCLE: usize = 6;

fn root(package: &Package) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(package.source)
}

/// Everything wrong with a file.
fn complaints(package: &Package, file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = file.source.lines().count();
    if lines > LONGEST_FILE {
        complaints.push(format!("has {lines} lines, expected at most {LONGEST_FILE}: split it by concept"));
    }
    let (tokens, room) = (file.tokens(), package.room(&file.module));
    for path in paths(&tokens) {
        complaints.extend(room.and_then(|room| forbidden(package, room, file, &path)));
        complaints.extend(room.and_then(|room| misplaced(package, room, &path)));
    }
    let prints = room.is_none_or(|room| PRINTS.contains(&room.path));
    for window in tokens.windows(2) {
        let [first, second] = window else { continue };
        if !prints && second == "!" && ["println", "eprintln", "print", "eprint"].contains(&first.as_str()) {
            complaints.push(format!("uses `{first}!`: only `cli` and `worker` print"));
        }
        if first == "." && (second == "unwrap" || second == "expect") {
            complaints.push(format!("uses `.{second}` outside tests"));
        }
    }
    complaints
}

/// Whether `path` leads into a room that this one may not import.
fn forbidden(package: &Package, room: &Room, file: &File, path: &[String]) -> Option<String> {
    let other = package.room(&file.target(path)?)?;
    let allowed = other.path == room.path || room.imports.contains(&other.path);
    (!allowed).then(|| format!("`{}` may not import `{}`", room.path.join("::"), other.path.join("::")))
}

/// Whether `path` names what has no place in the room.
fn misplaced(package: &Package, room: &Room, path: &[String]) -> Option<String> {
    let is_named = |name: &[&str]| path.len() >= name.len() && path.iter().zip(name).all(|(a, b)| a == b);
    let place = package.places.iter().find(|place| !place.rooms.contains(&room.path) && is_named(place.name))?;
    Some(format!("`{}` names `{}`: {}", room.path.join("::"), place.name.join("::"), place.why))
}

#[test]
fn every_file_keeps_the_rules_of_its_room() {
    let mut found = Vec::new();
    for package in PACKAGES {
        for file in files(&root(package)) {
            found.extend(complaints(package, &file).into_iter().map(|complaint| format!("{}: {complaint}", file.path.display())));
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    for package in PACKAGES {
        let files = files(&root(package));
        let outside: Vec<_> = files.iter().filter(|file| package.room(&file.module).is_none()).map(|file| file.module.join("::")).collect();
        let wiring = if package.source == FLATLAND.source { &["ui", "", ""][..] } else { &["", ""][..] };
        assert!(outside.iter().all(|module| wiring.contains(&module.as_str())), "{}: {outside:?}", package.source);
        for room in package.rooms {
            let is_of = |file: &File| package.room(&file.module).is_some_and(|of| of.path == room.path);
            assert!(files.iter().any(is_of), "{}: no files in {:?}", package.source, room.path);
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle_across_rooms_or_in_a_large_one() {
    let mut found = Vec::new();
    for package in PACKAGES {
        let files = files(&root(package));
        for circle in Graph::of(&files).circles() {
            let mut rooms: Vec<String> =
                circle.iter().filter_map(|file| package.room(&file.module)).map(|room| room.path.join("::")).collect();
            rooms.dedup();
            if rooms.len() > 1 || circle.len() > LARGEST_CIRCLE {
                let names: Vec<String> = circle.iter().map(|file| file.module.join("::")).collect();
                found.push(format!("{}: {} files of {}: {}", package.source, circle.len(), rooms.join(", "), names.join(", ")));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn file(module: &[&str], source: &str) -> File {
    let module: Vec<String> = module.iter().map(|&part| part.to_owned()).collect();
    File { path: format!("{}.rs", module.join("/")).into(), module, source: source.into() }
}

fn wrong(package: &Package, module: &[&str], source: &str) -> Vec<String> {
    complaints(package, &file(module, source))
}

#[test]
fn a_back_edge_is_found_in_every_room() {
    for package in PACKAGES {
        for room in package.rooms {
            let others = package.rooms.iter().filter(|other| other.path != room.path && !room.imports.contains(&other.path));
            for other in others {
                let source = format!("use crate::{}::X;", other.path.join("::"));
                let module: Vec<&str> = room.path.iter().copied().chain(["some_file"]).collect();
                let expected = format!("`{}` may not import `{}`", room.path.join("::"), other.path.join("::"));
                assert_eq!(wrong(package, &module, &source), [expected]);
            }
        }
    }
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for source in [
        "use crate::ui::view::Scene;",
        "use crate::{figure::Figure, ui::view};",
        "use crate::{\n    figure::{self, Figure},\n    ui::{view::{Scene}},\n};",
        "fn f() { crate::ui::view::draw(); }",
        "use super::super::view::Scene;",
    ] {
        assert_eq!(wrong(&FLATLAND, &["ui", "state", "log"], source), ["`ui::state` may not import `ui::view`"], "{source}");
    }
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
    assert_eq!(wrong(&CORE, &["job", "plan"], source), Vec::<String>::new());
    assert_eq!(wrong(&FLATLAND, &["cli"], "fn f() { println!(); }"), Vec::<String>::new());
}

#[test]
fn what_has_no_place_in_a_room_is_found() {
    assert!(wrong(&FLATLAND, &["ui", "state"], "use egui::Color32;")[0].contains("plain data"));
    assert!(wrong(&FLATLAND, &["figure"], "fn f() { std::thread::spawn(g); }")[0].contains("threads"));
    assert!(wrong(&FLATLAND, &["ui", "view"], "use std::fs;")[0].contains("files"));
    assert!(wrong(&CORE, &["job"], "fn f() { println!(); }")[0].contains("println"));
    assert!(wrong(&ENGINE, &["train"], "fn f() { g().unwrap(); }")[0].contains("unwrap"));
    assert!(wrong(&ENGINE, &["method"], "use std::{fs, io};")[0].contains("files"));
    assert!(wrong(&CORE, &["job"], &"\n".repeat(LONGEST_FILE + 1))[0].contains("lines"));
}

#[test]
fn circles_are_found_through_re_exports_and_not_made_of_them() {
    let files = |texts: &[(&[&str], &str)]| texts.iter().map(|(module, text)| file(module, text)).collect::<Vec<_>>();
    let names = |files: &[File]| {
        let circles = Graph::of(files).circles();
        circles.into_iter().map(|circle| circle.iter().map(|file| file.module.join("::")).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let passes_on =
        files(&[(&["a"], "mod b; mod c; pub use b::B; pub use c::C;"), (&["a", "b"], "use super::C;"), (&["a", "c"], "pub struct C;")]);
    assert!(names(&passes_on).is_empty(), "a module that passes on its children's names is no circle with them");
    let circle =
        files(&[(&["a"], "mod b; mod c; pub use b::B; pub use c::C;"), (&["a", "b"], "use super::C;"), (&["a", "c"], "use super::B;")]);
    assert_eq!(names(&circle), [["a::b", "a::c"]]);
}

//! README, CONTRIBUTING, ARCHITECTURE and docs/ name only files that are in the repository.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// The folders whose files a document may name from the root of the repository.
const ROOTS: [&str; 9] = ["src/", "crates/", "tests/", "docs/", "assets/", "benches/", ".ci/", ".config/", ".cargo/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of the root and of docs/.
fn documents() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().to_owned(), root().join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && folder != root() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("CHANGELOG.md") {
                found.push(path);
            }
        }
    }
    found
}

/// The paths that a document names: targets of links, from its folder, and what stands in backticks and looks like a file of the
/// repository, from the root.
fn named(text: &str) -> (Vec<&str>, Vec<&str>) {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let links = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect();
    // Within fences are commands and files of the reader's own.
    let prose = text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let paths = prose.filter(|word| ROOTS.iter().any(|root| word.starts_with(root)));
    // `tests/x.rs` alone is a path; with a placeholder, a wildcard or arguments it is none.
    let paths = paths.filter(|word| !word.contains(['<', '>', '*', ' ', '{', '…']));
    (links, paths.collect())
}

/// Whether a heading of a document has this anchor, as GitHub makes them.
fn has_heading(text: &str, anchor: &str) -> bool {
    let slug = |heading: &str| -> String {
        let kept = heading.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).collect::<String>();
        kept.replace(' ', "-")
    };
    text.lines().filter_map(|line| line.strip_prefix('#')).any(|heading| slug(heading.trim_start_matches('#')) == anchor)
}

/// Whether the target of a link in a document with this text, in `folder`, is there.
fn leads_somewhere(link: &str, text: &str, folder: &Path) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = folder.join(file);
    let there = file.is_empty() || path.exists();
    let target = if file.is_empty() { Some(text.to_owned()) } else { std::fs::read_to_string(path).ok() };
    there && (anchor.is_empty() || target.is_some_and(|target| has_heading(&target, anchor)))
}

/// What `text`, a document in `folder`, names that is not there.
fn missing(text: &str, folder: &Path) -> Vec<String> {
    let (links, paths) = named(text);
    let links = links.into_iter().filter(|link| !leads_somewhere(link, text, folder));
    links.chain(paths.into_iter().filter(|path| !root().join(path).exists())).map(str::to_owned).collect()
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let documents = documents();
    assert!(documents.len() > 15, "{documents:?}");
    let mut complaints = Vec::new();
    for path in documents {
        let text = std::fs::read_to_string(&path).unwrap();
        for name in missing(&text, path.parent().unwrap()) {
            complaints.push(format!("{}: expected a file, folder or heading at `{name}`, found none", path.display()));
        }
    }
    complaints.dedup();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_name_without_a_file_is_found_and_other_words_are_not() {
    let text = "# A *heading*: one\n[a](ghost.md) [b](https://x.org/y.md#z) [c](#a-heading-one) [d](#another) [e](README.md#start)\n\
                `src/ghost.rs` `src/lib.rs` `crates/<name>` `cargo run src/x.rs`\n```sh\nflatland `src/none.rs`\n```\n`docs/none.md`";
    assert_eq!(missing(text, root()), ["ghost.md", "#another", "src/ghost.rs", "docs/none.md"]);
}

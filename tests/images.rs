//! Unreadable images, from a folder to the files of results and the output of the command line.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{Cursor, Read};

use common::*;
use npyz::npz::NpzArchive;

#[test]
fn an_image_that_is_cut_short_is_named_in_every_result_and_again_when_it_comes_from_the_cache() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = demo_checkpoint();
    let mut archive = NpzArchive::new(Cursor::new(include_bytes!("../crates/core/src/data/decode/tests/jpegs.zip"))).unwrap();
    for (class, name) in [
        ("0", "cut_progressive_half"),
        ("0", "q75_420_baseline"),
        ("0", "grey_32x32"),
        ("0", "cmyk_60_444_baseline"),
        ("1", "q90_422_progressive"),
        ("1", "exif_orientation_6"),
    ] {
        let mut bytes = Vec::new();
        archive.zip_archive().by_name(&format!("{name}.jpg")).unwrap().read_to_end(&mut bytes).unwrap();
        std::fs::create_dir_all(folder.path().join("pictures").join(class)).unwrap();
        std::fs::write(folder.path().join("pictures").join(class).join(format!("{name}.jpg")), bytes).unwrap();
    }
    let path = session(folder.path(), &checkpoint, "", "pictures");
    let says = |text: &str| {
        let line = "images of `digits` could not be read and were left out: ";
        text.contains(line) && text.contains("cut_progressive_half.jpg: cut short: the JPEG data ends before the image does")
    };
    for command in ["landscape", "sharpness", "hessian", "embed", "score"] {
        let output = run(folder.path(), &[command, &path, "--out", "out", "--device", "cpu", "--threads", "1"]);
        assert!(output.status.success() && says(&stderr(&output)), "{command}: {}", stderr(&output));
        assert!(stderr(&output).contains("1 of 6 images"), "{}", stderr(&output));
    }
    let json = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.path().join("out").join(file)).unwrap()).unwrap()
    };
    let all = [json("scores.json"), json("A/digits/landscape.json"), json("A/digits/sharpness.json"), json("A/digits/hessian.json")];
    let [scores, landscape, sharpness, hessian] = &all;
    let scores = &scores["A"];
    assert_eq!(scores["samples"]["digits"], 5);
    let by_dataset = [&scores["unreadable"]["digits"], &landscape["unreadable"]["digits"]];
    for list in by_dataset.into_iter().chain([&sharpness["unreadable"], &hessian["unreadable"]]) {
        assert_eq!(list.as_array().unwrap().len(), 1);
        assert!(list[0]["path"].as_str().unwrap().ends_with("pictures/0/cut_progressive_half.jpg"), "{list}");
    }
    let embedding = flatland_core::result::Embedding::load(&folder.path().join("out/A")).unwrap();
    assert_eq!(embedding.unreadable["digits"].len(), 1);

    for (out, cached) in [("first", false), ("again", true)] {
        let output = run(folder.path(), &["figures", &path, "--out", out]);
        assert!(output.status.success() && says(&stderr(&output)), "{}", stderr(&output));
        assert_eq!(!stderr(&output).contains("done in"), cached, "{}", stderr(&output));
    }
}

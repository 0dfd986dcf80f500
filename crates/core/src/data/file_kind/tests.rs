#![allow(clippy::unwrap_used)]
use super::*;

/// The name of the kind of a file with this content.
fn name(file: &str, content: &[u8]) -> Option<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, content).unwrap();
    kind_of_path(&path).map(|kind| kind.name)
}

/// A zip archive with empty entries of these names.
fn zip(names: &[&str]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn what_cannot_be_opened_is_told_by_its_content() {
    let graph = b"\x0a\x1c\x0a\x05input\x12\x0bPlaceholder";
    let saved_model = b"\x08\x01\x12\xb2\x30\x0a\x02\x08\x01";
    for (file, content, expected) in [
        ("README", &b"ResNet\n======\n\nTrained on CIFAR-10.\n"[..], "a text file"),
        ("hello.pt", b"hello\n", "a text file"),
        ("copyright.txt", b"Copyright 2024\nAll rights reserved\n", "a text file"),
        ("accents.txt", "déjà vu\n".as_bytes(), "a text file"),
        ("version.md", b"Version 2\n", "a text file"),
        ("train.py", b"x = 1\n", "a Python script"),
        ("train", b"#!/usr/bin/env python3\nprint(1)\n", "a Python script"),
        ("model.txt", b"import torch\nfrom torch import nn\n", "a Python script"),
        ("config.json", b"{\n  \"arch\": \"resnet18\"\n}", "a JSON file"),
        ("list", b"[1, 2]", "a JSON file"),
        ("study.ipynb", b"{\"cells\": [], \"nbformat\": 4}", "a notebook"),
        ("config.yaml", b"arch: resnet18\n", "a YAML file"),
        ("config", b"---\narch: resnet18\n", "a YAML file"),
        ("scores.csv", b"image,score\n1,0.5\n", "a table as text"),
        ("error.pth", b"<?xml version=\"1.0\"?><Error/>", "an XML document (a download that gave an error message?)"),
        ("paper.pdf", b"%PDF-1.5\n%\xd0\xd4\n", "a PDF document"),
        ("one.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a single image"),
        ("one.bin", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a single image"),
        ("train_32x32.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
        ("weights.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", "an HDF5 file (Keras or MATLAB 7.3)"),
        ("saved_model.pb", saved_model, "a network of TensorFlow"),
        ("frozen.pb", graph, "a network of TensorFlow"),
        ("net.tflite", b"\x1c\0\0\0TFL3\x14\0", "a network of TensorFlow"),
        ("llama.gguf", b"GGUF\x03\0\0\0", "a GGUF file (a language model)"),
        ("talk.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
        ("pictures.zip", &zip(&["a/1.png", "a/2.JPG"]), "a zip archive of pictures"),
        ("net.keras", &zip(&["metadata.json", "config.json", "model.weights.h5"]), "a network of Keras"),
        ("code.zip", &zip(&["code/main.c"]), "a zip archive that PyTorch did not write"),
        ("nothing.pt", b"", "an empty file"),
    ] {
        assert_eq!(name(file, content), Some(expected), "{file}");
    }
}

#[test]
fn checkpoints_and_what_may_be_one_are_no_such_kind() {
    for (file, content) in [
        ("legacy.pt", &b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."[..]),
        ("plain.pkl", b"\x80\x04\x95\x05\0\0\0\0\0\0\0}\x94."),
        ("protocol0.pkl", b"(dp0\nS'a'\np1\nI1\ns."),
        ("ordered.pkl", b"ccollections\nOrderedDict\np0\n(tRp1\n."),
        ("net.safetensors", b"\x08\0\0\0\0\0\0\0{}      "),
        // The length of its header equals the first bytes of a gzip archive.
        ("long.safetensors", b"\x1f\x8b\0\0\0\0\0\0{\"a\":"),
        ("net.pt", &zip(&["net/data.pkl", "net/data/0", "net/version"])),
        ("net.pt2", &zip(&["net/archive_format", "net/models/model.json"])),
        ("old.pt2", &zip(&["serialized_exported_program.json", "version"])),
        ("script.pt", &zip(&["net/data.pkl", "net/code/__torch__.py"])),
        ("cut.pt", b"PK\x03\x04\0\0\0\0\0\0cut off"),
        ("net.onnx", b"\x08\x09\x12\x07pytorch\x1a\x062.11.0"),
        ("noise.bin", b"\x01\x02\x03\x04\x05"),
    ] {
        assert_eq!(name(file, content), None, "{file}");
    }
}

#[test]
fn one_sentence_says_what_it_is_and_what_would_be_right() {
    let said = |head: &[u8]| file_kind(head, None).unwrap().refusal("it");
    assert_eq!(
        said(b"hello\n"),
        "it is a text file; Flatland opens checkpoints (.pt, .pth, .pt2, .onnx, .safetensors), image sets and sessions (.toml)"
    );
    assert_eq!(said(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "it is a single image; a folder of images or an image list is opened as a dataset");
    assert!(said(b"\x89HDF\r\n\x1a\n").contains("flatland export-help"));
}

#[test]
fn a_folder_without_images_is_no_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str| kind_of_path(&folder.path().join(name)).map(|kind| kind.refusal("it"));
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    write("notes/README", b"hello");
    write("weights/net.pt", b"\x80\x02}.");
    write("classes/cat/1.png", b"\x89PNG\r\n\x1a\n");
    write("both/net.pt", b"\x80\x02}.");
    write("both/1.png", b"\x89PNG\r\n\x1a\n");
    write("idx/images", &[0, 0, 8, 3, 0, 0, 0, 1]);
    assert_eq!(said("empty").unwrap(), "it is an empty folder; a folder of images is opened as a dataset");
    assert!(said("notes").unwrap().starts_with("it is a folder without images; Flatland opens"));
    assert!(said("weights").unwrap().contains("open the checkpoints in it"));
    for name in ["classes", "both", "idx"] {
        assert_eq!(said(name), None, "{name}");
    }
}

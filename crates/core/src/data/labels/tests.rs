#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::super::tests::{image, npy, record};
use super::super::{Class, Classes, Dataset, LabelRule, OrderRule, Reference, Source, label_state, load, load_for};

const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// A folder of datasets, each a folder with one image a class; the grey level of an image is the place of its class in what was asked for.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn empty(&self, path: &str) {
        std::fs::create_dir_all(self.path(path)).unwrap();
    }

    /// A dataset called `name` with these classes.
    fn dataset(&self, name: &str, classes: &[&str]) -> Source {
        for (value, class) in (0..).zip(classes) {
            self.write(&format!("{name}/{class}/1.png"), &image(2, 2, value));
        }
        Source { name: name.into(), path: self.path(name), ..Source::default() }
    }
}

fn reference(source: &Source) -> Reference {
    let Source { name, path, split, format, classes, .. } = source.clone();
    Reference { name, path, split, format, classes }
}

/// `source` in a session with these ID data.
fn beside(source: &Source, id: &[&Source]) -> Source {
    Source { reference: id.iter().map(|source| reference(source)).collect(), ..source.clone() }
}

/// Label of each class by its grey level.
fn labels(source: &Source, count: usize) -> Vec<i64> {
    by_level(&load_for(source, None, count).unwrap())
}

fn by_level(data: &Dataset) -> Vec<i64> {
    let mut pairs: Vec<(u8, i64)> = (0..data.len()).map(|i| (data.image(i)[0], data.labels[i])).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, label)| label).collect()
}

fn rule(source: &Source, count: usize) -> LabelRule {
    load_for(source, None, count).unwrap().provenance.labelling.rule
}

#[track_caller]
fn refused(source: &Source, count: usize, words: &[&str]) -> String {
    let message = load_for(source, None, count).map(|data| data.labels).unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "expected `{word}` in: {message}");
    }
    assert!(message.contains(&source.path.display().to_string()), "no path: {message}");
    message
}

fn each(pairs: &[(&str, Class)]) -> Classes {
    Classes::Each(pairs.iter().map(|(name, class)| ((*name).to_owned(), class.clone())).collect())
}

fn name(name: &str) -> Class {
    Class::Name(name.into())
}

#[test]
fn folders_without_images_change_no_label() {
    let place = Place::new();
    let source = place.dataset("id", &CIFAR10);
    let clean = labels(&source, 10);
    assert_eq!(clean, (0..10).collect::<Vec<_>>());
    place.empty("id/__MACOSX");
    place.write("id/__MACOSX/cat/._1.png", b"\x00\x05\x16\x07");
    place.write("id/annotations/1.xml", b"<annotation/>");
    place.write("id/.ipynb_checkpoints/1-checkpoint.png", &image(2, 2, 200));
    place.empty("id/zebra/deep/deeper");
    assert_eq!(labels(&source, 10), clean);
    let data = load_for(&source, None, 10).unwrap();
    assert_eq!(
        (data.classes, data.provenance.labelling.left_out),
        (CIFAR10.map(str::to_owned).to_vec(), vec!["annotations".into(), "zebra".into()])
    );
    // The same without a network and with names that no list knows.
    let source = place.dataset("animals", &["ant", "bee", "wolf"]);
    place.empty("animals/__MACOSX");
    place.empty("animals/beaver");
    assert_eq!((labels(&source, 3), load(&source, None).unwrap().labels), (vec![0, 1, 2], vec![0, 1, 2]));
    assert_eq!(labels(&source, 4), [0, 2, 3], "with the beaver there are four, as the network has");
}

#[test]
fn thumbnails_that_a_file_manager_left_are_no_images() {
    let place = Place::new();
    let source = place.dataset("id", &["ant", "bee"]);
    place.write("id/@eaDir/SYNOPHOTO_THUMB_M.jpg", &image(2, 2, 90));
    place.write("id/ant/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", &image(2, 2, 91));
    let data = load_for(&source, None, 2).unwrap();
    assert_eq!((by_level(&data), data.provenance.available), (vec![0, 1], 2));
}

#[test]
fn a_split_beside_other_folders_is_entered() {
    let place = Place::new();
    let source = place.dataset("set/val", &["ant", "bee", "wolf"]);
    let parent = Source { path: place.path("set"), ..source };
    place.write("set/annotations/val.json", b"{}");
    assert_eq!(labels(&parent, 3), [0, 1, 2]);
    place.write("set/annotations/1.png", &image(2, 2, 99));
    assert_eq!(labels(&parent, 3), [0, 1, 2], "masks are no class");
    place.dataset("set/generated", &["ant", "bee"]);
    assert_eq!(labels(&parent, 3), [0, 1, 2]);
    // Flat folders are classes, one of which may be called so (CIFAR-100 has `train`).
    let vehicles = place.dataset("vehicles", &["bus", "train", "tram"]);
    assert_eq!(labels(&vehicles, 3), [0, 1, 2]);
    let pets = place.dataset("pets/images", &["cat", "dog"]);
    place.dataset("pets/annotations", &["trimaps"]);
    assert_eq!(labels(&Source { path: place.path("pets"), ..pets }, 2), [0, 1]);
}

#[test]
fn digits_without_one_of_them_keep_their_labels() {
    let place = Place::new();
    let digits = ["0", "1", "2", "4", "5", "6", "7", "8", "9"];
    let source = place.dataset("digits", &digits);
    assert_eq!((labels(&source, 10), rule(&source, 10)), (vec![0, 1, 2, 4, 5, 6, 7, 8, 9], LabelRule::Numbers));
    let source = place.dataset("words", &["0 - zero", "1 - one", "2 - two", "4 - four"]);
    assert_eq!(labels(&source, 10), [0, 1, 2, 4]);
    let source = place.dataset("hugging", &["LABEL_0", "LABEL_2", "LABEL_11"]);
    assert_eq!(labels(&source, 12), [0, 2, 11]);
}

#[test]
fn what_does_not_tell_which_class_is_which_is_refused_with_both_sides() {
    let place = Place::new();
    let source = place.dataset("nine", &["ant", "bee", "cow", "doe", "emu", "fox", "gnu", "hen", "ibis"]);
    refused(&source, 10, &["each of the 10 of the network", "found 9 folders: ant, bee", "classes = { \"ant\" = .. }"]);
    let source = place.dataset("from_one", &["1", "2", "4"]);
    refused(&source, 10, &["in one way only", "`1` is 1 by its number", "`1` is 0 by its number less 1"]);
    assert_eq!(labels(&Source { classes: Classes::By(OrderRule::NumbersFromOne), ..source.clone() }, 10), [0, 1, 3]);
    assert_eq!(labels(&Source { classes: Classes::By(OrderRule::Numbers), ..source }, 10), [1, 2, 4]);
    let hundred: Vec<String> = (0..12).map(|number: i32| number.to_string()).collect();
    let source = place.dataset("hundred", &hundred.iter().map(String::as_str).collect::<Vec<_>>());
    refused(&source, 12, &["`10` is 10 by its number", "by the sorted names"]);
    assert_eq!(labels(&Source { classes: Classes::By(OrderRule::Sorted), ..source }, 12), [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]);
    let source = place.dataset("eleven", &["a", "b", "c"]);
    refused(&source, 2, &["each of the 2 of the network", "found 3 folders: a, b, c"]);
}

#[test]
fn folders_are_matched_with_the_classes_of_the_id_data_however_they_are_written() {
    let place = Place::new();
    let id = place.dataset("id", &["aquarium_fish", "bee", "sea lion", "wolf"]);
    let cs = |folder: &str, classes: &[&str]| beside(&place.dataset(folder, classes), &[&id]);
    for (folder, classes, expected) in [
        ("some", &["wolf", "bee"][..], &[3, 1][..]),
        ("case", &["Wolf", "Aquarium Fish"], &[3, 0]),
        ("prefixed", &["00_wolf", "01-bee", "02.Sea_Lion"], &[3, 1, 2]),
        ("together", &["SeaLion"], &[2]),
    ] {
        let source = cs(folder, classes);
        assert_eq!((labels(&source, 4), rule(&source, 4)), (expected.to_vec(), LabelRule::Matched), "{folder}");
    }
    let data = load_for(&cs("some", &["wolf", "bee"]), None, 4).unwrap();
    assert_eq!((data.classes[0].as_str(), data.provenance.labelling.matched_with), ("aquarium_fish", Some(0)));
    assert_eq!(data.provenance.labelling.classes, [("bee".to_owned(), 1), ("wolf".to_owned(), 3)]);
    let words = [
        "the classes of `id` (aquarium_fish, bee, sea lion, wolf)",
        "found 2 folders: lion, wolf; no class of `id` is called lion",
        "classes = { \"lion\" = .. }",
    ];
    refused(&cs("other", &["wolf", "lion"]), 4, &words);
    refused(&cs("twice", &["wolf", "Wolf"]), 4, &["`Wolf` and `wolf`, which both fit `wolf`"]);
}

#[test]
fn words_for_classes_of_cifar_10_are_matched_with_its_batches_and_numbers_are_its_labels() {
    let place = Place::new();
    place.write("cifar/test_batch.bin", &(0..10).flat_map(|label| record(&[label])).collect::<Vec<u8>>());
    let id = Source { name: "id".into(), path: place.path("cifar"), ..Source::default() };
    let cs = |folder: &str, classes: &[&str]| beside(&place.dataset(folder, classes), &[&id]);
    assert_eq!(labels(&cs("words", &["plane", "cars", "Trucks", "01_bird"]), 10), [0, 1, 9, 2]);
    // Alone they would be ambiguous: sorted, `plane` is the eighth.
    let ten = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    assert_eq!(labels(&cs("ten", &ten), 10), (0..10).collect::<Vec<_>>());
    refused(&place.dataset("ten", &ten), 10, &["`bird` is 0 by the sorted names, `bird` is 2 by the classes of CIFAR-10"]);
    assert_eq!(labels(&cs("numbers", &["7", "0", "3"]), 10), [7, 0, 3]);
    refused(&cs("pokemon", &["pikachu", "cat"]), 10, &["the classes of `id` (airplane", "is called pikachu"]);
}

#[test]
fn one_class_fewer_in_the_id_data_follows_from_the_train_data() {
    let place = Place::new();
    let id = place.dataset("id", &["ant", "cow"]);
    let train = place.dataset("train set", &["ant", "bee", "cow"]);
    refused(&id, 3, &["each of the 3 of the network", "2 folders: ant, cow"]);
    for source in [&id, &train] {
        let source = beside(source, &[&id, &train]);
        assert_eq!(labels(&source, 3).last(), Some(&2), "{source:?}");
    }
    assert_eq!(rule(&beside(&id, &[&id, &train]), 3), LabelRule::Matched);
}

#[test]
fn a_second_id_set_takes_the_order_of_the_first() {
    let place = Place::new();
    let first = place.dataset("first", &["cat", "dog"]);
    let listed = Source { classes: Classes::InOrder(vec!["dog".into(), "cat".into()]), ..first };
    assert_eq!(labels(&listed, 2), [1, 0]);
    let second = place.dataset("second", &["Dog", "Cat"]);
    assert_eq!(labels(&second, 2), [1, 0], "alone, sorted");
    assert_eq!(labels(&beside(&second, &[&listed, &second]), 2), [0, 1]);
    // Batches that name their classes otherwise than the folders are brought to them too.
    place.write("batches/batches.meta.txt", CIFAR10.join("\n").as_bytes());
    place.write("batches/test_batch.bin", &[0, 9].iter().flat_map(|label| record(&[*label])).collect::<Vec<u8>>());
    let mut turned = CIFAR10.map(str::to_owned).to_vec();
    turned.reverse();
    let id = Source { classes: Classes::InOrder(turned), ..place.dataset("turned", &CIFAR10) };
    let batches = Source { name: "batches".into(), path: place.path("batches"), ..Source::default() };
    assert_eq!((labels(&batches, 10), labels(&beside(&batches, &[&id]), 10)), (vec![0, 9], vec![9, 0]));
}

#[test]
fn stated_classes_have_priority_over_inferred_ones() {
    let place = Place::new();
    let id = place.dataset("id", &["cat", "dog", "owl"]);
    let cs = beside(&place.dataset("cs", &["hound", "kitten", "owl", "junk"]), &[&id]);
    let said = each(&[("hound", name("dog")), ("kitten", name("Cat")), ("junk", Class::Label(-1))]);
    let source = Source { classes: said.clone(), ..cs.clone() };
    assert_eq!((labels(&source, 3), rule(&source, 3)), (vec![1, 0, 2, -1], LabelRule::Given));
    let both = each(&[("hound", name("dog")), ("kitten", name("dog")), ("owl", Class::Label(2)), ("junk", Class::Label(0))]);
    assert_eq!(labels(&Source { classes: both, ..cs.clone() }, 3), [1, 1, 2, 0]);
    for (classes, words) in [
        (each(&[("hound", name("wolf"))]), ["the classes of `id` (cat, dog, owl)", "is called wolf, junk, kitten"]),
        (each(&[("hounds", name("dog"))]), ["names of the classes here (hound, junk, kitten, owl)", "found `hounds`"]),
        (Classes::InOrder(vec!["cat".into()]), ["each of the network's 3 classes", "found 1: cat"]),
        (Classes::By(OrderRule::Numbers), ["names to which `numbers` applies", "4 folders: hound"]),
    ] {
        refused(&Source { classes, ..cs.clone() }, 3, &words);
    }
    let labels_only =
        each(&[("hound", Class::Label(1)), ("kitten", Class::Label(3)), ("junk", Class::Label(-1)), ("owl", Class::Label(2))]);
    refused(&Source { classes: labels_only, ..cs }, 3, &["labels of 0 to 2 (or -1: none)", "the label 3 of `kitten`"]);
}

#[test]
fn labels_beyond_the_networks_classes_are_refused_whatever_the_format() {
    let place = Place::new();
    place.write("list.txt", b"a/1.png 0\na/2.png 57\n");
    place.write("a/1.png", &image(2, 2, 1));
    place.write("a/2.png", &image(2, 2, 2));
    place.write("array/x.npy", &npy("|u1", "(2, 1, 2, 3)", &[7; 12]));
    place.write("array/labels.npy", &npy("|u1", "(2,)", &[3, 10]));
    place.write("hundred/test.bin", &[record(&[19, 99]), record(&[0, 4])].concat());
    let twelve: Vec<String> = (10..22).map(|k| format!("class {k}")).collect();
    let folders = place.dataset("folders", &twelve.iter().map(String::as_str).collect::<Vec<_>>());
    for (path, label) in [("list.txt", "label 57"), ("array/x.npy", "label 10"), ("hundred", "label 99")] {
        let source = Source { name: path.into(), path: place.path(path), ..Source::default() };
        refused(&source, 10, &["labels of 0 to 9 (or -1: none), as the network has 10 classes", label]);
        assert!(load(&source, None).is_ok(), "of other classes, as semantic-shift images are");
    }
    assert!(load(&folders, None).is_ok());
}

#[test]
fn a_network_of_20_classes_gets_the_superclasses_of_cifar_100() {
    let place = Place::new();
    place.write("hundred/test.bin", &[record(&[19, 99]), record(&[0, 4])].concat());
    let source = Source { name: "hundred".into(), path: place.path("hundred"), ..Source::default() };
    let data = load_for(&source, None, 20).unwrap();
    assert_eq!(
        (data.labels, data.classes[0].as_str(), data.provenance.labelling.rule),
        (vec![19, 0], "aquatic_mammals", LabelRule::Coarse)
    );
    assert_eq!(load_for(&source, None, 100).unwrap().labels, [99, 4]);
    let folders = place.dataset("folders", &["worm", "apple"]);
    assert_eq!(labels(&beside(&folders, &[&source]), 100), [99, 0]);
}

#[test]
fn unlabelled_images_ask_for_no_classes() {
    let place = Place::new();
    place.write("flat/1.png", &image(2, 2, 1));
    let id = place.dataset("id", &["cat", "dog", "owl"]);
    let source = beside(&Source { name: "flat".into(), path: place.path("flat"), ..Source::default() }, &[&id]);
    assert_eq!((labels(&source, 3), rule(&source, 3)), (vec![-1], LabelRule::Unlabelled));
    // Images beside the folders of classes have none.
    place.write("id/stray.png", &image(2, 2, 9));
    assert_eq!(labels(&id, 3), [0, 1, 2, -1]);
}

#[test]
fn numbers_of_arrays_can_be_mapped_to_other_classes() {
    let place = Place::new();
    place.write("array/x.npy", &npy("|u1", "(2, 1, 1, 3)", &[0, 0, 0, 1, 1, 1]));
    place.write("array/labels.npy", &npy("|u1", "(2,)", &[1, 10]));
    let id = place.dataset("id", &CIFAR10);
    let source = Source { name: "x".into(), path: place.path("array/x.npy"), ..Source::default() };
    let said = Source { classes: each(&[("10", Class::Label(0))]), ..beside(&source, &[&id]) };
    assert_eq!(labels(&said, 10), [1, 0], "SVHN writes 0 as 10");
    let said = Source { classes: each(&[("10", name("truck")), ("1", name("cat"))]), ..beside(&source, &[&id]) };
    assert_eq!(labels(&said, 10), [3, 9]);
}

#[test]
fn the_state_of_labels_changes_with_the_classes_of_the_id_data_not_with_their_images() {
    let place = Place::new();
    let id = place.dataset("id", &["cat", "dog"]);
    let cs = beside(&place.dataset("cs", &["dog"]), &[&id]);
    let state = label_state(&cs);
    assert!(!state.is_empty());
    place.write("id/cat/2.png", &image(2, 2, 5));
    assert_eq!(label_state(&cs), state);
    place.empty("id/cow");
    let with_cow = label_state(&cs);
    assert_ne!(with_cow, state, "it may be a class");
    place.write("id/cow/1.png", &image(2, 2, 5));
    assert_ne!(label_state(&cs), with_cow);
    let demo = Source { path: Path::new("demo:test").into(), ..Source::default() };
    assert_eq!(label_state(&demo), "", "results of what has no names stay");
}

#![allow(clippy::unwrap_used)]

use super::super::tests::{error, image, source};
use super::super::{Dataset, Source, Subset, load};

fn tree(files: &[(&str, u8)]) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().unwrap();
    for (path, value) in files {
        write(&folder, path, &image(4, 4, *value));
    }
    let source = source(folder.path());
    (folder, source)
}

fn write(folder: &tempfile::TempDir, path: &str, bytes: &[u8]) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn values(data: &Dataset) -> Vec<u8> {
    (0..data.len()).map(|i| data.image(i)[0]).collect()
}

#[test]
fn a_folder_per_class_is_labelled_by_sorted_name() {
    let (_folder, source) = tree(&[("wolf/2.png", 1), ("wolf/1.png", 2), ("ant/sub/9.png", 3), ("bee/images/3.png", 4)]);
    let data = load(&source, None).unwrap();
    assert_eq!((data.labels.as_slice(), values(&data)), (&[0, 1, 2, 2][..], vec![3, 4, 2, 1]));
    assert_eq!(data.classes, ["ant", "bee", "wolf"]);
    assert_eq!(data.provenance.format, "image_folder");
}

#[test]
fn a_flat_folder_is_unlabelled() {
    let (folder, source) = tree(&[("b.png", 1), ("a.png", 2), (".hidden.png", 3)]);
    write(&folder, "readme.txt", b"not an image");
    let data = load(&source, None).unwrap();
    assert_eq!((data.labels.as_slice(), values(&data)), (&[-1, -1][..], vec![2, 1]));
    assert!(data.classes.is_empty());
}

#[test]
fn classes_of_cifar_10_keep_their_labels_when_some_are_absent() {
    let (_folder, source) = tree(&[("truck/1.png", 1), ("bird/1.png", 2), ("dog/1.png", 3)]);
    let data = load(&source, None).unwrap();
    assert_eq!((data.labels.as_slice(), data.classes.len()), (&[2, 5, 9][..], 10));
}

#[test]
fn the_split_names_a_folder_and_test_comes_first() {
    let (_folder, mut source) = tree(&[("train/a/1.png", 1), ("test/a/1.png", 2), ("test/b/1.png", 3)]);
    assert_eq!(values(&load(&source, None).unwrap()), [2, 3]);
    source.split = Some("train".into());
    assert_eq!(values(&load(&source, None).unwrap()), [1]);
    source.split = Some("val".into());
    assert!(error(&source).contains("expected split `val`, found test, train"), "{}", error(&source));
}

#[test]
fn tiny_imagenet_has_one_labelling_for_train_and_val() {
    let (folder, mut source) = tree(&[("train/n03/images/n03_0.JPEG", 1), ("val/images/val_1.JPEG", 2), ("val/images/val_0.JPEG", 3)]);
    write(&folder, "wnids.txt", b"n03\nn01\nn02\n");
    write(&folder, "val/val_annotations.txt", b"val_0.JPEG\tn03\t0\t0\t9\t9\nval_1.JPEG\tn01\t0\t0\t9\t9\n");
    source.split = Some("train".into());
    assert_eq!(load(&source, None).unwrap().labels, [2]);
    source.split = Some("val".into());
    let val = load(&source, None).unwrap();
    assert_eq!((val.labels.as_slice(), values(&val), val.classes.len()), (&[2, 0][..], vec![3, 2], 3));
}

#[test]
fn content_decides_and_unreadable_images_are_listed() {
    let (folder, source) = tree(&[("a/really-png.jpg", 1), ("a/no-extension", 2)]);
    write(&folder, "a/cut.png", &image(4, 4, 3)[..40]);
    write(&folder, "a/empty.jpg", b"");
    write(&folder, "a/lfs.png", b"version https://git-lfs.github.com/spec/v1\n");
    let data = load(&source, None).unwrap();
    assert_eq!((data.len(), data.provenance.available), (2, 5));
    assert_eq!(data.index, [3, 4]);
    let reasons: Vec<&str> = data.provenance.unreadable.iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[1].contains("an empty file") && reasons[2].contains("a git-lfs pointer"), "{reasons:?}");
}

#[test]
fn a_folder_in_which_no_image_is_readable_is_an_error() {
    let (folder, source) = tree(&[]);
    write(&folder, "a/cut.png", b"\x89PNG\r\n\x1a\n");
    let message = error(&source);
    assert!(message.contains("expected at least one readable image, found none among 1") && message.contains("cut.png"), "{message}");
}

#[test]
fn images_of_different_sizes_need_a_size() {
    let (folder, source) = tree(&[("a/1.png", 1)]);
    write(&folder, "a/2.png", &image(6, 5, 9));
    assert!(error(&source).contains("found 4x4 and 6x5"), "{}", error(&source));
    let data = load(&source, Some([4, 4])).unwrap();
    assert_eq!((values(&data), data.height), (vec![1, 9], 4));
}

#[test]
fn grey_and_alpha_become_rgb_and_grey_of_16_bits_is_refused() {
    use ::image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgba, RgbaImage};
    let folder = tempfile::tempdir().unwrap();
    let images: [(&str, DynamicImage); 4] = [
        ("a.png", GrayImage::from_pixel(2, 2, Luma([77])).into()),
        ("b.png", RgbaImage::from_pixel(2, 2, Rgba([10, 20, 30, 0])).into()),
        ("c.png", ImageBuffer::from_pixel(2, 2, Luma([0x4d4du16])).into()),
        ("d.png", ImageBuffer::from_pixel(2, 2, LumaA([5u8, 0])).into()),
    ];
    for (name, image) in images {
        image.save(folder.path().join(name)).unwrap();
    }
    let data = load(&source(folder.path()), None).unwrap();
    let first: Vec<&[u8]> = (0..3).map(|i| &data.image(i)[..3]).collect();
    assert_eq!(first, [[77, 77, 77], [10, 20, 30], [5, 5, 5]]);
    assert!(data.provenance.unreadable[0].reason.contains("8 bits"), "{}", data.provenance.unreadable[0].reason);
}

#[test]
fn a_subset_reads_only_its_own_images() {
    let (folder, mut source) = tree(&[("a/1.png", 1), ("a/2.png", 2), ("b/3.png", 3)]);
    write(&folder, "b/4.png", b"cut");
    source.subset = Subset::First(3);
    let data = load(&source, None).unwrap();
    assert_eq!((values(&data), data.provenance.available, data.provenance.unreadable.len()), (vec![1, 2, 3], 4, 0));
}

/// Validation images with the values 1 to 3, flat, and their classes by the development kit's numbers.
fn validation(classes: &[(u16, &str)]) -> (tempfile::TempDir, Source) {
    let images =
        [("val/ILSVRC2012_val_00000001.JPEG", 1), ("val/ILSVRC2012_val_00000002.JPEG", 2), ("val/ILSVRC2012_val_00000003.JPEG", 3)];
    let (folder, source) = tree(&images);
    write(&folder, "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", b"490\n1\n490\n");
    if !classes.is_empty() {
        write(&folder, "ILSVRC2012_devkit_t12/data/meta.mat", &crate::data::mat::tests::meta(classes));
    }
    (folder, source)
}

#[test]
fn the_numbers_of_imagenets_development_kit_are_explained_by_its_meta_mat() {
    let (folder, source) = validation(&[(1, "n02119789"), (490, "n01440764"), (1860, "n99999999")]);
    let val = load(&source, None).unwrap();
    assert_eq!((val.labels.as_slice(), val.classes.as_slice()), (&[0, 1, 0][..], &["n01440764".to_owned(), "n02119789".to_owned()][..]));
    let val = crate::data::load_for(&source, None, 1000).unwrap();
    assert_eq!((val.labels.as_slice(), val.provenance.labelling.rule.key()), (&[0, 278, 0][..], "imagenet"));
    let files = crate::data::files(&Source { path: folder.path().join("val"), ..source.clone() });
    assert!(
        files.iter().any(|file| file.ends_with("meta.mat"))
            && files.iter().any(|file| file.ends_with("ILSVRC2012_validation_ground_truth.txt"))
    );
}

#[test]
fn without_meta_mat_the_numbers_are_no_labels_and_this_is_said() {
    let (_folder, source) = validation(&[]);
    let val = load(&source, None).unwrap();
    assert_eq!((val.labels.as_slice(), values(&val)), (&[-1, -1, -1][..], vec![1, 2, 3]));
    let said = &val.provenance.labelling.assumed[0];
    assert!(said.contains("ILSVRC2012_validation_ground_truth.txt") && said.contains("`meta.mat`"), "{said}");
}

#[test]
fn a_number_that_meta_mat_does_not_explain_and_an_image_without_one_are_named() {
    let (folder, source) = validation(&[(1, "n02119789")]);
    assert!(error(&source).contains("one of the 1 classes") && error(&source).contains("`490` in line 1"), "{}", error(&source));
    write(&folder, "ILSVRC2012_devkit_t12/data/meta.mat", &crate::data::mat::tests::meta(&[(1, "n02119789"), (490, "n01440764")])[..200]);
    assert!(error(&source).contains("cut short?") && error(&source).contains("meta.mat"), "{}", error(&source));
    write(&folder, "LOC_val_solution.csv", b"ImageId,PredictionString\nILSVRC2012_val_00000002,n03995372 85 1 499 272 \n");
    assert!(error(&source).contains("a class for ILSVRC2012_val_00000001.JPEG, found classes of 1 images"), "{}", error(&source));
    let csv = b"ImageId,PredictionString\nILSVRC2012_val_00000002,n03995372 85 1 499 272 \nILSVRC2012_val_00000003,n01440764 1 2 3 4 5 6 7 8\nILSVRC2012_val_00000001,n03995372 1 1 1 1\n";
    write(&folder, "LOC_val_solution.csv", csv);
    assert_eq!(load(&source, None).unwrap().labels, [1, 1, 0], "Kaggle's table states ids");
}

#[test]
fn classes_with_wordnet_ids_have_the_names_of_words_txt_and_keep_their_labels() {
    let (folder, mut source) = tree(&[
        ("train/n02/images/0.JPEG", 1),
        ("train/n01/images/0.JPEG", 2),
        ("train/n03/images/0.JPEG", 3),
        ("train/n04/images/0.JPEG", 4),
    ]);
    source.split = Some("train".into());
    let before = load(&source, None).unwrap();
    write(&folder, "words.txt", b"n01\tcrane\nn02\tcrane, wading bird\nn03\tgoldfish, Carassius auratus\nn09\tentity\n");
    let named = load(&source, None).unwrap();
    assert_eq!(before.classes, ["n01", "n02", "n03", "n04"]);
    assert_eq!(named.classes, ["crane", "crane, wading bird", "goldfish", "n04"]);
    assert_eq!((named.labels.as_slice(), &named.images), (before.labels.as_slice(), &before.images));
}

#[test]
fn a_default_split_without_labels_names_the_split_that_has_some() {
    let (folder, mut source) = tree(&[("train/n01/images/n01_0.JPEG", 1), ("val/images/val_0.JPEG", 2), ("test/images/test_0.JPEG", 3)]);
    write(&folder, "val/val_annotations.txt", b"val_0.JPEG\tn01\t0\t0\t9\t9\n");
    let test = load(&source, None).unwrap();
    assert_eq!((values(&test), test.labels.as_slice()), (vec![3], &[-1][..]));
    assert_eq!(test.provenance.labelling.assumed, ["the images in `test/images` have none; `split = \"val\"` has images with labels"]);
    source.split = Some("test".into());
    assert!(load(&source, None).unwrap().provenance.labelling.assumed.is_empty(), "it was asked for");
}

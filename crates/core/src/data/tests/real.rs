//! Real data, where the shared test data is. Numbers and CRC-32s of pixels are NumPy's and Pillow's reading of the same files.

use super::*;

/// Images of `test_tin.txt` that are there.
const IN_TIN: usize = 1925;

/// The source at `path` in the shared test data.
fn shared(path: &str) -> Option<Source> {
    crate::testing::shared(&format!("data/{path}")).map(|path| source(&path))
}

fn crc(pixels: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(pixels);
    crc.sum()
}

fn counts(dataset: &Dataset) -> Vec<usize> {
    let classes = dataset.labels.iter().max().map_or(0, |&most| usize::try_from(most + 1).unwrap());
    (0..classes).map(|class| dataset.labels.iter().filter(|&&label| label == class as i64).count()).collect()
}

#[test]
fn cifar_10_binary_is_what_numpy_reads() {
    let Some(mut source) = shared("cifar-10-batches-bin") else { return };
    source.split = Some("test".into());
    let test = load(&source, Some([32, 32])).unwrap();
    assert_eq!((test.len(), crc(&test.images), counts(&test)), (10_000, 0xaf4814f5, vec![1000; 10]));
    assert_eq!((&test.labels[..8], test.classes[3].as_str()), (&[3, 8, 8, 0, 6, 6, 1, 6][..], "cat"));
    assert_eq!((test.provenance.format.as_str(), test.provenance.available), ("cifar_binary", 10_000));
    source.split = Some("train".into());
    let train = load(&source, None).unwrap();
    assert_eq!((train.len(), crc(&train.images)), (20_000, 0xa2e2521d));
    assert_eq!(counts(&train), [1947, 2008, 1965, 1983, 2013, 2008, 2044, 1934, 2041, 2057]);
}

#[test]
fn arrays_are_what_numpy_reads() {
    let Some(svhn) = shared("svhn_1083.npy") else { return };
    let svhn = load(&svhn, None).unwrap();
    assert_eq!((svhn.len(), crc(&svhn.images), svhn.is_labelled()), (1083, 0xbf65a7aa, false));
    let outliers = load(&shared("outliers_256.npz").unwrap(), None).unwrap();
    assert_eq!((outliers.len(), crc(&outliers.images), outliers.labels[255]), (256, 0x2238b1df, -1));
    let scores = error(&shared("openood_scale_cifar10.npz").unwrap());
    assert!(scores.contains("expected an array `images`") && scores.contains("arrays s0/"), "{scores}");
}

#[test]
fn idx_is_what_numpy_reads_and_its_enlargement_is_pillows() {
    let Some(mut source) = shared("mnist") else { return };
    let mnist = load(&source, None).unwrap();
    assert_eq!((mnist.len(), crc(&mnist.images)), (10_000, 0x6ecd9473));
    assert_eq!(counts(&mnist), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    source.subset = Subset::First(500);
    assert_eq!(crc(&load(&source, Some([32, 32])).unwrap().images), 0xea9ff6ec);
    let notmnist = load(&shared("notmnist").unwrap(), None).unwrap();
    assert_eq!((crc(&notmnist.images), counts(&notmnist)), (0x870c1398, vec![1000; 10]));
}

#[test]
fn image_folders_are_what_pillow_reads() {
    let Some(mut cifar100) = shared("cifar100") else { return };
    cifar100.split = Some("test".into());
    let cifar100 = load(&cifar100, None).unwrap();
    assert_eq!((cifar100.len(), crc(&cifar100.images), counts(&cifar100)), (2000, 0xbace8c44, vec![20; 100]));
    assert_eq!((cifar100.classes[0].as_str(), cifar100.labels[1999]), ("apple", 99));

    let dtd = load(&shared("dtd").unwrap(), Some([32, 32])).unwrap();
    assert_eq!((dtd.len(), counts(&dtd), dtd.classes[9].as_str()), (200, vec![20; 10], "crystalline"));
    assert_eq!(crc(&dtd.images), 0x3ad34373);
}

#[test]
fn tiny_imagenet_as_cifar_10_keeps_the_labels_of_cifar_10() {
    let Some(source) = shared("tin-as-cifar10") else { return };
    let data = load(&source, Some([32, 32])).unwrap();
    assert_eq!(counts(&data), [0, 400, 400, 300, 0, 600, 200, 0, 200, 200]);
    assert_eq!((data.classes.len(), data.classes[9].as_str(), data.provenance.unreadable.len()), (10, "truck", 0));
    assert_eq!(crc(&data.images), 0xe2931840);
}

#[test]
fn tiny_imagenet_has_the_same_labels_in_train_and_val() {
    let Some(mut source) = shared("tiny-imagenet-200") else { return };
    source.split = Some("val".into());
    let val = load(&source, Some([32, 32])).unwrap();
    assert_eq!((val.len(), &val.labels[..3], val.classes.len()), (2500, &[107, 138, 38][..], 200));
    assert_eq!(crc(&val.images), 0xb57a884d);
    source.split = Some("train".into());
    source.subset = Subset::Stratified(500);
    let train = load(&source, Some([32, 32])).unwrap();
    assert_eq!((train.len(), train.provenance.available), (500, 4071));
    assert_eq!((train.labels[0], train.labels[499], train.classes[199].as_str()), (0, 199, "acorn"));
}

#[cfg(unix)]
#[test]
fn a_real_list_reads_the_images_that_are_there_and_lists_the_others() {
    let Some(list) = shared("imglist/cifar10/test_tin.txt") else { return };
    let none = error(&list);
    assert!(none.contains("found none of 7793; the first is tin/val/images/val_0.JPEG"), "{none}");
    // As OpenOOD lays it out.
    let folder = tempfile::tempdir().unwrap();
    let data = list.path.ancestors().nth(3).unwrap().join("tiny-imagenet-200");
    for name in ["benchmark_imglist/cifar10", "images_classic"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let mut moved = list.clone();
    moved.path = folder.path().join("benchmark_imglist/cifar10/test_tin.txt");
    std::fs::copy(&list.path, &moved.path).unwrap();
    std::os::unix::fs::symlink(data, folder.path().join("images_classic/tin")).unwrap();
    let near = load(&moved, Some([32, 32])).unwrap();
    assert_eq!((near.len(), near.provenance.unreadable.len(), near.provenance.available), (IN_TIN, 7793 - IN_TIN, 7793));
    assert!(near.labels.iter().all(|&label| label == -1));
}

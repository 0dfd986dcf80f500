//! One clear message for each: what failed, what was expected, what was found, and the path.

use super::*;

fn write(bytes: &[u8]) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.bin");
    std::fs::write(&path, bytes).unwrap();
    let source = source(&path);
    (folder, source)
}

#[track_caller]
fn says(source: &Source, expected: &str) {
    let message = error(source);
    assert!(message.contains(expected), "{message}");
    assert!(message.contains(&source.path.display().to_string()), "no path: {message}");
    assert!(message.contains("expected"), "{message}");
}

#[test]
fn a_missing_path() {
    says(&source(Path::new("/nowhere/cifar")), "expected a file or folder, found nothing there");
}

#[test]
fn an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    says(&source(folder.path()), "found an empty folder");
}

#[test]
fn an_empty_file() {
    let (_folder, source) = write(b"");
    says(&source, "found an empty file");
}

#[test]
fn a_git_lfs_pointer() {
    let (_folder, source) = write(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 30730000\n");
    says(&source, "found a git-lfs pointer");
}

#[test]
fn an_html_page() {
    let (_folder, source) = write(b"\n<!DOCTYPE html>\n<html><body>Quota exceeded</body></html>");
    says(&source, "found an HTML page");
}

#[test]
fn a_single_image() {
    let (_folder, source) = write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    says(&source, "found a single image: a folder of images or an image list is opened as a dataset");
}

#[test]
fn an_unknown_format_name() {
    let (_folder, mut source) = write(b"x");
    source.format = Some("hdf5".into());
    says(&source, "found `hdf5`");
}

#[test]
fn a_folder_without_images() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("readme.md"), "hello").unwrap();
    says(&source(folder.path()), "found no images");
}

#[test]
fn real_files_cut_short() {
    let Some(shared) = crate::testing::shared_dir() else { return };
    let broken = shared.join("data/broken");
    let pickle = error(&source(&broken.join("test_batch.524288")));
    assert!(pickle.contains("cannot read CIFAR python batches: the pickle is cut off: expected a string at byte"), "{pickle}");
    assert!(pickle.contains("test_batch.524288"), "{pickle}");
    says(&source(&broken.join("svhn_train_32x32.truncated.mat")), "bytes of a variable, found");
    says(&source(&broken.join("my_checkpoint.pth.tar.1310720")), "expected a whole zip archive, found one cut short or damaged");
}

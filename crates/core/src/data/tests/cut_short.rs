//! Images that are cut short, in folders of ones that are not.

use super::*;

/// Of the golden images of `decode`, the file of this name.
fn golden(archive: &[u8], name: &str) -> Vec<u8> {
    let mut archive = npyz::npz::NpzArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut archive.zip_archive().by_name(name).unwrap(), &mut bytes).unwrap();
    bytes
}

#[test]
fn they_are_counted_and_listed_by_name_whatever_their_kind() {
    let (jpegs, images) = (include_bytes!("../decode/tests/jpegs.zip"), include_bytes!("../decode/tests/images.zip"));
    let folder = tempfile::tempdir().unwrap();
    let kinds: [(&[u8], &str, &str); 7] = [
        (jpegs, "cut_baseline_half.jpg", "the JPEG data ends"),
        (jpegs, "cut_progressive_9_tenths.jpg", "the JPEG data ends"),
        (jpegs, "cut_cmyk_half.jpg", "the JPEG data ends"),
        (images, "cut_half.png", "the PNG data ends"),
        (images, "cut_half.gif", "the GIF data ends"),
        (images, "cut_half.bmp", "the BMP data ends"),
        (images, "cut_last_lossy.webp", "the WebP data ends"),
    ];
    for (archive, name, _) in kinds {
        std::fs::write(folder.path().join(name), golden(archive, name)).unwrap();
    }
    std::fs::write(folder.path().join("whole.jpg"), golden(jpegs, "q75_420_baseline.jpg")).unwrap();
    let data = load(&source(folder.path()), None).unwrap();
    assert_eq!((data.len(), data.provenance.available, data.provenance.unreadable.len()), (1, 8, 7));
    for (_, name, reason) in kinds {
        let found = data.provenance.unreadable.iter().find(|image| image.path.ends_with(name)).unwrap();
        assert!(found.reason.starts_with("cut short: ") && found.reason.contains(reason), "{name}: {}", found.reason);
    }
}

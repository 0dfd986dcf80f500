#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;

use super::*;

/// Images that Pillow reads and we refuse, with a part of the reason.
const REFUSED: [(&str, &str); 23] = [
    ("color0_16_bit.png", "8 bits"),
    ("color0_16_bit_interlaced.png", "8 bits"),
    ("grey_16_bit_below_256.png", "8 bits"),
    ("grey_16_bit_transparent.png", "8 bits"),
    // Pillow makes up rows that are not there, and does not compare this checksum.
    ("rows_missing.png", "not have enough data"),
    ("wrong_checksum_of_data.png", "CRC"),
    ("cut_in_checksum.png", ""),
    ("without_palette.gif", "color table"),
    ("I.tif", "8 bits"),
    ("I_16.tif", "8 bits"),
    ("F.tif", "8 bits"),
    ("L_16_big_endian.tif", "8 bits"),
    ("L_jpeg.tif", "JPEG within TIFF"),
    ("RGB_jpeg.tif", "JPEG within TIFF"),
    ("palette_jpeg_quality.tif", "JPEG within TIFF"),
    ("P.tif", "TIFF"),
    ("P_tiff_lzw.tif", "TIFF"),
    ("YCbCr.tif", "TIFF"),
    ("LAB.tif", "TIFF"),
    ("LA.tif", "TIFF"),
    ("1_group3.tif", "TIFF"),
    ("1_tiff_ccitt.tif", "TIFF"),
    ("big_tiff.tif", "another kind of file"),
];
/// Images that Pillow refuses and we read: rows that the file leaves out on purpose are black, as the format says.
const READ: [&str; 1] = ["rle_8_moves.bmp"];

/// Files of an archive, and what Pillow reads in each: height, width and CRC-32 of the pixels, or `unreadable` and why.
fn golden(archive: &[u8]) -> Vec<(String, Vec<u8>, String)> {
    let mut archive = NpzArchive::new(Cursor::new(archive)).unwrap();
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        archive.zip_archive().by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let table = String::from_utf8(member("pillow.txt")).unwrap();
    let rows = table.lines().map(|line| line.split_once('\t').unwrap());
    rows.map(|(name, reading)| (name.to_owned(), member(name), reading.to_owned())).collect()
}

fn reading(bytes: &[u8]) -> Result<String, String> {
    let ([height, width], pixels) = of_bytes(bytes)?;
    let mut crc = flate2::Crc::new();
    crc.update(&pixels);
    Ok(format!("{height} {width} {:08x}", crc.sum()))
}

/// What is not as Pillow says.
fn unlike_pillow(archive: &[u8]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, bytes, pillow) in golden(archive) {
        let found = reading(&bytes);
        let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
        let right = match (&found, refused) {
            (Err(reason), Some((_, part))) => reason.contains(part),
            (Ok(_), Some(_)) => false,
            (Ok(found), None) => *found == pillow || READ.contains(&name.as_str()),
            (Err(_), None) => pillow.starts_with("unreadable"),
        };
        if !right {
            wrong.push(format!("{name}: Pillow {pillow}, found {found:?}"));
        }
    }
    wrong
}

#[test]
fn jpegs_of_every_kind_equal_pillow_in_every_pixel() {
    let archive = include_bytes!("jpegs.zip");
    let wrong = unlike_pillow(archive);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let whole = golden(archive).into_iter().filter(|(name, _, pillow)| !name.starts_with("damaged") && !pillow.starts_with("unreadable"));
    assert!(whole.count() >= 200);
}

/// Folders of real JPEGs, their number, and the CRC-32 of all that Pillow reads in them (`real_jpegs.py`).
const REAL: [(&str, usize, u32); 4] = [
    ("dtd", 200, 0xfcff7b6c),
    ("imagenet256", 200, 0xa1bc63c5),
    ("tin-as-cifar10", 2300, 0x6e3c8658),
    ("tiny-imagenet-200", 6571, 0x5df87cba),
];

fn jpegs_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            jpegs_below(&path, found);
        } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end.eq_ignore_ascii_case("jpeg")) {
            found.push(path);
        }
    }
}

#[test]
fn real_jpegs_equal_pillow_in_every_pixel() {
    let Some(shared) = crate::testing::shared_dir() else { return };
    for (name, count, expected) in REAL {
        let mut files = Vec::new();
        jpegs_below(&shared.join("data").join(name), &mut files);
        files.sort();
        let mut crc = flate2::Crc::new();
        for ([height, width], pixels) in files.iter().map(|file| decode(file).unwrap()) {
            crc.update(&(height as u32).to_le_bytes());
            crc.update(&(width as u32).to_le_bytes());
            crc.update(&pixels);
        }
        assert_eq!((files.len(), crc.sum()), (count, expected), "{name}");
    }
}

#[test]
fn jpegs_that_are_cut_short_are_refused_wherever_they_end() {
    for (name, bytes, pillow) in golden(include_bytes!("jpegs.zip")).into_iter().filter(|(name, ..)| name.starts_with("cut_")) {
        assert!(pillow.starts_with("unreadable"), "{name}");
        assert_eq!(of_bytes(&bytes).unwrap_err(), "cut short: the JPEG data ends before the image does", "{name}");
    }
}

#[test]
fn other_images_equal_pillow_in_every_pixel_or_are_refused() {
    let wrong = unlike_pillow(include_bytes!("images.zip"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn images_that_are_cut_short_are_refused() {
    let cut = ["cut_half.png", "cut_9_tenths.png", "cut_half.bmp", "cut_last.bmp", "cut_half.gif", "cut_half.tif", "cut_last.tif"];
    for (name, bytes, _) in golden(include_bytes!("images.zip")) {
        let webp = name.starts_with("cut_") && name.ends_with(".webp");
        if cut.contains(&name.as_str()) || webp {
            let reason = of_bytes(&bytes).unwrap_err();
            assert!(reason.starts_with("cut short: the "), "{name}: {reason}");
        }
    }
}

#[test]
fn hostile_sizes_are_refused_before_memory_is_taken() {
    let golden = golden(include_bytes!("jpegs.zip"));
    let (_, mut jpeg, _) = golden.into_iter().find(|(name, ..)| name == "q75_444_baseline.jpg").unwrap();
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert!(of_bytes(&jpeg).unwrap_err().contains("found 65500x65500"));
    let gif = [b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x02".as_slice(), &[0; 4]].concat();
    assert!(of_bytes(&gif).is_err());
}

#[test]
fn every_changed_byte_and_every_length_is_an_answer_never_a_panic() {
    let all = [golden(include_bytes!("jpegs.zip")), golden(include_bytes!("images.zip"))].concat();
    for (_, bytes, _) in all.into_iter().step_by(23) {
        for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let _ = of_bytes(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 0xa5;
            let _ = of_bytes(&changed);
        }
    }
}

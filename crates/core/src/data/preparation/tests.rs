#![allow(clippy::unwrap_used)]

use super::Resize::{Exactly, Shorter};
use super::*;
use crate::data::{Source, load};

/// Structure at every scale.
fn image([height, width]: [usize; 2]) -> Vec<u8> {
    let value = |y: usize, x: usize, c: usize| (x * x * 7 + y * y * 13 + x * y * 3 + c * 101 + x * y / 5) as u8;
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| value(y, x, c))));
    pixels.collect()
}

const FILTERS: [Filter; 4] = [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos, Filter::Nearest];

/// CRC-32 of what Pillow 13 gives by each of [`FILTERS`]: `Image.fromarray(image).resize((w', h), filter).resize((w', h'), filter)`, the
/// passes one by one (see the tests of `resize`), then padded with 0 and cropped as by torchvision's `center_crop`.
type Expected = ([usize; 2], Option<Resize>, Option<[usize; 2]>, [u32; 4]);
const PILLOW: [Expected; 13] = [
    ([64, 64], Some(Shorter(32)), Some([32, 32]), [0xd2e9fe5f, 0x525503fa, 0xa74de4c5, 0xdd9cd0dd]),
    ([28, 28], Some(Shorter(32)), Some([32, 32]), [0xa5a642a6, 0x93783f3e, 0x67a792af, 0xb8079337]),
    ([37, 53], Some(Shorter(32)), Some([32, 32]), [0x3137513c, 0x937d6b0f, 0x0d81b6fd, 0xac7369d5]),
    ([333, 500], Some(Shorter(256)), Some([224, 224]), [0x89030fbf, 0xecef15f6, 0x11979214, 0xcd3b6063]),
    ([500, 333], Some(Shorter(256)), Some([224, 224]), [0x7da86d0a, 0x5f5dcb24, 0x069f4a0b, 0xdb2745b2]),
    ([20, 31], Some(Shorter(48)), Some([32, 40]), [0x422231d4, 0x683e985b, 0x392831e2, 0xd9b3b544]),
    ([33, 32], Some(Shorter(32)), Some([28, 28]), [0x01d8fd98, 0x01d8fd98, 0x01d8fd98, 0x01d8fd98]),
    ([100, 33], Some(Exactly([40, 60])), Some([31, 64]), [0xaacfe1a8, 0x74f9df1f, 0xc8208e15, 0x6d7f19df]),
    ([30, 41], None, Some([32, 32]), [0xb857fbc8, 0xb857fbc8, 0xb857fbc8, 0xb857fbc8]),
    ([30, 41], None, Some([25, 50]), [0x38e8b694, 0x38e8b694, 0x38e8b694, 0x38e8b694]),
    ([1, 3], Some(Shorter(16)), Some([20, 20]), [0xcf3a54fd, 0xd3316c2e, 0x24ca1d4d, 0x424e172f]),
    ([53, 37], Some(Exactly([32, 32])), None, [0x8e4899b3, 0x279b6f29, 0x38c9e8bb, 0x5d818b48]),
    ([7, 1000], Some(Shorter(8)), Some([8, 8]), [0x90f8ace2, 0x12e07131, 0xcdea54ed, 0xd99aefaf]),
];

#[test]
fn every_filter_size_and_crop_equals_pillow_bit_for_bit() {
    for (stored, resize, crop, expected) in PILLOW {
        for (filter, expected) in FILTERS.into_iter().zip(expected) {
            let steps = ResizeAndCrop { resize, crop, filter };
            let prepared = steps.apply(&image(stored), stored);
            let [height, width] = steps.size(stored);
            assert_eq!(prepared.len(), height * width * 3);
            let mut crc = flate2::Crc::new();
            crc.update(&prepared);
            assert_eq!(crc.sum(), expected, "{stored:?}, {steps:?}");
        }
    }
}

#[test]
fn the_longer_side_is_rounded_down_and_the_shorter_one_is_exact() {
    let steps = ResizeAndCrop { resize: Some(Shorter(256)), ..ResizeAndCrop::default() };
    // int(256 · 500 / 333) = int(384.38..) = 384
    assert_eq!(
        [[333, 500], [500, 333], [100, 100], [3, 2]].map(|stored| steps.size(stored)),
        [[256, 384], [384, 256], [256; 2], [384, 256]]
    );
    assert_eq!(ResizeAndCrop { resize: Some(Exactly([5, 7])), ..steps }.size([333, 500]), [5, 7]);
    assert_eq!(ResizeAndCrop { crop: Some([224; 2]), ..steps }.size([333, 500]), [224; 2]);
}

#[test]
fn a_crop_larger_than_the_image_is_black_around_it_and_the_odd_line_is_at_the_end() {
    let white = vec![255; 2 * 3 * 3];
    let steps = ResizeAndCrop { crop: Some([5, 3]), ..ResizeAndCrop::default() };
    let rows: Vec<u8> = steps.apply(&white, [2, 3]).chunks_exact(9).map(|row| row[0]).collect();
    assert_eq!(rows, [0, 255, 255, 0, 0]);
    let steps = ResizeAndCrop { crop: Some([2, 6]), ..steps };
    let row: Vec<u8> = steps.apply(&white, [2, 3])[..18].chunks_exact(3).map(|pixel| pixel[0]).collect();
    assert_eq!(row, [0, 255, 255, 255, 0, 0]);
}

#[test]
fn a_constant_image_stays_constant_under_every_filter() {
    for filter in FILTERS {
        for size in [[7, 5], [31, 64]] {
            let steps = ResizeAndCrop { resize: Some(Exactly(size)), crop: None, filter };
            assert!(steps.apply(&[77; 20 * 13 * 3], [20, 13]).iter().all(|&value| value == 77), "{filter:?} {size:?}");
        }
    }
}

#[test]
fn to_a_square_the_own_way_is_that_of_openood() {
    for stored in [[64, 64], [28, 28], [37, 53], [53, 37], [32, 32], [33, 32]] {
        let steps = ResizeAndCrop { resize: Some(Shorter(32)), crop: Some([32; 2]), filter: Filter::Bilinear };
        let by_steps = Preparation::By(steps, [32; 2]).apply(image(stored), stored);
        assert_eq!(by_steps, Preparation::To([32; 2]).apply(image(stored), stored), "{stored:?}");
    }
}

/// Files of these sizes in one class.
fn files(sizes: &[[u32; 2]]) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    for (i, [height, width]) in sizes.iter().enumerate() {
        let pixel = |x, y| image::Rgb([x as u8, y as u8, 7]);
        image::RgbImage::from_fn(*width, *height, pixel).save(folder.path().join(format!("a/{i}.png"))).unwrap();
    }
    let source = Source { name: "files".into(), path: folder.path().into(), ..Source::default() };
    (folder, source)
}

#[test]
fn images_of_any_size_are_brought_to_the_network_by_the_stated_steps() {
    let (_folder, source) = files(&[[40, 60], [60, 40], [20, 20]]);
    let steps = ResizeAndCrop { resize: Some(Shorter(24)), crop: Some([20; 2]), filter: Filter::Bicubic };
    let dataset = load(&source, Preparation::By(steps, [20; 2])).unwrap();
    assert_eq!((dataset.len(), dataset.height, dataset.width), (3, 20, 20));
    let own = load(&Source { subset: crate::data::Subset::First(1), ..source.clone() }, None).unwrap();
    assert_eq!(dataset.image(0), steps.apply(own.image(0), [40, 60]));
    assert_ne!(
        dataset.image(2),
        load(&source, Some([20, 20])).unwrap().image(2),
        "an image of the network's size is scaled and cropped too"
    );
}

#[test]
fn steps_that_do_not_give_the_networks_size_are_refused_with_both_sizes() {
    let (_folder, source) = files(&[[40, 60]]);
    let steps = ResizeAndCrop { resize: Some(Shorter(32)), crop: None, filter: Filter::Bilinear };
    let error = load(&source, Preparation::By(steps, [32, 32])).unwrap_err().to_string();
    assert!(error.contains("`input` makes images of 32x48 where the network takes 32x32") && error.contains("0.png"), "{error}");
    assert!(error.contains("change `input`, for example to `crop = [32, 32]`"), "{error}");
    let digits = Source { path: "demo:test".into(), ..source };
    let error = load(&digits, Preparation::By(ResizeAndCrop { crop: Some([16; 2]), ..steps }, [32, 32])).unwrap_err().to_string();
    assert!(error.contains("makes images of 16x16 where the network takes 32x32"), "{error}");
}

#[test]
fn an_empty_size_is_refused() {
    let (_folder, source) = files(&[[4, 4]]);
    let steps = ResizeAndCrop { resize: Some(Shorter(0)), crop: Some([4; 2]), filter: Filter::Nearest };
    for preparation in [Preparation::By(steps, [4; 2]), Preparation::To([0, 4])] {
        let error = load(&source, preparation).unwrap_err().to_string();
        assert!(error.contains("expected a size of at least 1x1, found 0x"), "{error}");
    }
}

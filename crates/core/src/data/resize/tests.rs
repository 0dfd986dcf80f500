#![allow(clippy::unwrap_used)]

use super::*;

/// Structure at every scale.
fn image(height: usize, width: usize) -> Vec<u8> {
    let value = |y: usize, x: usize, c: usize| (x * x * 7 + y * y * 13 + x * y * 3 + c * 101 + x * y / 5) as u8;
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| value(y, x, c))));
    pixels.collect()
}

/// CRC-32 of what Pillow gives: `Image.fromarray(image).resize((w', h), Image.BILINEAR).resize((w', h'), Image.BILINEAR).crop(...)` with
/// the sizes of torchvision's `Resize(s)` and `CenterCrop(s)`. The passes one by one: Pillow 13 orders them by
/// cost, Pillow as of OpenOOD goes horizontally first.
const PILLOW: [([usize; 2], usize, u32); 13] = [
    ([64, 64], 32, 0xd2e9fe5f),
    ([28, 28], 32, 0xa5a642a6),
    ([37, 53], 32, 0x3137513c),
    ([333, 500], 32, 0xa234fc94),
    ([500, 333], 32, 0xd38d7b4e),
    ([20, 31], 32, 0x39d43905),
    ([100, 33], 28, 0x749c0dab),
    ([33, 32], 32, 0x6f6772ff),
    ([35, 32], 32, 0x8fc418a5),
    ([32, 39], 32, 0x99a46717),
    ([32, 37], 32, 0x40982f77),
    ([1, 3], 32, 0x1711870d),
    ([300, 300], 224, 0x4c22c132),
];

#[test]
fn every_size_equals_pillow_bit_for_bit() {
    for ([height, width], size, expected) in PILLOW {
        let mut crc = flate2::Crc::new();
        crc.update(&resize_and_crop(&image(height, width), [height, width], [size, size]));
        assert_eq!(crc.sum(), expected, "{height}x{width} to {size}");
    }
}

#[test]
fn the_wanted_size_stays_as_it_is() {
    assert_eq!(resize_and_crop(&image(32, 32), [32, 32], [32, 32]), image(32, 32));
}

#[test]
fn halves_round_to_the_even_margin() {
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(|extra| margin(32 + extra, 32)), [0, 1, 2, 2, 2, 3, 4]);
}

#[test]
fn a_target_that_is_not_square_is_filled_and_cropped() {
    assert_eq!(resize_and_crop(&image(40, 40), [40, 40], [20, 10]).len(), 20 * 10 * 3);
    assert_eq!(resize_and_crop(&image(40, 90), [40, 90], [10, 20]).len(), 20 * 10 * 3);
}

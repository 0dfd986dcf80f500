//! Every kind against `golden.npz` of `reference.py`: the deterministic ones, and the random ones given the reference's draws.
//!
//! The reference works in f32 in places, Flatland in f64 throughout, and both truncate at the end: a value that should be whole may
//! fall on either side, so single elements may differ by 1. Where the table says 0, none does.

use super::super::{Pixels, blur, digital, elastic, spatter, weather};
use super::*;

pub(super) struct Golden(npyz::npz::NpzArchive<std::io::Cursor<&'static [u8]>>);

impl Golden {
    pub(super) fn open() -> Self {
        Self(npyz::npz::NpzArchive::new(std::io::Cursor::new(include_bytes!("../golden.npz").as_slice())).unwrap())
    }

    pub(super) fn read<T: npyz::Deserialize>(&mut self, name: &str) -> Vec<T> {
        self.0.by_name(name).unwrap().unwrap_or_else(|| panic!("{name}")).into_vec().unwrap()
    }

    fn draws(&mut self, name: &str) -> Vec<f64> {
        self.read::<f32>(name).into_iter().map(f64::from).collect()
    }

    /// Image `i` of three; the third has hard edges and pure colours.
    pub(super) fn image(&mut self, i: usize) -> Vec<u8> {
        self.read("images")[i * 3072..(i + 1) * 3072].to_vec()
    }
}

/// Holds `kind` at every severity against the golden images: no element farther off than `most`, and at most a share of `off` of
/// them off at all.
fn check(golden: &mut Golden, kind: &str, most: u8, off: f64, corrupt: impl Fn(&mut Pixels, usize)) {
    let image = golden.image(2);
    let expected: Vec<u8> = golden.read(kind);
    let mut worst = Vec::new();
    for (level, expected) in expected.chunks_exact(3072).enumerate() {
        let mut found = vec![0; 3072];
        let mut pixels = Pixels::new(&image, 32, 32);
        corrupt(&mut pixels, level);
        pixels.write(&mut found);
        let differences: Vec<u8> = found.iter().zip(expected).map(|(&a, &b)| a.abs_diff(b)).filter(|&d| d > 0).collect();
        let farthest = differences.iter().copied().max().unwrap_or(0);
        let share = differences.len() as f64 / 3072.0;
        if farthest > most || share > off {
            worst.push(format!("severity {}: {share:.5} of the elements differ, by {farthest} at most", level + 1));
        }
    }
    assert!(worst.is_empty(), "{kind}: {worst:?}");
}

#[test]
fn deterministic_kinds_equal_the_reference() {
    let golden = &mut Golden::open();
    check(golden, "gaussian_blur", 0, 0.0, blur::gaussian);
    check(golden, "brightness", 1, 0.02, colour::brightness);
    check(golden, "contrast", 0, 0.0, colour::contrast);
    check(golden, "saturate", 0, 0.0, colour::saturate);
    check(golden, "pixelate", 0, 0.0, digital::pixelate);
    check(golden, "jpeg_compression", 0, 0.0, digital::jpeg_compression);
    // OpenCV correlates with its 17x17 kernel by Fourier transforms: flat areas come out a rounding error below their value.
    check(golden, "defocus_blur", 1, 0.05, blur::defocus);
    check(golden, "zoom_blur", 0, 0.0, blur::zoom);
}

#[test]
fn glass_blur_equals_the_reference_given_its_offsets() {
    let golden = &mut Golden::open();
    let draws: Vec<i8> = golden.read("glass_blur.0");
    check(golden, "glass_blur", 0, 0.0, |x, level| {
        let mut draws = draws.iter();
        blur::glass_with(x, level, |_| isize::from(*draws.next().unwrap()));
    });
}

#[test]
fn motion_blur_equals_imagemagick_given_its_angle() {
    let golden = &mut Golden::open();
    let angle = golden.draws("motion_blur.0")[0];
    check(golden, "motion_blur", 0, 0.0, |x, level| blur::motion_at(x, level, angle));
}

#[test]
fn snow_equals_the_reference_given_its_draws() {
    let golden = &mut Golden::open();
    let (normal, angle) = (golden.draws("snow.0"), golden.draws("snow.1")[0]);
    check(golden, "snow", 0, 0.0, |x, level| weather::snow_with(x, level, &normal, angle));
}

#[test]
fn fog_equals_the_reference_given_its_draws() {
    let golden = &mut Golden::open();
    let draws = golden.draws("fog.0");
    check(golden, "fog", 0, 0.0, |x, level| {
        let mut draws = draws.iter();
        weather::fog_with(x, level, || *draws.next().unwrap());
    });
}

#[test]
fn elastic_transform_equals_the_reference_given_its_draws() {
    let golden = &mut Golden::open();
    let moves: [f64; 6] = golden.draws("elastic_transform.0").try_into().unwrap();
    let fields = [golden.draws("elastic_transform.1"), golden.draws("elastic_transform.2")];
    check(golden, "elastic_transform", 1, 0.005, |x, level| elastic::elastic_with(x, level, &moves, fields.clone()));
}

#[test]
fn spatter_equals_the_reference_given_its_draws() {
    let golden = &mut Golden::open();
    let normal = golden.draws("spatter.0");
    check(golden, "spatter", 0, 0.0, |x, level| spatter::spatter_with(x, level, &normal));
}

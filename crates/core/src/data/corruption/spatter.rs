//! `spatter`: drops of water (severities 1 to 3) or mud (4 and 5) on the lens.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::drops;
use super::filter::{self, Border};
use super::pixels::Pixels;

/// Mean and deviation of the noise, σ of its smoothing, threshold, intensity.
const LEVELS: [(f64, f64, f64, f64, f64); 5] = [
    (0.62, 0.1, 0.7, 0.7, 0.5),
    (0.65, 0.1, 0.8, 0.7, 0.5),
    (0.65, 0.3, 1.0, 0.69, 0.5),
    (0.65, 0.1, 0.7, 0.69, 0.6),
    (0.65, 0.1, 0.5, 0.68, 0.6),
];

/// Pale turquoise and brown, RGB.
const WATER: [f64; 3] = [175.0, 238.0, 238.0];
const MUD: [f64; 3] = [63.0, 42.0, 20.0];

/// Smoothed noise above a threshold is liquid; water shines along the edges of its drops, mud covers.
pub fn spatter(x: &mut Pixels, level: usize, rng: &mut ChaCha8Rng) {
    let normal: Vec<f64> = (0..x.height * x.width).map(|_| StandardNormal.sample(rng)).collect();
    spatter_with(x, level, &normal);
}

/// [`spatter`] with given standard normal draws, [height, width].
pub(super) fn spatter_with(x: &mut Pixels, level: usize, normal: &[f64]) {
    let (mean, deviation, sigma, threshold, intensity) = LEVELS[level];
    let shape = [x.height, x.width, 1];
    let mut layer: Vec<f64> = normal.iter().map(|draw| mean + deviation * draw).collect();
    filter::gaussian(&mut layer, shape, sigma, 4.0, Border::Nearest);
    if level < 3 {
        water(x, &layer, threshold, intensity);
    } else {
        let mut cover: Vec<f64> = layer.iter().map(|&value| f64::from(value > threshold)).collect();
        filter::gaussian(&mut cover, shape, intensity, 4.0, Border::Nearest);
        for (pixel, cover) in x.rgb_mut().zip(cover) {
            let cover = if cover < 0.8 { 0.0 } else { cover };
            for (value, mud) in pixel.iter_mut().zip(MUD) {
                *value = *value * (1.0 - cover) + mud / 255.0 * cover;
            }
        }
    }
}

/// Adds turquoise light where the layer times its [`drops::relief`] is strong. Without a drop the image stays (the reference divides by
/// zero there and returns black).
fn water(x: &mut Pixels, layer: &[f64], threshold: f64, intensity: f64) {
    // Values of 1 and more wrap around as numpy's cast lets them.
    let liquid: Vec<u8> = layer.iter().map(|&value| if value < threshold { 0 } else { (value * 255.0) as i32 as u8 }).collect();
    let relief = drops::relief(&liquid, x.height, x.width);
    let light: Vec<f64> = liquid.iter().zip(&relief).map(|(&liquid, &relief)| f64::from(liquid) * f64::from(relief)).collect();
    let brightest = light.iter().copied().fold(0.0, f64::max);
    if brightest == 0.0 {
        return;
    }
    for (pixel, light) in x.rgb_mut().zip(light) {
        for (value, water) in pixel.iter_mut().zip(WATER) {
            *value += light / brightest * intensity * water / 255.0;
        }
    }
}

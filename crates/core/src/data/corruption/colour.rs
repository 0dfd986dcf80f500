//! Brightness, contrast, saturation.

use super::pixels::Pixels;

/// V + c in HSV: every channel is scaled by the pixel's new maximum over its old one; black becomes grey. The reference goes through
/// hue and back, which may fall on the other side of a whole number.
pub fn brightness(x: &mut Pixels, level: usize) {
    let amount = [0.05, 0.1, 0.15, 0.2, 0.3][level];
    for pixel in x.rgb_mut() {
        let value = pixel[0].max(pixel[1]).max(pixel[2]);
        let raised = (value + amount).clamp(0.0, 1.0);
        for channel in pixel {
            *channel = if value > 0.0 { *channel * raised / value } else { raised };
        }
    }
}

/// (x − mean)·c + mean, mean per channel over the image.
pub fn contrast(x: &mut Pixels, level: usize) {
    let factor = [0.75, 0.5, 0.4, 0.3, 0.15][level];
    let count = (x.height * x.width) as f64;
    let mut mean = [0.0; 3];
    for pixel in x.rgb_mut() {
        for (sum, channel) in mean.iter_mut().zip(pixel) {
            *sum += *channel / count;
        }
    }
    for pixel in x.rgb_mut() {
        for (channel, mean) in pixel.iter_mut().zip(mean) {
            *channel = (*channel - mean) * factor + mean;
        }
    }
}

/// S·c₀ + c₁ in HSV.
pub fn saturate(x: &mut Pixels, level: usize) {
    let (factor, offset) = [(0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2)][level];
    for pixel in x.rgb_mut() {
        let [hue, saturation, value] = rgb_to_hsv([pixel[0], pixel[1], pixel[2]]);
        pixel.copy_from_slice(&hsv_to_rgb([hue, (saturation * factor + offset).clamp(0.0, 1.0), value]));
    }
}

/// As scikit-image: hue in [0, 1), S = (max − min)/max.
fn rgb_to_hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let value = r.max(g).max(b);
    let delta = value - r.min(g).min(b);
    if delta == 0.0 {
        return [0.0, 0.0, value];
    }
    // Later cases win where maxima tie, as in scikit-image.
    let sextant = if b == value {
        4.0 + (r - g) / delta
    } else if g == value {
        2.0 + (b - r) / delta
    } else {
        (g - b) / delta
    };
    [(sextant / 6.0).rem_euclid(1.0), delta / value, value]
}

fn hsv_to_rgb([hue, saturation, value]: [f64; 3]) -> [f64; 3] {
    let sextant = (hue * 6.0).floor();
    let f = hue * 6.0 - sextant;
    let p = value * (1.0 - saturation);
    let q = value * (1.0 - f * saturation);
    let t = value * (1.0 - (1.0 - f) * saturation);
    match sextant as i64 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}

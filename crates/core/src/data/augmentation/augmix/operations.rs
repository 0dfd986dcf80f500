//! The thirteen operations of AugMix as torchvision does them to u8 tensors (`_functional_tensor.py`), in f32.

/// An operation; its strength is a step 0..10 of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
    Brightness,
    Color,
    Contrast,
    Sharpness,
}

use Operation::*;

impl Operation {
    /// All of them, in torchvision's order.
    pub const ALL: [Operation; 13] = [
        ShearX,
        ShearY,
        TranslateX,
        TranslateY,
        Rotate,
        Posterize,
        Solarize,
        AutoContrast,
        Equalize,
        Brightness,
        Color,
        Contrast,
        Sharpness,
    ];

    /// Strength of `step` 0..10 for an image of [height, width]: tangents, pixels, degrees, bits, a threshold, or a change of a factor.
    pub fn magnitude(self, step: usize, height: usize, width: usize) -> f32 {
        // As torch's linspace: the upper half counts down from the end.
        let up_to = |most: f32| if step < 5 { most / 9.0 * step as f32 } else { most - most / 9.0 * (9 - step) as f32 };
        match self {
            ShearX | ShearY => up_to(0.3),
            TranslateX => up_to(width as f32 / 3.0),
            TranslateY => up_to(height as f32 / 3.0),
            Rotate => up_to(30.0),
            Posterize => 4.0 - (step as f32 / 2.25).round_ties_even(),
            Solarize => {
                if step < 5 {
                    255.0 - 255.0 / 9.0 * step as f32
                } else {
                    255.0 / 9.0 * (9 - step) as f32
                }
            }
            AutoContrast | Equalize => 0.0,
            Brightness | Color | Contrast | Sharpness => up_to(0.9),
        }
    }

    /// Whether the strength may also be negative.
    pub fn is_signed(self) -> bool {
        !matches!(self, Posterize | Solarize | AutoContrast | Equalize)
    }

    /// Applies it at `magnitude` (signed) to `image`, u8 RGB [height, width, 3].
    pub fn apply(self, image: &mut [u8], height: usize, width: usize, magnitude: f32) {
        let (size, factor) = ([height, width], 1.0 + f64::from(magnitude));
        match self {
            // Shears leave the upper left corner in place, which lies half the image before the centre.
            ShearX => affine(image, size, [1.0, magnitude, magnitude * height as f32 / 2.0, 0.0, 1.0, 0.0]),
            ShearY => affine(image, size, [1.0, 0.0, 0.0, magnitude, 1.0, magnitude * width as f32 / 2.0]),
            TranslateX => affine(image, size, [1.0, 0.0, -magnitude.trunc(), 0.0, 1.0, 0.0]),
            TranslateY => affine(image, size, [1.0, 0.0, 0.0, 0.0, 1.0, -magnitude.trunc()]),
            Rotate => {
                let (sin, cos) = f64::from(magnitude).to_radians().sin_cos();
                affine(image, size, [cos as f32, -sin as f32, 0.0, sin as f32, cos as f32, 0.0]);
            }
            Posterize => image.iter_mut().for_each(|value| *value &= (0xff00u32 >> (magnitude as u32).min(8)) as u8),
            Solarize => image.iter_mut().filter(|value| f32::from(**value) >= magnitude).for_each(|value| *value = 255 - *value),
            AutoContrast => autocontrast(image),
            Equalize => equalize(image),
            Brightness => image.iter_mut().for_each(|value| *value = blend(*value, 0.0, factor)),
            Color => {
                for pixel in image.chunks_exact_mut(3) {
                    let grey = f32::from(grey(pixel));
                    pixel.iter_mut().for_each(|value| *value = blend(*value, grey, factor));
                }
            }
            Contrast => {
                let sum: u64 = image.chunks_exact(3).map(|pixel| u64::from(grey(pixel))).sum();
                let mean = sum as f32 / (height * width) as f32;
                image.iter_mut().for_each(|value| *value = blend(*value, mean, factor));
            }
            Sharpness => sharpness(image, size, factor),
        }
    }
}

/// ratio·a + (1 − ratio)·b, truncated.
fn blend(a: u8, b: f32, ratio: f64) -> u8 {
    (ratio as f32 * f32::from(a) + (1.0 - ratio) as f32 * b).clamp(0.0, 255.0) as u8
}

fn grey(pixel: &[u8]) -> u8 {
    (0.2989 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2])) as u8
}

/// Fetches every pixel from matrix·(x, y, 1) in coordinates about the centre: bilinear, black outside, rounded.
fn affine(image: &mut [u8], [height, width]: [usize; 2], matrix: [f32; 6]) {
    let source = image.to_vec();
    let (middle_x, middle_y) = ((width as f32 - 1.0) / 2.0, (height as f32 - 1.0) / 2.0);
    let at = |row: f32, column: f32| {
        let inside = row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32;
        inside.then(|| (row as usize * width + column as usize) * 3)
    };
    for (i, pixel) in image.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % width) as f32 - middle_x, (i / width) as f32 - middle_y);
        let [a, b, c, d, e, f] = matrix;
        let (column, row) = (a * x + b * y + c + middle_x, d * x + e * y + f + middle_y);
        let (left, top) = (column.floor(), row.floor());
        let (u, v) = (column - left, row - top);
        let corners = [
            (at(top, left), (1.0 - u) * (1.0 - v)),
            (at(top, left + 1.0), u * (1.0 - v)),
            (at(top + 1.0, left), (1.0 - u) * v),
            (at(top + 1.0, left + 1.0), u * v),
        ];
        for (channel, value) in pixel.iter_mut().enumerate() {
            let sum: f32 = corners.iter().filter_map(|(at, weight)| at.map(|at| weight * f32::from(source[at + channel]))).sum();
            *value = sum.round_ties_even() as u8;
        }
    }
}

/// Each channel stretched to 0 to 255; a channel of one level stays.
fn autocontrast(image: &mut [u8]) {
    for channel in 0..3 {
        let values = || image.iter().skip(channel).step_by(3).copied();
        let (Some(least), Some(most)) = (values().min(), values().max()) else { return };
        if least < most {
            // torch divides a number by a tensor as its reciprocal times the number.
            let scale = 1.0 / f32::from(most - least) * 255.0;
            let stretched = |value: u8| (f32::from(value - least) * scale).clamp(0.0, 255.0) as u8;
            image.iter_mut().skip(channel).step_by(3).for_each(|value| *value = stretched(*value));
        }
    }
}

/// The histogram of each channel made flat; the step between levels is a whole number of pixels, as in Pillow.
fn equalize(image: &mut [u8]) {
    for channel in 0..3 {
        let mut histogram = [0usize; 256];
        image.iter().skip(channel).step_by(3).for_each(|&value| histogram[usize::from(value)] += 1);
        let brightest = histogram.iter().rev().find(|count| **count > 0).copied().unwrap_or(0);
        let step = (image.len() / 3 - brightest) / 255;
        if step == 0 {
            continue;
        }
        let mut map = [0u8; 256];
        let mut below = 0;
        for (level, count) in map.iter_mut().zip(histogram) {
            *level = ((below + step / 2) / step).min(255) as u8;
            below += count;
        }
        // torchvision shifts the table by one and starts it with 0.
        map[0] = 0;
        image.iter_mut().skip(channel).step_by(3).for_each(|value| *value = map[usize::from(*value)]);
    }
}

/// Blends with a 3x3 mean that weighs the centre 5 times; the frame, and images with no inside, stay.
fn sharpness(image: &mut [u8], [height, width]: [usize; 2], factor: f64) {
    if height <= 2 || width <= 2 {
        return;
    }
    let source = image.to_vec();
    let stride = width * 3;
    for r in 1..height - 1 {
        for at in r * stride + 3..(r + 1) * stride - 3 {
            let square = [at - stride - 3, at - stride, at - stride + 3, at - 3, at + 3, at + stride - 3, at + stride, at + stride + 3];
            let sum = square.iter().map(|&at| u32::from(source[at])).sum::<u32>() + 5 * u32::from(source[at]);
            let smooth = (sum as f32 / 13.0).round_ties_even();
            image[at] = blend(source[at], smooth, factor);
        }
    }
    // The frame blends with itself: f32 may lose a level there, as torchvision does.
    for (i, value) in image.iter_mut().enumerate() {
        let (row, column) = (i / stride, i % stride);
        if row == 0 || row == height - 1 || column < 3 || column >= stride - 3 {
            *value = blend(source[i], f32::from(source[i]), factor);
        }
    }
}

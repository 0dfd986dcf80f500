//! The loss of a baseline JPEG with 4:2:0 chroma, as libjpeg makes it: Pillow's default.
//!
//! Nothing is encoded: entropy coding is lossless, so only colour conversion, chroma averaging, the "slow integer" DCT of 8x8 blocks,
//! quantization by the standard tables (ITU-T T.81, annex K) and the inverse steps (triangle-filtered chroma) are done, in libjpeg's
//! integer arithmetic.

/// Quantization of luma and chroma at quality 50, row by row (T.81, tables K.1 and K.2).
const LUMA: [i32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103,
    99,
];
const CHROMA: [i32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// A table at `quality` 1..=100, as the IJG scales it.
pub(super) fn table(base: &[i32; 64], quality: i32) -> [i32; 64] {
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    base.map(|step| ((step * scale + 50) / 100).clamp(1, 255))
}

/// One component: samples of [height, width], and how many of them are image, not padding.
struct Component {
    samples: Vec<u8>,
    height: usize,
    width: usize,
}

/// `image`, u8 RGB [height, width, 3], as it comes back from a JPEG of `quality` 1..=100.
pub fn round_trip(image: &mut [u8], height: usize, width: usize, quality: i32) {
    let [mut luma, blue, red] = components(image, height, width);
    let chroma_table = table(&CHROMA, quality);
    quantize(&mut luma, &table(&LUMA, quality));
    let (half_height, half_width) = (height.div_ceil(2), width.div_ceil(2));
    let [blue, red] = [blue, red].map(|full| {
        let mut half = halve(&full);
        quantize(&mut half, &chroma_table);
        double(&half, half_height, half_width)
    });
    for (r, row) in image.chunks_exact_mut(width * 3).enumerate() {
        for (c, pixel) in row.chunks_exact_mut(3).enumerate() {
            let at = r * half_width * 2 + c;
            let y = i32::from(luma.samples[r * luma.width + c]);
            let (cb, cr) = (i32::from(blue[at]) - 128, i32::from(red[at]) - 128);
            let rgb =
                [y + fixed(1.402, cr, HALF), y + ((-fix(0.344_14) * cb - fix(0.714_14) * cr + HALF) >> 16), y + fixed(1.772, cb, HALF)];
            pixel.copy_from_slice(&rgb.map(|value| value.clamp(0, 255) as u8));
        }
    }
}

const HALF: i32 = 1 << 15;

/// `x` with 16 bits of fraction.
const fn fix(x: f64) -> i32 {
    (x * 65536.0 + 0.5) as i32
}

fn fixed(factor: f64, value: i32, rounding: i32) -> i32 {
    (fix(factor) * value + rounding) >> 16
}

/// Y, Cb, Cr, each continued by its last row and column to whole 16x16 units.
fn components(image: &[u8], height: usize, width: usize) -> [Component; 3] {
    let (full_height, full_width) = (height.next_multiple_of(16), width.next_multiple_of(16));
    let empty = || Component { samples: Vec::with_capacity(full_height * full_width), height: full_height, width: full_width };
    let mut all = [empty(), empty(), empty()];
    for r in 0..full_height {
        let row = &image[r.min(height - 1) * width * 3..][..width * 3];
        for c in 0..full_width {
            let pixel = &row[c.min(width - 1) * 3..][..3];
            let [r, g, b] = [i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2])];
            let offset = (128 << 16) + HALF - 1;
            let values = [
                fix(0.299) * r + fix(0.587) * g + fix(0.114) * b + HALF,
                -fix(0.168_735_892) * r - fix(0.331_264_108) * g + fix(0.5) * b + offset,
                fix(0.5) * r - fix(0.418_687_589) * g - fix(0.081_312_411) * b + offset,
            ];
            for (component, value) in all.iter_mut().zip(values) {
                component.samples.push((value >> 16) as u8);
            }
        }
    }
    all
}

/// Means of 2x2 samples; sums ending in a half are rounded down in even columns, up in odd ones.
fn halve(full: &Component) -> Component {
    let (height, width) = (full.height / 2, full.width / 2);
    let mut samples = Vec::with_capacity(height * width);
    for rows in full.samples.chunks_exact(full.width * 2) {
        let (upper, lower) = rows.split_at(full.width);
        for (c, (a, b)) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).enumerate() {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            samples.push(((sum + 1 + (c & 1) as u16) >> 2) as u8);
        }
    }
    Component { samples, height, width }
}

/// The image part of a chroma component at twice its size: each sample is weighted 3 to 1 with its neighbours, along columns
/// and rows. Rows of 2·width. At most two columns are repeated instead, as libjpeg does.
fn double(half: &Component, height: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(height * width * 4);
    let row = |r: isize| &half.samples[r.clamp(0, height as isize - 1) as usize * half.width..][..width];
    let mut sums = vec![0i32; width];
    for r in 0..height as isize {
        for other in [r - 1, r + 1] {
            if width <= 2 {
                out.extend(row(r).iter().flat_map(|&sample| [sample, sample]));
                continue;
            }
            for ((sum, &near), &far) in sums.iter_mut().zip(row(r)).zip(row(other)) {
                *sum = 3 * i32::from(near) + i32::from(far);
            }
            for c in 0..width {
                let (left, right) = (sums[c.saturating_sub(1)], sums[(c + 1).min(width - 1)]);
                out.extend([(3 * sums[c] + left + 8) >> 4, (3 * sums[c] + right + 7) >> 4].map(|value| value as u8));
            }
        }
    }
    out
}

/// Every 8x8 block to the frequency domain, onto the steps of `table`, and back.
fn quantize(component: &mut Component, table: &[i32; 64]) {
    let width = component.width;
    let mut block = [0i32; 64];
    for top in (0..component.height).step_by(8) {
        for left in (0..width).step_by(8) {
            for (r, row) in block.chunks_exact_mut(8).enumerate() {
                let samples = &component.samples[(top + r) * width + left..][..8];
                row.iter_mut().zip(samples).for_each(|(value, &sample)| *value = i32::from(sample) - 128);
            }
            forward(&mut block);
            for (value, &step) in block.iter_mut().zip(table) {
                // The transform is scaled by 8.
                let unit = step * 8;
                *value = (value.abs() + unit / 2) / unit * value.signum() * step;
            }
            inverse(&mut block);
            for (r, row) in block.chunks_exact(8).enumerate() {
                let samples = &mut component.samples[(top + r) * width + left..][..8];
                samples.iter_mut().zip(row).for_each(|(sample, &value)| *sample = (value + 128).clamp(0, 255) as u8);
            }
        }
    }
}

// Constants of the transform of Loeffler, Ligtenberg and Moschytz (1989) with 13 bits of fraction.
const F_0_298: i32 = 2446;
const F_0_390: i32 = 3196;
const F_0_541: i32 = 4433;
const F_0_765: i32 = 6270;
const F_0_899: i32 = 7373;
const F_1_175: i32 = 9633;
const F_1_501: i32 = 12299;
const F_1_847: i32 = 15137;
const F_1_961: i32 = 16069;
const F_2_053: i32 = 16819;
const F_2_562: i32 = 20995;
const F_3_072: i32 = 25172;

fn descale(x: i32, bits: i32) -> i32 {
    (x + (1 << (bits - 1))) >> bits
}

/// The DCT, scaled by 8: rows keep 2 bits of fraction, columns remove them.
fn forward(block: &mut [i32; 64]) {
    for i in 0..8 {
        forward_line(block, i * 8, 1, |even| even << 2, 11);
    }
    for i in 0..8 {
        forward_line(block, i, 8, |even| descale(even, 2), 15);
    }
}

fn forward_line(block: &mut [i32; 64], start: usize, stride: usize, even: impl Fn(i32) -> i32, bits: i32) {
    let x: [i32; 8] = std::array::from_fn(|i| block[start + i * stride]);
    let sum: [i32; 4] = std::array::from_fn(|i| x[i] + x[7 - i]);
    let [d4, d5, d6, d7] = [x[3] - x[4], x[2] - x[5], x[1] - x[6], x[0] - x[7]];
    let (s10, s13, s11, s12) = (sum[0] + sum[3], sum[0] - sum[3], sum[1] + sum[2], sum[1] - sum[2]);
    let turn = (s12 + s13) * F_0_541;
    let [z1, z2, z3, z4] = [-(d4 + d7) * F_0_899, -(d5 + d6) * F_2_562, d4 + d6, d5 + d7];
    let z5 = (z3 + z4) * F_1_175;
    let (z3, z4) = (z5 - z3 * F_1_961, z5 - z4 * F_0_390);
    let out = [
        even(s10 + s11),
        descale(d7 * F_1_501 + z1 + z4, bits),
        descale(turn + s13 * F_0_765, bits),
        descale(d6 * F_3_072 + z2 + z3, bits),
        even(s10 - s11),
        descale(d5 * F_2_053 + z2 + z4, bits),
        descale(turn - s12 * F_1_847, bits),
        descale(d4 * F_0_298 + z1 + z3, bits),
    ];
    for (i, value) in out.into_iter().enumerate() {
        block[start + i * stride] = value;
    }
}

/// The inverse: columns first, then rows; removes the scale of the table's steps.
fn inverse(block: &mut [i32; 64]) {
    for i in 0..8 {
        inverse_line(block, i, 8, 11);
    }
    for i in 0..8 {
        inverse_line(block, i * 8, 1, 18);
    }
}

fn inverse_line(block: &mut [i32; 64], start: usize, stride: usize, bits: i32) {
    let x: [i32; 8] = std::array::from_fn(|i| block[start + i * stride]);
    let turn = (x[2] + x[6]) * F_0_541;
    let (t2, t3) = (turn - x[6] * F_1_847, turn + x[2] * F_0_765);
    let (t0, t1) = ((x[0] + x[4]) << 13, (x[0] - x[4]) << 13);
    let even = [t0 + t3, t1 + t2, t1 - t2, t0 - t3];
    let [z1, z2, z3, z4] = [-(x[7] + x[1]) * F_0_899, -(x[5] + x[3]) * F_2_562, x[7] + x[3], x[5] + x[1]];
    let z5 = (z3 + z4) * F_1_175;
    let (z3, z4) = (z5 - z3 * F_1_961, z5 - z4 * F_0_390);
    let odd = [x[1] * F_1_501 + z1 + z4, x[3] * F_3_072 + z2 + z3, x[5] * F_2_053 + z2 + z4, x[7] * F_0_298 + z1 + z3];
    for i in 0..4 {
        block[start + i * stride] = descale(even[i] + odd[i], bits);
        block[start + (7 - i) * stride] = descale(even[i] - odd[i], bits);
    }
}

//! The relief of water drops in `spatter`: OpenCV's Canny edges, distance to them, equalized and embossed.

use super::filter::Border;

/// u8 [height, width] of the same size as `liquid`: 255 − Canny(50, 150), distance (5x5 mask) cut at 20, 3x3 mean, equalized histogram,
/// emboss kernel, 3x3 mean.
pub fn relief(liquid: &[u8], height: usize, width: usize) -> Vec<u8> {
    let distance: Vec<f32> = distance(&edges(liquid, height, width), height, width).iter().map(|d| d.min(20.0)).collect();
    let near = |r: usize, c: usize, down: isize, right: isize| {
        Border::Mirror.at(r as isize + down, height) * width + Border::Mirror.at(c as isize + right, width)
    };
    let square = || (-1..=1).flat_map(|down| (-1..=1).map(move |right| (down, right)));
    let positions = || (0..height).flat_map(|r| (0..width).map(move |c| (r, c)));
    let mut relief: Vec<u8> = positions()
        .map(|(r, c)| {
            let sum: f64 = square().map(|(down, right)| f64::from(distance[near(r, c, down, right)])).sum();
            (sum * (1.0 / 9.0)) as f32 as u8
        })
        .collect();
    equalize(&mut relief);
    let embossed: Vec<u8> = positions()
        .map(|(r, c)| {
            let weights = [-2, -1, 0, -1, 1, 1, 0, 1, 2];
            let sum: i32 = square().zip(weights).map(|((down, right), w)| w * i32::from(relief[near(r, c, down, right)])).sum();
            sum.clamp(0, 255) as u8
        })
        .collect();
    positions()
        .map(|(r, c)| {
            let sum: u16 = square().map(|(down, right)| u16::from(embossed[near(r, c, down, right)])).sum();
            ((sum + 4) / 9) as u8
        })
        .collect()
}

/// Canny with thresholds 50 and 150 on |dx| + |dy| of 3x3 Sobel filters: where there is an edge.
fn edges(image: &[u8], height: usize, width: usize) -> Vec<bool> {
    let pixel = |r: isize, c: isize| i32::from(image[Border::Nearest.at(r, height) * width + Border::Nearest.at(c, width)]);
    // A frame of zeros around the magnitudes: beyond the image there is no gradient.
    let stride = width + 2;
    let mut magnitude = vec![0; (height + 2) * stride];
    let mut gradient = vec![(0, 0); height * width];
    for r in 0..height {
        for c in 0..width {
            let (y, x) = (r as isize, c as isize);
            let side = |x: isize| pixel(y - 1, x) + 2 * pixel(y, x) + pixel(y + 1, x);
            let line = |y: isize| pixel(y, x - 1) + 2 * pixel(y, x) + pixel(y, x + 1);
            let (dx, dy) = (side(x + 1) - side(x - 1), line(y + 1) - line(y - 1));
            gradient[r * width + c] = (dx, dy);
            magnitude[(r + 1) * stride + c + 1] = dx.abs() + dy.abs();
        }
    }
    // Local maxima across the edge, weak above 50, strong above 150.
    let mut weak = vec![false; height * width];
    let mut reached = Vec::new();
    for r in 0..height {
        for c in 0..width {
            let at = (r + 1) * stride + c + 1;
            let m = magnitude[at];
            if m <= 50 {
                continue;
            }
            let (dx, dy) = gradient[r * width + c];
            let (x, y) = (dx.abs(), dy.abs() << 15);
            // tan 22.5° with 15 bits; tan 67.5° is 2 more.
            let low = x * 13573;
            let maximum = if y < low {
                m > magnitude[at - 1] && m >= magnitude[at + 1]
            } else if y > low + (x << 16) {
                m > magnitude[at - stride] && m >= magnitude[at + stride]
            } else if (dx ^ dy) < 0 {
                m > magnitude[at - stride + 1] && m > magnitude[at + stride - 1]
            } else {
                m > magnitude[at - stride - 1] && m > magnitude[at + stride + 1]
            };
            weak[r * width + c] = maximum;
            if maximum && m > 150 {
                reached.push((r, c));
            }
        }
    }
    // Weak ones are edges if they touch a strong one.
    let mut edge = vec![false; height * width];
    reached.iter().for_each(|&(r, c)| edge[r * width + c] = true);
    while let Some((r, c)) = reached.pop() {
        for row in r.saturating_sub(1)..=(r + 1).min(height - 1) {
            for column in c.saturating_sub(1)..=(c + 1).min(width - 1) {
                let at = row * width + column;
                if weak[at] && !edge[at] {
                    edge[at] = true;
                    reached.push((row, column));
                }
            }
        }
    }
    edge
}

/// The distance to the nearest edge in steps of 1, 1.4 (diagonal) and 2.1969 (knight's move), as OpenCV adds them up in 16 bits of
/// fraction: forwards, then backwards. Far away without any edge.
fn distance(edge: &[bool], height: usize, width: usize) -> Vec<f32> {
    const STRAIGHT: u32 = 65536;
    const DIAGONAL: u32 = 91750;
    const KNIGHT: u32 = 143_976;
    const FAR: u32 = u32::MAX >> 2;
    let stride = width + 4;
    let mut way = vec![FAR; (height + 4) * stride];
    let mask = [
        (2 * stride + 1, KNIGHT),
        (2 * stride - 1, KNIGHT),
        (stride + 2, KNIGHT),
        (stride + 1, DIAGONAL),
        (stride, STRAIGHT),
        (stride - 1, DIAGONAL),
        (stride - 2, KNIGHT),
        (1, STRAIGHT),
    ];
    let place = |i: usize| (i / width + 2) * stride + i % width + 2;
    for (i, &edge) in edge.iter().enumerate() {
        let at = place(i);
        way[at] = if edge { 0 } else { mask.iter().map(|&(back, step)| way[at - back] + step).min().unwrap_or(FAR).min(FAR) };
    }
    for i in (0..height * width).rev() {
        let at = place(i);
        way[at] = mask.iter().map(|&(ahead, step)| way[at + ahead] + step).fold(way[at], u32::min);
    }
    (0..height * width).map(|i| way[place(i)] as f32 / 65536.0).collect()
}

/// OpenCV's `equalizeHist`.
fn equalize(image: &mut [u8]) {
    let mut histogram = [0u32; 256];
    image.iter().for_each(|&value| histogram[usize::from(value)] += 1);
    let Some(first) = histogram.iter().position(|&count| count > 0) else { return };
    let rest = image.len() as u32 - histogram[first];
    if rest == 0 {
        return;
    }
    let scale = 255.0 / rest as f32;
    let mut map = [0u8; 256];
    let mut sum = 0;
    for value in first + 1..256 {
        sum += histogram[value];
        map[value] = (sum as f32 * scale).round_ties_even() as u8;
    }
    image.iter_mut().for_each(|value| *value = map[usize::from(*value)]);
}

//! ImageMagick's motion blur, used by `motion_blur` and `snow`.

/// `values`, [height, width, channels] in 0 to 255, blurred along `angle` (degrees): tap i of 0..=2·radius reads
/// (⌈i·cos − ½⌉, ⌈i·sin − ½⌉) pixels to the right and below, weighted by a Gaussian of σ over i; the edge is continued. The
/// results are whole numbers: rounded to 16 bits, then cut to 8, as ImageMagick stores and writes its pixels.
///
/// As `MotionBlurImage` of ImageMagick does. The NumPy port in `imagecorruptions` drops taps that reach farther than the image is
/// long; at 32 pixels there are none.
pub fn blur(values: &[f64], [height, width, channels]: [usize; 3], radius: usize, sigma: f64, angle: f64) -> Vec<f64> {
    let weights: Vec<f64> = (0..=2 * radius).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let (sin, cos) = angle.to_radians().sin_cos();
    let mut out = vec![0.0; values.len()];
    let stride = width * channels;
    for (i, weight) in weights.iter().enumerate() {
        let step = |direction: f64| (i as f64 * direction - 0.5).ceil() as isize;
        let (right, down, weight) = (step(cos), step(sin), weight / total);
        // Columns whose source lies within the row; the others take its first or last pixel.
        let inside = (-right).clamp(0, width as isize) as usize..(width as isize - right).clamp(0, width as isize) as usize;
        for (r, row) in (0isize..).zip(out.chunks_exact_mut(stride)) {
            let from = &values[(r + down).clamp(0, height as isize - 1) as usize * stride..][..stride];
            for (c, pixel) in row.chunks_exact_mut(channels).enumerate().filter(|(c, _)| !inside.contains(c)) {
                let edge = if c < inside.start || right < 0 { &from[..channels] } else { &from[stride - channels..] };
                add(pixel, edge, weight);
            }
            if !inside.is_empty() {
                let start = ((inside.start as isize + right) as usize) * channels;
                add(&mut row[inside.start * channels..inside.end * channels], &from[start..], weight);
            }
        }
    }
    out.iter_mut().for_each(|value| *value = ((*value * 257.0).round() / 257.0).floor());
    out
}

fn add(out: &mut [f64], from: &[f64], weight: f64) {
    for (value, x) in out.iter_mut().zip(from) {
        *value += weight * x;
    }
}

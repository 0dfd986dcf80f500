//! Training augmentations of u8 images; the caller brings the random numbers.

use rand::Rng;

/// Mirrors `image`, u8 RGB with rows of `width`, left to right with probability 0.5.
pub fn random_flip(image: &mut [u8], width: usize, rng: &mut impl Rng) {
    if rng.random_bool(0.5) {
        for row in image.chunks_exact_mut(width * 3) {
            for column in 0..width / 2 {
                for channel in 0..3 {
                    row.swap(column * 3 + channel, (width - 1 - column) * 3 + channel);
                }
            }
        }
    }
}

/// Crops `image`, u8 RGB [height, width, 3], at random from itself within a black frame an eighth of its height wide (4 for 32).
pub fn random_crop(image: &mut [u8], height: usize, width: usize, rng: &mut impl Rng) {
    let padding = (height / 8) as i32;
    let (down, right) = (rng.random_range(-padding..=padding), rng.random_range(-padding..=padding));
    shift(image, height, width, down as isize, right as isize);
}

/// out(r, c) = in(r + down, c + right), black outside.
fn shift(image: &mut [u8], height: usize, width: usize, down: isize, right: isize) {
    let original = image.to_vec();
    image.fill(0);
    for row in 0..height {
        let Some(from_row) = row.checked_add_signed(down).filter(|&r| r < height) else { continue };
        for column in 0..width {
            let Some(from_column) = column.checked_add_signed(right).filter(|&c| c < width) else { continue };
            let (to, from) = ((row * width + column) * 3, (from_row * width + from_column) * 3);
            image[to..to + 3].copy_from_slice(&original[from..from + 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn shift_moves_the_window_and_fills_with_black() {
        let mut image = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
        shift(&mut image, 2, 2, 1, -1);
        assert_eq!(image, [0, 0, 0, 3, 3, 3, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn crops_reach_every_offset_and_no_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            // One white pixel in the centre of 16x16 lands where the crop put it.
            let mut image = vec![0; 16 * 16 * 3];
            image[(8 * 16 + 8) * 3] = 255;
            random_crop(&mut image, 16, 16, &mut rng);
            seen.insert(image.iter().position(|&byte| byte == 255).map(|at| (at / 48, at / 3 % 16)));
        }
        let expected = (6..=10).flat_map(|row| (6..=10).map(move |column| Some((row, column)))).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn flips_mirror_pixels_half_of_the_time() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let flipped = (0..1000)
            .filter(|_| {
                let mut image = [1, 2, 3, 4, 5, 6];
                random_flip(&mut image, 2, &mut rng);
                assert!(image == [1, 2, 3, 4, 5, 6] || image == [4, 5, 6, 1, 2, 3]);
                image[0] == 4
            })
            .count();
        assert!((450..550).contains(&flipped), "{flipped}");
    }
}

//! [`Pixels`]: an image as f64 in [0, 1] while it is transformed.

/// An RGB image, [height, width, 3], f64.
#[derive(Clone, Debug)]
pub struct Pixels {
    pub values: Vec<f64>,
    pub height: usize,
    pub width: usize,
}

impl Pixels {
    /// u8 / 255
    pub fn new(image: &[u8], height: usize, width: usize) -> Self {
        Self { values: image.iter().map(|&byte| f64::from(byte) / 255.0).collect(), height, width }
    }

    /// [height, width, 3]
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, 3]
    }

    /// The pixels, three values each.
    pub fn rgb_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        self.values.chunks_exact_mut(3)
    }

    /// To the next lower multiple of 1/255, as numpy's cast to u8 does.
    pub fn truncate(&mut self) {
        self.values.iter_mut().for_each(|value| *value = (value.clamp(0.0, 1.0) * 255.0).floor() / 255.0);
    }

    /// clip(x, 0, 1)·255, truncated to u8 as numpy's cast does (not rounded).
    pub fn write(&self, image: &mut [u8]) {
        for (byte, value) in image.iter_mut().zip(&self.values) {
            *byte = (value.clamp(0.0, 1.0) * 255.0) as u8;
        }
    }
}

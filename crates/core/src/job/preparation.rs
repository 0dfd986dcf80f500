//! [`preparation`]: how the images of a network are brought to the size of its input.

use crate::data::{Filter, Preparation, Resize, ResizeAndCrop};
use crate::session::{InputFilter, InputResize, InputTransform};

/// How images are brought to `size` = [height, width], the input of a network, by its transform `input`, if one is stated.
pub fn preparation(input: Option<InputTransform>, size: [usize; 2]) -> Preparation {
    let Some(steps) = input.map(|input| input.steps()) else { return Preparation::To(size) };
    let resize = steps.resize.map(|resize| match resize {
        InputResize::Shorter(side) => Resize::Shorter(side),
        InputResize::Exactly(size) => Resize::Exactly(size),
    });
    let filter = match steps.filter {
        InputFilter::Bilinear => Filter::Bilinear,
        InputFilter::Bicubic => Filter::Bicubic,
        InputFilter::Lanczos => Filter::Lanczos,
        InputFilter::Nearest => Filter::Nearest,
    };
    Preparation::By(ResizeAndCrop { resize, crop: steps.crop, filter }, size)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stated_transform_is_used_and_without_one_images_fill_the_input() {
        let of = |text: &str| preparation(Some(serde_json::from_str(text).unwrap()), [224, 224]);
        let steps = |resize, crop, filter| Preparation::By(ResizeAndCrop { resize, crop, filter }, [224, 224]);
        assert_eq!(of("\"timm\""), steps(Some(Resize::Shorter(256)), Some([224; 2]), Filter::Bicubic));
        assert_eq!(of(r#"{ "resize": [230, 240], "filter": "nearest" }"#), steps(Some(Resize::Exactly([230, 240])), None, Filter::Nearest));
        assert_eq!(preparation(None, [224, 224]), Preparation::To([224, 224]));
    }
}

//! Textures of images: created when an image is first drawn, and kept as long as the image is in use.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use egui::{ColorImage, Context, Id, TextureHandle, TextureOptions};

use flatland_core::data::SingleImage;

/// Textures by the address of the image; the weak reference prevents that the address is used again.
type Textures = HashMap<usize, (Weak<SingleImage>, TextureHandle)>;

/// The texture of an image, pixel for pixel.
pub fn of(ctx: &Context, image: &Arc<SingleImage>) -> TextureHandle {
    let (id, address) = (Id::unique("textures of images"), Arc::as_ptr(image) as usize);
    let known = ctx.data(|data| data.get_temp::<Arc<Textures>>(id)).unwrap_or_default();
    if let Some((_, texture)) = known.get(&address) {
        return texture.clone();
    }
    let picture = ColorImage::from_rgb([image.width, image.height], &image.pixels);
    let texture = ctx.load_texture("image of a dataset", picture, TextureOptions::NEAREST);
    ctx.data_mut(|data| {
        let textures = Arc::make_mut(data.get_temp_mut_or_default::<Arc<Textures>>(id));
        textures.retain(|_, (image, _)| image.strong_count() > 0);
        textures.insert(address, (Arc::downgrade(image), texture.clone()));
    });
    texture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_one_texture_and_it_goes_with_the_image() {
        let (ctx, id) = (Context::default(), Id::unique("textures of images"));
        let image = |value| Arc::new(SingleImage { height: 1, width: 1, pixels: vec![value; 3] });
        let (first, second) = (image(1), image(2));
        assert_eq!(of(&ctx, &first).id(), of(&ctx, &first).id());
        assert_ne!(of(&ctx, &first).id(), of(&ctx, &second).id());
        drop(first);
        let _ = of(&ctx, &image(3));
        assert_eq!(ctx.data(|data| data.get_temp::<Arc<Textures>>(id)).map(|known| known.len()), Some(2));
    }
}

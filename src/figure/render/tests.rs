use super::*;

fn scene() -> Scene {
    let mut scene = Scene::new(72.0, 36.0, [255; 3]);
    scene.rect([0.0, 0.0], [36.0, 36.0], [255, 0, 0]);
    scene.text([36.0, 18.0], "−0.5 < ‖ε‖", 8.0, Anchor::Middle, [0; 3]);
    scene
}

#[test]
fn svg_has_a_physical_size_and_real_text() {
    let svg = svg(&scene()).unwrap();
    assert!(svg.contains(r#"<svg width="25.40mm" height="12.70mm" viewBox="0 0 720 360""#), "{svg}");
    assert!(svg.contains(">−0.5 &lt; ‖ε‖</text>"), "{svg}");
    assert!(svg.contains("&apos;Source Sans 3&apos;") && svg.contains(r#"font-size="80""#), "{svg}");
}

#[test]
fn png_has_the_pixels_and_the_resolution_asked_for() {
    let png = png(&scene(), 144.0).unwrap();
    let image = image::load_from_memory(&png).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (144, 72));
    assert_eq!(image.get_pixel(10, 5).0, [255, 0, 0]);
    assert_eq!(image.get_pixel(140, 5).0, [255, 255, 255]);
    let at = png.windows(4).position(|w| w == b"pHYs").unwrap();
    assert_eq!(u32::from_be_bytes(png[at + 4..at + 8].try_into().unwrap()), 5669);
}

#[test]
fn turned_text_stays_text_and_its_ink_lies_along_its_direction() {
    let mut scene = Scene::new(144.0, 144.0, [255; 3]);
    scene.turned([72.0, 72.0], "0.35000000", 12.0, 45.0, [200, 0, 0]);
    let svg = svg(&scene).unwrap();
    assert!(svg.contains("transform=\"rotate(45.0 ") && svg.contains(">0.35000000</text>"), "{svg}");
    let (width, height, pixels) = pixels(&scene, 72.0).unwrap();
    let ink: Vec<[f64; 2]> = (0..width * height)
        .filter(|k| pixels[3 * *k as usize + 1] < 150)
        .map(|k| [f64::from(k % width) - 72.0, f64::from(k / width) - 72.0])
        .collect();
    assert!(ink.len() > 30);
    // y runs downwards: clockwise is from the upper left to the lower right.
    assert!(ink.iter().all(|[x, y]| (x - y).abs() < 12.0));
    assert!(ink.iter().any(|[x, y]| x + y < -34.0) && ink.iter().any(|[x, y]| x + y > 34.0));
}

/// The dark pixels of `text` at 10 pixels an em, with their bounds: left, top, right, bottom.
fn ink(text: &str, angle: f64) -> (usize, [u32; 4]) {
    let mut scene = Scene::new(100.0, 100.0, [255; 3]);
    let at = [50.0; 2];
    scene.shapes.push(Shape::Text(Text { at, text: text.into(), size: 10.0, anchor: Anchor::Start, bold: false, angle, color: [0; 3] }));
    let (width, height, pixels) = pixels(&scene, 72.0).unwrap();
    let dark: Vec<[u32; 2]> = (0..width * height).filter(|k| pixels[3 * *k as usize] < 128).map(|k| [k % width, k / width]).collect();
    let bounds = dark.iter().fold([u32::MAX, u32::MAX, 0, 0], |[l, t, r, b], [x, y]| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]);
    (dark.len(), bounds)
}

/// Rectangles of known sizes, see fonts/make.py: 9 × 8 pixels half a pixel from the left, then 7 × 6; 8 × 8 and 6 × 6 of them are whole.
#[test]
fn characters_of_other_fonts_are_drawn_where_they_stand() {
    let (count, bounds) = ink("北京", 0.0);
    assert!((95..=120).contains(&count), "{count}");
    assert!(
        bounds[0].abs_diff(50) <= 1 && bounds[2].abs_diff(67) <= 1 && bounds[1].abs_diff(42) <= 1 && bounds[3].abs_diff(49) <= 1,
        "{bounds:?}"
    );
    // Beh, alef and beh from the right: 7 × 3, 2 × 7 and 3 × 3.5 pixels, half of a column of each at either side.
    let (count, bounds) = ink("باب", 0.0);
    assert!((25..=54).contains(&count) && bounds[0].abs_diff(50) <= 1 && bounds[2].abs_diff(64) <= 1, "{count} {bounds:?}");
    // Upwards the same ink, turned.
    let (count, bounds) = ink("北京", UPWARDS);
    assert!((85..=130).contains(&count), "{count}");
    assert!(
        bounds[3].abs_diff(49) <= 1 && bounds[1].abs_diff(32) <= 1 && bounds[0].abs_diff(42) <= 1 && bounds[2].abs_diff(49) <= 1,
        "{bounds:?}"
    );
}

#[test]
fn emoji_and_signs_have_ink_without_any_font_of_the_machine() {
    assert!(ink("🚀", 0.0).0 > 10 && ink("∇", 0.0).0 > 5);
}

#[test]
fn svg_names_the_fonts_that_a_text_needs() {
    let mut scene = Scene::new(72.0, 36.0, [255; 3]);
    scene.text([0.0, 18.0], "北京 🚀", 8.0, Anchor::Start, [0; 3]);
    scene.text([0.0, 30.0], "plain", 8.0, Anchor::Start, [0; 3]);
    let svg = svg(&scene).unwrap();
    let families = "Arial, &apos;Flatland Test Han&apos;, &apos;Noto Emoji&apos;, sans-serif";
    assert!(svg.matches(families).count() == 1 && svg.contains(">北京 🚀</text>"), "{svg}");
}

#[test]
fn an_impossible_size_is_an_error() {
    assert!(matches!(png(&scene(), 1e6), Err(FigureError::Size { .. })));
    assert!(matches!(png(&scene(), f64::NAN), Err(FigureError::Size { .. })));
}

//! A [`Scene`] as SVG or PNG, through the backends of plotters.

use std::io::Write;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle};

use super::fonts::{FAMILY, LINE_HEIGHT_EM, register};
use super::palette::Rgb;
use super::scene::{Anchor, Scene, Shape, Text, UPWARDS, text_width};
use super::{FigureError, glyphs, setting};

const POINTS_PER_INCH: f64 = 72.0;
const MM_PER_INCH: f64 = 25.4;

/// SVG coordinates of plotters are integers: tenths of a point.
const SVG_UNITS_PER_POINT: f64 = 10.0;
/// The divisor of font sizes in plotters' SVG, and the distance from the top anchor to the baseline in it.
const SVG_FONT_DIVISOR: f64 = 1.24;
const SVG_TOP_TO_BASELINE_EM: f64 = 0.76;

/// Pixels drawn per pixel kept, along each side; the bitmap backend itself does not smooth edges enough.
const OVERSAMPLING: u32 = 3;

/// The conventions of a backend for coordinates and text.
struct Device {
    /// Device units per point.
    units: f64,
    /// Font size to request, in device units, per em.
    font_factor: f64,
    /// From the anchor to the baseline in em.
    baseline_em: f64,
    /// Whether it is a bitmap.
    is_pixels: bool,
}

/// The scene as an SVG document in millimetres; the same scene gives the same bytes.
pub(super) fn svg(scene: &Scene) -> Result<String, FigureError> {
    let units = SVG_UNITS_PER_POINT;
    let size = ((scene.width * units).round() as u32, (scene.height * units).round() as u32);
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, size);
        let device = Device { units, font_factor: SVG_FONT_DIVISOR, baseline_em: SVG_TOP_TO_BASELINE_EM, is_pixels: false };
        draw(scene, &mut backend, &device)?;
        backend.present().map_err(failed)?;
    }
    let millimetres = |points: f64| points / POINTS_PER_INCH * MM_PER_INCH;
    let root = format!(r#"<svg width="{}" height="{}" "#, size.0, size.1);
    let physical = format!(r#"<svg width="{:.2}mm" height="{:.2}mm" "#, millimetres(scene.width), millimetres(scene.height));
    // Attributes with default values, and line breaks that would become spaces within text, are removed.
    let text =
        text.replacen(&root, &physical, 1).replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "").replace("\n</text>", "</text>");
    let mut tidy = String::with_capacity(text.len() + 64);
    tidy.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut texts = texts(scene);
    for line in text.lines() {
        match line.strip_prefix("<text ").map(|rest| (rest, texts.next())) {
            Some((rest, Some(text))) => {
                tidy.push_str("<text ");
                // plotters supports only rotations by quarter turns.
                if is_turned(text) {
                    let [x, y] = text.at.map(|v| (v * units).round());
                    tidy.push_str(&format!("transform=\"rotate({:.1} {x} {y})\" ", text.angle));
                }
                tidy.push_str(&with_families(rest, text));
            }
            _ => tidy.push_str(line),
        }
        if !line.starts_with("<text ") || line.ends_with("</text>") {
            tidy.push('\n');
        }
    }
    Ok(tidy)
}

/// The attributes of a text with the names of the fonts that it needs besides the family, before generic ones.
fn with_families<'a>(attributes: &'a str, text: &Text) -> std::borrow::Cow<'a, str> {
    const LAST: &str = ", sans-serif";
    if setting::is_plain(&text.text, text.bold) {
        return attributes.into();
    }
    let mut families: Vec<String> = Vec::new();
    for run in setting::set(&text.text, text.bold) {
        let family = format!(", &apos;{}&apos;", run.typeface.family.replace(['<', '>', '&', '"', '\''], ""));
        if !FAMILY.contains(&run.typeface.family) && !families.contains(&family) {
            families.push(family);
        }
    }
    attributes.replacen(LAST, &(families.concat() + LAST), 1).into()
}

/// The visible texts of a scene, in drawing order.
fn texts(scene: &Scene) -> impl Iterator<Item = &Text> {
    scene.shapes.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None })
}

/// Whether a text is rotated by anything but quarter turns.
fn is_turned(text: &Text) -> bool {
    text.angle != 0.0 && text.angle != UPWARDS
}

/// Whether plotters cannot draw a text in pixels: it is rotated, or not all in one font.
fn is_apart(text: &Text) -> bool {
    is_turned(text) || !setting::is_plain(&text.text, text.bold)
}

/// The scene as a PNG at `dpi` dots per inch, which is stored in the file.
pub(super) fn png(scene: &Scene, dpi: f64) -> Result<Vec<u8>, FigureError> {
    let (width, height, pixels) = pixels(scene, dpi)?;
    encode(&pixels, width, height, dpi)
}

/// The scene as width, height and RGB pixels at `dpi` dots per inch.
pub(super) fn pixels(scene: &Scene, dpi: f64) -> Result<(u32, u32, Vec<u8>), FigureError> {
    let pixels = |points: f64| (points / POINTS_PER_INCH * dpi).round();
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    // 400 megapixels: more than any page needs, and small enough for memory.
    if !(width >= 1.0 && height >= 1.0 && width * height <= 4e8) {
        return Err(FigureError::Size { width, height });
    }
    let oversampling = if width * height > 4e7 { 1 } else { OVERSAMPLING };
    let (width, height) = (width as u32, height as u32);
    let large = (width * oversampling, height * oversampling);
    let mut buffer = vec![0; large.0 as usize * large.1 as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut buffer, large);
        let device = Device {
            units: dpi * f64::from(oversampling) / POINTS_PER_INCH,
            font_factor: LINE_HEIGHT_EM,
            baseline_em: 0.5 * LINE_HEIGHT_EM,
            is_pixels: true,
        };
        draw(scene, &mut backend, &device)?;
        backend.present().map_err(failed)?;
        drop(backend);
        for text in texts(scene).filter(|text| is_apart(text)) {
            match text.angle {
                0.0 => glyphs::draw(text, device.units, &mut buffer, large),
                _ => stamp(text, &mut buffer, large, &device)?,
            }
        }
    }
    Ok((width, height, shrink(&buffer, width as usize, height as usize, oversampling as usize)))
}

fn draw<B: DrawingBackend>(scene: &Scene, backend: &mut B, device: &Device) -> Result<(), FigureError> {
    register();
    let at = |p: [f64; 2]| ((p[0] * device.units).round() as i32, (p[1] * device.units).round() as i32);
    let (width, height) = backend.get_size();
    backend.draw_rect((0, 0), (width as i32, height as i32), &style(scene.background, 1.0, 0), true).map_err(failed)?;
    for shape in &scene.shapes {
        match shape {
            Shape::Rect { from, to, fill } => backend.draw_rect(at(*from), at(*to), &style(*fill, 1.0, 0), true),
            Shape::Polygon { points, fill, opacity } => backend.fill_polygon(points.iter().map(|p| at(*p)), &style(*fill, *opacity, 0)),
            Shape::Line { points, color, width, opacity } => {
                let width = (width * device.units).round().max(1.0) as u32;
                backend.draw_path(points.iter().map(|p| at(*p)), &style(*color, *opacity, width))
            }
            Shape::Dot { center, radius, fill, opacity } => {
                let radius = (radius * device.units).round().max(1.0) as u32;
                backend.draw_circle(at(*center), radius, &style(*fill, *opacity, 0), true)
            }
            // Rotated texts and glyphs of other fonts are drawn afterwards.
            Shape::Text(text) if device.is_pixels && is_apart(text) => Ok(()),
            Shape::Text(text) => {
                let (style, position) = text_style(text, device);
                backend.draw_text(&text.text, &style, position)
            }
        }
        .map_err(failed)?;
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError::Draw(error.to_string())
}

fn style(color: Rgb, opacity: f64, stroke_width: u32) -> ShapeStyle {
    ShapeStyle { color: RGBAColor(color[0], color[1], color[2], opacity), filled: true, stroke_width }
}

/// Style and anchor of a text: the point at which its baseline is that of the scene.
fn text_style(text: &Text, device: &Device) -> (TextStyle<'static>, (i32, i32)) {
    let em = text.size * device.units;
    let weight = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
    let upwards = text.angle == UPWARDS;
    let transform = if upwards { FontTransform::Rotate270 } else { FontTransform::None };
    let font = FontDesc::new(FontFamily::Name(FAMILY), em * device.font_factor, weight).transform(transform);
    let horizontal = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let [x, y] = text.at.map(|v| v * device.units);
    let rise = device.baseline_em * em;
    let (x, y) = if upwards { (x - rise, y) } else { (x, y - rise) };
    let color = RGBAColor(text.color[0], text.color[1], text.color[2], 1.0).to_backend_color();
    (TextStyle { font, color, pos: Pos::new(horizontal, VPos::Top) }, (x.round() as i32, y.round() as i32))
}

/// Draws a rotated text into a bitmap: it is drawn horizontally into a bitmap of its own, which is then sampled pixel by pixel.
fn stamp(text: &Text, buffer: &mut [u8], (width, height): (u32, u32), device: &Device) -> Result<(), FigureError> {
    let em = text.size * device.units;
    let side = (2.0 * text_width(&text.text, em, text.bold) + 4.0 * em).ceil() as u32;
    let mut sheet = vec![255; (side * side * 3) as usize];
    let middle = 0.5 * f64::from(side);
    let level = Text { at: [middle / device.units; 2], angle: 0.0, color: [0; 3], ..text.clone() };
    if !setting::is_plain(&text.text, text.bold) {
        glyphs::draw(&level, device.units, &mut sheet, (side, side));
    } else {
        let mut backend = BitMapBackend::with_buffer(&mut sheet, (side, side));
        let (style, position) = text_style(&level, device);
        backend.draw_text(&text.text, &style, position).map_err(failed)?;
        backend.present().map_err(failed)?;
    }
    let ink = |x: f64, y: f64| {
        let (left, top) = (x.floor(), y.floor());
        let at = |x: f64, y: f64| {
            let inside = x >= 0.0 && y >= 0.0 && x < f64::from(side) && y < f64::from(side);
            if inside { 255.0 - f64::from(sheet[((y as u32 * side + x as u32) * 3) as usize]) } else { 0.0 }
        };
        let (u, v) = (x - left, y - top);
        ((at(left, top) * (1.0 - u) + at(left + 1.0, top) * u) * (1.0 - v)
            + (at(left, top + 1.0) * (1.0 - u) + at(left + 1.0, top + 1.0) * u) * v)
            / 255.0
    };
    let (sin, cos) = text.angle.to_radians().sin_cos();
    let [x, y] = text.at.map(|v| v * device.units);
    let reach = 0.5 * f64::from(side);
    let range = |middle: f64, limit: u32| (middle - reach).floor().max(0.0) as u32..((middle + reach).ceil().max(0.0) as u32).min(limit);
    for row in range(y, height) {
        for column in range(x, width) {
            let (dx, dy) = (f64::from(column) - x, f64::from(row) - y);
            let share = ink(middle + cos * dx + sin * dy, middle - sin * dx + cos * dy);
            if share > 0.0 {
                let place = ((row * width + column) * 3) as usize;
                for (channel, color) in buffer[place..place + 3].iter_mut().zip(text.color) {
                    *channel = (f64::from(*channel) * (1.0 - share) + f64::from(color) * share).round() as u8;
                }
            }
        }
    }
    Ok(())
}

/// Averages squares of `n` × `n` pixels of an RGB image into one of `width` × `height`.
fn shrink(large: &[u8], width: usize, height: usize, n: usize) -> Vec<u8> {
    let stride = width * n * 3;
    let mut small = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u32; width * 3];
    for rows in large.chunks_exact(stride * n) {
        sums.fill(0);
        for row in rows.chunks_exact(stride) {
            for (sum, square) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * n)) {
                for pixel in square.chunks_exact(3) {
                    for (sum, channel) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*channel);
                    }
                }
            }
        }
        let count = (n * n) as u32;
        small.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
    small
}

/// RGB pixels as PNG with a `pHYs` chunk, from which word processors and LaTeX read the physical size.
fn encode(pixels: &[u8], width: u32, height: u32, dpi: f64) -> Result<Vec<u8>, FigureError> {
    use image::ImageEncoder;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};

    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
        .write_image(pixels, width, height, image::ExtendedColorType::Rgb8)
        .map_err(failed)?;
    let per_metre = (dpi / MM_PER_INCH * 1000.0).round() as u32;
    let mut body = b"pHYs".to_vec();
    body.extend([per_metre.to_be_bytes(), per_metre.to_be_bytes()].concat());
    body.push(1);
    let mut crc = flate2::CrcWriter::new(std::io::sink());
    crc.write_all(&body).map_err(failed)?;
    let mut chunk = 9_u32.to_be_bytes().to_vec();
    chunk.extend(body);
    chunk.extend(crc.crc().sum().to_be_bytes());
    // After the signature (8 bytes) and IHDR (25 bytes), before the data.
    png.splice(33..33, chunk);
    Ok(png)
}

#[cfg(test)]
mod tests;

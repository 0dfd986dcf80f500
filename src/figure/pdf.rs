//! A [`Scene`] as a PDF page of exactly its size. Text stays text: it can be selected, searched and edited.
//!
//! Written on `pdf-writer` and not with `krilla`, which is built on the same crate: `krilla` writes other operators, numbers and object
//! order, and the bytes of existing figures must not change. Scenes need only rectangles, paths, circles, opacity and text, which
//! are all below.

use std::collections::BTreeMap;

use pdf_writer::types::LineJoinStyle;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};

use super::deflate::deflate;
use super::error::FigureError;
use super::palette::Rgb;
use super::pdf_font::Fonts;
use super::scene::{Anchor, Scene, Shape, Text};

/// Distance of a circle's control points from its end points, relative to the radius.
const KAPPA: f64 = 0.552_284_75;

/// The scene as PDF. Without times and identifiers: the same scene gives the same bytes.
pub(super) fn pdf(scene: &Scene) -> Result<Vec<u8>, FigureError> {
    let mut page = Page::new();
    page.draw(scene);
    page.finish(scene)
}

/// Lengths to a thousandth of a point.
fn pt(value: f64) -> f32 {
    ((value * 1000.0).round() / 1000.0) as f32
}

/// A page while it is drawn; y runs downwards, as in a scene.
struct Page {
    content: Content,
    fonts: Fonts,
    /// Thousandths of an opacity → number of its graphics state.
    opacities: BTreeMap<u16, usize>,
    fill: Option<Rgb>,
    stroke: Option<(Rgb, f64)>,
    opacity: u16,
}

impl Page {
    fn new() -> Self {
        Self { content: Content::new(), fonts: Fonts::default(), opacities: BTreeMap::new(), fill: None, stroke: None, opacity: 1000 }
    }

    fn draw(&mut self, scene: &Scene) {
        self.content.transform([1.0, 0.0, 0.0, -1.0, 0.0, pt(scene.height)]);
        self.content.set_line_join(LineJoinStyle::RoundJoin);
        self.fill(scene.background, 1.0);
        self.content.rect(0.0, 0.0, pt(scene.width), pt(scene.height)).fill_nonzero();
        for shape in &scene.shapes {
            match shape {
                Shape::Rect { from, to, fill } => {
                    self.fill(*fill, 1.0);
                    self.content.rect(pt(from[0]), pt(from[1]), pt(to[0] - from[0]), pt(to[1] - from[1])).fill_nonzero();
                }
                Shape::Polygon { points, fill, opacity } => {
                    self.fill(*fill, *opacity);
                    self.path(points);
                    self.content.fill_nonzero();
                }
                Shape::Line { points, color, width, opacity } => {
                    self.stroke(*color, *width, *opacity);
                    self.path(points);
                    self.content.stroke();
                }
                Shape::Dot { center, radius, fill, opacity } => {
                    self.fill(*fill, *opacity);
                    self.circle(*center, *radius);
                    self.content.fill_nonzero();
                }
                Shape::Text(text) => self.text(text),
            }
        }
    }

    fn fill(&mut self, color: Rgb, opacity: f64) {
        self.opacity(opacity);
        if self.fill != Some(color) {
            let [r, g, b] = channels(color);
            self.content.set_fill_rgb(r, g, b);
            self.fill = Some(color);
        }
    }

    fn stroke(&mut self, color: Rgb, width: f64, opacity: f64) {
        self.opacity(opacity);
        if self.stroke != Some((color, width)) {
            let [r, g, b] = channels(color);
            self.content.set_stroke_rgb(r, g, b);
            self.content.set_line_width(pt(width));
            self.stroke = Some((color, width));
        }
    }

    fn opacity(&mut self, opacity: f64) {
        let thousandths = (opacity.clamp(0.0, 1.0) * 1000.0).round() as u16;
        if self.opacity != thousandths {
            let next = self.opacities.len();
            let number = *self.opacities.entry(thousandths).or_insert(next);
            self.content.set_parameters(Name(format!("G{number}").as_bytes()));
            self.opacity = thousandths;
        }
    }

    /// A line through `points`; closed when it ends where it began.
    fn path(&mut self, points: &[[f64; 2]]) {
        let Some((first, rest)) = points.split_first() else { return };
        let closed = rest.len() > 1 && rest.last() == Some(first);
        self.content.move_to(pt(first[0]), pt(first[1]));
        for p in &rest[..rest.len() - usize::from(closed)] {
            self.content.line_to(pt(p[0]), pt(p[1]));
        }
        if closed {
            self.content.close_path();
        }
    }

    fn circle(&mut self, [x, y]: [f64; 2], r: f64) {
        let k = KAPPA * r;
        self.content.move_to(pt(x + r), pt(y));
        for [a, b, c, d, e, f] in [[r, k, k, r, 0.0, r], [-k, r, -r, k, -r, 0.0], [-r, -k, -k, -r, 0.0, -r], [k, -r, r, -k, r, 0.0]] {
            self.content.cubic_to(pt(x + a), pt(y + b), pt(x + c), pt(y + d), pt(x + e), pt(y + f));
        }
        self.content.close_path();
    }

    fn text(&mut self, text: &Text) {
        self.fill(text.color, 1.0);
        let (pieces, width) = self.fonts.pieces(&text.text, text.bold);
        let width = width * text.size;
        let begin = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * width,
            Anchor::End => -width,
        };
        let [x, y] = text.at;
        let (sin, cos) = text.angle.to_radians().sin_cos();
        self.content.begin_text();
        for piece in pieces {
            let name = Fonts::name(piece.font);
            self.content.set_font(Name(name.as_bytes()), pt(text.size));
            let (along, up) = (begin + piece.at[0] * text.size, piece.at[1] * text.size);
            // The page is mirrored vertically, so the letters must be mirrored again.
            // + 0.0 makes −0 a 0.
            let direction = |value: f64| ((value * 1e6).round() / 1e6 + 0.0) as f32;
            let matrix = [direction(cos), direction(sin), direction(sin), direction(-cos)];
            let at = [pt(x + along * cos + up * sin), pt(y + along * sin - up * cos)];
            self.content.set_text_matrix([matrix[0], matrix[1], matrix[2], matrix[3], at[0], at[1]]);
            self.content.show(pdf_writer::Str(&piece.codes));
        }
        self.content.end_text();
    }

    fn finish(self, scene: &Scene) -> Result<Vec<u8>, FigureError> {
        let mut pdf = Pdf::new();
        let mut next = 1;
        let mut id = || {
            next += 1;
            Ref::new(next - 1)
        };
        let (catalog, pages, page, content, info) = (id(), id(), id(), id(), id());
        let states: Vec<(Ref, u16, usize)> = self.opacities.iter().map(|(opacity, number)| (id(), *opacity, *number)).collect();
        let fonts: Vec<(usize, Ref)> = self.fonts.used().map(|font| (font, id())).collect();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        pdf.document_info(info).creator(TextStr("Flatland"));
        let mut dictionary = pdf.page(page);
        dictionary.media_box(Rect::new(0.0, 0.0, pt(scene.width), pt(scene.height))).parent(pages).contents(content);
        let mut resources = dictionary.resources();
        let mut names = resources.fonts();
        fonts.iter().for_each(|(font, reference)| {
            names.pair(Name(Fonts::name(*font).as_bytes()), *reference);
        });
        names.finish();
        let mut names = resources.ext_g_states();
        states.iter().for_each(|(reference, _, number)| {
            names.pair(Name(format!("G{number}").as_bytes()), *reference);
        });
        names.finish();
        resources.finish();
        dictionary.finish();
        let drawn = deflate(&self.content.finish())?;
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
        for (reference, opacity, _) in states {
            let alpha = f32::from(opacity) / 1000.0;
            pdf.ext_graphics(reference).non_stroking_alpha(alpha).stroking_alpha(alpha);
        }
        for (font, reference) in fonts {
            self.fonts.write(&mut pdf, font, reference, &mut id)?;
        }
        Ok(pdf.finish())
    }
}

fn channels(color: Rgb) -> [f32; 3] {
    color.map(|c| (f32::from(c) / 255.0 * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene::new(244.0, 122.0, [255; 3]);
        scene.rect([0.0, 0.0], [36.0, 36.0], [255, 0, 0]);
        scene.frame([1.0, 1.0], [9.0, 9.0], [0; 3]);
        scene.shapes.push(Shape::Dot { center: [5.0, 5.0], radius: 2.0, fill: [0, 0, 255], opacity: 0.25 });
        scene.text([36.0, 18.0], "S(ρ) ∇ ‖ε‖", 8.0, Anchor::Middle, [0; 3]);
        scene.bold([36.0, 18.0], "S", 8.0, Anchor::End, [0; 3]);
        scene.text_upwards([36.0, 18.0], "loss", 8.0, [0; 3]);
        scene
    }

    /// All streams, inflated where they are deflated.
    fn streams(pdf: &[u8]) -> Vec<String> {
        let find = |from: usize, needle: &[u8]| pdf[from..].windows(needle.len()).position(|w| w == needle).map(|at| from + at);
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(begin) = find(at, b"stream\n") {
            let end = find(begin, b"\nendstream").unwrap();
            let bytes = &pdf[begin + 7..end];
            let mut inflated = Vec::new();
            if flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut inflated).is_err() {
                inflated = bytes.to_vec();
            }
            found.push(String::from_utf8_lossy(&inflated).into_owned());
            at = end + 10;
        }
        found
    }

    #[test]
    fn a_page_has_the_size_of_its_scene_and_the_same_bytes_twice() {
        let (once, twice) = (pdf(&scene()).unwrap(), pdf(&scene()).unwrap());
        assert_eq!(once, twice);
        let text = String::from_utf8_lossy(&once);
        assert!(text.starts_with("%PDF-1.7") && text.contains("/MediaBox [0 0 244 122]"), "{text}");
        assert!(!text.contains("CreationDate") && !text.contains("/ID"), "nothing that changes from one writing to the next");
    }

    #[test]
    fn text_can_be_read_back_and_every_sign_has_a_glyph() {
        let streams = streams(&pdf(&scene()).unwrap());
        let maps: Vec<&String> = streams.iter().filter(|s| s.contains("begincmap")).collect();
        assert_eq!(maps.len(), 3, "regular, bold, and the signs that both lack");
        // ρ, ‖ and ε are Source Sans'; ∇ comes from Noto Sans Math.
        for code in ["<03C1>", "<2016>", "<03B5>", "<2207>"] {
            assert_eq!(maps.iter().filter(|map| map.contains(code)).count(), 1, "{code}");
        }
        assert!(streams[0].contains("BT") && streams[0].contains("0 -1 -1 0"), "{}", streams[0]);
        assert!(streams[0].contains("/G0 gs"), "opacities are graphics states");
    }

    /// `text` alone on a page.
    fn page_of(text: &str) -> Vec<u8> {
        let mut scene = Scene::new(100.0, 20.0, [255; 3]);
        scene.text([5.0, 10.0], text, 8.0, Anchor::Start, [0; 3]);
        pdf(&scene).unwrap()
    }

    #[test]
    fn fonts_of_the_machine_are_embedded_by_the_kind_of_their_outlines_and_can_be_read_back() {
        for (text, codes, kind, key) in
            [("北京", ["<5317>", "<4EAC>"], "/CIDFontType0", "/FontFile3"), ("باب", ["<0627>", "<0628>"], "/CIDFontType2", "/FontFile2")]
        {
            let bytes = page_of(text);
            assert_eq!(bytes, page_of(text));
            let plain = String::from_utf8_lossy(&bytes);
            assert!(plain.contains(kind) && plain.contains(key) && plain.contains("+FlatlandTest"), "{text}: {plain}");
            let maps: Vec<String> = streams(&bytes).into_iter().filter(|stream| stream.contains("begincmap")).collect();
            assert!(maps.len() == 1 && codes.iter().all(|code| maps[0].contains(code)), "{text}: {maps:?}");
        }
    }
}

//! [`Report`]: one HTML page with every figure, table, setting and definition, for readers without the app.
//!
//! It is self-contained: drawings, style and fonts are in it. Deliberately absent: scripts, and the time of writing.

use std::fmt::Write;

use super::captioned::panels;
use super::fonts::{BOLD, REGULAR};
use super::table::{FormattedTable, formatted_scores};
use super::{CaptionedFigure, FigureError, FigureResults, FigureStyle, Missing};
use flatland_core::session::{FigureSettings, Session, Theme};

/// Definitions of the terms, in short; `docs/` has them at length.
const DEFINITIONS: [(&str, &str); 6] = [
    (
        "Landscape",
        "L(θ + αδ + βη): mean loss over the stated images, cross-entropy unless it is said otherwise, at points of a plane through the weights θ. Random directions are drawn \
         once for all checkpoints and scaled filter by filter to the norm of the weights (Li et al. 2018), unless the settings say otherwise. \
         All checkpoints share axes and colour scale.",
    ),
    (
        "Sharpness",
        "S(ρ): the largest rise of the mean loss within ‖ε‖ ≤ ρ. What a search finds proves a lower bound; it is no upper bound. Averages over \
         random ε bound nothing.",
    ),
    (
        "Embedding",
        "t-SNE of the penultimate features. Its coordinates have no meaning by themselves: only who is near whom. Fewer than five images whose \
         features differ are shown by their principal components; the caption says so.",
    ),
    ("Scores", "Larger is more ID. The energy score is T·logsumexp(z/T) of the logits z, MSP the largest softmax probability."),
    (
        "AUROC, FPR@95",
        "OOD is positive, as in OpenOOD: FPR@95 is the share of ID images that is flagged where 95 % of the OOD images are. Each dataset is \
         taken against all ID data.",
    ),
    (
        "ID, CS, SS",
        "In-distribution test images; covariate shift (the same classes, seen otherwise); semantic shift (other classes), near and far.",
    ),
];

/// The content of a report.
pub struct Report<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The session.
    pub session: &'a Session,
    /// The session as text of its file.
    pub toml: &'a str,
    /// Its results.
    pub findings: &'a FigureResults,
    /// The figures.
    pub captioned_figures: &'a [CaptionedFigure<'a>],
    /// Figures that cannot be drawn.
    pub missing: &'a [Missing],
}

impl Report<'_> {
    /// The page; the same session and results give the same bytes.
    ///
    /// # Errors
    /// When a figure cannot be drawn.
    pub fn html(&self) -> Result<String, FigureError> {
        let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
        let _ = writeln!(page, "<title>{}</title>\n<style>", escaped(self.title));
        for (weight, font) in [(400, REGULAR), (600, BOLD)] {
            let _ = writeln!(
                page,
                "@font-face {{ font-family: 'Source Sans 3'; font-weight: {weight}; src: url(data:font/ttf;base64,{}) format('truetype'); }}",
                base64(font)
            );
        }
        page += include_str!("report.css");
        page += "</style>\n</head>\n<body>\n";
        self.write_head(&mut page);
        page += "<main>\n<h2 id=\"figures\">Figures</h2>\n";
        for captioned in self.captioned_figures {
            write_figure(&mut page, captioned, &self.session.figure)?;
        }
        self.write_missing(&mut page);
        self.write_tables(&mut page);
        page += "<h2 id=\"definitions\">Definitions</h2>\n<dl>\n";
        for (term, meaning) in DEFINITIONS {
            let _ = writeln!(page, "<dt>{term}</dt><dd>{meaning}</dd>");
        }
        page += "</dl>\n";
        self.write_manifests(&mut page);
        let _ = writeln!(page, "<h2 id=\"session\">Session</h2>\n<pre>{}</pre>\n</main>\n</body>\n</html>", escaped(self.toml.trim()));
        Ok(page)
    }

    fn write_head(&self, page: &mut String) {
        let Session { checkpoints, datasets, seed, .. } = self.session;
        let _ = writeln!(page, "<header>\n<h1>{}</h1>", escaped(self.title));
        let _ = writeln!(page, "<p>Made by Flatland {}. Seed {seed}.</p>\n</header>", env!("CARGO_PKG_VERSION"));
        let rows = checkpoints.iter().map(|checkpoint| {
            let path = checkpoint.path.file_name().unwrap_or_default().to_string_lossy();
            let known = self.findings.landscapes.iter().find(|found| found.checkpoint == checkpoint.name);
            let manifest = known.map(|found| &found.result.manifest);
            let short = |hash: &str| hash.chars().take(12).collect::<String>();
            let hash = manifest.map_or(String::new(), |manifest| short(&manifest.checkpoint_hash));
            vec![checkpoint.name.clone(), path.into(), manifest.map_or(String::new(), |m| m.architecture.clone()), hash]
        });
        write_table(page, "names", "Checkpoints", &["checkpoint", "file", "network", "blake3 of the tensors"], rows);
        let rows = datasets.iter().map(|dataset| {
            let images = match (dataset.limit, dataset.first) {
                (Some(n), _) => format!("{n}, class-stratified"),
                (None, Some(n)) => format!("first {n}"),
                _ => "all".into(),
            };
            let corruption = dataset.corruption.as_ref().map_or(String::new(), |c| format!("{} {}", c.kind, c.severity));
            vec![dataset.name.clone(), dataset.role.label().into(), images, corruption]
        });
        write_table(page, "names", "Datasets", &["dataset", "role", "images", "corruption"], rows);
    }

    fn write_missing(&self, page: &mut String) {
        if self.missing.is_empty() {
            return;
        }
        page.push_str("<p>Not drawn:</p>\n<ul>\n");
        for Missing { name, reason } in self.missing {
            let _ = writeln!(page, "<li>{}: {}</li>", escaped(name), escaped(reason));
        }
        page.push_str("</ul>\n");
    }

    fn write_tables(&self, page: &mut String) {
        let tables = formatted_scores(&panels(self.findings.scores.iter()));
        if !tables.is_empty() {
            page.push_str("<h2 id=\"tables\">Tables</h2>\n");
        }
        for FormattedTable { caption, header, rows } in tables {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            write_table(page, "numbers", &caption, &header, rows.into_iter());
        }
    }

    fn write_manifests(&self, page: &mut String) {
        let losses = || self.findings.landscapes.iter().filter(|found| found.result.quantity.is_none());
        if losses().next().is_none() {
            return;
        }
        page.push_str("<h2 id=\"manifests\">Manifests of the landscapes</h2>\n");
        for found in losses() {
            let json = serde_json::to_string_pretty(&found.result.manifest).unwrap_or_default();
            let (checkpoint, dataset) = (escaped(&found.checkpoint), escaped(&found.dataset));
            let _ = writeln!(page, "<details><summary>{checkpoint}, {dataset}</summary><pre>{}</pre></details>", escaped(&json));
        }
    }
}

/// The drawing twice, for light and for dark screens; a style sheet shows one.
fn write_figure(page: &mut String, captioned: &CaptionedFigure, settings: &FigureSettings) -> Result<(), FigureError> {
    let (name, caption) = (escaped(&captioned.name), escaped(&captioned.caption));
    let _ = writeln!(page, "<figure id=\"{name}\">");
    for (class, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        let style = FigureStyle { theme, height_mm: None, ..captioned.style(settings) };
        let svg = captioned.figure.to_svg(&style)?;
        let svg = svg.split_once("?>\n").map_or(svg.as_str(), |(_, rest)| rest);
        let svg = svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
        let svg = svg.replacen("<svg ", &format!("<svg class=\"{class}\" role=\"img\" aria-label=\"{caption}\" "), 1);
        page.push_str(&svg);
    }
    let _ = writeln!(page, "<figcaption><b>{name}</b> {caption}</figcaption>\n</figure>");
    Ok(())
}

fn write_table(page: &mut String, class: &str, caption: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let cells = |kind: &str, row: &[&str]| row.iter().map(|cell| format!("<{kind}>{}</{kind}>", escaped(cell))).collect::<String>();
    let _ = writeln!(page, "<div class=\"wide\"><table class=\"{class}\">\n<caption>{}</caption>", escaped(caption));
    let _ = writeln!(page, "<thead><tr>{}</tr></thead>\n<tbody>", cells("th", header));
    for row in rows {
        let _ = writeln!(page, "<tr>{}</tr>", cells("td", &row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, k| bits << 8 | u32::from(three.get(k).copied().unwrap_or(0)));
        for k in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * k)) as usize & 63];
            text.push(if k <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}

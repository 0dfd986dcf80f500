//! [`FigureSettings`]: size, font size, theme and file formats of the figures, and which figures are drawn.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The background that a figure is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Theme {
    /// White paper.
    #[default]
    #[serde(rename = "print")]
    Print,
    /// A light screen.
    #[serde(rename = "screen-light")]
    Light,
    /// A dark screen.
    #[serde(rename = "screen-dark")]
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 3] = [Theme::Print, Theme::Light, Theme::Dark];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Theme::Print => "print",
            Theme::Light => "screen-light",
            Theme::Dark => "screen-dark",
        }
    }
}

/// A file format of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureFormat {
    /// Vector, text as text, size in millimetres.
    Svg,
    /// A page of exactly the figure's size, text as text.
    Pdf,
    /// Pixels.
    Png,
    /// The numbers that are drawn, a row each.
    Csv,
    /// The same numbers, an array a column.
    Npz,
}

impl FigureFormat {
    /// All of them, pictures first.
    pub const ALL: [FigureFormat; 5] = [FigureFormat::Svg, FigureFormat::Pdf, FigureFormat::Png, FigureFormat::Csv, FigureFormat::Npz];

    /// Ending of the file name, and as written in session files.
    pub fn extension(self) -> &'static str {
        match self {
            FigureFormat::Svg => "svg",
            FigureFormat::Pdf => "pdf",
            FigureFormat::Png => "png",
            FigureFormat::Csv => "csv",
            FigureFormat::Npz => "npz",
        }
    }
}

/// Which figures are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigurePreset {
    /// One for each analysis of the session.
    #[default]
    Session,
    /// Figures 2 to 10 of the paper on the detection-generalization paradox.
    Paper,
}

/// The figures of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FigureSettings {
    /// Width in millimetres, within [`FigureSettings::WIDTH_MM`].
    pub width_mm: f64,
    /// Height in millimetres, within [`FigureSettings::HEIGHT_MM`]; absent = what the content needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_mm: Option<f64>,
    /// Font size in points, within [`FigureSettings::FONT_PT`].
    pub font_pt: f64,
    /// Resolution of PNGs in dots per inch, within [`FigureSettings::DPI`].
    pub dpi: f64,
    /// The background that they are drawn for.
    pub theme: Theme,
    /// The file formats of each figure.
    pub formats: Vec<FigureFormat>,
    /// Whether panels carry letters, (a), (b), ...; figures of the paper always do.
    pub letters: bool,
    /// Which figures are drawn.
    pub preset: FigurePreset,
    /// Names of the checkpoints in the paper's Figures 3 to 7 (there: pre-trained, OOD-D, OOD-G); empty = the first three.
    pub compared: Vec<String>,
    /// Folders of sweeps of fine-tuning runs, at most four, for the paper's Figure 8.
    pub sweeps: Vec<PathBuf>,
    /// Names of the checkpoints in the paper's Figures 9 and 10 (there: OE, ERM, SAM, DR-SAM); empty = all but the first.
    pub methods: Vec<String>,
}

impl Default for FigureSettings {
    /// A full page width of most journals (180 mm), 8 pt, on white.
    fn default() -> Self {
        Self {
            width_mm: 180.0,
            height_mm: None,
            font_pt: 8.0,
            dpi: 300.0,
            theme: Theme::Print,
            formats: vec![FigureFormat::Svg, FigureFormat::Pdf, FigureFormat::Png, FigureFormat::Csv],
            letters: false,
            preset: FigurePreset::Session,
            compared: Vec::new(),
            sweeps: Vec::new(),
            methods: Vec::new(),
        }
    }
}

impl FigureSettings {
    /// Widths, in millimetres.
    pub const WIDTH_MM: RangeInclusive<f64> = 30.0..=1000.0;
    /// Heights, in millimetres.
    pub const HEIGHT_MM: RangeInclusive<f64> = 20.0..=1000.0;
    /// Font sizes, in points.
    pub const FONT_PT: RangeInclusive<f64> = 3.0..=48.0;
    /// Resolutions of PNGs, in dots per inch.
    pub const DPI: RangeInclusive<f64> = 30.0..=2400.0;

    /// Whether the values are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, range: RangeInclusive<f64>, unit: &str| {
            let message = format!("expected `{name}` of [figure] between {} and {} {unit}, found {value}", range.start(), range.end());
            if range.contains(&value) { Ok(()) } else { Err(message) }
        };
        within("width_mm", self.width_mm, Self::WIDTH_MM, "mm")?;
        if let Some(height) = self.height_mm {
            within("height_mm", height, Self::HEIGHT_MM, "mm")?;
        }
        within("font_pt", self.font_pt, Self::FONT_PT, "pt")?;
        within("dpi", self.dpi, Self::DPI, "dots per inch")?;
        if self.sweeps.len() > 4 {
            return Err(format!("expected at most 4 `sweeps` of [figure], found {}", self.sweeps.len()));
        }
        if self.formats.is_empty() {
            let known: Vec<&str> = FigureFormat::ALL.map(FigureFormat::extension).into();
            return Err(format!("expected at least one of {} as `formats` of [figure], found none", known.join(", ")));
        }
        Ok(())
    }

    /// Checks that all names are those of checkpoints.
    ///
    /// # Errors
    /// When one is not; the message lists the checkpoints.
    pub fn check_names<'a>(&self, checkpoints: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
        for (field, names) in [("compared", &self.compared), ("methods", &self.methods)] {
            for name in names {
                if !checkpoints.clone().any(|known| known == name) {
                    let known: Vec<&str> = checkpoints.collect();
                    return Err(format!("expected a checkpoint ({}) in `{field}` of [figure], found `{name}`", known.join(", ")));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_not_said_is_the_default_and_what_is_said_is_read() {
        assert_eq!(toml::from_str::<FigureSettings>("").unwrap(), FigureSettings::default());
        let text = "width_mm = 86\nheight_mm = 60.5\ntheme = \"screen-dark\"\nformats = [\"pdf\", \"npz\"]\npreset = \"paper\"";
        let settings: FigureSettings = toml::from_str(text).unwrap();
        assert_eq!((settings.width_mm, settings.height_mm, settings.theme), (86.0, Some(60.5), Theme::Dark));
        assert_eq!((settings.formats.as_slice(), settings.preset), (&[FigureFormat::Pdf, FigureFormat::Npz][..], FigurePreset::Paper));
        assert_eq!(toml::from_str::<FigureSettings>(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        let unknown = toml::from_str::<FigureSettings>("theme = \"sepia\"").unwrap_err().to_string();
        assert!(unknown.contains("screen-light") && unknown.contains("sepia"), "{unknown}");
    }

    #[test]
    fn sizes_that_make_no_sense_are_told() {
        for (text, expected) in [
            ("width_mm = 5", "expected `width_mm` of [figure] between 30 and 1000 mm, found 5"),
            ("height_mm = nan", "found NaN"),
            ("font_pt = 0", "between 3 and 48 pt, found 0"),
            ("dpi = 1e6", "between 30 and 2400 dots per inch, found 1000000"),
            ("formats = []", "expected at least one of svg, pdf, png, csv, npz as `formats` of [figure], found none"),
        ] {
            let error = toml::from_str::<FigureSettings>(text).unwrap().check().unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let settings: FigureSettings = toml::from_str("methods = [\"SAM\"]").unwrap();
        let error = settings.check_names(["OE", "ERM"].into_iter()).unwrap_err();
        assert_eq!(error, "expected a checkpoint (OE, ERM) in `methods` of [figure], found `SAM`");
    }
}

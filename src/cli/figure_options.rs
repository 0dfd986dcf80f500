//! Flags that take the place of the session's `[figure]` table.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use flatland_core::session::{FigureFormat, FigurePreset, Session, Theme};

/// Size, type, theme, files and choice of the figures; what is not given is as the session says.
#[derive(Clone, Debug, Args)]
pub struct FigureOptions {
    /// Width of every figure in millimetres.
    #[arg(long, value_name = "MM")]
    width_mm: Option<f64>,
    /// Height of every figure in millimetres; what the content needs when absent.
    #[arg(long, value_name = "MM")]
    height_mm: Option<f64>,
    /// Size of the type in points.
    #[arg(long, value_name = "PT")]
    font_pt: Option<f64>,
    /// Resolution of PNGs in dots per inch.
    #[arg(long, value_name = "DPI")]
    dpi: Option<f64>,
    /// What they are drawn on.
    #[arg(long, value_parser = one_of(Theme::ALL.map(|theme| (theme.key(), theme))))]
    theme: Option<Theme>,
    /// Files of every figure (repeatable).
    #[arg(long, value_parser = one_of(FigureFormat::ALL.map(|format| (format.extension(), format))))]
    format: Vec<FigureFormat>,
    /// Letters at the panels: (a), (b), ...
    #[arg(long)]
    letters: bool,
    /// Which figures: one for each analysis, or Figures 2 to 10 of the paper.
    #[arg(long, value_parser = one_of([("session", FigurePreset::Session), ("paper", FigurePreset::Paper)]))]
    preset: Option<FigurePreset>,
}

fn one_of<T: Clone + Send + Sync + 'static, const N: usize>(all: [(&'static str, T); N]) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(all.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    names.try_map(move |text| all.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone()).ok_or("no such value"))
}

impl FigureOptions {
    /// Applies the given flags to the session.
    ///
    /// # Errors
    /// When a value is invalid.
    pub fn apply(&self, session: &mut Session) -> anyhow::Result<()> {
        let figure = &mut session.figure;
        let put = |field: &mut f64, value: Option<f64>| *field = value.unwrap_or(*field);
        put(&mut figure.width_mm, self.width_mm);
        put(&mut figure.font_pt, self.font_pt);
        put(&mut figure.dpi, self.dpi);
        figure.height_mm = self.height_mm.or(figure.height_mm);
        figure.theme = self.theme.unwrap_or(figure.theme);
        figure.preset = self.preset.unwrap_or(figure.preset);
        figure.letters |= self.letters;
        if !self.format.is_empty() {
            figure.formats.clone_from(&self.format);
        }
        figure.check().map_err(anyhow::Error::msg)
    }
}

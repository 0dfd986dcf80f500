//! [`Export`]: a view as a captioned figure; its files are the same bytes as those of `flatland figures`.

use std::path::{Path, PathBuf};

use egui::ColorImage;

use crate::figure::CaptionedFigure;
use flatland_core::result::write_atomic;
use flatland_core::session::{FigureFormat, FigureSettings};

/// Makes the figure of data that it owns, since it is drawn on another thread.
trait FigureSource: Send {
    fn captioned(&self) -> Option<CaptionedFigure<'_>>;
}

impl<T: Send> FigureSource for (T, fn(&T) -> Option<CaptionedFigure<'_>>) {
    fn captioned(&self) -> Option<CaptionedFigure<'_>> {
        (self.1)(&self.0)
    }
}

/// A figure of a view, with the figure settings of the session.
pub struct Export {
    settings: FigureSettings,
    source: Box<dyn FigureSource>,
}

impl Export {
    /// The figure that `captioned` makes of the data; `None` while there is nothing to draw.
    pub fn new<T: Send + 'static>(settings: &FigureSettings, data: T, captioned: fn(&T) -> Option<CaptionedFigure<'_>>) -> Option<Self> {
        captioned(&data)?;
        Some(Self { settings: settings.clone(), source: Box::new((data, captioned)) })
    }

    /// Draws and writes the figure; the extension of `path` decides the format. `with_data`: also writes its numbers beside it as CSV.
    ///
    /// # Errors
    /// A sentence for the user; also when the file exists and `over` is not set.
    pub fn write(&self, path: &Path, with_data: bool, over: bool) -> Result<PathBuf, String> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let Some(format) = FigureFormat::ALL.into_iter().find(|format| format.extension() == extension) else {
            let known = FigureFormat::ALL.map(|format| format!(".{}", format.extension())).join(", ");
            return Err(format!("expected a file name that ends in {known}, found the ending `{extension}` ({})", path.display()));
        };
        if !over && path.exists() {
            return Err(format!("not written: the file exists already. Write again to overwrite it ({})", path.display()));
        }
        let captioned = self.source.captioned().ok_or("nothing to export")?;
        let is_picture = !matches!(format, FigureFormat::Csv | FigureFormat::Npz);
        for format in std::iter::once(format).chain((with_data && is_picture).then_some(FigureFormat::Csv)) {
            for (name, bytes) in captioned.files(format, &self.settings).map_err(|error| error.to_string())? {
                // Several tables of one figure differ in what follows its name.
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let file = format!("{stem}{}", name.strip_prefix(&captioned.name).unwrap_or(&name));
                write_atomic(&path.with_file_name(file), &bytes).map_err(|error| error.to_string())?;
            }
        }
        Ok(path)
    }

    /// Draws the figure for the clipboard, at the resolution of the session's PNGs.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn image(&self) -> Result<ColorImage, String> {
        let captioned = self.source.captioned().ok_or("nothing to copy")?;
        let style = captioned.style(&self.settings);
        let (width, height, pixels) = captioned.figure.to_pixels(&style, self.settings.dpi).map_err(|error| error.to_string())?;
        Ok(ColorImage::from_rgb([width as usize, height as usize], &pixels))
    }
}

//! [`LandscapeView`]: how landscapes are shown: as maps or surfaces, with which camera, colours and overlays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a landscape is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandscapeForm {
    /// Colours on the plane.
    #[default]
    Map,
    /// A surface over the plane.
    Surface,
}

/// The camera of surfaces: orthographic, looking at the centre of the axes' box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Camera {
    /// Degrees around the vertical, in (−180, 180]; at 0 α runs to the right and β away.
    pub yaw: f64,
    /// Degrees above the plane, from [`Camera::PITCH`]'s low to its high end.
    pub pitch: f64,
    /// Size relative to that at which the whole box is visible, within [`Camera::ZOOM`].
    pub zoom: f64,
    /// Offset of the box's centre from the panel's centre, right and up, as shares of the panel's side.
    pub shift: [f64; 2],
}

impl Default for Camera {
    fn default() -> Self {
        Self { yaw: 30.0, pitch: 34.0, zoom: 1.0, shift: [0.0; 2] }
    }
}

impl Camera {
    /// Lowest and highest pitch in degrees: never from below, at most straight down.
    pub const PITCH: [f64; 2] = [4.0, 90.0];
    /// Smallest and largest zoom.
    pub const ZOOM: [f64; 2] = [0.4, 12.0];

    /// Rotated by these degrees.
    pub fn turned(self, yaw: f64, pitch: f64) -> Self {
        let yaw = 180.0 - (180.0 - (self.yaw + yaw)).rem_euclid(360.0);
        Self { yaw, pitch: (self.pitch + pitch).clamp(Self::PITCH[0], Self::PITCH[1]), ..self }
    }

    /// Zoomed by this factor; the point `around`, in shares of the panel's side from its centre, stays in place.
    pub fn zoomed(self, factor: f64, around: [f64; 2]) -> Self {
        let zoom = (self.zoom * factor).clamp(Self::ZOOM[0], Self::ZOOM[1]);
        let grown = zoom / self.zoom;
        let shift = [0, 1].map(|k| around[k] + (self.shift[k] - around[k]) * grown);
        Self { zoom, shift, ..self }.held()
    }

    /// Moved by these shares of the panel's side.
    pub fn moved(self, by: [f64; 2]) -> Self {
        Self { shift: [self.shift[0] + by[0], self.shift[1] + by[1]], ..self }.held()
    }

    /// With the offset limited so that the box stays in the panel.
    fn held(self) -> Self {
        Self { shift: self.shift.map(|s| s.clamp(-self.zoom, self.zoom)), ..self }
    }

    /// Whether the values are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, [low, high]: [f64; 2]| {
            let message = format!("expected `{name}` of a landscape's camera between {low} and {high}, found {value}");
            if (low..=high).contains(&value) { Ok(()) } else { Err(message) }
        };
        within("yaw", self.yaw, [-180.0, 180.0])?;
        within("pitch", self.pitch, Self::PITCH)?;
        within("zoom", self.zoom, Self::ZOOM)?;
        self.shift.iter().try_for_each(|shift| within("shift", *shift, [-Self::ZOOM[1], Self::ZOOM[1]]))
    }
}

/// How values are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    #[default]
    Log,
    /// Equal ratios on both sides of 0, equal differences around it: asinh. On axes as [`Spacing::Linear`].
    Symmetric,
}

impl Spacing {
    /// All, in the order in which they are shown.
    pub const ALL: [Spacing; 3] = [Spacing::Linear, Spacing::Log, Spacing::Symmetric];

    /// The number that is plotted for `value`: log10 of it on a log scale.
    pub fn plotted(self, value: f64) -> f64 {
        match self {
            Spacing::Linear | Spacing::Symmetric => value,
            Spacing::Log => value.log10(),
        }
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Spacing::Linear => "linear",
            Spacing::Log => "log",
            Spacing::Symmetric => "symmetric log",
        }
    }
}

/// Names of the colour maps; perceptual ramps for values, one diverging map for differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colormap {
    /// Dark blue over green to yellow.
    #[default]
    Viridis,
    /// Black over red to white.
    Magma,
    /// Black over red to yellow.
    Inferno,
    /// Blue to yellow, made for colour blindness.
    Cividis,
    /// Blue over white to red, for differences; 0.5 is white.
    Difference,
}

impl Colormap {
    /// The maps, in the order in which they are shown.
    pub const ALL: [Colormap; 5] = [Colormap::Viridis, Colormap::Cividis, Colormap::Magma, Colormap::Inferno, Colormap::Difference];

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Colormap::Viridis => "viridis",
            Colormap::Magma => "magma",
            Colormap::Inferno => "inferno",
            Colormap::Cividis => "cividis",
            Colormap::Difference => "blue–white–red",
        }
    }
}

/// The colours of one quantity; what is absent is chosen from the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorSettings {
    /// The colours: viridis, of differences blue over white to red.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<Colormap>,
    /// The spacing: log for losses, linear for quantities that are compared by differences, symmetric for differences of losses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spacing: Option<Spacing>,
    /// The value of the first colour: the smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The value of the last colour: the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl ColorSettings {
    /// Whether the limits are finite and in order; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        if let Some(limit) = [self.low, self.high].into_iter().flatten().find(|limit| !limit.is_finite()) {
            return Err(format!("expected finite limits of a colour range, found {limit}"));
        }
        match (self.low, self.high) {
            (Some(low), Some(high)) if low >= high => Err(format!("expected low < high of a colour range, found {low} and {high}")),
            _ => Ok(()),
        }
    }
}

/// A standard error that is shown instead of its quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShown {
    /// In the unit of the quantity.
    Absolute,
    /// As a share of the quantity's magnitude.
    Relative,
}

/// The direction of the sections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutAxis {
    /// Along α, at the cursor's β.
    #[default]
    Alpha,
    /// Along β, at the cursor's α.
    Beta,
}

impl CutAxis {
    /// Both.
    pub const ALL: [CutAxis; 2] = [CutAxis::Alpha, CutAxis::Beta];

    /// As printed in the paper: the axis, and the one across.
    pub fn symbols(self) -> [&'static str; 2] {
        match self {
            CutAxis::Alpha => ["α", "β"],
            CutAxis::Beta => ["β", "α"],
        }
    }
}

/// A node of a landscape that was picked for inspection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PickedCell {
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// The node's α.
    pub alpha: f64,
    /// The node's β.
    pub beta: f64,
}

/// How landscapes are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LandscapeView {
    /// Map or surface.
    pub form: LandscapeForm,
    /// The camera of surfaces.
    pub camera: Camera,
    /// Cameras of single checkpoints, used while cameras are not linked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub own_cameras: BTreeMap<String, Camera>,
    /// Colours by quantity: `loss`, `difference`, `auroc`, ..., with ` of <checkpoint>` appended while colour ranges are not linked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub colors: BTreeMap<String, ColorSettings>,
    /// Whether contour lines are labelled with their values.
    pub contour_labels: bool,
    /// Whether the status of every cell is drawn over the colours.
    pub status: bool,
    /// The standard error that is shown instead of the quantity, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorShown>,
    /// Whether sections have bands of ± 1 standard error.
    pub error_bands: bool,
    /// The direction of the sections.
    pub cut: CutAxis,
    /// The picked node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picked: Option<PickedCell>,
}

impl Default for LandscapeView {
    fn default() -> Self {
        Self {
            form: LandscapeForm::default(),
            camera: Camera::default(),
            own_cameras: BTreeMap::new(),
            colors: BTreeMap::new(),
            contour_labels: true,
            status: false,
            error: None,
            error_bands: true,
            cut: CutAxis::default(),
            picked: None,
        }
    }
}

impl LandscapeView {
    /// The color settings of a quantity; automatic if none were set.
    pub fn colors(&self, quantity: &str) -> ColorSettings {
        self.colors.get(quantity).copied().unwrap_or_default()
    }

    /// Sets the colours of a quantity; settings that are all automatic are not stored.
    pub fn set_colors(&mut self, quantity: &str, settings: ColorSettings) {
        if settings == ColorSettings::default() {
            self.colors.remove(quantity);
        } else {
            self.colors.insert(quantity.into(), settings);
        }
    }

    /// The camera of a checkpoint's surface.
    pub fn camera_of(&self, checkpoint: &str, linked: bool) -> Camera {
        if linked { self.camera } else { self.own_cameras.get(checkpoint).copied().unwrap_or(self.camera) }
    }

    /// Sets it, for all checkpoints if cameras are linked.
    pub fn set_camera(&mut self, checkpoint: &str, linked: bool, camera: Camera) {
        if linked {
            self.camera = camera;
            self.own_cameras.clear();
        } else {
            self.own_cameras.insert(checkpoint.into(), camera);
        }
    }

    /// Renames the checkpoint `from` to `to`; without `to`, removes its settings.
    pub(super) fn rename_checkpoint(&mut self, from: &str, to: Option<&str>) {
        self.picked = self.picked.take().and_then(|cell| {
            let checkpoint = if cell.checkpoint == from { to?.to_owned() } else { cell.checkpoint };
            Some(PickedCell { checkpoint, ..cell })
        });
        if let (Some(camera), Some(to)) = (self.own_cameras.remove(from), to) {
            self.own_cameras.insert(to.into(), camera);
        }
        // No key of a quantity has spaces.
        let renamed = |(key, settings): (String, ColorSettings)| match key.split_once(" of ") {
            Some((quantity, name)) if name == from => to.map(|to| (format!("{quantity} of {to}"), settings)),
            _ => Some((key, settings)),
        };
        self.colors = std::mem::take(&mut self.colors).into_iter().filter_map(renamed).collect();
    }

    /// Whether all values are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When one does not.
    pub fn check(&self) -> Result<(), String> {
        std::iter::once(&self.camera).chain(self.own_cameras.values()).try_for_each(Camera::check)?;
        self.colors.iter().try_for_each(|(quantity, settings)| settings.check().map_err(|message| format!("{message} (`{quantity}`)")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_not_said_is_the_default_and_what_is_said_comes_back() {
        assert_eq!(toml::from_str::<LandscapeView>("").unwrap(), LandscapeView::default());
        let text = "form = \"surface\"\ncut = \"beta\"\nerror = \"relative\"\n[camera]\nyaw = -20\n[colors.loss]\nlow = 0.5\nspacing = \"symmetric\"\nmap = \"magma\"\n[picked]\ncheckpoint = \"SAM\"\nalpha = 0.5\nbeta = 0.0";
        let view: LandscapeView = toml::from_str(text).unwrap();
        assert_eq!((view.form, view.cut, view.camera.yaw, view.camera.pitch), (LandscapeForm::Surface, CutAxis::Beta, -20.0, 34.0));
        let colors = ColorSettings { map: Some(Colormap::Magma), spacing: Some(Spacing::Symmetric), low: Some(0.5), high: None };
        assert_eq!(view.colors("loss"), colors);
        assert_eq!(toml::from_str::<LandscapeView>(&toml::to_string(&view).unwrap()).unwrap(), view);
    }

    #[test]
    fn numbers_that_make_no_sense_are_told() {
        for (text, expected) in [
            ("[camera]\npitch = 0", "`pitch` of a landscape's camera between 4 and 90, found 0"),
            ("[camera]\nzoom = nan", "found NaN"),
            ("[colors.loss]\nlow = 2\nhigh = 1", "expected low < high of a colour range, found 2 and 1 (`loss`)"),
            ("[colors.auroc]\nhigh = inf", "expected finite limits of a colour range, found inf (`auroc`)"),
        ] {
            let error = toml::from_str::<LandscapeView>(text).unwrap().check().unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(LandscapeView::default().check(), Ok(()));
    }

    #[test]
    fn a_camera_turns_around_and_keeps_above_the_plane() {
        let camera = Camera::default();
        assert_eq!(camera.turned(360.0, 0.0), camera);
        assert_eq!(camera.turned(160.0, 0.0).yaw, -170.0);
        assert_eq!(camera.turned(0.0, -100.0).pitch, 4.0);
        assert_eq!(camera.turned(0.0, 100.0).pitch, 90.0);
        assert!((-60..60).all(|k| camera.turned(37.0 * f64::from(k), 0.0).check().is_ok()));
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let camera = Camera { shift: [0.1, -0.2], ..Camera::default() };
        let near = camera.zoomed(2.0, [0.3, 0.1]);
        // A point of the box lies at shift + zoom · place.
        let place = [0, 1].map(|k| ([0.3, 0.1][k] - camera.shift[k]) / camera.zoom);
        let after = [0, 1].map(|k| near.shift[k] + near.zoom * place[k]);
        assert!((after[0] - 0.3).abs() < 1e-12 && (after[1] - 0.1).abs() < 1e-12);
        assert_eq!(camera.zoomed(1e9, [0.0; 2]).zoom, 12.0);
    }

    #[test]
    fn unlinked_cameras_are_their_own_until_they_are_linked_again() {
        let mut view = LandscapeView::default();
        view.set_camera("SAM", false, Camera { yaw: 10.0, ..Camera::default() });
        assert_eq!(
            (view.camera_of("SAM", false).yaw, view.camera_of("OE", false).yaw, view.camera_of("SAM", true).yaw),
            (10.0, 30.0, 30.0)
        );
        view.set_camera("OE", true, Camera { yaw: 50.0, ..Camera::default() });
        assert_eq!(view.camera_of("SAM", false).yaw, 50.0);
    }
}

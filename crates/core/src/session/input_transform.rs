//! [`InputTransform`]: how images are brought to the size of a network's input.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The transforms of well-known test pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputPreset {
    /// torchvision's classification weights: shorter side to 256, bilinear, centre 224.
    TorchvisionImagenet,
    /// timm's default (`crop_pct = 0.875`): shorter side to ⌊224 / 0.875⌋ = 256, bicubic, centre 224.
    Timm,
    /// OpenOOD's on ImageNet: that of torchvision.
    OpenoodImagenet,
    /// OpenOOD's on CIFAR: shorter side to 32, bilinear, centre 32.
    OpenoodCifar,
}

impl InputPreset {
    /// All of them, in the order in which they are offered.
    pub const ALL: [InputPreset; 4] =
        [InputPreset::TorchvisionImagenet, InputPreset::Timm, InputPreset::OpenoodImagenet, InputPreset::OpenoodCifar];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            InputPreset::TorchvisionImagenet => "torchvision_imagenet",
            InputPreset::Timm => "timm",
            InputPreset::OpenoodImagenet => "openood_imagenet",
            InputPreset::OpenoodCifar => "openood_cifar",
        }
    }

    fn steps(self) -> InputSteps {
        let (resize, crop, filter) = match self {
            InputPreset::TorchvisionImagenet | InputPreset::OpenoodImagenet => (256, 224, InputFilter::Bilinear),
            InputPreset::Timm => (256, 224, InputFilter::Bicubic),
            InputPreset::OpenoodCifar => (32, 32, InputFilter::Bilinear),
        };
        InputSteps { resize: Some(InputResize::Shorter(resize)), crop: Some([crop; 2]), filter }
    }
}

/// How pixels between those of an image are found. All but `Nearest` are antialiased, as in Pillow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputFilter {
    /// A triangle.
    #[default]
    Bilinear,
    /// Keys' cubic with a = −0.5.
    Bicubic,
    /// Lanczos with three lobes.
    Lanczos,
    /// The nearest pixel.
    Nearest,
}

impl InputFilter {
    const ALL: [InputFilter; 4] = [InputFilter::Bilinear, InputFilter::Bicubic, InputFilter::Lanczos, InputFilter::Nearest];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            InputFilter::Bilinear => "bilinear",
            InputFilter::Bicubic => "bicubic",
            InputFilter::Lanczos => "lanczos",
            InputFilter::Nearest => "nearest",
        }
    }
}

/// The size that an image is scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputResize {
    /// The length of the shorter side; the other side keeps the aspect ratio.
    Shorter(usize),
    /// [height, width], whatever the aspect ratio.
    Exactly([usize; 2]),
}

/// Scaling, then a crop in the centre; at least one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputSteps {
    /// Scaling, if any.
    pub resize: Option<InputResize>,
    /// [height, width] of the crop, if any. Black is added where the image is smaller.
    pub crop: Option<[usize; 2]>,
    /// How images are scaled.
    pub filter: InputFilter,
}

/// How images are brought to the size of a network's input, in place of Flatland's own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputTransform {
    /// By name.
    Preset(InputPreset),
    /// By its steps.
    Steps(InputSteps),
}

/// `224`, or `224x192` of two sides that differ.
fn side_or_sides([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { format!("{height}x{width}") }
}

/// Largest side, pixels: that of a JPEG.
const MAX_SIDE: u64 = u16::MAX as u64;

impl InputTransform {
    /// What is done.
    pub fn steps(&self) -> InputSteps {
        match self {
            InputTransform::Preset(preset) => preset.steps(),
            InputTransform::Steps(steps) => *steps,
        }
    }

    /// [height, width] of every image after it; `None` where these depend on the image.
    pub fn size(&self) -> Option<[usize; 2]> {
        let InputSteps { resize, crop, .. } = self.steps();
        crop.or(match resize {
            Some(InputResize::Exactly(size)) => Some(size),
            Some(InputResize::Shorter(_)) | None => None,
        })
    }

    /// As shown to the user: the name, or the steps as in `resize 256, crop 224, bicubic`.
    pub fn label(&self) -> String {
        match self {
            InputTransform::Steps(InputSteps { resize, crop, filter }) => {
                let resize = resize.map(|resize| match resize {
                    InputResize::Shorter(side) => format!("resize {side}"),
                    InputResize::Exactly(sides) => format!("resize {}", side_or_sides(sides)),
                });
                let crop = crop.map(|sides| format!("crop {}", side_or_sides(sides)));
                let filter = resize.is_some().then(|| filter.key().to_owned());
                [resize, crop, filter].into_iter().flatten().collect::<Vec<_>>().join(", ")
            }
            InputTransform::Preset(InputPreset::TorchvisionImagenet) => "torchvision, ImageNet".into(),
            InputTransform::Preset(InputPreset::Timm) => "timm".into(),
            InputTransform::Preset(InputPreset::OpenoodImagenet) => "OpenOOD, ImageNet".into(),
            InputTransform::Preset(InputPreset::OpenoodCifar) => "OpenOOD, CIFAR".into(),
        }
    }

    /// Its steps: `shorter side to 256 (bilinear), centre 224x224`.
    pub fn describe(&self) -> String {
        let InputSteps { resize, crop, filter } = self.steps();
        let resize = resize.map(|resize| match resize {
            InputResize::Shorter(side) => format!("shorter side to {side} ({})", filter.key()),
            InputResize::Exactly([height, width]) => format!("to {height}x{width} ({})", filter.key()),
        });
        let crop = crop.map(|[height, width]| format!("centre {height}x{width}"));
        resize.into_iter().chain(crop).collect::<Vec<_>>().join(", ")
    }

    /// The alternatives to offer to `present`: none, the presets, and itself if it is none of them.
    pub fn choices(present: Option<Self>) -> Vec<Option<Self>> {
        let own = present.filter(|present| matches!(present, InputTransform::Steps(_)));
        let presets = InputPreset::ALL.into_iter().map(InputTransform::Preset);
        std::iter::once(None).chain(presets.chain(own).map(Some)).collect()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let names = || InputPreset::ALL.map(|preset| format!("\"{}\"", preset.key())).join(", ");
        let expected =
            || format!("expected an `input`, one of {} or {{ resize = 256, crop = 224, filter = \"bilinear\" }}, found {value}", names());
        match value {
            Value::String(text) => {
                let preset = InputPreset::ALL.into_iter().find(|preset| preset.key() == text);
                preset.map(InputTransform::Preset).ok_or_else(expected)
            }
            Value::Object(table) => steps(table).map(InputTransform::Steps),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(expected()),
        }
    }
}

fn steps(table: &Map<String, Value>) -> Result<InputSteps, String> {
    if let Some(unknown) = table.keys().find(|key| !["resize", "crop", "filter"].contains(&key.as_str())) {
        return Err(format!("expected `resize`, `crop` and `filter` in an `input`, found `{unknown}`"));
    }
    let lengths = |key: &str| table.get(key).map(|value| lengths(key, value)).transpose();
    let resize = lengths("resize")?.map(|lengths| match lengths {
        Lengths::One(side) => InputResize::Shorter(side),
        Lengths::Two(size) => InputResize::Exactly(size),
    });
    let crop = lengths("crop")?.map(|lengths| match lengths {
        Lengths::One(side) => [side; 2],
        Lengths::Two(size) => size,
    });
    let filter = table.get("filter").map(filter).transpose()?;
    match (resize, crop, filter) {
        (None, None, _) => Err("expected `resize` or `crop` in an `input`, found neither".into()),
        (None, Some(_), Some(_)) => Err("expected `resize` beside the `filter` of an `input`, found none".into()),
        (resize, crop, filter) => Ok(InputSteps { resize, crop, filter: filter.unwrap_or_default() }),
    }
}

fn filter(value: &Value) -> Result<InputFilter, String> {
    let names = || InputFilter::ALL.map(|filter| format!("\"{}\"", filter.key())).join(", ");
    let filter = InputFilter::ALL.into_iter().find(|filter| value.as_str() == Some(filter.key()));
    filter.ok_or_else(|| format!("expected one of {} as `filter` of an `input`, found {value}", names()))
}

/// One length or [height, width], as in files.
#[derive(Serialize)]
#[serde(untagged)]
enum Lengths {
    One(usize),
    Two([usize; 2]),
}

fn lengths(key: &str, value: &Value) -> Result<Lengths, String> {
    let length = |value: &Value| value.as_u64().filter(|side| (1..=MAX_SIDE).contains(side)).map(|side| side as usize);
    let found = match value {
        Value::Array(sides) => match sides.as_slice() {
            [height, width] => length(height).zip(length(width)).map(|(height, width)| Lengths::Two([height, width])),
            _ => None,
        },
        Value::Number(_) => length(value).map(Lengths::One),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => None,
    };
    found.ok_or_else(|| format!("expected a whole number from 1 to {MAX_SIDE} or [height, width] as `{key}` of an `input`, found {value}"))
}

/// As stored in files.
#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    resize: Option<Lengths>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<Lengths>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'static str>,
}

impl Serialize for InputTransform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let InputSteps { resize, crop, filter } = match self {
            InputTransform::Preset(preset) => return preset.key().serialize(serializer),
            InputTransform::Steps(steps) => *steps,
        };
        let crop = crop.map(|crop| match crop {
            [height, width] if height == width => Lengths::One(height),
            crop => Lengths::Two(crop),
        });
        let filter = resize.map(|_| filter.key());
        let resize = resize.map(|resize| match resize {
            InputResize::Shorter(side) => Lengths::One(side),
            InputResize::Exactly(size) => Lengths::Two(size),
        });
        Written { resize, crop, filter }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for InputTransform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::session::CheckpointEntry;

    fn read(text: &str) -> Result<InputTransform, String> {
        let text = format!("name = \"net\"\npath = \"net.pt\"\ninput = {text}\n");
        let entry = toml::from_str::<CheckpointEntry>(&text).map_err(|error| error.message().to_owned())?;
        Ok(entry.input.unwrap())
    }

    #[test]
    fn a_transform_is_shown_by_its_name_or_its_steps() {
        for (text, label) in [
            ("\"timm\"", "timm"),
            ("{ resize = 256, crop = 224, filter = \"bicubic\" }", "resize 256, crop 224, bicubic"),
            ("{ resize = [40, 60], filter = \"lanczos\" }", "resize 40x60, lanczos"),
            ("{ crop = [32, 48] }", "crop 32x48"),
        ] {
            assert_eq!(read(text).unwrap().label(), label);
        }
    }

    #[test]
    fn what_was_written_is_written_again() {
        let presets = InputPreset::ALL.map(|preset| format!("\"{}\"", preset.key()));
        let steps = [
            "{ resize = 256, crop = 224, filter = \"bilinear\" }",
            "{ resize = [40, 60], filter = \"lanczos\" }",
            "{ resize = 32, crop = [32, 48], filter = \"nearest\" }",
            "{ crop = 96 }",
        ];
        for text in presets.iter().map(String::as_str).chain(steps) {
            let transform = read(text).unwrap();
            let entry = CheckpointEntry { input: Some(transform), ..CheckpointEntry::default() };
            let written = toml::to_string_pretty(&entry).unwrap();
            assert_eq!(toml::from_str::<CheckpointEntry>(&written).unwrap(), entry, "{written}");
            let json = serde_json::to_string(&transform).unwrap();
            assert_eq!(serde_json::from_str::<InputTransform>(&json).unwrap(), transform);
        }
        let json = |text: &str| serde_json::to_string(&read(text).unwrap()).unwrap();
        assert_eq!(json("{ resize = 256, crop = [224, 224] }"), r#"{"resize":256,"crop":224,"filter":"bilinear"}"#);
        assert_eq!(json("\"timm\""), "\"timm\"");
    }

    #[test]
    fn a_checkpoint_without_it_is_written_as_before() {
        let written = toml::to_string(&CheckpointEntry::default()).unwrap();
        assert!(!written.contains("input"), "{written}");
    }

    #[test]
    fn presets_are_the_pipelines_of_others() {
        let described = InputPreset::ALL.map(|preset| InputTransform::Preset(preset).describe());
        assert_eq!(
            described,
            [
                "shorter side to 256 (bilinear), centre 224x224",
                "shorter side to 256 (bicubic), centre 224x224",
                "shorter side to 256 (bilinear), centre 224x224",
                "shorter side to 32 (bilinear), centre 32x32",
            ]
        );
        assert_eq!(read("{ resize = [40, 60] }").unwrap().describe(), "to 40x60 (bilinear)");
        assert_eq!(read("{ crop = 96 }").unwrap().describe(), "centre 96x96");
    }

    #[test]
    fn one_that_is_no_preset_is_offered_beside_them() {
        let own = read("{ crop = 96 }").unwrap();
        assert_eq!(InputTransform::choices(None).len(), 5);
        assert_eq!(InputTransform::choices(Some(own)).last(), Some(&Some(own)));
        assert_eq!(InputTransform::choices(Some(InputTransform::Preset(InputPreset::Timm))).len(), 5);
    }

    #[test]
    fn what_is_none_says_what_was_expected() {
        for (text, expected) in [
            ("\"imagenet\"", "one of \"torchvision_imagenet\", \"timm\", \"openood_imagenet\", \"openood_cifar\" or { resize = 256"),
            ("\"imagenet\"", "found \"imagenet\""),
            ("224", "found 224"),
            ("{ resize = 256, corp = 224 }", "expected `resize`, `crop` and `filter` in an `input`, found `corp`"),
            ("{}", "expected `resize` or `crop` in an `input`, found neither"),
            ("{ filter = \"bicubic\" }", "expected `resize` or `crop` in an `input`, found neither"),
            ("{ crop = 224, filter = \"bicubic\" }", "expected `resize` beside the `filter` of an `input`, found none"),
            ("{ resize = 0 }", "from 1 to 65535 or [height, width] as `resize` of an `input`, found 0"),
            ("{ resize = -1 }", "as `resize` of an `input`, found -1"),
            ("{ crop = 65536 }", "as `crop` of an `input`, found 65536"),
            ("{ crop = 224.5 }", "as `crop` of an `input`, found 224.5"),
            ("{ crop = [224] }", "as `crop` of an `input`, found [224]"),
            ("{ crop = [224, 0] }", "as `crop` of an `input`, found [224,0]"),
            ("{ resize = 256, filter = \"area\" }", "one of \"bilinear\", \"bicubic\", \"lanczos\", \"nearest\" as `filter`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: expected `{expected}` in `{error}`");
        }
    }
}

#![allow(clippy::unwrap_used)]
use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    normalization: Normalization,
}

fn read(text: &str) -> Result<Normalization, String> {
    let text = format!("normalization = {text}\n");
    toml::from_str::<Holder>(&text).map(|holder| holder.normalization).map_err(|error| error.message().to_owned())
}

#[test]
fn one_value_is_of_grey_images_and_three_are_of_rgb() {
    let grey = read("{ mean = [0.1307], std = [0.3081] }").unwrap();
    assert_eq!(grey, Normalization::Grey { mean: 0.1307, std: 0.3081 });
    assert_eq!(read("{ mean = 0.1307, std = 0.3081 }").unwrap(), grey);
    assert_eq!(read("{ mean = [0, 0, 0], std = [1, 1, 1] }").unwrap(), Normalization::Constants { mean: [0.0; 3], std: [1.0; 3] });
    assert_eq!(read("\"mnist\"").unwrap(), Normalization::Preset(NormalizationPreset::Mnist));
    // (x/255 − 127/255)·255/128 of TFLite's networks.
    assert!(read("{ mean = [0.498, 0.498, 0.498], std = [0.502, 0.502, 0.502] }").is_ok());
}

#[test]
fn tflite_takes_127_from_a_pixel_and_divides_by_128() {
    let (mean, std) = Normalization::Preset(NormalizationPreset::Tflite).constants();
    for pixel in 0..=255 {
        let normalized = (f64::from(pixel) / 255.0 - mean[0]) / std[0];
        let expected = (f64::from(pixel) - 127.0) / 128.0;
        assert!((normalized - expected).abs() < 1e-15, "{pixel}: {normalized}, {expected}");
    }
    assert_eq!(read("\"tflite\"").unwrap().for_channels(1).unwrap(), (vec![127.0 / 255.0], vec![128.0 / 255.0]));
}

#[test]
fn every_preset_is_read_by_its_key_and_has_a_label_of_its_own() {
    let labels = NormalizationPreset::ALL.map(|preset| {
        let read = read(&format!("\"{}\"", preset.key())).unwrap();
        assert_eq!(read, Normalization::Preset(preset));
        read.label()
    });
    assert_eq!(labels.iter().collect::<std::collections::BTreeSet<_>>().len(), labels.len());
    let of = |preset| Normalization::Preset(preset).constants();
    assert_eq!(of(NormalizationPreset::Inception), of(NormalizationPreset::Half));
}

#[test]
fn what_was_written_is_written_again() {
    for text in ["\"cifar10\"", "\"mnist\"", "{ mean = [0.1307], std = [0.3081] }", "{ mean = [0.1, 0.2, 0.3], std = [0.4, 0.5, 0.6] }"] {
        let normalization = read(text).unwrap();
        let written = toml::to_string(&Holder { normalization }).unwrap();
        assert_eq!(toml::from_str::<Holder>(&written).unwrap().normalization, normalization, "{written}");
        let json = serde_json::to_string(&normalization).unwrap();
        assert_eq!(serde_json::from_str::<Normalization>(&json).unwrap(), normalization);
    }
    let grey = serde_json::to_string(&Normalization::Grey { mean: 0.1307, std: 0.3081 }).unwrap();
    assert_eq!(grey, r#"{"mean":[0.1307],"std":[0.3081]}"#);
    assert_eq!(serde_json::to_string(&Normalization::default()).unwrap(), "\"cifar10\"");
}

#[test]
fn what_is_none_says_what_was_expected() {
    for (text, expected) in [
        (
            "{ mean = [0.1, 0.2], std = [0.3, 0.4] }",
            "expected one value (grey images) or three (RGB) in `mean` of a normalization, found 2",
        ),
        ("{ mean = [], std = [0.3] }", "in `mean` of a normalization, found 0"),
        ("{ mean = [0.1], std = [0.3, 0.3, 0.3] }", "expected as many values in `mean` as in `std` of a normalization, found 1 and 3"),
        ("{ mean = [0.1], std = [0.0] }", "expected standard deviations above 0 in `std` of a normalization, found 0"),
        ("{ mean = [0.1], std = [-0.3] }", "above 0 in `std` of a normalization, found -0.3"),
        ("{ mean = [nan], std = [0.3] }", "expected finite numbers in a normalization, found NaN"),
        ("{ mean = [0.1], std = [inf] }", "expected finite numbers in a normalization, found inf"),
        (
            "{ mean = [123.675, 116.28, 103.53], std = [58.395, 57.12, 57.375] }",
            "of pixels in 0..255 it is mean = [0.4850, 0.4560, 0.4060], std = [0.2290, 0.2240, 0.2250]",
        ),
        ("{ mean = [33.3], std = [78.6] }", "expected a normalization of pixels in [0, 1], found mean = [33.3], std = [78.6]"),
        ("{ mean = [\"a\"], std = [0.3] }", "expected numbers in `mean` of a normalization, found \"a\""),
        ("{ mean = [0.1] }", "found a table of `mean`"),
        ("{ mean = [0.1], stdev = [0.3] }", "or { mean = [..], std = [..] } of pixels in [0, 1], found a table of `mean`, `stdev`"),
        ("\"imagenet1k\"", "expected a normalization, one of \"none\", \"cifar10\", "),
        ("\"Imagenet\"", "found \"Imagenet\""),
        ("0.5", "found 0.5"),
        ("true", "found another value"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(expected), "{text}: expected `{expected}` in `{error}`");
        assert!(!error.contains("variant"), "{error}");
    }
}

#[test]
fn constants_fit_the_channels_of_the_network_or_both_are_named() {
    let of = |preset| Normalization::Preset(preset);
    let grey = Normalization::Grey { mean: 0.25, std: 0.5 };
    assert_eq!(grey.for_channels(1).unwrap(), (vec![0.25], vec![0.5]));
    assert_eq!(of(NormalizationPreset::Mnist).for_channels(1).unwrap(), (vec![0.1307], vec![0.3081]));
    assert_eq!(of(NormalizationPreset::None).for_channels(1).unwrap(), (vec![0.0], vec![1.0]));
    assert_eq!(of(NormalizationPreset::Half).for_channels(3).unwrap(), (vec![0.5; 3], vec![0.5; 3]));
    let error = grey.for_channels(3).unwrap_err();
    assert!(error.contains("RGB images (3 channels)") && error.contains("(mean = [0.25], std = [0.5])"), "{error}");
    let error = of(NormalizationPreset::Cifar10).for_channels(1).unwrap_err();
    assert!(error.contains("grey images (1 channel)") && error.contains("\"cifar10\", mean = [0.4914, 0.4822, 0.4465]"), "{error}");
    assert!(of(NormalizationPreset::Mnist).for_channels(3).unwrap_err().contains("found one of grey images (\"mnist\""));
}

#![allow(clippy::unwrap_used)]

use super::*;

fn gradient() -> Vec<u8> {
    (0..32 * 32 * 3).map(|i| (i * 7 % 256) as u8).collect()
}

fn augmented(augmentation: &Augmentation, seed: u64) -> Vec<u8> {
    let mut image = gradient();
    augmentation.apply(&mut image, 32, 32, seed).unwrap();
    image
}

fn with(kind: &str, severity: Severity) -> Augmentation {
    Augmentation { kind: kind.into(), severity: Some(severity) }
}

#[test]
fn files_say_a_number_or_uniform_or_nothing() {
    let read = |text: &str| toml::from_str::<Augmentation>(text);
    assert_eq!(read("kind = \"fog\"\nseverity = 3").unwrap(), with("fog", Severity::Fixed(3)));
    assert_eq!(read("kind = \"fog\"\nseverity = \"uniform\"").unwrap(), with("fog", Severity::Uniform));
    assert_eq!(read("kind = \"flip\"").unwrap(), Augmentation::new("flip"));
    for augmentation in [with("fog", Severity::Uniform), with("fog", Severity::Fixed(2)), Augmentation::new("flip")] {
        assert_eq!(read(&toml::to_string(&augmentation).unwrap()).unwrap(), augmentation);
        let json = serde_json::to_string(&augmentation).unwrap();
        assert_eq!(serde_json::from_str::<Augmentation>(&json).unwrap(), augmentation, "{json}");
    }
    for (text, found) in [("severity = 0", "0"), ("severity = 6", "6"), ("severity = -1", "0"), ("severity = \"strong\"", "strong")] {
        let message = read(&format!("kind = \"fog\"\n{text}")).unwrap_err().to_string();
        assert!(message.contains("1 to 5 or \"uniform\"") && message.contains(found), "{message}");
    }
}

#[test]
fn unknown_kinds_and_needless_severities_are_clear_errors() {
    let message = |augmentation: Augmentation| augmentation.check().unwrap_err().to_string();
    let unknown = message(Augmentation::new("rain"));
    assert!(unknown.contains("gaussian_noise, ") && unknown.contains("flip") && unknown.contains("`rain`"), "{unknown}");
    assert!(message(with("flip", Severity::Fixed(2))).contains("`flip` without a severity, found 2"));
    assert!(message(with("contrast", Severity::Fixed(9))).contains("1 to 5"));
    assert!(Augmentation::new("flip").apply(&mut [0; 5], 1, 1, 0).unwrap_err().to_string().contains("expected 3 bytes"));
    assert!(Augmentation::new("flip").apply_all(&mut [0; 5], 1, 1, |_| 0).is_err());
}

#[test]
fn without_a_severity_a_corruption_has_severity_1() {
    assert_eq!(augmented(&Augmentation::new("brightness"), 3), augmented(&with("brightness", Severity::Fixed(1)), 3));
    let mut corrupted = gradient();
    let corruption = super::super::Corruption { kind: "brightness".into(), severity: 1 };
    corruption::apply(&mut corrupted, 32, 32, &corruption, 3).unwrap();
    assert_eq!(augmented(&Augmentation::new("brightness"), 3), corrupted);
}

#[test]
fn uniform_draws_every_severity_alike_from_the_seed() {
    let fixed: Vec<Vec<u8>> = (1..=5).map(|severity| augmented(&with("contrast", Severity::Fixed(severity)), 0)).collect();
    let mut counts = [0; 5];
    for seed in 0..1000 {
        let image = augmented(&with("contrast", Severity::Uniform), seed);
        counts[fixed.iter().position(|one| *one == image).unwrap()] += 1;
    }
    // 200 each, standard deviation 12.6.
    assert!(counts.iter().all(|count| (150..250).contains(count)), "{counts:?}");
}

#[test]
fn results_depend_on_seeds_not_on_batches_or_threads() {
    let images: Vec<u8> = gradient().into_iter().cycle().take(24 * 3072).collect();
    let with_threads = |threads: usize, augmentation: &Augmentation| {
        let mut images = images.clone();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| augmentation.apply_all(&mut images, 32, 32, |i| corruption::image_seed(5, i))).unwrap();
        images
    };
    for kind in Augmentation::kinds() {
        let severity = Augmentation::new(kind).geometric().is_none().then_some(Severity::Uniform);
        let augmentation = Augmentation { kind: kind.into(), severity };
        let (one, four) = (with_threads(1, &augmentation), with_threads(4, &augmentation));
        assert_eq!(one, four, "{kind}");
        for i in [0, 7, 23] {
            assert_eq!(one[i * 3072..(i + 1) * 3072], augmented(&augmentation, corruption::image_seed(5, i)), "{kind}, image {i}");
        }
        assert_ne!(one, images, "{kind}");
    }
}

#[test]
fn every_kind_works_on_images_of_any_size() {
    for kind in Augmentation::kinds() {
        for severity in 1..=5 {
            for (height, width) in [(1, 1), (1, 7), (2, 3), (5, 2), (8, 33), (64, 48)] {
                let mut image: Vec<u8> = (0..height * width * 3).map(|i| (i * 37 % 256) as u8).collect();
                let severity = Augmentation::new(kind).geometric().is_none().then_some(Severity::Fixed(severity));
                Augmentation { kind: kind.into(), severity }.apply(&mut image, height, width, 1).unwrap();
            }
        }
    }
}

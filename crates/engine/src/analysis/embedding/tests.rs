use std::path::Path;

use flatland_core::job::{Device, EmbeddingJob};

use super::*;
use crate::analysis::test_support::{Recorder, checkpoint, dataset, samples, small_network};

fn job(out: &Path) -> EmbeddingJob {
    EmbeddingJob {
        checkpoint: checkpoint(),
        datasets: Vec::new(),
        perplexity: 5.0,
        iterations: 100,
        components: 50,
        seed: 3,
        out: out.into(),
        device: Device::Cpu,
    }
}

fn data(network: &Network, id: usize, far: usize) -> [(Role, Samples); 2] {
    let set = |name: &str, n: usize, step: usize| samples(network, dataset(name, &vec![1; n], move |i, p| (i * 13 + p * step) as u8));
    [(Role::Id, set("digits", id, 3)), (Role::Far, set("textures", far, 11))]
}

#[test]
fn features_logits_and_a_repeatable_picture_are_written() {
    let network = small_network(3, 1);
    let sets = data(&network, 30, 20);
    let mut pictures = Vec::new();
    for _ in 0..2 {
        let (out, mut recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
        run(&network, &sets, &job(out.path()), &mut recorder).unwrap();
        let embedding = Embedding::load(out.path()).unwrap();
        let output = network.forward(&sets[1].1.x).unwrap();
        let expected = Vec::<f32>::try_from(output.features.select(0, 2)).unwrap();
        let found = &embedding.features[32 * 6..33 * 6];
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} against {expected:?}");
        assert_eq!((embedding.len(), embedding.feature_dim, embedding.classes), (50, 6, 3));
        assert_eq!((embedding.role[29].as_str(), embedding.role[30].as_str()), ("id", "far"));
        assert_eq!((embedding.dataset[30].as_str(), embedding.index[31]), ("textures", 1));
        assert!(embedding.tsne.as_flattened().iter().all(|x| x.is_finite()));
        let positions: Vec<_> = recorder
            .events
            .iter()
            .filter_map(|event| match event {
                JobEvent::Positions { iteration, xy, roles } => Some((*iteration, xy.clone(), roles.len())),
                _ => None,
            })
            .collect();
        assert_eq!(positions[0].2, 50);
        assert!(positions[1..].iter().all(|(_, _, roles)| *roles == 0));
        assert_eq!(positions.last().map(|(iteration, xy, _)| (*iteration, xy.clone())), Some((100, embedding.tsne.clone())));
        pictures.push(std::fs::read(out.path().join("embedding.npz")).unwrap());
    }
    assert_eq!(pictures[0], pictures[1]);
}

/// The embedding of `sets` and all that was warned of.
fn pictured(network: &Network, sets: &[(Role, Samples)], perplexity: f64) -> (Embedding, String) {
    let (out, mut recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
    run(network, sets, &EmbeddingJob { perplexity, ..job(out.path()) }, &mut recorder).unwrap();
    let warning = |event: &JobEvent| if let JobEvent::Warning { message } = event { Some(message.clone()) } else { None };
    (Embedding::load(out.path()).unwrap(), recorder.events.iter().filter_map(warning).collect::<Vec<_>>().join("; "))
}

#[test]
fn few_points_lower_the_perplexity_and_fewer_show_their_components_and_the_result_says_so() {
    let network = small_network(3, 1);
    let (embedding, warned) = pictured(&network, &data(&network, 8, 2), 30.0);
    let lowered = "t-SNE (perplexity 3.0, as 30 needs more than 10 images)";
    assert_eq!((embedding.picture.describe().as_str(), embedding.picture.perplexity, warned.as_str()), (lowered, Some(3.0), lowered));
    assert_eq!((embedding.picture.engine, embedding.tsne.len()), (Engine::Bhtsne, 10));

    for (id, far) in [(2, 2), (1, 0)] {
        let (embedding, warned) = pictured(&network, &data(&network, id, far), 30.0);
        assert_eq!((embedding.picture.engine, embedding.picture.perplexity), (Engine::Pca, None));
        let expected = format!("principal components (t-SNE needs at least 5 images whose features differ, found {})", id + far);
        assert_eq!((embedding.picture.describe(), warned), (expected.clone(), expected));
    }

    let (embedding, warned) = pictured(&network, &data(&network, 30, 20), 5.0);
    assert_eq!((embedding.picture, warned.as_str()), (Picture { engine: Engine::Bhtsne, perplexity: Some(5.0), reason: None }, ""));
}

#[test]
fn one_image_forty_times_is_one_point_and_its_picture_is_not_called_t_sne() {
    let network = small_network(3, 1);
    let same = [(Role::Id, samples(&network, dataset("same", &[0; 40], |_, p| p as u8)))];
    let (embedding, _) = pictured(&network, &same, 5.0);
    assert!(embedding.tsne.as_flattened().iter().all(|x| x.abs() < 1e-3), "{:?}", embedding.tsne);
    assert_eq!(embedding.picture, Picture::too_few(1, 40));
}

#[test]
fn three_images_over_and_over_are_three_points() {
    let network = small_network(3, 1);
    let three = [(Role::Id, samples(&network, dataset("three", &[0; 60], |i, p| (i % 3 * 40 + p * 3) as u8)))];
    let (embedding, _) = pictured(&network, &three, 5.0);
    assert_eq!(embedding.picture, Picture::too_few(3, 60));
    // Equal images lie at one place, others elsewhere.
    assert!((3..60).all(|k| (0..2).all(|axis| (embedding.tsne[k][axis] - embedding.tsne[k % 3][axis]).abs() < 1e-3)));
    assert!((embedding.tsne[0][0] - embedding.tsne[1][0]).abs() > 1e-2);
}

#[test]
fn a_network_that_sees_nothing_gives_one_point_whatever_the_images() {
    let mut network = small_network(3, 1);
    network.tensors.insert("bn.weight".into(), tch::Tensor::zeros([6], (tch::Kind::Float, tch::Device::Cpu)));
    let (embedding, _) = pictured(&network, &data(&network, 30, 20), 5.0);
    assert_eq!(embedding.picture, Picture::too_few(1, 50));
}

#[test]
fn broken_features_and_no_images_are_refused_with_a_reason() {
    let mut network = small_network(3, 1);
    let out = tempfile::tempdir().unwrap();
    let message = run(&network, &data(&network, 0, 0), &job(out.path()), &mut Recorder::default()).unwrap_err().to_string();
    assert!(message.contains("needs images"), "{message}");
    network.tensors.insert("bn.bias".into(), tch::Tensor::from_slice(&[f32::NAN; 6]));
    let message = run(&network, &data(&network, 3, 4), &job(out.path()), &mut Recorder::default()).unwrap_err().to_string();
    assert!(message.contains("finite features, found 3 of 3 images of `digits`"), "{message}");
}

#[test]
fn a_cancel_stops_features_and_fit() {
    let network = small_network(3, 1);
    let sets = data(&network, 40, 10);
    for patience in [0, 5] {
        let (out, mut recorder) = (tempfile::tempdir().unwrap(), Recorder { patience: Some(patience), ..Recorder::default() });
        let result = run(&network, &sets, &job(out.path()), &mut recorder);
        assert!(matches!(result, Err(AnalysisError::Cancelled)));
        assert!(!out.path().join("embedding.npz").exists());
    }
}

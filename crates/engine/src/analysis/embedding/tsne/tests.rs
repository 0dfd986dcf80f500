use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const SETTINGS: TsneSettings = TsneSettings { perplexity: 15.0, iterations: 300 };

/// Three clusters of standard deviation 1 whose centres lie 12 apart, in 8 dimensions; cluster of point i is i % 3.
fn clusters(n: usize) -> (Vec<f64>, Vec<[f64; 2]>) {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut normal = || (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
    let points: Vec<f64> =
        (0..n).flat_map(|i| (0..8).map(move |axis| if axis == i % 3 { 8.5 } else { 0.0 })).map(|c: f64| c + normal()).collect();
    // Nothing of the clusters is in the start.
    let initial = (0..n).map(|_| [1e-4 * normal(), 1e-4 * normal()]).collect();
    (points, initial)
}

fn purity(y: &[[f64; 2]]) -> f64 {
    let flat: Vec<f64> = y.as_flattened().to_vec();
    let own = |i: usize| nearest(&flat, 2, i, 10).iter().filter(|neighbor| neighbor.index % 3 == i % 3).count();
    (0..y.len()).map(own).sum::<usize>() as f64 / (10 * y.len()) as f64
}

#[test]
fn three_clusters_stay_three_and_two_fits_are_equal_bit_for_bit() {
    let (points, initial) = clusters(300);
    let mut told = Vec::new();
    let first = fit(&points, 8, &initial, SETTINGS, &mut |iteration, xy| {
        told.push((iteration, xy.len()));
        Continue::Yes
    })
    .unwrap();
    assert!(purity(&initial) < 0.5 && purity(&first) > 0.99, "purity {} from {}", purity(&first), purity(&initial));
    assert_eq!(told.last(), Some(&(300, 300)));
    assert_eq!(told.iter().filter(|(iteration, _)| *iteration > 0).count(), 300);
    // In another pool, of another size.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let second = pool.install(|| fit(&points, 8, &initial, SETTINGS, &mut |_, _| Continue::Yes)).unwrap();
    let bits = |y: &[[f64; 2]]| y.as_flattened().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&first), bits(&second));
}

#[test]
fn many_points_are_interpolated_and_repeat_too() {
    let (points, initial) = clusters(INTERPOLATE_ABOVE + 2);
    let settings = TsneSettings { iterations: 150, ..SETTINGS };
    let run = || fit(&points, 8, &initial, settings, &mut |_, _| Continue::Yes).unwrap();
    let (first, second) = (run(), run());
    assert!(purity(&first) > 0.95, "purity {}", purity(&first));
    assert_eq!(first, second);
}

#[test]
fn a_fit_stops_when_told() {
    let (points, initial) = clusters(60);
    let mut calls = 0;
    let stopped = fit(&points, 8, &initial, SETTINGS, &mut |iteration, _| {
        calls += 1;
        if iteration < 5 { Continue::Yes } else { Continue::No }
    });
    assert!(matches!(stopped, Err(AnalysisError::Cancelled)));
    assert_eq!(calls, 6);
    let never = fit(&points, 8, &initial, SETTINGS, &mut |_, _| Continue::No);
    assert!(matches!(never, Err(AnalysisError::Cancelled)));
}

#[test]
fn the_smallest_fit_works_and_a_smaller_one_says_why_not() {
    let (points, initial) = clusters(FEWEST_POINTS);
    let settings = TsneSettings { perplexity: largest_perplexity(FEWEST_POINTS), iterations: 50 };
    let y = fit(&points, 8, &initial, settings, &mut |_, _| Continue::Yes).unwrap();
    assert!(y.as_flattened().iter().all(|x| x.is_finite()));
    let say = |result: Result<Vec<[f64; 2]>, AnalysisError>| result.unwrap_err().to_string();
    let few = fit(&points[..32], 8, &initial[..4], settings, &mut |_, _| Continue::Yes);
    assert!(say(few).contains("at least 5 points, found 4"));
    let broad = fit(&points, 8, &initial, SETTINGS, &mut |_, _| Continue::Yes);
    assert!(say(broad).contains("perplexity from 1 to 1.3, found 15"));
}

#[test]
fn equal_points_give_a_finite_picture() {
    let (_, initial) = clusters(40);
    let settings = TsneSettings { perplexity: 5.0, iterations: 100 };
    let y = fit(&vec![1.0; 80], 2, &initial, settings, &mut |_, _| Continue::Yes).unwrap();
    assert!(y.as_flattened().iter().all(|x| x.is_finite()), "{y:?}");
}

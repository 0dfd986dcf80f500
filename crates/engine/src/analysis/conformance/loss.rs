//! Losses, scores and their errors from logits.

use flatland_core::job::Reporter;
use flatland_core::metric::{error_of_largest, largest_relative_error, mean_std_error, relative_error};
use flatland_core::result::{Checks, Definition, Quantity};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Tensor};

use super::reference::{cross_entropy, log_sum_exp, std_error};
use super::subjects::{grey, logistic, on, samples};
use crate::analysis::flat::draws;
use crate::analysis::landscape::{Directions, Evaluation, Evaluator};
use crate::analysis::score::{energy, msp};
use crate::analysis::{AnalysisError, SampleLosses};

const IMAGES: usize = 300;
const CLASSES: usize = 10;
/// The same float64 arithmetic in another order.
const F64: f64 = 1e-12;

/// Checks on drawn logits, and on a network whose logits are 0.
pub(super) fn checks(checks: &mut Checks, device: Device, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let mut random = draws("conformance logits", 0, 0);
    let logits: Vec<f32> = (0..IMAGES * CLASSES).map(|_| 6.0 * Distribution::<f32>::sample(&StandardNormal, &mut random)).collect();
    let labels: Vec<i64> = (0..IMAGES).map(|_| random.random_range(0..CLASSES as i64)).collect();
    let rows: Vec<Vec<f64>> = logits.chunks(CLASSES).map(|row| row.iter().map(|&z| f64::from(z)).collect()).collect();
    let tensor = Tensor::f_from_slice(&logits)?.f_view([IMAGES as i64, CLASSES as i64])?.f_to_device(device)?;
    let found = SampleLosses::of(&tensor, &Tensor::f_from_slice(&labels)?.f_to_device(device)?)?;
    let losses: Vec<f64> = rows.iter().zip(&labels).map(|(z, &y)| cross_entropy(z, y as usize)).collect();

    checks.add(
        Definition::new("Cross-entropy", "−ln softmax(z)_y of an image; the loss of a set is its mean", "Li et al. 2018, section 2"),
        "ln(1 + Σ over the other classes of exp(z_c − z_y)), image by image",
        "the largest loss",
        error_of_largest(&found.loss, &losses),
        F64,
    );
    checks.add(
        Definition::new("Standard error of a mean", "√(Σ(xᵢ − x̄)² / (n − 1) / n)", "of the loss, and of every other mean over images"),
        "the variance as a sum over all pairs of images",
        "its value",
        largest_relative_error([
            (found.mean().std_error, std_error(&losses)),
            (mean_std_error(&losses).map_or(f64::NAN, |(_, error)| error), std_error(&losses)),
        ]),
        F64,
    );
    let hits = rows.iter().zip(&labels).filter(|(z, y)| z.iter().all(|other| other <= &z[**y as usize])).count();
    checks.add(
        Definition::new("Accuracy", "share of images with argmax z = y", ""),
        "a count of images none of whose logits is above that of y",
        "its value",
        relative_error(found.mean().accuracy, hits as f64 / IMAGES as f64),
        0.0,
    );
    scores(checks, &logits, &rows, &found.energy);
    ignorance(checks, device, reporter)
}

fn scores(checks: &mut Checks, logits: &[f32], rows: &[Vec<f64>], of_cells: &[f64]) {
    let temperatures = [0.5, 1.0, 2.0, 1000.0];
    let pairs =
        temperatures.iter().flat_map(|&t| logits.chunks(CLASSES).zip(rows).map(move |(z, row)| (energy(z, t), log_sum_exp(row, t))));
    checks.add(
        Definition::new("Energy score", "T·ln Σ exp(z_c/T), larger for ID", "Liu et al. 2020, with the sign of OpenOOD"),
        "the sum about the mean logit, T = 0.5, 1, 2, 1000; and the energies of a landscape's cells",
        "its value",
        largest_relative_error(pairs.chain(of_cells.iter().zip(rows).map(|(found, row)| (*found, log_sum_exp(row, 1.0))))),
        1e-11,
    );
    let equal = temperatures.map(|t| (energy(&[3.0; CLASSES], t), 3.0 + t * (CLASSES as f64).ln()));
    checks.add(
        Definition::new("Energy score of equal logits", "c + T·ln C", "closed form"),
        "closed form, T = 0.5, 1, 2, 1000",
        "its value",
        largest_relative_error(equal),
        F64,
    );
    let pairs = logits.chunks(CLASSES).zip(rows).map(|(z, row)| {
        let likeliest = (0..CLASSES).map(|c| (-cross_entropy(row, c)).exp()).fold(0.0, f64::max);
        (msp(z), likeliest)
    });
    checks.add(
        Definition::new("MSP", "max over c of softmax(z)_c, larger for ID", "Hendrycks & Gimpel 2017"),
        "the largest of exp(−cross-entropy) over the classes",
        "its value",
        largest_relative_error(pairs),
        F64,
    );
}

/// Every reading of a network whose logits are all 0 has a closed form.
fn ignorance(checks: &mut Checks, device: Device, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let network = on(logistic()?, device)?;
    let id = samples(grey("id", &[0, 1, 1], |i, p| (40 * i + 10 * p) as u8), &network)?;
    let shifted = samples(grey("shifted", &[0; 4], |i, p| (9 * i * p) as u8), &network)?;
    // Directions as the weight: zero. Any cell is θ.
    let directions = Directions::li2018(&network, 0)?;
    let evaluation = Evaluation { ood: Some((&shifted.x, 0.7)), ..Evaluation::plain(&id) };
    let cell = Evaluator::new(&network, evaluation, &directions)?.evaluate(1.0, -1.0, reporter)?;
    let ln_2 = std::f64::consts::LN_2;
    let known = |quantity: Quantity| match quantity {
        Quantity::Energy | Quantity::OodEnergy | Quantity::OutlierExposure => ln_2,
        Quantity::DrSam => 1.7 * ln_2,
        Quantity::Auroc => 0.5,
        Quantity::Fpr95 => 1.0,
        // Not requested: the Hessian has checks of its own.
        Quantity::LambdaMax | Quantity::LambdaMin | Quantity::NegativeCurvature => f64::NAN,
        // Counted beside the readings.
        Quantity::Accuracy => f64::NAN,
        // Of one image in input space.
        Quantity::Prediction | Quantity::Margin | Quantity::Confidence => f64::NAN,
    };
    let readings = cell.readings.iter().map(|reading| (reading.value, known(reading.quantity)));
    checks.add(
        Definition::new(
            "A network that knows nothing",
            "W = 0 and two classes: CE = OE = energy = ln 2, CE + λ·OE = (1 + λ) ln 2, AUROC = ½, FPR@95 = 1",
            "",
        ),
        "closed form, λ = 0.7; a filter whose weight is 0 does not move",
        "its value",
        largest_relative_error(readings.chain([(cell.mean.loss, ln_2)])),
        F64,
    );
    Ok(())
}

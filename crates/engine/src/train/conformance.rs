//! The objectives and the optimizer against loops over numbers in float64.

use flatland_core::job::{MethodConfig, OptimizerConfig, UpdateRule};
use flatland_core::metric::{error_of_largest, relative_error};
use flatland_core::result::{CheckGroup, Checks, Definition};
use flatland_core::session::Adaptive;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

use super::TrainError;
use super::ascent::{ascend, global_norm};
use super::clip::clip;
use super::optimizer::Optimizer;
use crate::method::{Ascent, Batch, method};
use crate::model::{ModelError, Output};

const CLASSES: usize = 5;
/// The same float64 arithmetic in another order.
const F64: f64 = 1e-12;

/// Checks of what training computes, on `device`.
pub fn conformance(device: Device) -> CheckGroup {
    let about =
        "Objectives of drawn logits (12 ID images in three environments, 8 outliers, 5 classes) and steps on ½Σ cᵢwᵢ²; here in float64.";
    let mut checks = Checks::new("Fine-tuning", about);
    if let Err(error) = objectives(&mut checks, device).and_then(|()| steps(&mut checks, device)) {
        checks.fail(&error.to_string());
    }
    checks.finish()
}

/// Logits row by row, with their classes and environments.
struct Drawn {
    id: Vec<f64>,
    outliers: Vec<f64>,
    labels: Vec<i64>,
    environments: Vec<i64>,
}

impl Drawn {
    fn new() -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut normal = |n: usize| (0..n).map(|_| 2.0 * random.sample::<f64, _>(StandardNormal)).collect::<Vec<_>>();
        let (id, outliers) = (normal(12 * CLASSES), normal(8 * CLASSES));
        Self { id, outliers, labels: (0..12).map(|i| i * 7 % 5).collect(), environments: (0..12).map(|i| i % 3).collect() }
    }

    /// −ln softmax(z)_y of each ID image.
    fn losses(&self, scaled: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        self.id.chunks(CLASSES).zip(&self.labels).map(|(z, &y)| cross_entropy(&scaled(z), y as usize)).collect()
    }

    /// Mean cross-entropy of each environment.
    fn environment_losses(&self) -> Vec<f64> {
        let losses = self.losses(<[f64]>::to_vec);
        let of = |e: i64| losses.iter().zip(&self.environments).filter(|(_, own)| **own == e).map(|(loss, _)| *loss).collect::<Vec<_>>();
        (0..3).map(|e| mean(&of(e))).collect()
    }

    /// Mean over outliers of the cross-entropy from the uniform distribution.
    fn outlier_exposure(&self) -> f64 {
        let of = |z: &[f64]| mean(&(0..CLASSES).map(|c| cross_entropy(z, c)).collect::<Vec<_>>());
        mean(&self.outliers.chunks(CLASSES).map(of).collect::<Vec<_>>())
    }

    /// What a method says of the batch at a step, a network being the identity.
    fn objective(&self, config: &MethodConfig, step: usize, device: Device) -> Result<f64, TrainError> {
        let logits = |values: &[f64]| Tensor::f_from_slice(values)?.f_view([-1, CLASSES as i64])?.f_to_device(device);
        let integers = |values: &[i64]| Tensor::f_from_slice(values)?.f_to_device(device);
        let (id, outliers) = (logits(&self.id).map_err(ModelError::from)?, logits(&self.outliers).map_err(ModelError::from)?);
        let labels = integers(&self.labels).map_err(ModelError::from)?;
        let environments = integers(&self.environments).map_err(ModelError::from)?;
        let batch =
            Batch { id: &id, labels: &labels, outliers: Some(&outliers), environments: Some(&environments), seed: 0, step, epoch: 0 };
        let mut identity = |x: &Tensor| Ok(Output { features: x.shallow_clone(), logits: x.shallow_clone(), auxiliary: None });
        let loss = method(config)?.objective(&mut identity, &batch)?.loss;
        Ok(f64::try_from(loss.f_to_kind(Kind::Double).map_err(ModelError::from)?).map_err(ModelError::from)?)
    }
}

fn objectives(checks: &mut Checks, device: Device) -> Result<(), TrainError> {
    let drawn = Drawn::new();
    let plain = mean(&drawn.losses(<[f64]>::to_vec));
    let with_outliers = plain + 0.7 * drawn.outlier_exposure();
    let normalized = drawn.losses(|z| {
        let length = z.iter().map(|z| z * z).sum::<f64>().sqrt() + 1e-7;
        z.iter().map(|z| z / length / 0.04).collect()
    });
    let environments = drawn.environment_losses();
    let middle = mean(&environments);
    let variance = mean(&environments.iter().map(|loss| (loss - middle).powi(2)).collect::<Vec<_>>());
    let weights: Vec<f64> = environments.iter().map(|loss| (0.5 * loss).exp()).collect();
    let weighted = environments.iter().zip(&weights).map(|(loss, q)| loss * q).sum::<f64>() / weights.iter().sum::<f64>();
    let oe = "CE + λ·mean over outliers of [ln Σ exp z_c − mean z_c]";
    let config = MethodConfig::new;
    let rows = [
        ("ERM", "CE(f(x), y)", "Vapnik 1998", config("erm"), 0, plain),
        ("Outlier Exposure", oe, "Hendrycks et al. 2019, section 3", config("oe").with("lambda", 0.7), 0, with_outliers),
        ("SAM's objective", "CE(f(x), y)", "Foret et al. 2021", config("sam"), 0, plain),
        ("DR-SAM's objective", oe, "DR-SAM, Eq. 8", config("dr_sam").with("lambda", 0.7), 0, with_outliers),
        ("SAM + OE's objective", oe, "DR-SAM, Tables 7 and 8", config("sam_oe").with("lambda", 0.7), 0, with_outliers),
        ("LogitNorm", "CE(z/((‖z‖₂ + 1e-7)·τ), y)", "Wei et al. 2022, section 3", config("logit_norm"), 0, mean(&normalized)),
        (
            "V-REx",
            "mean_e CE_e + λ·var_e CE_e, divided by λ > 1",
            "Krueger et al. 2021; the authors' code",
            config("vrex").with("lambda", 10.0).with("anneal_steps", 5),
            5,
            (middle + 10.0 * variance) / 10.0,
        ),
        (
            "GroupDRO",
            "Σ_e q_e·CE_e, q_e ∝ exp(η·CE_e) after the first step",
            "Sagawa et al. 2020, algorithm 1",
            config("group_dro").with("eta", 0.5),
            0,
            weighted,
        ),
    ];
    for (name, formula, source, config, step, expected) in rows {
        let found = drawn.objective(&config, step, device)?;
        checks.add(Definition::new(name, formula, source), "loops over the numbers", "its value", relative_error(found, expected), F64);
    }
    Ok(())
}

fn steps(checks: &mut Checks, device: Device) -> Result<(), TrainError> {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut normal = |n: usize| (0..n).map(|_| random.sample::<f64, _>(StandardNormal)).collect::<Vec<_>>();
    let (w, g) = ([normal(6), normal(4)], [normal(6), normal(4)]);
    let tensors = |parts: &[Vec<f64>]| -> Result<Vec<Tensor>, TrainError> {
        let tensor = |part: &Vec<f64>| Tensor::f_from_slice(part)?.f_to_device(device);
        Ok(parts.iter().map(tensor).collect::<Result<_, _>>().map_err(ModelError::from)?)
    };
    let numbers = |tensors: &[Tensor]| -> Result<Vec<f64>, TrainError> {
        let parts = tensors.iter().map(|tensor| Vec::<f64>::try_from(&tensor.f_to_device(Device::Cpu)?)).collect::<Result<Vec<_>, _>>();
        Ok(parts.map_err(ModelError::from)?.concat())
    };
    let (w_all, g_all) = (w.concat(), g.concat());
    let length = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    let scaled: Vec<f64> = w_all.iter().zip(&g_all).map(|(w, g)| w * g).collect();
    let sam: Vec<f64> = w_all.iter().zip(&g_all).map(|(w, g)| w + 0.3 * g / length(&g_all)).collect();
    let asam: Vec<f64> = w_all.iter().zip(&g_all).map(|(w, g)| w + 0.3 * w * w * g / length(&scaled)).collect();
    // The first tensor is a weight, the second a bias.
    let scale: Vec<f64> = w_all.iter().enumerate().map(|(k, w)| if k < 6 { w.abs() + 0.01 } else { 1.0 }).collect();
    let seen: Vec<f64> = scale.iter().zip(&g_all).map(|(t, g)| t * g).collect();
    let weights: Vec<f64> = w_all.iter().zip(scale.iter().zip(&seen)).map(|(w, (t, tg))| w + 0.3 * t * tg / length(&seen)).collect();
    let rows = [
        ("Ascent of SAM", "θ + ρ·g/‖g‖₂, one norm over all tensors", "Foret et al. 2021, Eq. 2; davda54/sam", Adaptive::None, sam),
        ("Ascent of ASAM, T = |θ|", "θ + ρ·θ²g/‖θg‖₂", "Kwon et al. 2021; davda54/sam", Adaptive::Theta, asam),
        (
            "Ascent of ASAM, T = |w| + η",
            "θ + ρ·T²g/‖Tg‖₂, T = 1 but for weights",
            "Kwon et al. 2021; SamsungLabs/ASAM",
            Adaptive::Elementwise,
            weights,
        ),
    ];
    let names = ["fc.weight".to_owned(), "fc.bias".to_owned()];
    for (name, formula, source, adaptive, expected) in rows {
        let (mut parameters, gradients) = (tensors(&w)?, tensors(&g)?);
        let ascent = Ascent { adaptive, eta: 0.01, ..Ascent::plain(0.3) };
        ascend(&names, &mut parameters, &gradients, global_norm(&gradients)?, &ascent)?;
        let error = error_of_largest(&numbers(&parameters)?, &expected);
        checks.add(Definition::new(name, formula, source), "loops over the numbers, ρ = 0.3", "the largest entry", error, 1e-11);
    }
    let curvature: Vec<f64> = (0..10).map(|k| 0.5 + f64::from(k)).collect();
    for nesterov in [false, true] {
        let config = OptimizerConfig::sgd(0.05, 0.9, nesterov, 0.01);
        let (mut parameters, mut sgd) = (tensors(std::slice::from_ref(&w_all))?, Optimizer::new(&config, Vec::new()));
        let (mut expected, mut buffer) = (w_all.clone(), vec![0.0; 10]);
        for step in 0..20 {
            let gradients = numbers(&parameters)?.iter().zip(&curvature).map(|(w, c)| w * c).collect::<Vec<_>>();
            sgd.step(&mut parameters, &tensors(&[gradients])?, config.lr)?;
            for ((w, v), c) in expected.iter_mut().zip(&mut buffer).zip(&curvature) {
                let d = c * *w + config.weight_decay * *w;
                *v = if step == 0 { d } else { 0.9 * *v + d };
                *w -= config.lr * if nesterov { d + 0.9 * *v } else { *v };
            }
        }
        let (name, formula) = if nesterov {
            ("SGD, Nesterov", "v ← μv + d, θ ← θ − lr·(d + μv), d = g + wd·θ")
        } else {
            ("SGD, momentum", "v ← μv + d, θ ← θ − lr·v, d = g + wd·θ")
        };
        checks.add(
            Definition::new(name, formula, "torch.optim.SGD"),
            "twenty steps on a quadratic, number by number",
            "the largest entry",
            error_of_largest(&numbers(&parameters)?, &expected),
            F64,
        );
    }
    adamw(checks, &w_all, &curvature, &|values| tensors(&[values]), &numbers)
}

/// Turns numbers into tensors on the device of the checks.
type ToTensors<'a> = dyn Fn(Vec<f64>) -> Result<Vec<Tensor>, TrainError> + 'a;
/// And back.
type ToNumbers<'a> = dyn Fn(&[Tensor]) -> Result<Vec<f64>, TrainError> + 'a;

/// AdamW on a clipped gradient of the quadratic, from `start`.
fn adamw(
    checks: &mut Checks,
    start: &[f64],
    curvature: &[f64],
    tensors: &ToTensors<'_>,
    numbers: &ToNumbers<'_>,
) -> Result<(), TrainError> {
    let ([beta1, beta2], eps, longest) = ([0.9, 0.99], 1e-8, 0.5);
    let rule = UpdateRule::AdamW { betas: [beta1, beta2], eps };
    let config = OptimizerConfig { lr: 0.05, weight_decay: 0.1, clip_norm: Some(longest), rule };
    let (mut parameters, mut optimizer) = (tensors(start.to_vec())?, Optimizer::new(&config, Vec::new()));
    let (mut expected, mut m, mut v) = (start.to_vec(), vec![0.0; start.len()], vec![0.0; start.len()]);
    for step in 1..=20 {
        let gradient: Vec<f64> = numbers(&parameters)?.iter().zip(curvature).map(|(w, c)| w * c).collect();
        let mut gradients = tensors(gradient)?;
        let norm = global_norm(&gradients)?;
        clip(&mut gradients, norm, longest)?;
        optimizer.step(&mut parameters, &gradients, config.lr)?;
        let gradient: Vec<f64> = expected.iter().zip(curvature).map(|(w, c)| w * c).collect();
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let scale = (longest / (norm + 1e-6)).min(1.0);
        for (k, g) in gradient.iter().enumerate() {
            let g = scale * g;
            m[k] = beta1 * m[k] + (1.0 - beta1) * g;
            v[k] = beta2 * v[k] + (1.0 - beta2) * g * g;
            let (m, v) = (m[k] / (1.0 - beta1.powi(step)), v[k] / (1.0 - beta2.powi(step)));
            expected[k] -= config.lr * config.weight_decay * expected[k] + config.lr * m / (v.sqrt() + eps);
        }
    }
    checks.add(
        Definition::new(
            "AdamW, clipped",
            "θ ← θ − lr·wd·θ − lr·m̂/(√v̂ + eps), g ← g·min(1, c/(‖g‖ + 1e-6))",
            "torch.optim.AdamW; torch.nn.utils.clip_grad_norm_",
        ),
        "twenty steps on a quadratic, number by number",
        "the largest entry",
        error_of_largest(&numbers(&parameters)?, &expected),
        F64,
    );
    Ok(())
}

/// ln(1 + Σ over the other classes of exp(z_c − z_y))
fn cross_entropy(z: &[f64], y: usize) -> f64 {
    z.iter().enumerate().filter(|(c, _)| *c != y).map(|(_, z_c)| (z_c - z[y]).exp()).sum::<f64>().ln_1p()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_training_computes_holds() {
        let group = conformance(Device::Cpu);
        let failed: Vec<_> = group.checks.iter().filter(|check| !check.passes()).collect();
        assert!(failed.is_empty() && group.checks.len() == 14, "{failed:#?}");
    }
}

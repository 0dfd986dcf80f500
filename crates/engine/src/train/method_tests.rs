//! Every method, fine-tuning the demo's pretrained network on the demo digits, does what it is for.
//!
//! Fine-tuning is what the methods are used for here, and some show their effect nowhere else in so few steps. From scratch at a
//! learning rate of 0.05 LogitNorm's gradient, of size 1/(τ‖z‖) and at a right angle to z, makes logits 450 long within 40 steps, far
//! longer than ERM's (an independent PyTorch loop does the same), and V-REx squares the differences of losses that are large. An
//! environment that the network has never seen the like of (inverted digits, a loss of 8) makes GroupDRO's weights leap to and fro.

#![allow(clippy::unwrap_used)]

use flatland_core::data::{self, Source, Subset};
use flatland_core::job::{BatchNormUpdate, MethodConfig, OptimizerConfig};
use flatland_core::session::{NetworkChoice, Normalization, NormalizationPreset};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor, no_grad};

use super::step::{StepError, StepInput, StepLoss, Trainee};
use crate::method::{Method, method, methods};
use crate::model::{BatchNormMode, Network, Output, pixels_to_input};

const BATCH: i64 = 32;
const CLASSES: i64 = 7;
/// Environments: as it is, dark, noisy.
const ENVIRONMENTS: i64 = 3;
/// Learning rate.
const LR: f64 = 0.01;
/// Learning rate where environments differ: none is forgotten while another is learnt.
const GENTLE: f64 = 0.003;

/// A run on the demo digits without a run directory.
struct Course {
    method: Box<dyn Method>,
    trainee: Trainee,
    id: Tensor,
    labels: Tensor,
    environments: Tensor,
    outliers: Tensor,
    lr: f64,
    steps: usize,
}

fn images(part: &str, n: usize) -> (Tensor, Tensor) {
    let path = format!("demo:{part}").into();
    let source = Source { name: part.into(), path, subset: Subset::Stratified(n), ..Source::default() };
    let dataset = data::load(&source, Some([32, 32])).unwrap();
    let normalization = Normalization::Preset(NormalizationPreset::Half);
    (pixels_to_input(&dataset.images, [32, 32], &normalization, 3, Device::Cpu).unwrap(), Tensor::from_slice(&dataset.labels))
}

fn pretrained() -> Network {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/pretrained.safetensors");
    Network::load(&path, &NetworkChoice::default(), Device::Cpu).unwrap()
}

impl Course {
    fn new(config: MethodConfig) -> Self {
        Self::of(pretrained(), config, LR)
    }

    fn of(mut network: Network, config: MethodConfig, lr: f64) -> Self {
        let method = method(&config).unwrap();
        if let Some(head) = method.head() {
            network = network.with_head(head, 5).unwrap();
        }
        let (mut id, labels) = images("train", 4 * BATCH as usize);
        let environments = Tensor::arange(labels.size()[0], (Kind::Int64, Device::Cpu)).remainder(ENVIRONMENTS);
        if method.needs_environments() {
            let of = |e: i64| environments.eq(e).to_kind(Kind::Float).view([-1, 1, 1, 1]);
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let noise: Vec<f32> = (0..id.numel()).map(|_| rng.sample(StandardNormal)).collect();
            id = of(0) * &id + of(1) * (&id * 0.3 - 0.6) + of(2) * (&id + Tensor::from_slice(&noise).view_as(&id) * 0.6);
        }
        let outliers = images("outliers", labels.size()[0] as usize).0;
        let optimizer = OptimizerConfig { lr, ..OptimizerConfig::default() };
        let trainee = Trainee::new(network, &optimizer, method.as_ref()).unwrap();
        Self { method, trainee, id, labels, environments, outliers, lr, steps: 0 }
    }

    /// Trains and returns the values of each step.
    fn train(&mut self, steps: usize) -> Vec<StepLoss> {
        (0..steps).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> StepLoss {
        self.try_step().unwrap()
    }

    fn try_step(&mut self) -> Result<StepLoss, StepError> {
        let start = self.steps as i64 % 4 * BATCH;
        let part = |tensor: &Tensor| tensor.narrow(0, start, BATCH);
        let input = StepInput {
            id: part(&self.id),
            first_id: None,
            labels: part(&self.labels),
            outliers: self.method.needs_outliers().then(|| part(&self.outliers)),
            environments: self.method.needs_environments().then(|| part(&self.environments)),
            seed: 0,
            step: self.steps,
            epoch: self.steps / 4,
        };
        self.steps += 1;
        self.trainee.step(self.method.as_mut(), &[input], BatchNormUpdate::First, self.lr)
    }

    fn output(&self, x: &Tensor) -> Output {
        no_grad(|| self.trainee.network.forward(x)).unwrap()
    }

    /// With the statistics of `x`: the running ones follow a change of the data slowly.
    fn output_by_batch(&self, x: &Tensor) -> Output {
        let network = &self.trainee.network;
        no_grad(|| network.graph.forward(&network.tensors, x, BatchNormMode::Batch { update: false })).unwrap()
    }

    /// Mean maximum softmax probability of the outliers.
    fn msp_of_outliers(&self) -> f64 {
        let logits = self.output(&self.outliers).logits;
        logits.softmax(1, Kind::Double).amax([1i64].as_slice(), false).mean(Kind::Double).double_value(&[])
    }

    /// Cross-entropy of each training image.
    fn losses(&self) -> Tensor {
        self.output_by_batch(&self.id).logits.cross_entropy_loss(&self.labels, None::<&Tensor>, tch::Reduction::None, -100, 0.0)
    }

    /// Mean cross-entropy of each environment.
    fn environment_losses(&self) -> Vec<f64> {
        self.of_environments(&self.losses())
    }

    /// Means of `values` [N] over each environment.
    fn of_environments(&self, values: &Tensor) -> Vec<f64> {
        (0..ENVIRONMENTS).map(|e| values.masked_select(&self.environments.eq(e)).mean(Kind::Double).double_value(&[])).collect()
    }
}

/// `name` after `steps` steps on the demo digits.
fn trained(config: MethodConfig, steps: usize) -> Course {
    let mut course = Course::new(config);
    course.train(steps);
    course
}

fn named(name: &str) -> MethodConfig {
    MethodConfig::new(name)
}

fn term(loss: &StepLoss, name: &str) -> f64 {
    loss.terms.iter().find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no `{name}` in {loss:?}")).1
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// From scratch, where there is most to learn; a test for each method of the registry.
macro_rules! methods_learn {
    ($($name:ident)*) => {
        mod from_scratch {
            use super::*;

            $(#[test]
            fn $name() {
                the_loss_falls_and_its_terms_are_told(stringify!($name));
            })*

            #[test]
            fn every_method_has_its_test() {
                let keys: Vec<String> = methods().into_iter().map(|info| info.key).collect();
                assert_eq!(keys, [$(stringify!($name)),*]);
            }
        }
    };
}

methods_learn!(erm irm vrex group_dro oe mix_oe mcd conf_branch g_odin logit_norm sam sam_oe dr_sam);

fn the_loss_falls_and_its_terms_are_told(key: &str) {
    let network = Network::random("resnet8", CLASSES, 5, Device::Cpu).unwrap();
    let mut course = Course::of(network, named(key), 0.05);
    let losses = course.train(16);
    let (first, last) = (mean(losses[..4].iter().map(|loss| loss.first)), mean(losses[12..].iter().map(|loss| loss.first)));
    assert!(last < first - 0.05, "{first} to {last}");
    assert!(losses.iter().all(|loss| !loss.terms.is_empty() && loss.gradient_norm > 0.0));
    assert_eq!(losses[0].second.is_some(), course.method.ascent().is_some());
}

/// ERM's mean maximum probability of outliers after `steps` steps less that of the method.
fn caution(config: MethodConfig, steps: usize) -> f64 {
    let (erm, method) = (trained(named("erm"), steps), trained(config, steps));
    erm.msp_of_outliers() - method.msp_of_outliers()
}

#[test]
fn oe_makes_less_sure_of_outliers() {
    let caution = caution(named("oe"), 24);
    assert!(caution > 0.1, "{caution}");
}

#[test]
fn dr_sam_makes_less_sure_of_outliers() {
    let caution = caution(named("dr_sam").with("rho", 0.1), 16);
    assert!(caution > 0.1, "{caution}");
}

#[test]
fn mix_oe_makes_less_sure_of_outliers() {
    let caution = caution(named("mix_oe"), 32);
    assert!(caution > 0.05, "{caution}");
}

/// ERM's logits grow with every epoch; LogitNorm's loss does not depend on their length.
#[test]
fn logit_norm_makes_less_sure_of_outliers() {
    let caution = caution(named("logit_norm"), 48);
    assert!(caution > 0.03, "{caution}");
}

#[test]
fn outlier_exposure_leads_its_term_towards_the_uniform_distribution() {
    let above = |course: &Course| {
        let term = crate::method::uniform_cross_entropy(&course.output(&course.outliers).logits).unwrap();
        f64::try_from(term).unwrap() - (CLASSES as f64).ln()
    };
    let (erm, mut oe) = (trained(named("erm"), 24), Course::new(named("oe").with("lambda", 2.0)));
    let losses = oe.train(24);
    assert!(losses.iter().all(|loss| term(loss, "outlier") > (CLASSES as f64).ln() - 1e-4));
    assert!(above(&oe) < 0.5 * above(&erm), "{} against {}", above(&oe), above(&erm));
}

#[test]
fn mcd_sets_its_heads_against_each_other_on_outliers() {
    let mut course = Course::new(named("mcd"));
    let losses = course.train(24);
    let at = |steps: &[StepLoss]| mean(steps.iter().map(|loss| term(loss, "discrepancy")));
    assert!(at(&losses[20..]) > at(&losses[..4]) + 0.2, "{} to {}", at(&losses[..4]), at(&losses[20..]));
}

/// Fine-tuned in environments by ERM and by `config`.
fn in_environments(config: MethodConfig, steps: usize) -> [Course; 2] {
    [named("erm").with("environments", true), config].map(|config| {
        let mut course = Course::of(pretrained(), config, GENTLE);
        course.train(steps);
        course
    })
}

#[test]
fn vrex_brings_the_environments_losses_together() {
    let spread = |course: &Course| {
        let losses = course.environment_losses();
        let middle = mean(losses.iter().copied());
        mean(losses.iter().map(|loss| (loss - middle).powi(2))).sqrt()
    };
    // First as ERM nearly, then with the full weight, as DomainBed does: the square of early differences would drown the losses.
    let [erm, vrex] = in_environments(named("vrex").with("lambda", 5.0).with("anneal_steps", 16).with("rescale", false), 40);
    assert!(spread(&vrex) < 0.6 * spread(&erm), "{} against {}", spread(&vrex), spread(&erm));
}

#[test]
fn irm_flattens_every_environment_s_loss_in_the_scale_of_its_logits() {
    let slope = |course: &Course| {
        let logits = course.output_by_batch(&course.id).logits.to_kind(Kind::Double);
        let expected = (logits.softmax(1, Kind::Double) * &logits).sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
        let slopes = expected - logits.gather(1, &course.labels.unsqueeze(1), false).squeeze_dim(1);
        mean(course.of_environments(&slopes).into_iter().map(|slope| slope * slope))
    };
    let [erm, irm] = in_environments(named("irm").with("lambda", 1.0), 24);
    assert!(slope(&irm) < 0.8 * slope(&erm), "{} against {}", slope(&irm), slope(&erm));
}

/// Dark digits are the worst environment of the pretrained network, by far.
#[test]
fn group_dro_gives_its_weight_to_the_worst_environment_and_serves_it() {
    let worst = |course: &Course| course.environment_losses().into_iter().fold(f64::NEG_INFINITY, f64::max);
    let [erm, group_dro] = in_environments(named("group_dro").with("eta", 0.05), 24);
    let log_q = group_dro.method.state().remove(0).1;
    assert!(log_q[1] > log_q[0] + 0.3 && log_q[1] > log_q[2] + 0.3, "{log_q:?}");
    assert!(worst(&group_dro) < 0.9 * worst(&erm), "{} against {}", worst(&group_dro), worst(&erm));
}

#[test]
fn conf_branch_is_less_sure_where_it_is_wrong() {
    let mut course = trained(named("conf_branch"), 40);
    let (test, labels) = images("test", 200);
    let output = course.output(&test);
    let right = output.logits.argmax(1, false).eq_tensor(&labels);
    let confidence = course.method.confidence(&output).unwrap();
    let of = |chosen: &Tensor| confidence.masked_select(chosen).mean(Kind::Double).double_value(&[]);
    assert!(of(&right) > of(&right.logical_not()), "{} {}", of(&right), of(&right.logical_not()));
    let lambda = |course: &Course| course.method.state().remove(0).1[0];
    let before = lambda(&course);
    course.train(1);
    assert!(lambda(&course) != before);
}

#[test]
fn g_odin_learns_with_inner_products() {
    g_odin_learns("inner");
}

#[test]
fn g_odin_learns_with_distances() {
    g_odin_learns("euclid");
}

fn g_odin_learns(head: &str) {
    let losses = Course::new(named("g_odin").with("head", head)).train(20);
    let at = |steps: &[StepLoss]| mean(steps.iter().map(|loss| loss.first));
    assert!(at(&losses[16..]) < at(&losses[..4]), "{} to {}", at(&losses[..4]), at(&losses[16..]));
}

#[test]
fn g_odin_spares_its_numerator_the_weight_decay() {
    let course = Course::new(named("g_odin"));
    let spared: Vec<_> = course.trainee.names.iter().filter(|name| !course.method.rule(name).weight_decay).collect();
    assert_eq!(spared, ["h.h.weight"]);
}

#[test]
fn sam_climbs_before_it_descends() {
    for config in [named("sam").with("rho", 0.1), named("sam").with("rho", 1.0).with("adaptive", true), named("sam_oe").with("rho", 0.1)] {
        let losses = Course::new(config.clone()).train(4);
        assert!(losses.iter().all(|loss| loss.second.unwrap() > loss.first), "{config:?}: {losses:?}");
    }
}

/// At the learning rate of the DR-SAM paper and with DomainBed's weights, which its Adam bears undivided and SGD does not.
#[test]
fn irm_and_vrex_bear_the_step_to_their_full_weight() {
    let bears = |name: &str, rescale: bool| {
        let mut course = Course::new(named(name).with("anneal_steps", 4).with("rescale", rescale));
        (0..16).all(|_| course.try_step().is_ok_and(|loss| term(&loss, "ce") < 10.0))
    };
    assert!(bears("irm", true) && bears("vrex", true));
    assert!(!bears("irm", false));
}

#[test]
fn irm_and_vrex_forget_their_momentum_where_the_penalty_sets_in() {
    for name in ["irm", "vrex"] {
        let method = method(&named(name).with("anneal_steps", 3)).unwrap();
        assert_eq!([0, 2, 3, 4].map(|step| method.resets_optimizer(step)), [false, false, true, false], "{name}");
    }
    let mut course = Course::new(named("vrex").with("anneal_steps", 2));
    course.train(2);
    let buffers = |course: &Course| course.trainee.optimizer.memory()[0].1.iter().map(Tensor::copy).collect::<Vec<_>>();
    let before: Vec<Tensor> = buffers(&course);
    let parameters: Vec<Tensor> = course.trainee.names.iter().map(|name| course.trainee.network.tensors[name].detach().copy()).collect();
    course.train(1);
    // A first step's buffer is the gradient with its decay: nothing of the old buffer is in it.
    let gradient_norm = |after: &[Tensor]| {
        let squares =
            after.iter().zip(&parameters).map(|(buffer, theta)| (buffer - theta * 5e-4).square().sum(Kind::Double).double_value(&[]));
        squares.sum::<f64>().sqrt()
    };
    let after = buffers(&course);
    assert!(before.iter().zip(&after).any(|(a, b)| a != b));
    let mut again = Course::new(named("vrex").with("anneal_steps", 2));
    again.train(2);
    let third = again.train(1).remove(0);
    assert!((gradient_norm(&after) - third.gradient_norm).abs() < 1e-4 * third.gradient_norm, "{}", third.gradient_norm);
}

#[test]
fn a_head_that_the_objective_does_not_read_is_left_to_itself() {
    let mut course = Course::new(named("erm"));
    let network = Network::random("resnet8+conf_branch", CLASSES, 5, Device::Cpu).unwrap();
    course.trainee =
        Trainee::new(network, &OptimizerConfig { weight_decay: 0.0, ..OptimizerConfig::default() }, course.method.as_ref()).unwrap();
    let before = course.trainee.network.tensors["confidence.weight"].copy();
    course.train(2);
    assert_eq!(course.trainee.network.tensors["confidence.weight"], before);
}

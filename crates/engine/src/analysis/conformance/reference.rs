//! [`Reference`]: an independent evaluation of networks: every operation from its formula, in float64, on the CPU, nothing folded, channels
//! first.
//!
//! It shares only the list of operations with the fast path: convolutions are products with unfolded images, BatchNorm is
//! its four tensors, images are normalized again from their bytes.

use flatland_core::data::Dataset;
use flatland_core::session::Normalization;
use tch::{Device, IndexOp, Kind, Tensor};

use crate::analysis::AnalysisError;
use crate::analysis::values::values;
use crate::model::operation::{Argument, CENTER_DISTANCE, COSINE, PAD_SHORTCUT, QUICK_GELU};
use crate::model::{BatchNorm, Call, Conv, Graph, Network, Node, Op, Tensors, find};

/// Images of one pass; fewer where derivatives keep every intermediate value.
const BATCH: i64 = 16;
const GRADIENT_BATCH: i64 = 4;

/// Where BatchNorm's statistics come from.
pub(super) enum Statistics<'a> {
    /// The running ones.
    Running,
    /// Those of the images at hand: normalized by the biased variance, remembered as (prefix, mean, unbiased variance).
    Batch(&'a mut Vec<(String, Tensor, Tensor)>),
}

/// Output of a network for images, f64.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// [N, D] row by row.
    pub features: Vec<f64>,
    /// [N, C] row by row.
    pub logits: Vec<f64>,
    /// C
    pub classes: usize,
}

/// A network in float64.
pub(in crate::analysis) struct Reference<'a> {
    graph: &'a Graph,
    /// Parameters and running statistics, f64.
    pub tensors: Tensors,
    /// Names of the parameters.
    pub parameters: Vec<String>,
}

impl<'a> Reference<'a> {
    /// `network` in float64.
    pub fn of(network: &'a Network) -> Result<Self, AnalysisError> {
        let double = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), double(tensor)?));
        let tensors = network.tensors.iter().map(double).collect::<Result<Tensors, AnalysisError>>()?;
        Ok(Self { graph: &network.graph, tensors, parameters: network.parameter_names() })
    }

    /// θ + Σ c·d over directions d of tensors by name; what a direction lacks stays.
    pub fn moved(&self, steps: &[(&Tensors, f64)]) -> Result<Tensors, AnalysisError> {
        let move_one = |(name, tensor): (&String, &Tensor)| -> Result<(String, Tensor), AnalysisError> {
            let mut sum = tensor.shallow_clone();
            for (direction, by) in steps {
                if let Some(d) = direction.get(name) {
                    sum = sum.f_add(&double(d)?.f_view_as(tensor)?.f_mul_scalar(*by)?)?;
                }
            }
            Ok((name.clone(), sum))
        };
        self.tensors.iter().map(move_one).collect()
    }

    /// Output of the network with `tensors` for `x` [N, C, H, W], with running statistics.
    pub fn look(&self, tensors: &Tensors, x: &Tensor) -> Result<Seen, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let mut seen = Seen::default();
        for (start, len) in batches(x, BATCH) {
            let (features, logits) = self.forward(tensors, &x.f_narrow(0, start, len)?, &mut Statistics::Running)?;
            seen.classes = logits.size().last().map_or(0, |&c| c as usize);
            seen.features.extend(values(&features)?);
            seen.logits.extend(values(&logits)?);
        }
        Ok(seen)
    }

    /// As [`Reference::look`], every batch of `size` images with its own statistics; also the mean over the batches of their means and
    /// unbiased variances, by the names of the running ones.
    pub fn look_by_batches(&self, tensors: &Tensors, x: &Tensor, size: i64) -> Result<(Seen, Tensors), AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let (mut seen, mut running, mut count) = (Seen::default(), Tensors::new(), 0.0);
        for (start, len) in batches(x, size) {
            let mut found = Vec::new();
            let (features, logits) = self.forward(tensors, &x.f_narrow(0, start, len)?, &mut Statistics::Batch(&mut found))?;
            seen.classes = logits.size().last().map_or(0, |&c| c as usize);
            seen.features.extend(values(&features)?);
            seen.logits.extend(values(&logits)?);
            count += 1.0;
            for (prefix, mean, variance) in found {
                for (part, tensor) in [("running_mean", mean), ("running_var", variance)] {
                    let name = format!("{prefix}.{part}");
                    let before = running.get(&name).map_or_else(|| tensor.f_zeros_like(), |tensor| Ok(tensor.shallow_clone()))?;
                    // Running mean: the mean so far, moved towards the next value by its share.
                    running.insert(name, before.f_add(&tensor.f_sub(&before)?.f_div_scalar(count)?)?);
                }
            }
        }
        Ok((seen, running))
    }

    /// The derivative of the mean cross-entropy at `tensors`, by name.
    pub fn gradient(&self, tensors: &Tensors, x: &Tensor, labels: &[i64]) -> Result<Tensors, AnalysisError> {
        self.derivative(tensors, x, labels, None)
    }

    /// ∇²L v, the derivative of ⟨∇L, v⟩, by name.
    pub fn hessian_vector(&self, tensors: &Tensors, x: &Tensor, labels: &[i64], v: &Tensors) -> Result<Tensors, AnalysisError> {
        self.derivative(tensors, x, labels, Some(v))
    }

    fn derivative(&self, tensors: &Tensors, x: &Tensor, labels: &[i64], v: Option<&Tensors>) -> Result<Tensors, AnalysisError> {
        let mut at = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.detach())).collect::<Tensors>();
        let mut leaves = Vec::with_capacity(self.parameters.len());
        for name in &self.parameters {
            let leaf = find(tensors, name)?.detach().set_requires_grad(true);
            at.insert(name.clone(), leaf.shallow_clone());
            leaves.push(leaf);
        }
        let y = Tensor::f_from_slice(labels)?;
        let mut sums: Vec<Tensor> = leaves.iter().map(|leaf| leaf.detach().f_zeros_like()).collect::<Result<_, _>>()?;
        for (start, len) in batches(x, GRADIENT_BATCH) {
            let (_, logits) = self.forward(&at, &x.f_narrow(0, start, len)?, &mut Statistics::Running)?;
            let picked = logits.f_gather(1, &y.f_narrow(0, start, len)?.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?;
            let highest = logits.detach().f_amax([1i64].as_slice(), true)?;
            let normalizer = logits.f_sub(&highest)?.f_exp()?.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Double)?.f_log()?;
            let total = normalizer.f_add(&highest.f_squeeze_dim(1)?)?.f_sub(&picked)?.f_sum(Kind::Double)?;
            let mut derivatives = Tensor::f_run_backward(&[total], &leaves, true, v.is_some())?;
            if let Some(v) = v {
                let mut slope = Tensor::from(0.0f64);
                for (name, derivative) in self.parameters.iter().zip(&derivatives).filter(|(_, derivative)| derivative.defined()) {
                    slope = slope.f_add(&derivative.f_mul(&find(v, name)?.f_view_as(derivative)?)?.f_sum(Kind::Double)?)?;
                }
                if !slope.requires_grad() {
                    continue;
                }
                derivatives = Tensor::f_run_backward(&[slope], &leaves, false, false)?;
            }
            for (sum, derivative) in sums.iter_mut().zip(derivatives.iter()).filter(|(_, derivative)| derivative.defined()) {
                *sum = sum.f_add(derivative)?;
            }
        }
        let n = labels.len() as f64;
        self.parameters.iter().zip(sums).map(|(name, sum)| Ok((name.clone(), sum.f_div_scalar(n)?))).collect()
    }

    /// Features [N, D] and logits [N, C].
    fn forward(&self, tensors: &Tensors, x: &Tensor, statistics: &mut Statistics) -> Result<(Tensor, Tensor), AnalysisError> {
        let mut values: Vec<Tensor> = Vec::with_capacity(self.graph.nodes.len());
        for (id, node) in self.graph.nodes.iter().enumerate() {
            values.push(evaluate(node, &values, tensors, x, statistics)?);
            for &from in node.inputs.iter().filter(|&&from| self.graph.last_use(from) <= id) {
                values[from] = Tensor::new();
            }
        }
        Ok((values[self.graph.features].shallow_clone(), values[self.graph.logits].shallow_clone()))
    }
}

/// One operation by its definition.
fn evaluate(node: &Node, values: &[Tensor], tensors: &Tensors, x: &Tensor, statistics: &mut Statistics) -> Result<Tensor, AnalysisError> {
    let input = |k: usize| -> Result<&Tensor, AnalysisError> {
        let from = node.inputs.get(k).and_then(|&from| values.get(from));
        from.ok_or_else(|| AnalysisError::Invalid(format!("expected an input {k} of {:?}, found none", node.op)))
    };
    let tensor = |name: &str| find(tensors, name);
    Ok(match &node.op {
        Op::Input => x.shallow_clone(),
        Op::Tensor { name, .. } => tensor(name)?.shallow_clone(),
        Op::Constant(constant) => constant.value(Kind::Double)?,
        Op::Conv(conv) => {
            let bias = conv.bias.as_deref().map(tensor).transpose()?;
            convolution(input(0)?, tensor(&conv.weight)?, bias, conv)?
        }
        Op::FusedConv { .. } => {
            return Err(AnalysisError::Invalid("expected a graph as its architecture writes it, found a folded one".into()));
        }
        Op::BatchNorm(norm) => batch_norm(input(0)?, norm, tensors, statistics)?,
        Op::Relu => rectified(input(0)?, 0.0)?,
        Op::Linear { weight, bias, .. } => {
            let product = input(0)?.f_matmul(&tensor(weight)?.f_transpose(0, 1)?)?;
            match bias {
                Some(bias) => product.f_add(tensor(bias)?)?,
                None => product,
            }
        }
        Op::Add => input(0)?.f_add(input(1)?)?,
        Op::Call(call) => {
            let inputs = (0..node.inputs.len()).map(input).collect::<Result<Vec<_>, _>>()?;
            by_definition(call, &inputs)?
        }
    })
}

/// The operations of the networks that are built by hand.
fn by_definition(call: &Call, inputs: &[&Tensor]) -> Result<Tensor, AnalysisError> {
    let refuse = || AnalysisError::Invalid(format!("expected an operation with a definition here, found {call:?}"));
    let &[x, ..] = inputs else { return Err(refuse()) };
    let int = |place: usize| match call.arguments.get(place) {
        Some(Argument::Int(size)) => size.at(1),
        Some(Argument::Ints(sizes)) => sizes.first().and_then(|size| size.at(1)),
        _ => None,
    };
    let int = |place: usize| int(place).ok_or_else(refuse);
    let squares = |x: &Tensor| x.f_square()?.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double);
    Ok(match (call.name(), inputs, call.arguments.as_slice()) {
        (QUICK_GELU, ..) => x.f_div(&x.f_mul_scalar(-1.702)?.f_exp()?.f_add_scalar(1.0)?)?,
        ("tanh.default", ..) => x.f_tanh()?,
        ("leaky_relu.default", _, [_, Argument::Float(slope)]) => rectified(x, *slope)?,
        ("max_pool2d.default", ..) => max_pool(x, int(1)?, int(2)?, int(3)?)?,
        ("avg_pool2d.default", ..) => windows(x, int(1)?)?.f_mean_dim([3i64, 5].as_slice(), false, Kind::Double)?,
        ("adaptive_avg_pool2d.default", ..) => x.f_mean_dim([2i64, 3].as_slice(), true, Kind::Double)?,
        ("flatten.using_ints", ..) => x.f_reshape([x.size()[0], -1])?,
        ("cat.default", ..) => Tensor::f_cat(inputs, 1)?,
        (PAD_SHORTCUT, ..) => {
            let half = x.f_slice(2, None, None, 2)?.f_slice(3, None, None, 2)?;
            let size = half.size();
            let zeros = Tensor::f_zeros([size[0], int(1)?, size[2], size[3]], (Kind::Double, Device::Cpu))?;
            Tensor::f_cat(&[&zeros, &half, &zeros], 1)?
        }
        (COSINE, &[h, w], _) => {
            let unit = |x: &Tensor| x.f_div(&squares(x)?.f_sqrt()?.f_add_scalar(1e-4)?);
            unit(h)?.f_matmul(&unit(w)?.f_transpose(0, 1)?)?
        }
        (CENTER_DISTANCE, &[h, w], _) => {
            // ‖h − w‖² = ‖h‖² − 2 h·w + ‖w‖²
            let cross = h.f_matmul(&w.f_transpose(0, 1)?)?.f_mul_scalar(-2.0)?;
            let distances = cross.f_add(&squares(h)?)?.f_add(&squares(w)?.f_transpose(0, 1)?)?;
            distances.f_div_scalar(-(w.size()[1] as f64))?
        }
        _ => return Err(refuse()),
    })
}

/// Unfolds the image into columns, one a window, and multiplies.
fn convolution(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, conv: &Conv) -> Result<Tensor, AnalysisError> {
    let (n, [height, width]) = (x.size()[0], [x.size()[2], x.size()[3]]);
    let (outputs, [rows, columns]) = (weight.size()[0], [weight.size()[2], weight.size()[3]]);
    let unfolded = x.f_im2col([rows, columns], conv.dilation, conv.padding, conv.stride)?;
    let mut y = weight.f_reshape([outputs, -1])?.f_matmul(&unfolded)?;
    if let Some(bias) = bias {
        y = y.f_add(&bias.f_view([1, -1, 1])?)?;
    }
    let side = |side: i64, k: usize| (side + 2 * conv.padding[k] - conv.kernel[k]) / conv.stride[k] + 1;
    Ok(y.f_reshape([n, outputs, side(height, 0), side(width, 1)])?)
}

/// γ(x − μ)/√(σ² + ε) + β
fn batch_norm(x: &Tensor, norm: &BatchNorm, tensors: &Tensors, statistics: &mut Statistics) -> Result<Tensor, AnalysisError> {
    let shape: Vec<i64> = (0..x.dim()).map(|k| if k == 1 { -1 } else { 1 }).collect();
    let along = |tensor: &Tensor| tensor.f_reshape(shape.as_slice());
    let (mean, variance) = match statistics {
        Statistics::Running => (along(find(tensors, &norm.running[0])?)?, along(find(tensors, &norm.running[1])?)?),
        Statistics::Batch(found) => {
            let others: Vec<i64> = (0..x.dim() as i64).filter(|&k| k != 1).collect();
            let mean = x.f_mean_dim(others.as_slice(), true, Kind::Double)?;
            let squares = x.f_sub(&mean)?.f_square()?;
            let variance = squares.f_mean_dim(others.as_slice(), true, Kind::Double)?;
            let count = (x.numel() as i64 / x.size()[1]) as f64;
            let unbiased = variance.f_mul_scalar(count / (count - 1.0))?;
            found.push((norm.layer.clone(), mean.f_flatten(0, -1)?, unbiased.f_flatten(0, -1)?));
            (mean, variance)
        }
    };
    let normal = x.f_sub(&mean)?.f_div(&variance.f_add_scalar(norm.eps)?.f_sqrt()?)?;
    Ok(match &norm.affine {
        Some([gamma, beta]) => normal.f_mul(&along(find(tensors, gamma)?)?)?.f_add(&along(find(tensors, beta)?)?)?,
        None => normal,
    })
}

/// x where it is positive, elsewhere slope·x.
fn rectified(x: &Tensor, slope: f64) -> Result<Tensor, AnalysisError> {
    Ok(x.f_mul(&x.f_gt(0.0)?.f_to_kind(Kind::Double)?.f_mul_scalar(1.0 - slope)?.f_add_scalar(slope)?)?)
}

/// The largest value in each window; −∞ outside of the image.
fn max_pool(x: &Tensor, side: i64, stride: i64, padding: i64) -> Result<Tensor, AnalysisError> {
    let x = x.f_pad([padding; 4], "constant", f64::NEG_INFINITY)?;
    let size = x.size();
    let last = |side_of_image: i64| (side_of_image - side) / stride * stride;
    let (rows, columns) = (last(size[2]), last(size[3]));
    let mut largest: Option<Tensor> = None;
    for (i, j) in (0..side).flat_map(|i| (0..side).map(move |j| (i, j))) {
        let shifted = x.f_slice(2, i, i + rows + 1, stride)?.f_slice(3, j, j + columns + 1, stride)?;
        largest = Some(match largest {
            Some(largest) => largest.f_maximum(&shifted)?,
            None => shifted,
        });
    }
    largest.ok_or_else(|| AnalysisError::Invalid(format!("expected windows of at least 1x1, found {side}x{side}")))
}

/// [N, C, H/s, s, W/s, s]; incomplete windows are left out.
fn windows(x: &Tensor, side: i64) -> Result<Tensor, AnalysisError> {
    let size = x.size();
    let (rows, columns) = (size[2] / side, size[3] / side);
    let x = x.i((.., .., ..rows * side, ..columns * side));
    Ok(x.f_reshape([size[0], size[1], rows, side, columns, side])?)
}

fn batches(x: &Tensor, size: i64) -> impl Iterator<Item = (i64, i64)> + use<> {
    let n = x.size().first().copied().unwrap_or(0);
    (0..n).step_by(size as usize).map(move |start| (start, size.min(n - start)))
}

/// The tensor in float64 on the CPU, in row-major order.
pub(super) fn double(tensor: &Tensor) -> Result<Tensor, AnalysisError> {
    Ok(tensor.detach().f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?)
}

/// The images of `dataset` as [N, `channels`, H, W] float64: (x/255 − mean)/std; one channel is Pillow's `L`.
pub(in crate::analysis) fn pictures(dataset: &Dataset, normalization: &Normalization, channels: i64) -> Result<Tensor, AnalysisError> {
    if let Some(arrays) = &dataset.arrays {
        let found = format!("float arrays of shape {:?} in `{}`", arrays.shape, dataset.name);
        return Err(AnalysisError::Invalid(format!("expected images for a comparison with the definitions, found {found}")));
    }
    let (mean, std) = normalization.constants();
    let positions = dataset.height * dataset.width;
    let mut input = Vec::with_capacity(dataset.images.len());
    for image in dataset.images.chunks_exact(positions * 3) {
        for channel in 0..channels as usize {
            input.extend(image.chunks_exact(3).map(|pixel| {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
                let byte = if channels == 1 { (19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16 } else { [r, g, b][channel] };
                (f64::from(byte) / 255.0 - mean[channel]) / std[channel]
            }));
        }
    }
    Ok(Tensor::f_from_slice(&input)?.f_view([-1, channels, dataset.height as i64, dataset.width as i64])?)
}

impl Seen {
    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.logits.chunks_exact(self.classes.max(1))
    }

    /// ln Σ exp z of each image, about its mean logit and not its largest.
    pub fn energies(&self) -> Vec<f64> {
        self.rows().map(|z| log_sum_exp(z, 1.0)).collect()
    }

    /// −ln softmax(z)[y] of each image.
    pub fn losses(&self, labels: &[i64]) -> Vec<f64> {
        self.rows().zip(labels).map(|(z, &y)| cross_entropy(z, y as usize)).collect()
    }

    /// −(1/C) Σ ln softmax(z) of each image: the cross-entropy from the uniform distribution.
    pub fn outlier_exposure(&self) -> Vec<f64> {
        self.rows().map(|z| (0..z.len()).map(|c| cross_entropy(z, c)).sum::<f64>() / z.len() as f64).collect()
    }
}

/// T ln Σ exp(z/T)
pub(super) fn log_sum_exp(z: &[f64], temperature: f64) -> f64 {
    let middle = z.iter().sum::<f64>() / z.len() as f64;
    // About the mean where that fits into the numbers, about the largest where it does not.
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let about = if (largest - middle) / temperature < 600.0 { middle } else { largest };
    about + temperature * z.iter().map(|z| ((z - about) / temperature).exp()).sum::<f64>().ln()
}

/// ln(1 + Σ over the other classes of exp(z_c − z_y)): positive to the last digit, however small.
pub(super) fn cross_entropy(z: &[f64], y: usize) -> f64 {
    let others = || z.iter().enumerate().filter(|(c, _)| *c != y).map(|(_, z_c)| z_c - z[y]);
    let largest = others().fold(0.0, f64::max);
    if largest < 600.0 {
        return others().map(f64::exp).sum::<f64>().ln_1p();
    }
    largest + ((-largest).exp() + others().map(|gap| (gap - largest).exp()).sum::<f64>()).ln()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard error of the mean, from all pairs: the variance is Σ over pairs of (xᵢ − xⱼ)² / (n(n − 1)).
pub(super) fn std_error(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let pairs = values.iter().enumerate().flat_map(|(i, a)| values[..i].iter().map(move |b| (a - b).powi(2)));
    (pairs.sum::<f64>() / (n * (n - 1.0)) / n).sqrt()
}

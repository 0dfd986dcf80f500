//! Running statistics of BatchNorm compared with those of images: they are similar where architecture and normalization are those of training.

use std::ops::ControlFlow;

use tch::{Kind, Tensor};

use super::{BatchNorm, BatchNormMode, Graph, Images, ModelError, Node, Op, Tensors, Unwatched, each_batch, find};

/// Images of one forward pass.
const BATCH: i64 = 64;

/// How the statistics of one BatchNorm's inputs differ from its running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerStatistics {
    /// Name of the BatchNorm.
    pub layer: String,
    /// Median over channels of |ln(variance / running variance)|; NaN where no channel has a finite one.
    pub variance: f64,
    /// Median over channels of |mean − running mean| / running standard deviation.
    pub mean: f64,
}

/// Sums over images and positions, f64 [C].
struct Sums {
    norm: BatchNorm,
    count: f64,
    sum: Tensor,
    squares: Tensor,
}

/// The BatchNorms of `graph` on normalized images `x` [N, C, H, W] with frozen statistics, in the order of evaluation; only the first where
/// `first_only`.
///
/// # Errors
/// When a tensor is missing or shapes do not fit.
pub fn layer_statistics(graph: &Graph, tensors: &Tensors, x: &Tensor, first_only: bool) -> Result<Vec<LayerStatistics>, ModelError> {
    tch::no_grad(|| {
        let mut layers: Vec<Sums> = Vec::new();
        each_batch(&Images::all(x), BATCH, &mut Unwatched, |batch| pass(graph, tensors, batch, first_only, &mut layers))?;
        layers.iter().map(|sums| compare(sums, tensors)).collect()
    })
}

/// One forward pass of a batch; adds the sums of each BatchNorm's inputs.
fn pass(graph: &Graph, tensors: &Tensors, x: &Tensor, first_only: bool, layers: &mut Vec<Sums>) -> Result<(), ModelError> {
    let mut seen = 0;
    let mut visit = |node: &Node, inputs: &[&Tensor]| {
        if let (Op::BatchNorm(norm), [input, ..]) = (&node.op, inputs) {
            add(layers, seen, norm, input)?;
            seen += 1;
            if first_only {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    graph.evaluate(tensors, x, BatchNormMode::Frozen, &mut visit)?;
    Ok(())
}

fn add(layers: &mut Vec<Sums>, index: usize, norm: &BatchNorm, input: &Tensor) -> Result<(), ModelError> {
    // Added in f64 without a copy in f64: of large images that would be most of the memory and of the time.
    let others: Vec<i64> = (0..input.dim() as i64).filter(|&dim| dim != 1).collect();
    let total = |x: &Tensor| x.f_sum_dim_intlist(others.as_slice(), false, Kind::Double);
    let (sum, squares) = (total(input)?, total(&input.f_square()?)?);
    let count = input.numel() as f64 / sum.numel().max(1) as f64;
    match layers.get_mut(index) {
        Some(known) => {
            known.count += count;
            known.sum = known.sum.f_add(&sum)?;
            known.squares = known.squares.f_add(&squares)?;
        }
        None => layers.push(Sums { norm: norm.clone(), count, sum, squares }),
    }
    Ok(())
}

fn compare(sums: &Sums, tensors: &Tensors) -> Result<LayerStatistics, ModelError> {
    let running = |k: usize| -> Result<Tensor, ModelError> { Ok(find(tensors, &sums.norm.running[k])?.f_to_kind(Kind::Double)?) };
    let mean = sums.sum.f_div_scalar(sums.count)?;
    let variance = sums.squares.f_div_scalar(sums.count)?.f_sub(&mean.f_square()?)?.f_add_scalar(sums.norm.eps)?;
    let spread = running(1)?.f_add_scalar(sums.norm.eps)?;
    let ratio = variance.f_div(&spread)?.f_log()?.f_abs()?;
    let shift = mean.f_sub(&running(0)?)?.f_abs()?.f_div(&spread.f_sqrt()?)?;
    Ok(LayerStatistics { layer: sums.norm.layer.clone(), variance: median(&ratio)?, mean: median(&shift)? })
}

/// Median of what is finite; NaN where nothing is.
fn median(values: &Tensor) -> Result<f64, ModelError> {
    let mut values: Vec<f64> = Vec::try_from(values.f_to_device(tch::Device::Cpu)?.f_contiguous()?)?;
    values.retain(|value| value.is_finite());
    Ok(flatland_core::metric::median(&values).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tch::Device;

    use super::super::Network;
    use super::*;

    fn statistics(network: &Network, x: &Tensor) -> Vec<LayerStatistics> {
        layer_statistics(&network.graph, &network.tensors, x, false).unwrap()
    }

    /// Training passes over the same images set the running statistics exactly; the biased variance is (n − 1)/n of them.
    #[test]
    fn images_that_made_the_running_statistics_have_them() {
        let network = Network::random("resnet8", 10, 3, Device::Cpu).unwrap();
        let x = Tensor::rand([96, 3, 32, 32], (Kind::Float, Device::Cpu));
        tch::no_grad(|| network.graph.forward(&network.tensors, &x, BatchNormMode::Accumulate { seen: 0 })).unwrap();
        let found = statistics(&network, &x);
        assert_eq!(found.len(), 7);
        assert_eq!((found[0].layer.as_str(), found[6].layer.as_str()), ("bn1", "layer3.0.bn2"));
        for layer in &found {
            assert!(layer.variance < 1e-3 && layer.mean < 1e-3, "{layer:?}");
        }
        let first = layer_statistics(&network.graph, &network.tensors, &x, true).unwrap();
        assert_eq!(first, found[..1]);
        // The first convolution has no bias: of three times the images it has nine times the variance. (Of images less their mean it has
        // another one, as padding is 0.)
        let wide = statistics(&network, &(&x * 3.0));
        assert!((wide[0].variance - 2.0 * 3f64.ln()).abs() < 1e-2, "{:?}", wide[0]);
    }

    #[test]
    fn what_is_not_finite_is_left_out_of_the_median() {
        let mut network = Network::random("resnet8", 10, 3, Device::Cpu).unwrap();
        network.tensors.insert("bn1.running_var".into(), Tensor::full([16], f64::NAN, (Kind::Float, Device::Cpu)));
        let found = statistics(&network, &Tensor::rand([4, 3, 32, 32], (Kind::Float, Device::Cpu)));
        assert!(found[0].variance.is_nan());
    }
}

//! Whether the logits of an image depend on the images beside it: then a loss would depend on the size of the batches.

use rand::Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

use super::super::{BatchNormMode, ModelError, Network, Tensors, derived_rng};

/// Largest difference of the logits of an image alone and beside another one, relative to the largest logit. Some networks amplify the rounding
/// of float32 beyond it: they are evaluated again in float64, whose rounding is far below.
const TOLERANCE: f64 = 1e-4;
/// The same where float32 alone can be computed with.
const IN_FLOAT: f64 = 0.05;
/// Elements of the largest value and multiply-adds of an image up to which the check is made while a file is read.
const MOST: (i64, i64) = (1 << 24, 1 << 36);

/// # Errors
/// When logits depend on the other image of a batch of two, or the network cannot be evaluated.
pub fn check(network: &Network) -> Result<(), ModelError> {
    if network.graph.largest_activation() > MOST.0 || network.graph.multiply_adds() > MOST.1 {
        return Ok(());
    }
    let mut random = derived_rng("flatland two images", &[]);
    let size = network.graph.input.iter().product::<i64>();
    // The second image is unlike the first: a mean over the batch then moves the first far.
    let mut value = |position: i64| random.sample::<f32, _>(StandardNormal) * if position < size { 1.0 } else { 4.0 };
    let values: Vec<f32> = (0..2 * size).map(&mut value).collect();
    let x =
        Tensor::f_from_slice(&values)?.f_view([&[2], network.graph.input.as_slice()].concat().as_slice())?.f_to_device(network.device)?;
    let [difference, largest] = compare(network, &network.tensors, &x)?;
    if difference <= TOLERANCE * largest {
        return Ok(());
    }
    let double = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.f_to_kind(Kind::Double)?));
    let tensors: Tensors = network.tensors.iter().map(double).collect::<Result<_, ModelError>>()?;
    // Operations that ask for float32 cannot be evaluated in float64: then what no rounding reaches decides.
    let in_double = compare(network, &tensors, &x.f_to_kind(Kind::Double)?);
    let tolerance = if in_double.is_ok() { TOLERANCE } else { IN_FLOAT };
    let [difference, largest] = in_double.unwrap_or([difference, largest]);
    if difference <= tolerance * largest {
        return Ok(());
    }
    Err(ModelError::Mismatch(format!(
        "the logits of an image depend on the images beside it: alone and beside another one they differ by {difference:.3} of at most {largest:.3}; \
         a loss would depend on the batches. Export a network whose operations keep images apart"
    )))
}

/// The largest difference of the logits of the two images `x`, together and each alone, and the largest logit.
fn compare(network: &Network, tensors: &Tensors, x: &Tensor) -> Result<[f64; 2], ModelError> {
    let logits = |x: &Tensor| -> Result<Vec<f64>, ModelError> {
        let logits = tch::no_grad(|| network.graph.forward(tensors, x, BatchNormMode::Frozen))?.logits;
        Ok(Vec::try_from(logits.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?.f_view([-1])?)?)
    };
    let together = logits(x)?;
    let alone = [logits(&x.f_narrow(0, 0, 1)?)?, logits(&x.f_narrow(0, 1, 1)?)?].concat();
    let largest = together.iter().chain(&alone).fold(0.0f64, |largest, value| largest.max(value.abs()));
    let difference = together.iter().zip(&alone).fold(0.0f64, |largest, (a, b)| largest.max((a - b).abs()));
    Ok([difference, largest])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::operation::Argument;
    use crate::model::{Call, Graph, Node, Op};

    #[test]
    fn logits_less_their_mean_over_the_batch_are_refused() {
        let mut network = Network::random("resnet8", 10, 1, Device::Cpu).unwrap();
        check(&network).unwrap();
        let call = |name: &str, arguments: Vec<(&str, Argument)>| {
            Op::Call(Call::new(name, arguments.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()).unwrap())
        };
        let (graph, logits) = (network.graph.clone(), network.graph.logits);
        let mean = call("mean.dim", vec![("self", Argument::Tensor(0)), ("dim", Argument::ints(&[0])), ("keepdim", Argument::Bool(true))]);
        let less = call("sub.Tensor", vec![("self", Argument::Tensor(0)), ("other", Argument::Tensor(1))]);
        let mut nodes = graph.nodes.clone();
        nodes.push(Node { op: mean, inputs: vec![logits] });
        nodes.push(Node { op: less, inputs: vec![logits, logits + 1] });
        network.graph = Graph::new(nodes, graph.features, logits + 2, graph.input.clone());
        let error = check(&network).unwrap_err().to_string();
        assert!(error.contains("depend on the images beside it"), "{error}");
    }
}

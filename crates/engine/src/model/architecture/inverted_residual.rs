//! What the inverted residuals of MobileNetV2 (Sandler et al. 2018, Sec. 3.3) and of its successors begin with.

use super::super::{Activation, NodeId};
use super::Blueprint;

/// `factor` times as many channels (layer 0 in `layer`, none where `factor` is 1), then a convolution of each channel, each with BatchNorm and
/// `activation`. Also the index of the layer that follows.
pub fn widened(net: &mut Blueprint, x: NodeId, layer: &str, [factor, kernel, stride]: [i64; 3], activation: Activation) -> (NodeId, usize) {
    let inner = factor * net.channels(x);
    let (mut y, mut index) = (x, 0);
    if factor > 1 {
        y = net.conv_batch_norm(y, &format!("{layer}.{index}"), [inner, 1, 1], 1);
        y = net.activation(y, activation);
        index += 1;
    }
    y = net.conv_batch_norm(y, &format!("{layer}.{index}"), [inner, kernel, stride], inner);
    (net.activation(y, activation), index + 1)
}

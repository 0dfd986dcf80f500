//! How many images to differentiate at once, so that a cancel is heard within a second on a CPU.

use tch::Device;

use crate::model::Network;

/// Multiply-adds of a forward pass whose backward pass ends within a few tenths of a second on two cores.
const WORK: i64 = 4_000_000_000;

/// Images of one batch. It depends on the network and the kind of device only, never on timing, so that sums repeat bit for bit.
pub fn gradient_batch(network: &Network) -> i64 {
    match network.device {
        Device::Cpu => (WORK / network.graph.multiply_adds().max(1)).clamp(1, 256),
        _ => 512,
    }
}

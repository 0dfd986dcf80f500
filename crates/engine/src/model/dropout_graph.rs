//! [`dropout_graph`]: the graph of an exported program in which dropout acts, for training steps.

use flatland_core::session::NetworkChoice;

use super::architecture::Head;
use super::operation::DROPOUTS;
use super::requested_network::of_program;
use super::{Graph, ModelError, Network, Op, checkpoint};

/// The graph of `network` with the dropout of its exported program, over the same tensors. `choice` names features and output, as it did for
/// `network`. Its values are random: the draws are those of libtorch's generator.
///
/// # Errors
/// When the network comes from no exported program, its program has no dropout of a rate above 0, or the file cannot be read.
pub fn dropout_graph(network: &Network, choice: &NetworkChoice) -> Result<Graph, ModelError> {
    let refuse = |found: String| {
        Err(ModelError::Mismatch(format!(
            "expected a network with dropout for `dropout = \"on\"`, found {found}: leave `dropout` out, or export a network (.pt2) that has \
             dropout layers"
        )))
    };
    let Some(program) = &network.program else {
        return refuse(format!("the built-in network {}, which has none", network.architecture));
    };
    let path = &program.path;
    let wrong = |message: String| ModelError::Checkpoint { message, path: path.clone() };
    let reading = checkpoint::read(path)?;
    let contents = reading.contents.map_err(wrong)?;
    let program = reading.program.ok_or_else(|| wrong("expected an exported program (.pt2), found another checkpoint".into()))?;
    let mut architecture = of_program(&program, path, &contents, choice, true).map_err(|refusal| wrong(refusal.reason))?;
    if let Some(head) = Head::split(&network.architecture).1 {
        architecture = head.attach_to(architecture)?;
    }
    let mut graph = architecture.graph;
    if let (true, Some(image)) = (graph.input != network.graph.input, network.graph.image()) {
        graph = graph.with_input(image).map_err(wrong)?;
    }
    let is_dropout = |op: &Op| matches!(op, Op::Call(call) if DROPOUTS.iter().any(|(_, operation)| *operation == call.name()));
    if !graph.nodes.iter().any(|node| is_dropout(&node.op)) {
        return refuse(format!("{}, whose program has none of a rate above 0", path.display()));
    }
    graph.to_device(network.device)
}

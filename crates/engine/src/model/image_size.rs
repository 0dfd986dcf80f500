//! [`for_images`]: a network for images of another size than the usual one.

use super::architecture::{self, Architecture};

/// `network` for images of [height, width] = `size`, where that is given.
///
/// # Errors
/// When its operations do not allow them, or it is no network for images.
pub fn for_images(network: Architecture, size: Option<[usize; 2]>) -> Result<Architecture, String> {
    let Some([other_height, other_width]) = size.map(|size| size.map(|side| side as i64)) else { return Ok(network) };
    let name = &network.name;
    let Some([channels, height, width]) = network.graph.image() else {
        return Err(format!(
            "{name} takes inputs of shape {:?}, but `input` makes images of {other_height}x{other_width}: leave `input` out",
            network.graph.input
        ));
    };
    if [other_height, other_width] == [height, width] {
        return Ok(network);
    }
    let refuse = |reason: String| {
        format!("{name} is a network for images of {height}x{width}, but `input` gives {other_height}x{other_width}: {reason}")
    };
    let shapes = network.tensors.iter().map(|spec| (spec.name.clone(), spec.shape.clone())).collect();
    let built = if network.program.is_none() { architecture::sized(&shapes, [other_height, other_width]) } else { None };
    let graph = match built {
        Some(built) => built.graph,
        None => network.graph.clone().with_input([channels, other_height, other_width]).map_err(refuse)?,
    };
    Ok(Architecture { graph, ..network })
}

//! The Swin transformers of torchvision (Liu et al. 2021): `features.1.0.attn.qkv`, `head`.

mod windows;

use tch::{TchError, Tensor};

use super::super::operation::{Argument, wrong};
use super::super::{Activation, Call, Constant, ModelError, NodeId, Op};
use super::blueprint::call;
use super::shapes::{Shapes, classifier_head};
use super::{Architecture, Blueprint, Init};

/// ε of every LayerNorm.
const EPS: f64 = 1e-5;
/// How many times wider the hidden layer of an MLP is.
const HIDDEN: i64 = 4;
/// Side of a patch.
const PATCH: i64 = 4;
/// What is added to the scores of positions that are no neighbours before the shift.
const MASKED: f64 = -100.0;
/// Side of a window of the usual networks.
const WINDOW: i64 = 7;
/// Largest side of a window; larger ones are not tried on a hostile file.
const MAX_WINDOW: i64 = 32;
/// Side of the images of the usual networks.
const SIDE: i64 = 224;
/// Largest side of images: the masks of all windows are kept in memory.
const MAX_SIDE: i64 = 2048;

/// Names of the classifier.
const HEADS: [&str; 4] = ["head", "fc", "classifier", "output"];

struct Member {
    name: &'static str,
    /// Channels of the first stage; each other stage has twice those of the one before.
    width: i64,
    /// Blocks of each stage.
    blocks: [usize; 4],
}

const MEMBERS: [Member; 3] = [
    Member { name: "swin_t", width: 96, blocks: [2, 2, 6, 2] },
    Member { name: "swin_s", width: 96, blocks: [2, 2, 18, 2] },
    Member { name: "swin_b", width: 128, blocks: [2, 2, 18, 2] },
];

/// Channels of a head.
const HEAD_WIDTH: i64 = 32;

const TRAITS: [(&str, &str); 6] = [
    ("heads", "width / 32"),
    ("shift of the windows", "half a window in every second block, none where one window covers the image"),
    ("patches", "side by side"),
    ("LayerNorm", "before each attention and MLP"),
    ("LayerNorm ε", "1e-5"),
    ("stochastic depth", "none in evaluation"),
];

/// The member nearest to `shapes`; none of another width or with another number of blocks in the third stage.
pub fn guess(shapes: &Shapes) -> Vec<Architecture> {
    sized(shapes, [SIDE; 2]).into_iter().collect()
}

/// The member and the side of its windows.
fn find(shapes: &Shapes) -> Option<(&'static Member, i64)> {
    let &[offsets, _] = shapes.get("features.1.0.attn.relative_position_bias_table")?.as_slice() else { return None };
    let window = (1..=MAX_WINDOW).find(|side| (2 * side - 1) * (2 * side - 1) == offsets)?;
    let width = shapes.get("features.0.0.weight")?.first()?;
    let has_block = |block: usize| shapes.contains_key(&format!("features.5.{block}.attn.qkv.weight"));
    let fits = |member: &&Member| member.width == *width && has_block(member.blocks[2] - 1) && !has_block(member.blocks[2]);
    MEMBERS.iter().find(fits).map(|member| (member, window))
}

/// `swin_t`, `swin_s`, `swin_b`
pub fn named(name: &str, classes: i64) -> Option<Architecture> {
    MEMBERS.iter().find(|member| member.name == name).map(|member| build(member, WINDOW, [SIDE; 2], HEADS[0], classes))
}

/// The member with these `shapes` for images of [height, width] = `image`; none for images that are too large or smaller than a patch.
pub fn sized(shapes: &Shapes, image: [i64; 2]) -> Option<Architecture> {
    let (head, classes) = classifier_head(shapes, HEADS[0], &HEADS[1..], 1000);
    let (member, window) = find(shapes)?;
    image.iter().all(|side| (PATCH..=MAX_SIDE).contains(side)).then(|| build(member, window, image, head, classes))
}

fn build(member: &Member, window: i64, [height, width]: [i64; 2], head: &str, classes: i64) -> Architecture {
    let mut net = Blueprint::new([3, height, width]);
    let x = net.convolve(Blueprint::INPUT, "features.0.0", [member.width, PATCH, PATCH, 0], true);
    let x = net.permute(x, &[0, 2, 3, 1]);
    let mut value = net.layer_norm(x, "features.0.2", EPS);
    let (mut sides, mut width) = ([height / PATCH, width / PATCH], member.width);
    let offsets = constant(&mut net, Tensor::f_from_slice(&windows::offsets(window)));
    for (stage, blocks) in member.blocks.into_iter().enumerate() {
        if stage > 0 {
            value = merge(&mut net, value, sides, width, &format!("features.{}", 2 * stage));
            (sides, width) = (sides.map(|side| (side + 1) / 2), 2 * width);
        }
        let grid = Grid::new(&mut net, sides, window, offsets);
        for index in 0..blocks {
            value = block(&mut net, value, &grid, index % 2 == 1, width, &format!("features.{}.{index}", 2 * stage + 1));
        }
    }
    let x = net.layer_norm(value, "norm", EPS);
    let x = net.permute(x, &[0, 3, 1, 2]);
    let features = net.global_avg_pool(x);
    Architecture { traits: &TRAITS, ..net.classify(member.name.into(), features, head, classes) }
}

/// Four neighbours of `x` [N, H, W, C] side by side, LayerNorm and a map to 2·C channels; odd sides are padded by zeros.
fn merge(net: &mut Blueprint, x: NodeId, sides: [i64; 2], width: i64, layer: &str) -> NodeId {
    let padded = pad(net, x, sides.map(|side| side % 2));
    let parts = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(row, column)| {
        let rows = part(net, padded, 1, row, i64::MAX, 2);
        part(net, rows, 2, column, i64::MAX, 2)
    });
    let tensors = Argument::Tensors((0..parts.len()).map(Some).collect());
    let joined = net.push(call("cat.default", vec![("tensors", tensors), ("dim", Argument::int(-1))]), &parts);
    // In the state dict the map comes first.
    let (weight, inputs, outputs) = (format!("{layer}.reduction.weight"), 4 * width, 2 * width);
    net.spec(weight.clone(), &[outputs, inputs], Init::Normal { std: 0.02 });
    let y = net.layer_norm(joined, &format!("{layer}.norm"), EPS);
    net.push(Op::Linear { weight, bias: None, inputs, outputs }, &[y])
}

/// Attention in windows and an MLP, each after a LayerNorm and added to `x` [N, H, W, C].
fn block(net: &mut Blueprint, x: NodeId, grid: &Grid, is_shifted: bool, width: i64, layer: &str) -> NodeId {
    let y = net.layer_norm(x, &format!("{layer}.norm1"), EPS);
    let y = grid.attention(net, y, is_shifted, width, &format!("{layer}.attn"));
    let x = net.add(y, x);
    let y = net.layer_norm(x, &format!("{layer}.norm2"), EPS);
    let y = net.linear(y, &format!("{layer}.mlp.0"), HIDDEN * width);
    let y = net.activation(y, Activation::Gelu);
    let y = net.linear(y, &format!("{layer}.mlp.3"), width);
    net.add(x, y)
}

/// The windows of a stage.
struct Grid {
    /// [H, W]
    sides: [i64; 2],
    /// The sides with padding to whole windows.
    padded: [i64; 2],
    /// Side of a window.
    window: i64,
    /// By how much the windows of every second block are shifted.
    shift: [i64; 2],
    /// For each pair of positions of a window the row of the table of biases.
    offsets: NodeId,
    /// What is added to the scores of shifted windows; none where nothing is shifted.
    mask: Option<NodeId>,
}

impl Grid {
    fn new(net: &mut Blueprint, sides: [i64; 2], window: i64, offsets: NodeId) -> Self {
        let padded = sides.map(|side| (side + window - 1) / window * window);
        let shift = padded.map(|side| if side > window { window / 2 } else { 0 });
        let count = padded[0] / window * (padded[1] / window);
        let area = window * window;
        let mask =
            || Tensor::f_from_slice(&windows::mask(padded, window, shift, MASKED)).and_then(|mask| mask.f_view([1, count, 1, area, area]));
        let mask = (shift != [0, 0]).then(|| constant(net, mask()));
        Self { sides, padded, window, shift, offsets, mask }
    }

    /// Attention within the windows of `x` [N, H, W, C].
    fn attention(&self, net: &mut Blueprint, x: NodeId, is_shifted: bool, width: i64, layer: &str) -> NodeId {
        let (heads, area) = (width / HEAD_WIDTH, self.window * self.window);
        let mask = self.mask.filter(|_| is_shifted);
        let bias = self.bias(net, heads, layer);
        let [height, breadth] = self.padded;
        let [rows, columns] = self.padded.map(|side| side / self.window);
        let x = pad(net, x, [height - self.sides[0], breadth - self.sides[1]]);
        let x = if mask.is_some() { roll(net, x, self.shift.map(|by| -by)) } else { x };
        let x = net.reshape(x, &[-1, rows, self.window, columns, self.window, width]);
        let x = net.permute(x, &[0, 1, 3, 2, 4, 5]);
        let x = net.reshape(x, &[-1, area, width]);
        let qkv = net.linear(x, &format!("{layer}.qkv"), 3 * width);
        let apart = net.reshape(qkv, &[-1, area, 3, heads, HEAD_WIDTH]);
        let apart = net.permute(apart, &[2, 0, 3, 1, 4]);
        let [query, key, value] = [0, 1, 2].map(|part| net.select(apart, 0, part));
        let factor = Argument::Float((HEAD_WIDTH as f64).powf(-0.5));
        let query = net.push(call("mul.Scalar", vec![("self", Argument::Tensor(0)), ("other", factor)]), &[query]);
        let key = net.permute(key, &[0, 1, 3, 2]);
        let scores = product(net, query, key);
        let mut scores = net.sum(scores, bias);
        if let Some(mask) = mask {
            let of_images = net.reshape(scores, &[-1, rows * columns, heads, area, area]);
            let masked = net.sum(of_images, mask);
            scores = net.reshape(masked, &[-1, heads, area, area]);
        }
        let shares = net.push(call("softmax.int", vec![("self", Argument::Tensor(0)), ("dim", Argument::int(-1))]), &[scores]);
        let y = product(net, shares, value);
        let y = net.permute(y, &[0, 2, 1, 3]);
        let y = net.reshape(y, &[-1, area, width]);
        let y = net.linear(y, &format!("{layer}.proj"), width);
        let y = net.reshape(y, &[-1, rows, columns, self.window, self.window, width]);
        let y = net.permute(y, &[0, 1, 3, 2, 4, 5]);
        let mut y = net.reshape(y, &[-1, height, breadth, width]);
        if mask.is_some() {
            y = roll(net, y, self.shift);
        }
        for (dim, side) in [(1, 0), (2, 1)].into_iter().filter(|&(_, side)| self.padded[side] > self.sides[side]) {
            y = part(net, y, dim, 0, self.sides[side], 1);
        }
        y
    }

    /// The biases [1, heads, T, T] of pairs of positions.
    fn bias(&self, net: &mut Blueprint, heads: i64, layer: &str) -> NodeId {
        let (area, reach) = (self.window * self.window, 2 * self.window - 1);
        let table = net.parameter(format!("{layer}.relative_position_bias_table"), &[reach * reach, heads], Init::Normal { std: 0.02 });
        let (x, index) = (Argument::Tensor(0), Argument::Tensor(1));
        let rows =
            net.push(call("index_select.default", vec![("self", x), ("dim", Argument::int(0)), ("index", index)]), &[table, self.offsets]);
        let pairs = net.reshape(rows, &[area, area, heads]);
        let pairs = net.permute(pairs, &[2, 0, 1]);
        net.reshape(pairs, &[1, heads, area, area])
    }
}

/// A tensor that is the same for all weights; where libtorch cannot make it, the evaluation says why.
fn constant(net: &mut Blueprint, tensor: Result<Tensor, TchError>) -> NodeId {
    let made = tensor.map_err(ModelError::from).and_then(|tensor| Constant::new(&tensor));
    let failed = |error: ModelError| Op::Call(Call { operation: wrong(), arguments: vec![Argument::Text(error.to_string())] });
    net.push(made.map_or_else(failed, Op::Constant), &[])
}

/// `x` [N, H, W, C] with `by` rows and columns of zeros after its own.
fn pad(net: &mut Blueprint, x: NodeId, [rows, columns]: [i64; 2]) -> NodeId {
    if [rows, columns] == [0, 0] {
        return x;
    }
    let sides = Argument::ints(&[0, 0, 0, columns, 0, rows]);
    net.push(call("constant_pad_nd.default", vec![("self", Argument::Tensor(0)), ("pad", sides)]), &[x])
}

/// `x` [N, H, W, C] moved around by `by` rows and columns.
fn roll(net: &mut Blueprint, x: NodeId, by: [i64; 2]) -> NodeId {
    let (shifts, dims) = (Argument::ints(&by), Argument::ints(&[1, 2]));
    net.push(call("roll.default", vec![("self", Argument::Tensor(0)), ("shifts", shifts), ("dims", dims)]), &[x])
}

/// Every `step`-th part from `start` to `end` of the dimension `dim`.
fn part(net: &mut Blueprint, x: NodeId, dim: i64, start: i64, end: i64, step: i64) -> NodeId {
    let [dim, start, end, step] = [dim, start, end, step].map(Argument::int);
    let arguments = vec![("self", Argument::Tensor(0)), ("dim", dim), ("start", start), ("end", end), ("step", step)];
    net.push(call("slice.Tensor", arguments), &[x])
}

fn product(net: &mut Blueprint, a: NodeId, b: NodeId) -> NodeId {
    net.push(call("matmul.default", vec![("self", Argument::Tensor(0)), ("other", Argument::Tensor(1))]), &[a, b])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind};

    use super::super::super::Network;
    use super::super::super::image_size::for_images;
    use super::super::named;
    use super::super::testing::{assert_parameters, assert_recognized, recognized, shapes};
    use super::*;

    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        assert_parameters(&[("swin_t", 28_288_354), ("swin_s", 49_606_258), ("swin_b", 87_768_224)]);
    }

    #[test]
    fn every_member_is_recognized_from_its_own_shapes() {
        assert_recognized(&MEMBERS.map(|member| member.name));
    }

    #[test]
    fn the_index_of_the_biases_is_no_tensor_of_its_own() {
        let mut with_index = shapes(&named("swin_t", 7).unwrap());
        with_index.insert("features.1.0.attn.relative_position_index".into(), vec![49 * 49]);
        assert_eq!(recognized(&with_index), ["swin_t"]);
    }

    #[test]
    fn images_of_other_sizes_are_padded_to_whole_windows() {
        for (image, offered) in [([224, 224], true), ([250, 186], true), ([2, 224], false), ([4096, 224], false)] {
            let network = for_images(named("swin_t", 3).unwrap(), Some(image.map(|side: i64| side as usize)));
            assert_eq!(network.is_ok(), offered, "{image:?}");
            if let Ok(network) = network {
                assert_eq!(network.graph.shape(network.graph.logits), [1, 3], "{image:?}");
            }
        }
        let with_head = for_images(named("swin_t+mcd", 3).unwrap(), Some([250, 186])).unwrap();
        assert_eq!((with_head.graph.input, with_head.graph.auxiliary.is_some()), (vec![3, 250, 186], true));
    }

    #[test]
    fn the_logits_of_an_image_do_not_depend_on_the_others() {
        let network = Network::random("swin_t", 5, 3, Device::Cpu).unwrap();
        let x = Tensor::rand([2, 3, 224, 224], (Kind::Float, Device::Cpu));
        let both = tch::no_grad(|| network.forward(&x).unwrap().logits);
        let second = tch::no_grad(|| network.forward(&x.narrow(0, 1, 1)).unwrap().logits);
        assert!(both.narrow(0, 1, 1).allclose(&second, 1e-4, 1e-5, false));
    }
}

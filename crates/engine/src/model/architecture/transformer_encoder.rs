//! The encoder of the vision transformers of Dosovitskiy et al. 2021: its usual sizes and its blocks.

use super::super::{Activation, NodeId};
use super::{Blueprint, Init};

/// ε of every LayerNorm.
pub const EPS: f64 = 1e-6;
/// Largest number of patches in a row or column; larger ones are not tried on a hostile file.
const MAX_GRID: i64 = 256;
/// Largest side of a patch.
const MAX_PATCH: i64 = 64;
/// How many times wider the hidden layer of an MLP is.
const HIDDEN: i64 = 4;

/// A usual size.
#[derive(Clone, Copy)]
pub struct Encoder {
    /// In names of timm.
    pub name: &'static str,
    /// In names of torchvision, which has the larger ones.
    pub letter: Option<char>,
    /// D
    pub width: i64,
    /// Blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: i64,
}

const ENCODERS: [Encoder; 5] = [
    Encoder { name: "tiny", letter: None, width: 192, depth: 12, heads: 3 },
    Encoder { name: "small", letter: None, width: 384, depth: 12, heads: 6 },
    Encoder { name: "base", letter: Some('b'), width: 768, depth: 12, heads: 12 },
    Encoder { name: "large", letter: Some('l'), width: 1024, depth: 24, heads: 16 },
    Encoder { name: "huge", letter: Some('h'), width: 1280, depth: 32, heads: 16 },
];

impl Encoder {
    /// The first usual size that `fits`.
    pub fn find(fits: impl Fn(&Encoder) -> bool) -> Option<Encoder> {
        ENCODERS.into_iter().find(fits)
    }

    /// What the tensors do not tell.
    pub fn traits(self) -> &'static [(&'static str, &'static str)] {
        const NARROW: [(&str, &str); 5] = traits("width / 64");
        const BROAD: [(&str, &str); 5] = traits("width / 80");
        if self.width == 64 * self.heads { &NARROW } else { &BROAD }
    }
}

const fn traits(heads: &'static str) -> [(&'static str, &'static str); 5] {
    [
        ("heads", heads),
        ("patches", "side by side"),
        ("LayerNorm", "before each attention and MLP"),
        ("LayerNorm ε", "1e-6"),
        ("dropout", "none in evaluation"),
    ]
}

/// Number of patches in a row, where `patches` is the square of a usual one.
pub fn grid(patches: i64) -> Option<i64> {
    (1..=MAX_GRID).find(|side| side * side == patches)
}

/// Side of the images that are cut into `grid` patches in a row.
pub fn image_side(grid: i64, patch: i64) -> Option<i64> {
    (1..=MAX_PATCH).contains(&patch).then(|| grid * patch)
}

/// Tokens [N, T, D] of the patches of the images.
pub fn patches(net: &mut Blueprint, layer: &str, width: i64, patch: i64) -> NodeId {
    let y = net.convolve(Blueprint::INPUT, layer, [width, patch, patch, 0], true);
    let y = net.reshape(y, &[-1, width, net.positions(y)]);
    net.permute(y, &[0, 2, 1])
}

/// Names of what a block reads, in the order of the state dict.
pub struct Block {
    /// The LayerNorms before the attention and before the MLP.
    pub norms: [String; 2],
    /// Weight and bias of the map to queries, keys and values.
    pub qkv: (String, Option<String>),
    /// The map after the attention.
    pub projection: String,
    /// The two maps of the MLP.
    pub mlp: [String; 2],
    /// Factors of the attention and of the MLP for each channel.
    pub scales: Option<[String; 2]>,
}

impl Block {
    /// Its value for tokens `x` [N, T, D].
    pub fn build(self, net: &mut Blueprint, x: NodeId, encoder: &Encoder) -> NodeId {
        let [first_scale, second_scale] = self.scales.map_or([None, None], |both| both.map(Some));
        let [first_norm, second_norm] = &self.norms;
        let [first_map, second_map] = &self.mlp;
        let y = net.layer_norm(x, first_norm, EPS);
        let y = attention(net, y, self.qkv, encoder.heads);
        let y = net.linear(y, &self.projection, encoder.width);
        let y = scaled(net, y, first_scale, encoder.width);
        let x = net.add(y, x);
        let y = net.layer_norm(x, second_norm, EPS);
        let y = net.linear(y, first_map, HIDDEN * encoder.width);
        let y = net.activation(y, Activation::Gelu);
        let y = net.linear(y, second_map, encoder.width);
        let y = scaled(net, y, second_scale, encoder.width);
        net.add(x, y)
    }
}

/// Attention of tokens to each other, before the map of all heads together.
fn attention(net: &mut Blueprint, x: NodeId, (weight, bias): (String, Option<String>), heads: i64) -> NodeId {
    let [tokens, width] = net.tokens(x);
    let qkv = net.affine(x, weight, bias, 3 * width);
    let apart = net.reshape(qkv, &[-1, tokens, 3, heads, width / heads]);
    let apart = net.permute(apart, &[2, 0, 3, 1, 4]);
    let parts = [0, 1, 2].map(|part| net.select(apart, 0, part));
    let y = net.attention(parts);
    let y = net.permute(y, &[0, 2, 1, 3]);
    net.reshape(y, &[-1, tokens, width])
}

/// `x` times the factors called `name`; `x` itself where they have no name.
fn scaled(net: &mut Blueprint, x: NodeId, name: Option<String>, width: i64) -> NodeId {
    let Some(name) = name else { return x };
    let factors = net.parameter(name, &[width], Init::Constant(1e-6));
    net.multiply(x, factors)
}

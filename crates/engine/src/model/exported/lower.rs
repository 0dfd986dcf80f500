//! The operations of a program as nodes of a graph.

use super::super::checkpoint::{Extent, ProgramArgument, ProgramNode, ProgramResult};
use super::super::operation::{Argument, Size};
use super::super::{BatchNorm, Conv, Op};
use super::bound::{Bound, Named};
use super::dropout::dropped;
use super::importer::{Importer, arg, writes};
use super::multiple::{computed_as, parts};
use super::sizes;

/// Assertions and hints of the exporter: they compute nothing.
const NOTHING: [&str; 7] = [
    "aten._assert_tensor_metadata.default",
    "aten._assert_scalar.default",
    "aten._assert_async.msg",
    "aten.sym_constrain_range.default",
    "aten.sym_constrain_range_for_size.default",
    "_guards_fn",
    "aten._guard_alias.default",
];

/// What gives its first tensor in evaluation. Dropout is one of them: objectives and analyses are of the whole network.
const IDENTITY: [&str; 9] = [
    "aten.dropout.default",
    "aten.dropout_.default",
    "aten.feature_dropout.default",
    "aten.feature_dropout_.default",
    "aten.alpha_dropout.default",
    "aten.native_dropout.default",
    "aten.alias.default",
    "aten.lift_fresh.default",
    "aten.dropout2d.default",
];

/// Arguments of an operation: by name, with what their tensors are.
pub struct Given {
    pub arguments: Vec<(String, Argument)>,
    pub inputs: Vec<Bound>,
}

impl Given {
    /// The tensor called `name`.
    fn tensor(&self, name: &str) -> Option<&Bound> {
        match self.get(name)? {
            Argument::Tensor(input) => self.inputs.get(*input),
            Argument::None | Argument::Tensors(_) | Argument::Int(_) | Argument::Ints(_) | Argument::Float(_) => None,
            Argument::Floats(_) | Argument::Bool(_) | Argument::Text(_) | Argument::Kind(_) => None,
        }
    }

    /// The tensor of the state dict called `name`, and whether there is any argument of that name.
    fn named(&self, name: &str) -> (Option<&Named>, bool) {
        match self.tensor(name) {
            Some(Bound::Named(named)) => (Some(named), true),
            other => (None, other.is_some()),
        }
    }

    /// The argument called `name`.
    pub fn get(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|(key, _)| key == name).map(|(_, argument)| argument)
    }

    /// Two constant integers; one stands for both.
    fn pair(&self, name: &str, default: i64) -> Option<[i64; 2]> {
        let fixed = |size: &Size| if let Size::Fixed(value) = size { Some(*value) } else { None };
        match self.get(name) {
            None => Some([default; 2]),
            Some(Argument::Int(size)) => fixed(size).map(|value| [value; 2]),
            Some(Argument::Ints(sizes)) => match sizes.as_slice() {
                [one] => fixed(one).map(|value| [value; 2]),
                [one, two] => Some([fixed(one)?, fixed(two)?]),
                _ => None,
            },
            Some(_) => None,
        }
    }

    /// The constant integer called `name`, `default` where none is given.
    pub fn int(&self, name: &str, default: i64) -> Option<i64> {
        match self.get(name) {
            None => Some(default),
            Some(Argument::Int(Size::Fixed(value))) => Some(*value),
            Some(_) => None,
        }
    }

    pub fn float(&self, name: &str, default: f64) -> Option<f64> {
        match self.get(name) {
            None => Some(default),
            Some(Argument::Float(value)) => Some(*value),
            Some(Argument::Int(Size::Fixed(value))) => Some(*value as f64),
            Some(_) => None,
        }
    }
}

impl<'p> Importer<'p> {
    /// Reads one operation.
    ///
    /// # Errors
    /// When it is not supported, or its arguments do not fit.
    pub fn read(&mut self, node: &'p ProgramNode) -> Result<(), String> {
        if NOTHING.contains(&node.target.as_str()) {
            return Ok(());
        }
        let given = self.given(&node.arguments)?;
        let Some(target) = node.target.strip_prefix("aten.") else {
            let operation =
                node.target.strip_prefix("_operator.").ok_or_else(|| format!("the operation `{}` is not supported", node.target))?;
            let operands = given.arguments.iter().map(|(name, argument)| match argument {
                Argument::Int(size) => Ok(*size),
                other => Err(format!("expected an integer for `{name}` of `{}`, found {}", node.target, other.describe())),
            });
            let size = sizes::operate(operation, &operands.collect::<Result<Vec<_>, _>>()?)?;
            return self.define(node, vec![Bound::Size(size)]);
        };
        let first = given.inputs.first().cloned();
        if let (true, Some(first)) = (self.drops, &first)
            && let Some(value) = dropped(self, target, &given, first)?
        {
            return self.define(node, vec![value]);
        }
        if let (true, Some(first)) = (IDENTITY.contains(&node.target.as_str()), &first) {
            return self.define(node, vec![first.clone()]);
        }
        if let ("sym_size.int", Some(first)) = (target, &first) {
            let dim = given.int("dim", 0).ok_or("expected a constant dimension of `sym_size`")?;
            let size = self.size(first, dim)?;
            return self.define(node, vec![Bound::Size(size)]);
        }
        if let Some(values) = parts(self, target, &given)? {
            return self.define(node, values);
        }
        let value = self.value(target, given)?;
        self.define(node, vec![value])
    }

    /// The value of the operation `target`, as an operation of the graph where it is one.
    fn value(&mut self, target: &str, given: Given) -> Result<Bound, String> {
        let (target, given) = computed_as(target, given);
        let special = match target.as_str() {
            "conv2d.default" | "convolution.default" => self.convolution(&given)?,
            "linear.default" => self.linear(&given, "input", "weight", "bias")?,
            "addmm.default" if given.get("beta").is_none() && given.get("alpha").is_none() => {
                self.linear(&given, "mat1", "mat2", "self")?
            }
            "mm.default" => self.linear(&given, "self", "mat2", "bias")?,
            "batch_norm.default" | "_native_batch_norm_legit_no_training.default" | "_native_batch_norm_legit_functional.default" => {
                self.batch_norm(&given)?
            }
            "relu.default" => match given.tensor("self") {
                Some(Bound::Node(id)) => Some(self.push(Op::Relu, vec![*id])?),
                Some(_) | None => None,
            },
            "add.Tensor" if given.get("alpha").is_none() => self.sum(&given)?,
            "permute.default" | "t.default" | "transpose.int" | "numpy_T.default" => transposed(&target, &given),
            _ => None,
        };
        match special {
            Some(value) => Ok(value),
            None if writes(&target) => {
                if target == "relu_.default" || target == "add_.Tensor" {
                    return self.written(&target, given);
                }
                self.call_in_place(&target, given.arguments, &given.inputs)
            }
            None => self.call(&target, given.arguments, &given.inputs),
        }
    }

    /// `relu_` and `add_`, which are nodes of their own where nothing else shows the memory that they write.
    fn written(&mut self, target: &str, given: Given) -> Result<Bound, String> {
        let before = self.nodes.len();
        let value = self.call_in_place(target, given.arguments, &given.inputs)?;
        if let (Bound::Node(id), true) = (&value, self.nodes.len() > before)
            && let Op::Call(call) = &self.nodes[*id].op
        {
            let same = || self.nodes[*id].inputs.iter().map(|&from| &self.shapes[from]).all(|shape| *shape == self.shapes[*id]);
            let plain = match (call.name(), self.nodes[*id].inputs.len()) {
                ("relu.default", 1) => Some(Op::Relu),
                ("add.Tensor", 2) if same() => Some(Op::Add),
                _ => None,
            };
            if let Some(op) = plain {
                self.nodes[*id].op = op;
            }
        }
        Ok(value)
    }

    fn convolution(&mut self, given: &Given) -> Result<Option<Bound>, String> {
        let (Some(x), (Some(weight), _), (bias, has_bias)) = (given.tensor("input"), given.named("weight"), given.named("bias")) else {
            return Ok(None);
        };
        let is_plain = !matches!(given.get("transposed"), Some(Argument::Bool(true)));
        let settings = (given.pair("stride", 1), given.pair("padding", 0), given.pair("dilation", 1), given.int("groups", 1));
        let (&[outputs, channels, height, width], (Some(stride), Some(padding), Some(dilation), Some(groups))) =
            (weight.shape.as_slice(), settings)
        else {
            return Ok(None);
        };
        if !is_plain || (has_bias && bias.is_none()) || matches!(x, Bound::Constant(_)) {
            return Ok(None);
        }
        let images = self.shape(x)?;
        if images.len() != 4 || groups < 1 || channels.checked_mul(groups) != Some(images[1]) || outputs % groups != 0 {
            return Err(format!(
                "expected images of {channels} x {groups} channels for the convolution `{}`, found the shape {images:?}",
                weight.name
            ));
        }
        expect(bias, &[outputs])?;
        let conv = Conv {
            weight: weight.name.clone(),
            bias: bias.map(|bias| bias.name.clone()),
            outputs,
            kernel: [height, width],
            stride,
            padding,
            dilation,
            groups,
        };
        let x = self.node(x)?;
        self.push(Op::Conv(conv), vec![x]).map(Some)
    }

    /// An affine map whose weight is a matrix of the state dict; `None` where it is another product.
    fn linear(&mut self, given: &Given, x: &str, weight: &str, bias: &str) -> Result<Option<Bound>, String> {
        let (bias, has_bias) = given.named(bias);
        // `linear` reads the weight as the state dict has it, the products `mm` and `addmm` its transpose.
        let (matrix, is_stored) = match given.tensor(weight) {
            Some(Bound::Named(matrix)) => (matrix, weight == "weight"),
            Some(Bound::Transposed(matrix)) => (matrix, weight != "weight"),
            Some(_) | None => return Ok(None),
        };
        let (Some(x), &[outputs, inputs]) = (given.tensor(x), matrix.shape.as_slice()) else { return Ok(None) };
        if !is_stored || (has_bias && bias.is_none_or(|bias| bias.shape != [outputs])) || matches!(x, Bound::Constant(_)) {
            return Ok(None);
        }
        let op = Op::Linear { weight: matrix.name.clone(), bias: bias.map(|bias| bias.name.clone()), inputs, outputs };
        let x = self.node(x)?;
        self.push(op, vec![x]).map(Some)
    }

    /// A BatchNorm of the network; `None` where it has no running statistics, as where a convolution standardizes its weight.
    fn batch_norm(&mut self, given: &Given) -> Result<Option<Bound>, String> {
        let Some(x) = given.tensor("input") else { return Err("BatchNorm lacks its input".into()) };
        if given.tensor("running_mean").is_none() && given.tensor("running_var").is_none() {
            return Ok(None);
        }
        let (Some(mean), Some(variance)) = (given.named("running_mean").0, given.named("running_var").0) else {
            return Err("expected running statistics of BatchNorm in the state dict, found computed ones".into());
        };
        let affine = match (given.named("weight"), given.named("bias")) {
            ((Some(gamma), _), (Some(beta), _)) => Some([gamma, beta]),
            ((None, false), (None, false)) => None,
            _ => {
                return Err(format!("expected weight and bias of the BatchNorm of `{}` in the state dict, found computed ones", mean.name));
            }
        };
        let channels = self.shape(x)?.get(1).copied().unwrap_or(0);
        for tensor in [mean, variance].into_iter().chain(affine.into_iter().flatten()) {
            expect(Some(tensor), &[channels])?;
        }
        let (Some(eps), Some(momentum)) = (given.float("eps", 1e-5), given.float("momentum", 0.1)) else {
            return Err(format!("expected numbers as ε and momentum of the BatchNorm of `{}`", mean.name));
        };
        let layer = mean.name.strip_suffix(".running_mean").unwrap_or(&mean.name).to_owned();
        let affine = affine.map(|names| names.map(|named| named.name.clone()));
        let norm = BatchNorm { layer, affine, running: [mean.name.clone(), variance.name.clone()], eps, momentum };
        let x = self.node(x)?;
        self.push(Op::BatchNorm(norm), vec![x]).map(Some)
    }

    /// The sum of two values of one shape.
    fn sum(&mut self, given: &Given) -> Result<Option<Bound>, String> {
        match (given.tensor("self"), given.tensor("other")) {
            (Some(Bound::Node(a)), Some(Bound::Node(b))) if self.shapes[*a] == self.shapes[*b] => {
                self.push(Op::Add, vec![*a, *b]).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Arguments with the values that their names stand for.
    fn given(&self, arguments: &'p [(String, ProgramArgument)]) -> Result<Given, String> {
        let mut given = Given { arguments: Vec::new(), inputs: Vec::new() };
        for (name, argument) in arguments {
            let argument = match argument {
                ProgramArgument::None | ProgramArgument::Unread => continue,
                ProgramArgument::Tensor(value) => match self.look_up(value)? {
                    Bound::Size(size) => Argument::Int(size),
                    bound => Argument::Tensor(given.add(bound)),
                },
                ProgramArgument::Tensors(values) => {
                    let one =
                        |value: &Option<String>| value.as_ref().map(|value| Ok::<_, String>(given.add(self.look_up(value)?))).transpose();
                    Argument::Tensors(values.iter().map(one).collect::<Result<_, _>>()?)
                }
                ProgramArgument::Int(extent) => Argument::Int(self.extent(extent)?),
                ProgramArgument::Ints(extents) => {
                    Argument::Ints(extents.iter().map(|extent| self.extent(extent)).collect::<Result<_, _>>()?)
                }
                ProgramArgument::Float(value) => Argument::Float(*value),
                ProgramArgument::Floats(values) => Argument::Floats(values.clone()),
                ProgramArgument::Bool(value) => Argument::Bool(*value),
                ProgramArgument::Text(text) => Argument::Text(text.clone()),
                ProgramArgument::Kind(dtype) => Argument::Kind(super::network::kind(dtype)?),
            };
            given.arguments.push(arg(name, argument));
        }
        Ok(given)
    }

    fn look_up(&self, value: &str) -> Result<Bound, String> {
        self.bound.get(value).cloned().ok_or_else(|| format!("the value `{value}` is used before it is defined"))
    }

    fn extent(&self, extent: &Extent) -> Result<Size, String> {
        match extent {
            Extent::Fixed(value) => Ok(Size::Fixed(*value)),
            Extent::Symbol { name, .. } => match self.look_up(name)? {
                Bound::Size(size) => Ok(size),
                Bound::Node(_) | Bound::Named(_) | Bound::Transposed(_) | Bound::Constant(_) => {
                    Err(format!("expected the integer `{name}`, found a tensor"))
                }
                Bound::Absent(reason) => Err(reason),
            },
        }
    }

    /// Lets the outputs of `node` stand for `values`; outputs without one are absent.
    fn define(&mut self, node: &'p ProgramNode, values: Vec<Bound>) -> Result<(), String> {
        let names = node.outputs.iter().flat_map(|output| match output {
            ProgramResult::Tensor(name) | ProgramResult::Symbol(name) => vec![Some(name.as_str())],
            ProgramResult::Tensors(names) => names.iter().map(|name| Some(name.as_str())).collect(),
            ProgramResult::Nothing => vec![None],
        });
        let mut values = values.into_iter();
        for (index, name) in names.enumerate() {
            let value = values.next().unwrap_or_else(|| Bound::Absent(format!("output {index} of `{}` is not supported", node.target)));
            let Some(name) = name else { continue };
            if !matches!(value, Bound::Size(_) | Bound::Absent(_)) {
                self.compare(name, &value)?;
            }
            self.bound.insert(name, value);
        }
        Ok(())
    }
}

impl Given {
    /// Adds a tensor and returns its position.
    fn add(&mut self, bound: Bound) -> usize {
        self.inputs.push(bound);
        self.inputs.len() - 1
    }
}

/// The transpose of a matrix of the state dict.
fn transposed(target: &str, given: &Given) -> Option<Bound> {
    let Some(Bound::Named(matrix)) = given.tensor("self") else { return None };
    let swaps = match target {
        "permute.default" => matches!(given.get("dims"), Some(Argument::Ints(dims)) if *dims == [Size::Fixed(1), Size::Fixed(0)]),
        "transpose.int" => matches!((given.int("dim0", 0)?, given.int("dim1", 0)?), (0, 1) | (1, 0) | (-2, -1) | (-1, -2)),
        _ => true,
    };
    (swaps && matrix.shape.len() == 2).then(|| Bound::Transposed(matrix.clone()))
}

/// # Errors
/// When the tensor has another shape.
fn expect(tensor: Option<&Named>, shape: &[i64]) -> Result<(), String> {
    match tensor.filter(|tensor| tensor.shape != shape) {
        Some(tensor) => Err(format!("expected the shape {shape:?} of `{}`, found {:?}", tensor.name, tensor.shape)),
        None => Ok(()),
    }
}

//! The JSON of exported programs, as much of it as is read. Unions are maps of one key; unknown fields are skipped.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// What names the format of the rest.
#[derive(Debug, Deserialize)]
pub(super) struct Versioned {
    pub(super) schema_version: SchemaVersion,
    pub(super) torch_version: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SchemaVersion {
    pub(super) major: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExportedProgram {
    pub(super) graph_module: GraphModule,
    pub(super) torch_version: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GraphModule {
    pub(super) graph: Graph,
    pub(super) signature: GraphSignature,
}

#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) tensor_values: BTreeMap<String, TensorMeta>,
    #[serde(default)]
    pub(super) sym_int_values: BTreeMap<String, SymInt>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub(super) target: String,
    pub(super) inputs: Vec<NamedArgument>,
    pub(super) outputs: Vec<Argument>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) stack_trace: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedArgument {
    pub(super) name: String,
    pub(super) arg: Argument,
}

#[derive(Debug, Deserialize)]
pub(super) enum Argument {
    #[serde(rename = "as_none", deserialize_with = "skip")]
    None,
    #[serde(rename = "as_tensor")]
    Tensor(TensorArgument),
    #[serde(rename = "as_tensors")]
    Tensors(Vec<TensorArgument>),
    #[serde(rename = "as_optional_tensor")]
    OptionalTensor(OptionalTensor),
    #[serde(rename = "as_optional_tensors")]
    OptionalTensors(Vec<OptionalTensor>),
    #[serde(rename = "as_int")]
    Int(i64),
    #[serde(rename = "as_ints")]
    Ints(Vec<i64>),
    #[serde(rename = "as_float")]
    Float(Float),
    #[serde(rename = "as_floats")]
    Floats(Vec<Float>),
    #[serde(rename = "as_bool")]
    Bool(bool),
    #[serde(rename = "as_string")]
    Text(String),
    #[serde(rename = "as_sym_int", alias = "as_sym_float", alias = "as_sym_bool")]
    Symbolic(Symbolic),
    #[serde(rename = "as_sym_ints")]
    Symbolics(Vec<Symbolic>),
    #[serde(rename = "as_scalar_type")]
    ScalarType(i64),
    #[serde(rename = "as_device", alias = "as_layout", alias = "as_memory_format", deserialize_with = "skip")]
    Placement,
    #[serde(rename = "as_graph")]
    Graph(GraphArgument),
    #[serde(rename = "as_custom_obj", deserialize_with = "skip")]
    CustomObject,
    #[serde(
        rename = "as_strings",
        alias = "as_bools",
        alias = "as_sym_bools",
        alias = "as_sym_floats",
        alias = "as_operator",
        alias = "as_complex",
        alias = "as_nested_tensors",
        alias = "as_int_lists",
        alias = "as_string_to_argument",
        deserialize_with = "skip"
    )]
    Other,
}

/// A program within the program; it is read where its operations are.
#[derive(Debug, Deserialize)]
pub(super) struct GraphArgument {
    pub(super) name: String,
    pub(super) graph: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) inputs: Vec<Argument>,
    pub(super) outputs: Vec<Argument>,
    pub(super) nodes: Vec<Node>,
    pub(super) tensor_values: BTreeMap<String, TensorMeta>,
    #[serde(default)]
    pub(super) sym_int_values: BTreeMap<String, SymInt>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TensorArgument {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) enum OptionalTensor {
    #[serde(rename = "as_tensor")]
    Tensor(TensorArgument),
    #[serde(rename = "as_none", deserialize_with = "skip")]
    None,
}

/// A scalar that may be the value of a node.
#[derive(Debug, Deserialize)]
pub(super) enum Symbolic {
    #[serde(rename = "as_name")]
    Name(String),
    #[serde(rename = "as_int")]
    Int(i64),
    #[serde(rename = "as_float")]
    Float(Float),
    #[serde(rename = "as_bool")]
    Bool(bool),
}

/// A float; those that JSON lacks are spelled out.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Spelled")]
pub(super) struct Float(pub(super) f64);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Spelled {
    Number(f64),
    Word(String),
}

impl TryFrom<Spelled> for Float {
    type Error = String;

    fn try_from(spelled: Spelled) -> Result<Self, String> {
        match spelled {
            Spelled::Number(number) => Ok(Self(number)),
            Spelled::Word(word) => match word.as_str() {
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                "NaN" => Ok(Self(f64::NAN)),
                other => Err(format!("expected a float, found `{}`", super::text::short(other))),
            },
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TensorMeta {
    pub(super) dtype: i64,
    pub(super) sizes: Vec<SymInt>,
    pub(super) strides: Vec<SymInt>,
    pub(super) storage_offset: SymInt,
    pub(super) layout: i64,
}

#[derive(Debug, Deserialize)]
pub(super) enum SymInt {
    #[serde(rename = "as_int")]
    Int(i64),
    #[serde(rename = "as_expr")]
    Expression(SymExpr),
}

#[derive(Debug, Deserialize)]
pub(super) struct SymExpr {
    pub(super) expr_str: String,
    pub(super) hint: Option<Hint>,
}

#[derive(Debug, Deserialize)]
pub(super) enum Hint {
    #[serde(rename = "as_int")]
    Int(i64),
    #[serde(rename = "as_float", alias = "as_bool", deserialize_with = "skip")]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct GraphSignature {
    pub(super) input_specs: Vec<InputSpec>,
    pub(super) output_specs: Vec<OutputSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InputSpec {
    UserInput {
        arg: Argument,
    },
    Parameter {
        arg: TensorArgument,
        parameter_name: String,
    },
    Buffer {
        arg: TensorArgument,
        buffer_name: String,
        persistent: bool,
    },
    TensorConstant {
        arg: TensorArgument,
        tensor_constant_name: String,
    },
    CustomObj {
        custom_obj_name: String,
    },
    ConstantInput {
        name: String,
    },
    #[serde(deserialize_with = "skip")]
    Token,
}

#[derive(Debug, Deserialize)]
pub(super) enum OutputSpec {
    #[serde(rename = "user_output")]
    User { arg: Argument },
    #[serde(rename = "buffer_mutation")]
    BufferMutation { arg: TensorArgument, buffer_name: String },
    #[serde(
        rename = "user_input_mutation",
        alias = "parameter_mutation",
        alias = "gradient_to_parameter",
        alias = "gradient_to_user_input",
        alias = "loss_output",
        alias = "token",
        deserialize_with = "skip"
    )]
    Other,
}

/// Where the tensors of a folder of the archive are.
#[derive(Debug, Deserialize)]
pub(super) struct PayloadConfig {
    pub(super) config: BTreeMap<String, PayloadMeta>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PayloadMeta {
    pub(super) path_name: String,
    pub(super) use_pickle: bool,
    pub(super) tensor_meta: Option<TensorMeta>,
}

fn skip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| ())
}

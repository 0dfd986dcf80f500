//! What small archives are read as.

use serde_json::{Value, json};

use super::super::{Extent, ProgramArgument, ProgramOutput, ProgramResult};
use super::small::{Parts, meta, node, payload, push, tensor};
use crate::model::checkpoint::{Contents, Dtype, read_bytes};

fn numbers(contents: &Contents) -> Vec<f32> {
    let tensors = contents.gather(&contents.state_dicts[0].entries).unwrap();
    tensors.iter().flat_map(|tensor| tensor.dtype.to_f32(&tensor.data).unwrap()).collect()
}

#[test]
fn a_small_archive_is_read() {
    let (program, contents) = Parts::new().accepted();
    assert_eq!(numbers(&contents), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(program.nodes.len(), 1);
    assert_eq!(program.nodes[0].line.as_deref(), Some("nets.py:7: return F.relu(x)"));
    assert_eq!(program.shapes["y"], [Extent::Fixed(2), Extent::Fixed(3)]);
}

#[test]
fn strides_and_offsets_of_the_archive_count() {
    let mut parts = Parts::new();
    *parts.w("/tensor_meta") = meta(&[2, 3], &[1, 2]);
    assert_eq!(numbers(&parts.accepted().1), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    *parts.w("/tensor_meta") = meta(&[2, 2], &[2, 1]);
    *parts.w("/tensor_meta/storage_offset/as_int") = json!(2);
    *parts.graph("tensor_values/p_w") = meta(&[2, 2], &[2, 1]);
    assert_eq!(numbers(&parts.accepted().1), [2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn buffers_constants_and_updates_of_buffers_are_read() {
    let mut parts = Parts::new();
    for (value, persistent) in [("mean", true), ("index", false)] {
        let buffer = json!({"buffer": {"arg": {"name": format!("b_{value}")}, "buffer_name": value, "persistent": persistent}});
        push(parts.signature("input_specs"), buffer);
    }
    push(parts.signature("input_specs"), json!({"tensor_constant": {"arg": {"name": "c_half"}, "tensor_constant_name": "half"}}));
    push(parts.signature("output_specs"), json!({"buffer_mutation": {"arg": {"name": "y"}, "buffer_name": "mean"}}));
    parts.weights["config"]["mean"] = payload("weight_0", meta(&[2, 3], &[3, 1]));
    parts.weights["config"]["idle"] = payload("weight_0", meta(&[1], &[1]));
    for name in ["index", "half"] {
        parts.constants["config"][name] = payload("tensor_0", meta(&[], &[]));
    }
    parts.entries.push(("data/constants/tensor_0".into(), 0.5f32.to_le_bytes().to_vec()));
    let (program, contents) = parts.accepted();
    let names: Vec<&str> = contents.state_dicts[0].entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["w", "mean"]);
    assert_eq!(program.tied, [("mean".to_owned(), "w".to_owned())]);
    let constants = contents.gather(&program.constants).unwrap();
    assert_eq!(constants.iter().map(|constant| constant.name.as_str()).collect::<Vec<_>>(), ["index", "half"]);
    assert!(constants.iter().all(|constant| constant.dtype.to_f32(&constant.data) == Some(vec![0.5])));
    assert_eq!(program.outputs[1], ProgramOutput::BufferMutation { value: "y".into(), buffer: "mean".into() });
    let notes = read_bytes(parts.bytes()).notes;
    assert_eq!(notes, ["1 tensors of the archive are not used by its program and left out"]);
}

#[test]
fn every_kind_of_argument_is_read() {
    let mut parts = Parts::new();
    let size = node(
        "torch.ops.aten.sym_size.int",
        json!([{"name": "self", "arg": tensor("x")}, {"name": "dim", "arg": {"as_int": 0}}]),
        json!([{"as_sym_int": {"as_name": "n"}}]),
    );
    let args = json!([
        {"as_none": []}, {"as_none": true}, {"as_tensors": [{"name": "x"}]},
        {"as_optional_tensors": [{"as_none": true}, {"as_tensor": {"name": "x"}}]}, {"as_optional_tensor": {"as_none": true}},
        {"as_float": "-Infinity"}, {"as_floats": [1, 0.5, "Infinity"]}, {"as_string": "none"}, {"as_bool": true},
        {"as_scalar_type": 13}, {"as_device": {"type": "cuda", "index": 0}}, {"as_memory_format": 2}, {"as_layout": 7},
        {"as_sym_int": {"as_name": "n"}}, {"as_sym_ints": [{"as_name": "n"}, {"as_int": -1}]}, {"as_sym_float": {"as_float": 0.5}},
    ]);
    let named: Vec<Value> = args.as_array().unwrap().iter().map(|arg| json!({"name": "a", "arg": arg})).collect();
    let outputs = json!([{"as_tensors": [{"name": "u"}, {"name": "v"}]}, {"as_none": true}]);
    *parts.graph("sym_int_values") = json!({"n": {"as_expr": {"expr_str": "Symbol('s77', integer=True)", "hint": {"as_int": 2}}}});
    push(parts.graph("nodes"), size);
    push(parts.graph("nodes"), node("torch.ops.mylib.all.default", json!(named), outputs));
    let (program, _) = parts.accepted();
    let n = || Extent::Symbol { name: "n".into(), hint: Some(2) };
    let found: Vec<ProgramArgument> = program.nodes[2].arguments.iter().map(|(_, argument)| argument.clone()).collect();
    let expected = [
        ProgramArgument::None,
        ProgramArgument::None,
        ProgramArgument::Tensors(vec![Some("x".into())]),
        ProgramArgument::Tensors(vec![None, Some("x".into())]),
        ProgramArgument::None,
        ProgramArgument::Float(f64::NEG_INFINITY),
        ProgramArgument::Floats(vec![1.0, 0.5, f64::INFINITY]),
        ProgramArgument::Text("none".into()),
        ProgramArgument::Bool(true),
        ProgramArgument::Kind(Dtype::Bf16),
        ProgramArgument::Unread,
        ProgramArgument::Unread,
        ProgramArgument::Unread,
        ProgramArgument::Int(n()),
        ProgramArgument::Ints(vec![n(), Extent::Fixed(-1)]),
        ProgramArgument::Float(0.5),
    ];
    assert_eq!(found, expected);
    assert_eq!(program.nodes[2].outputs, [ProgramResult::Tensors(vec!["u".into(), "v".into()]), ProgramResult::Nothing]);
    assert_eq!(program.symbols["n"], Extent::Symbol { name: "s77".into(), hint: Some(2) });
}

/// The operation `relu(x)` of a small archive within a program of its own.
fn within(target: &str, mode: Value) -> Parts {
    let mut parts = Parts::new();
    let graph = json!({
        "inputs": [tensor("arg0")],
        "outputs": [tensor("relu")],
        "nodes": [node("torch.ops.aten.relu.default", json!([{"name": "self", "arg": tensor("arg0"), "kind": 1}]), json!([tensor("relu")]))],
        "tensor_values": {"arg0": meta(&[2, 3], &[3, 1]), "relu": meta(&[2, 3], &[3, 1])},
        "sym_int_values": {},
    });
    let mut inputs = mode.as_array().unwrap().clone();
    inputs.extend([json!({"as_graph": {"name": "submod_1", "graph": graph}}), tensor("x")]);
    let inputs: Vec<Value> = inputs.into_iter().map(|arg| json!({"name": "", "arg": arg, "kind": 1})).collect();
    *parts.graph("nodes/0") = node(target, json!(inputs), json!([tensor("y")]));
    parts
}

#[test]
fn operations_under_no_grad_and_without_autocast_stand_in_the_place_of_their_program() {
    let grad = "torch.ops.higher_order.wrap_with_set_grad_enabled";
    let autocast = "torch.ops.higher_order.wrap_with_autocast";
    let off = json!([{"as_string": "cpu"}, {"as_scalar_type": 13}, {"as_bool": false}, {"as_bool": true}]);
    for (target, mode, last) in [
        (grad, json!([{"as_bool": false}]), "aten.detach.default"),
        (grad, json!([{"as_bool": true}]), "aten.alias.default"),
        (autocast, off, "aten.alias.default"),
    ] {
        let (program, _) = within(target, mode).accepted();
        let targets: Vec<&str> = program.nodes.iter().map(|node| node.target.as_str()).collect();
        assert_eq!(targets, ["aten.relu.default", last]);
        assert_eq!(program.nodes[0].arguments, [("self".to_owned(), ProgramArgument::Tensor("x".into()))]);
        assert_eq!(program.nodes[0].outputs, [ProgramResult::Tensor("submod_1.relu".into())]);
        assert_eq!(program.nodes[1].arguments, [("self".to_owned(), ProgramArgument::Tensor("submod_1.relu".into()))]);
        assert_eq!(program.nodes[1].outputs, [ProgramResult::Tensor("y".into())]);
        assert_eq!(program.shapes["submod_1.relu"], [Extent::Fixed(2), Extent::Fixed(3)]);
    }
}

#[test]
fn inner_programs_that_do_not_fit_or_change_more_are_refused() {
    let grad = "torch.ops.higher_order.wrap_with_set_grad_enabled";
    let refused = |target: &str, mode: Value, change: &dyn Fn(&mut Value), expected: &str| {
        let mut parts = within(target, mode);
        change(parts.graph("nodes/0"));
        let reason = read_bytes(parts.bytes()).contents.unwrap_err();
        assert!(reason.contains(expected), "expected `{expected}` in `{reason}`");
    };
    let off = || json!([{"as_bool": false}]);
    let on = json!([{"as_string": "cpu"}, {"as_scalar_type": 13}, {"as_bool": true}, {"as_bool": true}]);
    refused("torch.ops.higher_order.wrap_with_autocast", on, &|_| {}, "it runs a program within the program");
    let pointer = "/inputs/1/arg/as_graph/graph";
    let set = |node: &mut Value, path: &str, value: Value| *node.pointer_mut(&format!("{pointer}{path}")).unwrap() = value;
    refused(grad, off(), &|node| set(node, "/inputs", json!([])), "as many operands as inputs");
    refused(grad, off(), &|node| set(node, "", json!({})), "cannot read its program");
    refused(grad, off(), &|node| set(node, "/outputs/0/as_tensor/name", json!("z")), "found `z`");
    refused(grad, off(), &|node| set(node, "/nodes/0/target", json!("torch.ops.aten.relu_.default")), "write it without the underscore");
    refused(
        grad,
        off(),
        &|node| set(node, "/nodes/0/target", json!("torch.ops.higher_order.cond")),
        "it runs a program within the program",
    );
    refused(grad, off(), &|node| set(node, "/nodes/0/inputs/0/arg/as_tensor/name", json!("p_w")), "found `p_w`");
}

//! Small archives that are right but for one thing.

use serde_json::{Value, json};

use super::small::{Parts, meta, push, tensor};
use crate::model::checkpoint::read_bytes;

/// Checks that the archive with one thing changed is refused with `expected`.
fn refused(expected: &str, change: impl FnOnce(&mut Parts)) {
    let mut parts = Parts::new();
    change(&mut parts);
    let reading = read_bytes(parts.bytes());
    assert!(reading.program.is_none(), "expected `{expected}`");
    let reason = reading.contents.map(|_| ()).unwrap_err();
    assert!(reason.contains(expected), "expected `{expected}` in `{reason}`");
}

#[test]
fn a_tensor_that_reaches_outside_its_payload_is_refused() {
    let expected = "tensor `w`: expected a storage of at least";
    refused(expected, |parts| *parts.w("/tensor_meta/storage_offset/as_int") = json!(1));
    refused(expected, |parts| *parts.w("/tensor_meta") = meta(&[2, 3], &[4, 1]));
    refused(expected, |parts| parts.entry("data/weights/weight_0").truncate(20));
    refused(expected, |parts| parts.entry("data/weights/weight_0").clear());
    refused("overflow", |parts| *parts.w("/tensor_meta") = meta(&[i64::MAX, i64::MAX], &[i64::MAX, i64::MAX]));
    refused("expected elements of 4 bytes (f32)", |parts| parts.entry("data/weights/weight_0").truncate(22));
    refused("expected as many strides as sizes", |parts| *parts.w("/tensor_meta") = meta(&[2, 3], &[1]));
}

#[test]
fn a_small_file_does_not_fill_the_memory() {
    let mut parts = Parts::new();
    *parts.w("/tensor_meta") = meta(&[1 << 40, 3], &[0, 1]);
    *parts.graph("tensor_values/p_w") = meta(&[1 << 40, 3], &[0, 1]);
    let (_, contents) = parts.accepted();
    let reason = contents.gather(&contents.state_dicts[0].entries).unwrap_err();
    assert!(reason.contains("larger than a file of this size can fill"), "{reason}");
}

#[test]
fn a_payload_outside_its_folder_is_refused() {
    for path in ["../weights/weight_0", "..", ".", "", "a/b", "/etc/passwd", "a\\b", "weight_0\0", "ä"] {
        refused("expected the name of an entry in `net/data/weights/`", |parts| *parts.w("/path_name") = json!(path));
    }
    refused("the archive has no `net/data/weights/weight_1`", |parts| *parts.w("/path_name") = json!("weight_1"));
}

#[test]
fn negative_sizes_strides_and_offsets_are_refused() {
    let expected = "that are not negative, found -";
    refused(expected, |parts| *parts.w("/tensor_meta") = meta(&[2, 3], &[-3, 1]));
    refused(expected, |parts| *parts.w("/tensor_meta") = meta(&[-2, 3], &[3, 1]));
    refused(expected, |parts| *parts.w("/tensor_meta/storage_offset/as_int") = json!(-1));
    refused("value `y` of the program: expected sizes that are not negative, found -2", |parts| {
        *parts.graph("tensor_values/y") = meta(&[-2, 3], &[3, 1]);
    });
}

#[test]
fn tensors_that_are_not_plain_numbers_are_refused() {
    refused("tensor `w`: found a pickled Python object", |parts| *parts.w("/use_pickle") = json!(true));
    refused("tensor `w`: found a pickled Python object", |parts| *parts.w("/tensor_meta") = json!(null));
    refused("tensor `w`: expected a dense tensor (layout 7), found layout 1", |parts| *parts.w("/tensor_meta/layout") = json!(1));
    refused("tensor `w`: expected an element type of PyTorch 2.11", |parts| *parts.w("/tensor_meta/dtype") = json!(99));
    refused("expected sizes, strides and an offset that are numbers, found `s0`", |parts| {
        *parts.w("/tensor_meta/sizes/0") = json!({"as_expr": {"expr_str": "s0"}});
    });
}

#[test]
fn other_formats_versions_and_byte_orders_are_refused() {
    refused("expected `pt2` in `net/archive_format`", |parts| *parts.entry("archive_format") = b"pt3".to_vec());
    refused("expected `0` in `net/archive_version`", |parts| *parts.entry("archive_version") = b"1".to_vec());
    refused("expected `little` in `net/byteorder`", |parts| *parts.entry("byteorder") = b"big".to_vec());
    refused("found version 9", |parts| *parts.at("/schema_version/major") = json!(9));
    refused("expected one program in the archive, found 2 (other, model)", |parts| {
        parts.entries.push(("models/other.json".into(), b"{}".to_vec()));
    });
    refused("cannot read `net/models/model.json`: ", |parts| parts.model = json!({"schema_version": {"major": 8}}));
    refused("cannot read `net/models/model.json`: ", |parts| parts.model = json!([]));
}

#[test]
fn inputs_other_than_one_of_images_are_refused() {
    refused("expected one input of images, found 2 (x, mask)", |parts| {
        push(parts.signature("input_specs"), json!({"user_input": {"arg": tensor("mask")}}));
    });
    refused("expected one input of images, found one that is no tensor", |parts| {
        *parts.signature("input_specs/1") = json!({"user_input": {"arg": {"as_int": 3}}});
    });
    refused("expected one input of images, found also `flag`, which is no tensor", |parts| {
        push(parts.signature("input_specs"), json!({"constant_input": {"name": "flag", "value": {"as_bool": true}}}));
    });
    refused("expected one input of images, found none", |parts| {
        parts.signature("input_specs").as_array_mut().unwrap().pop();
    });
    refused("found the custom object `engine`", |parts| {
        push(parts.signature("input_specs"), json!({"custom_obj": {"arg": {"name": "e", "class_fqn": "E"}, "custom_obj_name": "engine"}}));
    });
}

#[test]
fn a_value_that_is_used_before_its_definition_is_refused() {
    refused(
        "operation `aten.relu.default` (nets.py:7: return F.relu(x)): expected values that an earlier operation or an input defines, found `z`",
        |parts| {
            *parts.graph("nodes/0/inputs/0/arg") = tensor("z");
        },
    );
    refused("found `y`", |parts| *parts.graph("nodes/0/inputs/0/arg") = tensor("y"));
    refused("found `s`", |parts| {
        push(parts.graph("nodes/0/inputs"), json!({"name": "size", "arg": {"as_sym_ints": [{"as_name": "s"}, {"as_int": 1}]}}));
    });
    refused("expected outputs that an operation or an input defines, found `z`", |parts| {
        *parts.signature("output_specs/0/user_output/arg") = tensor("z");
    });
}

#[test]
fn a_name_that_stands_for_two_things_is_refused() {
    refused("expected each value of the program to be defined once, found `x` twice", |parts| {
        *parts.graph("nodes/0/outputs/0") = tensor("x");
    });
    refused("expected one name for each tensor of the network, found `w` twice", |parts| {
        push(parts.signature("input_specs"), json!({"buffer": {"arg": {"name": "b"}, "buffer_name": "w", "persistent": true}}));
    });
}

#[test]
fn the_tensors_of_the_archive_are_those_of_the_program() {
    refused("expected the tensor `b` of the program in the archive, found none", |parts| {
        push(parts.signature("input_specs"), json!({"buffer": {"arg": {"name": "b"}, "buffer_name": "b", "persistent": false}}));
    });
    refused("expected the tensor `w` to have the shape of the program, [2, 4], found [2, 3]", |parts| {
        *parts.graph("tensor_values/p_w") = meta(&[2, 4], &[4, 1]);
    });
    refused("expected a network with parameters", |parts| {
        parts.signature("input_specs").as_array_mut().unwrap().remove(0);
    });
}

#[test]
fn programs_within_the_program_and_objects_are_refused() {
    for arg in [json!({"as_graph": {"name": "body", "graph": {}}}), json!({"as_custom_obj": {"name": "a", "class_fqn": "b"}})] {
        refused("operation `aten.relu.default` (nets.py:7: return F.relu(x)): argument `self`: found a ", |parts| {
            *parts.graph("nodes/0/inputs/0/arg") = arg;
        });
    }
    refused("operation `higher_order.cond` (nets.py:7: return F.relu(x)): it runs a program within the program", |parts| {
        *parts.graph("nodes/0/target") = json!("torch.ops.higher_order.cond");
    });
    refused("found compiled code (AOTInductor", |parts| parts.entries.push(("data/aotinductor/model/net.so".into(), Vec::new())));
}

#[test]
fn outputs_that_are_no_logits_are_refused() {
    refused("found one that writes into its input or its parameters", |parts| {
        push(parts.signature("output_specs"), json!({"user_input_mutation": {"arg": {"name": "y"}, "user_input_name": "x"}}));
    });
    refused("expected tensors as the outputs", |parts| {
        push(parts.signature("output_specs"), json!({"user_output": {"arg": {"as_int": 1}}}));
    });
    refused("found one of `n`, which is none", |parts| {
        push(parts.signature("output_specs"), json!({"buffer_mutation": {"arg": {"name": "y"}, "buffer_name": "n"}}));
    });
    refused("expected a network that returns a tensor, found none", |parts| *parts.signature("output_specs") = json!([]));
}

#[test]
fn arguments_that_would_be_dropped_are_refused() {
    for arg in [json!({"as_complex": {"real": 1.0, "imag": 0.0}}), json!({"as_bools": [true]}), json!({"as_int_lists": [[1]]})] {
        refused("argument `self`: found a list of texts", |parts| *parts.graph("nodes/0/inputs/0/arg") = arg);
    }
    for arg in [json!({"as_new": 1}), json!({"as_float": "much"}), json!({"as_int": 1, "as_bool": true}), json!({"as_int": 1e30})] {
        refused("cannot read `net/models/model.json`: ", |parts| *parts.graph("nodes/0/inputs/0/arg") = arg);
    }
}

#[test]
fn every_cut_of_a_small_archive_is_an_error_and_never_a_panic() {
    let bytes = Parts::new().bytes();
    for end in 0..bytes.len() {
        assert!(read_bytes(bytes[..end].to_vec()).contents.is_err(), "cut at {end}");
    }
}

#[test]
fn json_without_any_of_its_parts_is_an_error_and_never_a_panic() {
    /// Pointers to every part of `value`.
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (key, child) in children {
            let at = format!("{at}/{key}");
            pointers(child, &at, found);
            found.push(at);
        }
    }
    let mut all = Vec::new();
    pointers(&Parts::new().model, "", &mut all);
    assert!(all.len() > 100);
    for pointer in all {
        for other in [json!(null), json!(-1), json!(u64::MAX), json!("\u{0}"), json!([]), json!({})] {
            let mut parts = Parts::new();
            *parts.at(&pointer) = other;
            // Some parts are not read: what counts is that there is an answer.
            let reading = read_bytes(parts.bytes());
            assert_eq!(reading.program.is_some(), reading.contents.is_ok(), "{pointer}");
        }
    }
}

//! Small archives: their parts, which tests change before they are written.

use std::io::Write;

use serde_json::{Value, json};

use super::super::Program;
use crate::model::checkpoint::{Container, Contents, read_bytes};

/// What an archive of one matrix `w` of 2 rows and 3 columns, and of `relu(x)`, is made of.
pub(super) struct Parts {
    pub(super) model: Value,
    pub(super) weights: Value,
    pub(super) constants: Value,
    /// Name and bytes of each other entry.
    pub(super) entries: Vec<(String, Vec<u8>)>,
}

pub(super) fn meta(sizes: &[i64], strides: &[i64]) -> Value {
    let ints = |values: &[i64]| values.iter().map(|value| json!({"as_int": value})).collect::<Vec<_>>();
    json!({"dtype": 7, "sizes": ints(sizes), "strides": ints(strides), "storage_offset": {"as_int": 0}, "layout": 7,
           "requires_grad": true, "device": {"type": "cpu", "index": null}})
}

pub(super) fn payload(path: &str, meta: Value) -> Value {
    json!({"path_name": path, "is_param": true, "use_pickle": false, "tensor_meta": meta})
}

pub(super) fn tensor(name: &str) -> Value {
    json!({"as_tensor": {"name": name}})
}

pub(super) fn node(target: &str, inputs: Value, outputs: Value) -> Value {
    let trace = "File \"/src/nets.py\", line 7, in forward\n    return F.relu(x)";
    json!({"target": target, "inputs": inputs, "outputs": outputs, "metadata": {"stack_trace": trace}})
}

impl Parts {
    pub(super) fn new() -> Self {
        let relu = node("torch.ops.aten.relu.default", json!([{"name": "self", "arg": tensor("x"), "kind": 1}]), json!([tensor("y")]));
        let model = json!({
            "schema_version": {"major": 8, "minor": 17},
            "torch_version": "2.11.0",
            "graph_module": {
                "graph": {
                    "inputs": [tensor("p_w"), tensor("x")],
                    "outputs": [tensor("y")],
                    "nodes": [relu],
                    "tensor_values": {"p_w": meta(&[2, 3], &[3, 1]), "x": meta(&[2, 3], &[3, 1]), "y": meta(&[2, 3], &[3, 1])},
                    "sym_int_values": {},
                },
                "signature": {
                    "input_specs": [
                        {"parameter": {"arg": {"name": "p_w"}, "parameter_name": "w"}},
                        {"user_input": {"arg": tensor("x")}},
                    ],
                    "output_specs": [{"user_output": {"arg": tensor("y")}}],
                },
            },
        });
        let text = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let numbers = (0..6u8).flat_map(|number| f32::from(number).to_le_bytes()).collect();
        Self {
            model,
            weights: json!({"config": {"w": payload("weight_0", meta(&[2, 3], &[3, 1]))}}),
            constants: json!({"config": {}}),
            entries: vec![
                text("archive_format", "pt2"),
                text("archive_version", "0"),
                text("byteorder", "little"),
                ("data/weights/weight_0".into(), numbers),
            ],
        }
    }

    /// The part of the JSON at `pointer`.
    pub(super) fn at(&mut self, pointer: &str) -> &mut Value {
        self.model.pointer_mut(pointer).unwrap()
    }

    pub(super) fn graph(&mut self, part: &str) -> &mut Value {
        self.at(&format!("/graph_module/graph/{part}"))
    }

    pub(super) fn signature(&mut self, part: &str) -> &mut Value {
        self.at(&format!("/graph_module/signature/{part}"))
    }

    /// The meta data of `w`.
    pub(super) fn w(&mut self, pointer: &str) -> &mut Value {
        self.weights.pointer_mut("/config/w").unwrap().pointer_mut(pointer).unwrap()
    }

    pub(super) fn entry(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.entries.iter_mut().find(|(known, _)| known == name).unwrap().1
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let json = [
            ("models/model.json", &self.model),
            ("data/weights/model_weights_config.json", &self.weights),
            ("data/constants/model_constants_config.json", &self.constants),
        ];
        let json = json.iter().map(|(name, value)| ((*name).to_owned(), value.to_string().into_bytes()));
        for (name, data) in self.entries.iter().cloned().chain(json) {
            zip.start_file(format!("net/{name}"), stored).unwrap();
            zip.write_all(&data).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub(super) fn accepted(&self) -> (Program, Contents) {
        let reading = read_bytes(self.bytes());
        assert_eq!(reading.container, Some(Container::ExportedProgram));
        let contents = reading.contents.unwrap();
        (reading.program.unwrap(), contents)
    }
}

pub(super) fn push(list: &mut Value, item: Value) {
    list.as_array_mut().unwrap().push(item);
}

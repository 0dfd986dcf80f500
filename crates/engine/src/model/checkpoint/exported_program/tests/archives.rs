//! Archives that PyTorch wrote, and the same ones changed to be refused.

use std::path::{Path, PathBuf};

use flatland_core::testing::shared;

use super::super::{Extent, Program, ProgramArgument, ProgramInput, ProgramOutput, ProgramResult};
use crate::model::checkpoint::{Container, Contents, Dtype, RawTensor, Reading, read};

fn archives(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pt2"));
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn accepted(path: &Path) -> (Program, Contents) {
    let Reading { container, program, contents, .. } = read(path).unwrap();
    assert_eq!(container, Some(Container::ExportedProgram), "{}", path.display());
    let contents = contents.unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
    (program.unwrap(), contents)
}

fn state_dict(path: &Path) -> Vec<RawTensor> {
    let (_, contents) = accepted(path);
    contents.gather(&contents.state_dicts[0].entries).unwrap()
}

/// By name: archives have other orders.
fn sorted(mut tensors: Vec<RawTensor>) -> Vec<RawTensor> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    tensors
}

#[test]
fn every_archive_has_the_parameters_that_pytorch_names() {
    let Some(folder) = shared("data/exported") else { return };
    let mut named = 0;
    for path in archives(&folder).iter().filter(|path| !name(path).starts_with("refuse.")) {
        let (program, contents) = accepted(path);
        assert_eq!((contents.state_dicts.len(), contents.state_dicts[0].key.as_str()), (1, ""), "{}", name(path));
        contents.gather(&contents.state_dicts[0].entries).unwrap();
        contents.gather(&program.constants).unwrap();
        assert!(program.nodes.iter().all(|node| !node.target.starts_with("torch.ops.")), "{}", name(path));
        let Ok(mut expected) = npyz::npz::NpzArchive::open(path.with_extension("npz")) else { continue };
        let Some(parameters) = expected.by_name("parameters").unwrap() else { continue };
        let parameters: Vec<String> = parameters.into_vec().unwrap();
        for parameter in &parameters {
            let is_there = contents.state_dicts[0].entries.iter().any(|entry| entry.name == *parameter);
            assert!(is_there, "{}: `{parameter}`", name(path));
        }
        named += parameters.len();
    }
    assert!(named > 100, "{named}");
}

#[test]
fn every_version_layout_and_memory_format_has_the_same_numbers() {
    let Some(folder) = shared("data/exported") else { return };
    let expected = sorted(state_dict(&folder.join("cnn32.pt2")));
    assert_eq!(expected.len(), 22);
    for other in ["torch2.4.1", "torch2.6.0", "torch2.8.0", "channels_last", "core", "trainmode"] {
        let found = sorted(state_dict(&folder.join(format!("cnn32.{other}.pt2"))));
        assert!(found == expected, "{other}");
    }
}

#[test]
fn the_program_of_a_convolutional_network_is_read_in_full() {
    let Some(folder) = shared("data/exported") else { return };
    let (program, _) = accepted(&folder.join("cnn32.pt2"));
    assert_eq!(program.torch_version.as_deref(), Some("2.11.0+cu130"));
    let weight = ProgramInput::Parameter { value: "p_conv1_weight".into(), name: "conv1.weight".into() };
    assert_eq!(program.inputs.first(), Some(&weight));
    assert_eq!(program.inputs.last(), Some(&ProgramInput::User { value: "x".into() }));
    assert_eq!(program.outputs, [ProgramOutput::User { value: "linear".into() }]);
    let batch = Extent::Symbol { name: "s77".into(), hint: Some(2) };
    assert_eq!(program.shapes["x"], [batch, Extent::Fixed(3), Extent::Fixed(32), Extent::Fixed(32)]);
    assert_eq!(program.dtypes["x"], Dtype::F32);
    let conv = &program.nodes[0];
    assert_eq!(conv.target, "aten.conv2d.default");
    assert_eq!(conv.line.as_deref(), Some("nets.py:111: x = F.relu(self.bn1(self.conv1(x))); s = self.short(x)"));
    assert_eq!(conv.outputs, [ProgramResult::Tensor("conv2d".into())]);
    let ones = ProgramArgument::Ints(vec![Extent::Fixed(1), Extent::Fixed(1)]);
    let expected = [
        ("input", ProgramArgument::Tensor("x".into())),
        ("weight", ProgramArgument::Tensor("p_conv1_weight".into())),
        ("bias", ProgramArgument::None),
        ("stride", ones.clone()),
        ("padding", ones),
    ];
    assert_eq!(conv.arguments, expected.map(|(name, argument)| (name.to_owned(), argument)));
}

#[test]
fn symbolic_sizes_are_values_with_the_size_of_the_export() {
    let Some(folder) = shared("data/exported") else { return };
    for file in ["tinyvit.torch2.4.1.pt2", "tinyvit.torch2.6.0.pt2", "tinyvit.pt2"] {
        let (program, _) = accepted(&folder.join(file));
        let symbol = program.nodes.iter().find(|node| node.target == "aten.sym_size.int").map(|node| node.outputs[0].clone());
        let Some(ProgramResult::Symbol(value)) = symbol else { panic!("{file}: {symbol:?}") };
        let size = Extent::Symbol { name: value, hint: Some(2) };
        let uses = |argument: &ProgramArgument| matches!(argument, ProgramArgument::Ints(sizes) if sizes.contains(&size));
        assert!(program.nodes.iter().any(|node| node.arguments.iter().any(|(_, argument)| uses(argument))), "{file}");
    }
}

#[test]
fn constants_are_no_part_of_the_state_dict() {
    let Some(folder) = shared("data/exported") else { return };
    let (program, contents) = accepted(&folder.join("tv_swin.pt2"));
    assert_eq!((contents.state_dicts[0].entries.len(), program.constants.len()), (67, 18));
    let constants = contents.gather(&program.constants).unwrap();
    assert_eq!(constants[0].name, "features.1.1.attn.lifted_tensor_0");
    assert!(constants.iter().all(|constant| constant.shape.is_empty() && constant.data.len() == 4));
}

#[test]
fn tied_weights_keep_both_names() {
    let Some(folder) = shared("data/exported") else { return };
    let (program, contents) = accepted(&folder.join("tied.pt2"));
    assert_eq!(program.tied, [("c.weight".to_owned(), "b.weight".to_owned())]);
    let tensors = contents.gather(&contents.state_dicts[0].entries).unwrap();
    let data = |name: &str| tensors.iter().find(|tensor| tensor.name == name).unwrap().data.clone();
    assert_eq!(data("c.weight"), data("b.weight"));
    let (program, _) = accepted(&folder.join("cnn32.pt2"));
    assert_eq!(program.tied, []);
}

#[test]
fn archives_with_code_objects_or_wrong_places_are_refused() {
    let Some(folder) = shared("data/exported") else { return };
    for (file, expected) in [
        ("aoti", "found compiled code (AOTInductor"),
        ("higher_order_cond", "operation `higher_order.cond` (make_exports.py:72: "),
        ("major9", "found version 9, written by PyTorch 2.11"),
        ("negative_stride", "tensor `fc.weight`: expected sizes, strides and an offset that are not negative, found -32"),
        ("path_escape", "tensor `fc.weight`: expected the name of an entry in `cnn32/data/weights/`"),
        ("use_pickle", "tensor `fc.weight`: found a pickled Python object"),
    ] {
        let reading = read(&folder.join(format!("refuse.{file}.pt2"))).unwrap();
        assert_eq!(reading.container, Some(Container::ExportedProgram), "{file}");
        assert!(reading.program.is_none(), "{file}");
        let reason = reading.contents.unwrap_err();
        assert!(reason.contains(expected), "{file}: expected `{expected}` in `{reason}`");
    }
}

#[test]
fn unknown_operations_are_read() {
    let Some(folder) = shared("data/exported") else { return };
    let (program, _) = accepted(&folder.join("refuse.custom_op.pt2"));
    assert!(program.nodes.iter().any(|node| node.target == "mylib.conv.default"));
}

#[test]
fn torchscript_is_refused_with_the_line_that_exports_the_network() {
    let Some(path) = shared("data/exported/refuse.torchscript.pt") else { return };
    let reading = read(&path).unwrap();
    assert_eq!(reading.container, None);
    let reason = reading.contents.unwrap_err();
    for part in ["found a TorchScript archive, which is refused: loading one runs the code in it", "torch.export.save(torch.export.export("]
    {
        assert!(reason.contains(part), "expected `{part}` in `{reason}`");
    }
}

#[test]
fn cut_archives_say_that_they_are_cut() {
    let Some(folder) = shared("data/exported") else { return };
    for file in ["cnn32.pt2", "cnn32.torch2.4.1.pt2", "cnn32.torch2.8.0.pt2"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let reason = crate::model::checkpoint::read_bytes(bytes[..bytes.len() / 2].to_vec()).contents.unwrap_err();
        assert!(reason.contains("cut off or damaged"), "{file}: {reason}");
    }
}

//! The tab of the tensors: a row per tensor, a cell per checkpoint, and the norms as a figure.

use super::*;
use crate::ui::command::Command;
use crate::ui::tests::interaction::give;
use flatland_core::result::{TensorInfo, TensorValues};

fn tensor(name: &str, dtype: &str, values: &[f32]) -> TensorInfo {
    TensorInfo { name: name.into(), shape: vec![values.len() as i64], dtype: dtype.into(), values: TensorValues::of(values) }
}

#[test]
fn every_tensor_has_its_norm_and_range_under_each_checkpoint_and_the_norms_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 2, false);
    let inspections = &mut harness.state_mut().state.store.inspections;
    for (k, report) in inspections.values_mut().enumerate() {
        let weight = tensor("conv.weight", "f32", &[3.0 * (k + 1) as f32, -4.0 * (k + 1) as f32, f32::NAN]);
        report.tensors = vec![weight, tensor("steps", "i64", &[])];
    }
    give(&mut harness, Command::Show(Tab::new("tensors")));
    harness.get_by_label("Values of conv.weight of Pretrained: norm 5.000, −4.000 to 3.000");
    harness.get_by_label("Values of conv.weight of ERM: norm 10.00, −8.000 to 6.000");
    assert_eq!(harness.query_all_by_label("no floats, i64").count(), 2);
    let path = folder.path().join("norms.csv");
    figure(harness.state_mut()).unwrap().write(&path, false, true).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("Norm ‖w‖") && text.contains("5.000") && text.contains("10.00"), "{text}");
}

//! The memory and devices in use, in one line.

use egui::Ui;

use crate::ui::state::meter::{Graphics, Meter, bytes};
use crate::ui::style::widget::controls::small_text;
use crate::ui::work::machine::cores;

/// Draws the line; `threads` is the number of threads of the worker, `None` = all.
pub fn show(ui: &mut Ui, meter: &Meter, threads: Option<usize>) {
    let cores = cores();
    let threads = threads.unwrap_or(cores);
    let device = match meter.graphics.first() {
        Some(gpu) => memory_of(gpu),
        None => format!("CPU, {threads} thread{}", if threads == 1 { "" } else { "s" }),
    };
    let window = meter.window.map(|n| format!("window {}", bytes(n)));
    let worker = meter.worker.map(|n| format!("worker {}", bytes(n)));
    let parts: Vec<String> = [Some(device), window, worker].into_iter().flatten().collect();
    small_text(ui, &parts.join(" · ")).on_hover_ui(|ui| {
        ui.label(format!("{threads} of {cores} threads for the worker's computations"));
        for gpu in &meter.graphics {
            ui.label(format!("GPU: {}; jobs use it unless they ask for the CPU", memory_of(gpu)));
        }
        ui.label("Resident memory, measured once a second while the window is active");
    });
}

fn memory_of(gpu: &Graphics) -> String {
    format!("{}, {} of {}", gpu.name, bytes(gpu.used), bytes(gpu.total))
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable;

    use super::*;

    #[test]
    fn the_line_shows_devices_and_memory_in_use() {
        let line = |graphics: Vec<Graphics>, text: &str| {
            let mut meter = Meter::default();
            (meter.window, meter.worker, meter.graphics) = (Some(140_000_000), Some(2_500_000_000), graphics);
            let mut harness = Harness::new_ui(|ui| show(ui, &meter, Some(1)));
            harness.run();
            harness.get_by_label(text);
        };
        line(Vec::new(), "CPU, 1 thread · window 140 MB · worker 2.5 GB");
        let gpu = Graphics { name: "NVIDIA H200".into(), used: 3_200_000_000, total: 150_700_000_000 };
        line(vec![gpu], "NVIDIA H200, 3.2 GB of 150.7 GB · window 140 MB · worker 2.5 GB");
    }
}

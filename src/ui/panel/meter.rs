//! What the window and the worker use, in one quiet line.

use egui::Ui;

use super::aside;
use crate::job::cores;
use crate::ui::meter::{Meter, bytes};

/// Draws it; `threads` are those of the worker's arithmetic, `None` = all.
pub fn show(ui: &mut Ui, meter: &Meter, threads: Option<usize>) {
    let cores = cores();
    let threads = threads.unwrap_or(cores);
    let device = match meter.graphics.first() {
        Some(name) => name.clone(),
        None => format!("CPU, {threads} thread{}", if threads == 1 { "" } else { "s" }),
    };
    let window = meter.window.map(|n| format!("window {}", bytes(n)));
    let worker = meter.worker.map(|n| format!("worker {}", bytes(n)));
    let parts: Vec<String> = [Some(device), window, worker].into_iter().flatten().collect();
    aside(ui, &parts.join(" · ")).on_hover_ui(|ui| {
        ui.label(format!("{threads} of {cores} threads for the worker's arithmetic"));
        for name in &meter.graphics {
            ui.label(format!("GPU: {name}; jobs use it unless they ask for the CPU"));
        }
        ui.label("Resident memory, looked at once a second while something happens");
    });
}

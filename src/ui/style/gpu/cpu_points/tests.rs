//! Compares the discs with those drawn by the adapter.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use eframe::egui_wgpu::RendererOptions;
use egui_kittest::Harness;
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};

use super::*;
use crate::ui::style::gpu::points::{Points, PointsCallback, PointsSettings};

/// Points around the middle and outside of the edges, one of them NaN; some are hidden, some selected.
fn points() -> (Vec<[f32; 2]>, Vec<[u8; 4]>) {
    let mut state = 7u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut positions: Vec<[f32; 2]> = (0..1500).map(|_| [uniform() * 2.4 - 1.2, uniform() * 2.4 - 1.2]).collect();
    positions[3] = [f32::NAN, 0.0];
    let flags = |k: usize| if k.is_multiple_of(11) { 0 } else { VISIBLE | if k.is_multiple_of(5) { SELECTED } else { 0 } };
    let styles = (0..1500).map(|k| [(k * 37 % 256) as u8, (k * 91 % 256) as u8, (k * 151 % 256) as u8, flags(k)]).collect();
    (positions, styles)
}

/// The window's picture with points drawn by the CPU or by the adapter.
fn pictured(settings: PointsSettings, software: bool) -> image::RgbaImage {
    let state = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
    state.renderer.write().callback_resources.insert(Points::new(&state.device, state.target_format, software));
    let (positions, styles) = points();
    let (positions, styles) = (Arc::new(positions), Arc::new(styles));
    let renderer = WgpuTestRenderer::from_render_state(state);
    let mut harness = Harness::builder().with_size([240.0, 180.0]).renderer(renderer).build_ui(move |ui| {
        let rect = ui.ctx().content_rect();
        ui.painter().rect_filled(rect, 0.0, egui::Color32::WHITE);
        let points = PointsCallback { layer: 1, rect, positions: positions.clone(), styles: styles.clone(), settings };
        ui.ctx().layer_painter(egui::LayerId::background()).with_clip_rect(rect).add(points.shape());
    });
    harness.run();
    harness.render().unwrap()
}

#[test]
fn the_processor_draws_what_the_adapter_draws() {
    if !crate::ui::tests::adapter::has_adapter() {
        return;
    }
    let settings = PointsSettings { x: [-1.0, 1.0], y: [-0.8, 1.0], radius: 1.8, opacity: 0.85, unselected: None, ring: [10, 20, 30] };
    let settings_list = [
        settings,
        PointsSettings { radius: 0.7, ..settings },
        PointsSettings { radius: 5.3, ..settings },
        PointsSettings { unselected: Some(0.16), ..settings },
    ];
    for settings in settings_list {
        let (by_adapter, by_processor) = (pictured(settings, false), pictured(settings, true));
        let differences = by_adapter.iter().zip(by_processor.iter()).map(|(a, b)| a.abs_diff(*b));
        let most = differences.clone().max().unwrap();
        let mean = differences.map(f64::from).sum::<f64>() / by_adapter.len() as f64;
        let ink = by_adapter.iter().map(|v| f64::from(255 - v)).sum::<f64>() / by_adapter.len() as f64;
        assert!(most <= 24 && mean < 0.5 && ink > 2.0, "{settings:?}: by {most} at most, {mean} in the mean, of {ink}");
    }
}

#[test]
fn a_disc_has_the_right_place_and_area() {
    let view = View { center: [0.0; 2], scale: [0.1, 0.05], radius: 3.0, opacity: 1.0, ring: 0, part: 0 };
    let picture = draw([100, 100], &[[5.0, 10.0]], &[[255, 255, 255, VISIBLE]], &[view]);
    let opaque = |x: usize, y: usize| f64::from(picture[y * 100 + x].to_ne_bytes()[3]) / 255.0;
    let all = || (0..100).flat_map(|y| (0..100).map(move |x| (x, y)));
    let area: f64 = all().map(|(x, y)| opaque(x, y)).sum();
    assert!((area / (std::f64::consts::PI * 9.0) - 1.0).abs() < 0.05, "{area}");
    let middle = |of: fn((usize, usize)) -> usize| all().map(|at| (of(at) as f64 + 0.5) * opaque(at.0, at.1)).sum::<f64>() / area;
    assert!((middle(|at| at.0) - 75.0).abs() < 0.05 && (middle(|at| at.1) - 25.0).abs() < 0.05);
}

#[test]
fn empty_pictures_and_no_points_are_drawn_without_error() {
    let view = View { center: [0.0; 2], scale: [1.0; 2], radius: 3.0, opacity: 1.0, ring: 0, part: 0 };
    assert!(draw([0, 5], &[[0.0; 2]], &[[0, 0, 0, VISIBLE]], &[view]).is_empty());
    assert_eq!(draw([4, 2], &[], &[], &[view]), [0; 8]);
}

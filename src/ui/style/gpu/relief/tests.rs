//! Tests of the pass by the pictures that it draws.
#![allow(clippy::unwrap_used)]

use eframe::egui_wgpu::RendererOptions;
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};

use super::*;
use crate::figure::relief::Relief;
use crate::figure::{ColorScale, Spacing};
use crate::ui::tests::adapter::has_adapter;
use flatland_core::result::{LandscapeManifest, LossSurface};
use flatland_core::session::Camera;

const SIDE: f32 = 240.0;

fn relief(f: impl Fn(f64, f64) -> f64) -> Relief {
    let axis: Vec<f64> = (0..21).map(|i| -1.0 + 0.1 * f64::from(i)).collect();
    let mut surface = LossSurface::pending(axis.clone(), axis.clone(), LandscapeManifest::default());
    for k in 0..441 {
        (surface.loss[k], surface.count[k]) = (f(axis[k / 21], axis[k % 21]), 1);
    }
    Relief::new(&surface, &ColorScale::over(0.0, 1.0, Spacing::Linear).unwrap()).unwrap()
}

/// Draws a surface on black as egui shows it; returns a function that gives the colour at a place of the picture.
fn pictured(relief: &Relief, camera: Camera, levels: usize) -> impl Fn([f64; 2]) -> [u8; 3] + use<> {
    let (mesh, orbit) = (Arc::new(relief.mesh(FACETS)), Orbit::new(&camera));
    let state = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
    crate::ui::style::gpu::install(Some(&state));
    let renderer = WgpuTestRenderer::from_render_state(state);
    let mut harness = egui_kittest::Harness::builder().with_size([SIDE, SIDE]).renderer(renderer).build_ui(move |ui| {
        let rect = ui.ctx().content_rect();
        ui.painter().rect_filled(rect, 0.0, egui::Color32::BLACK);
        let paint = ReliefPaint { panel: 1, mesh: mesh.clone(), colors: Colormap::Viridis, levels, orbit, pixels_per_point: 1.0 };
        ui.painter().with_clip_rect(rect).add(paint.shape(rect));
    });
    harness.run();
    let image = harness.render().unwrap();
    move |at: [f64; 2]| {
        let pixel = [(0.5 + at[0]) * f64::from(SIDE), (0.5 - at[1]) * f64::from(SIDE)].map(|v| v.floor() as u32);
        let [r, g, b, _] = image.get_pixel(pixel[0], pixel[1]).0;
        [r, g, b]
    }
}

fn near(found: [u8; 3], expected: [u8; 3], tolerance: i32) -> bool {
    found.iter().zip(expected).all(|(a, b)| (i32::from(*a) - i32::from(b)).abs() <= tolerance)
}

#[test]
fn a_level_surface_has_the_colours_of_the_bar_and_nothing_is_drawn_beside_it() {
    if !has_adapter() {
        return;
    }
    let at = pictured(&relief(|_, _| 0.37), Camera::default(), 0);
    let orbit = Orbit::new(&Camera::default());
    for [x, y] in [[0.0, 0.0], [0.45, 0.45], [-0.4, 0.3]] {
        let place = orbit.project([x, y, crate::figure::relief::height(0.37)]).0;
        assert!(near(at(place), Colormap::Viridis.color(0.37), 2), "{:?}", at(place));
    }
    assert_eq!(at([0.48, 0.48]), [0; 3]);
}

#[test]
fn a_slope_keeps_its_colours_readable() {
    if !has_adapter() {
        return;
    }
    let slope = relief(|a, _| 0.5 + 0.5 * a);
    for yaw in [-120.0, 0.0, 30.0, 150.0] {
        let camera = Camera { yaw, ..Camera::default() };
        let (at, orbit) = (pictured(&slope, camera, 0), Orbit::new(&camera));
        for t in [0.2, 0.5, 0.8] {
            let found = at(orbit.project([t - 0.5, 0.1, crate::figure::relief::height(t)]).0);
            let [r, g, b] = Colormap::Viridis.color(t);
            let share = f64::from(found[1]) / f64::from(g);
            assert!((0.7..1.08).contains(&share), "{yaw} {t}: {found:?}");
            assert!(near(found, [r, g, b].map(|c| (f64::from(c) * share).min(255.0) as u8), 4), "the hue stays: {found:?}");
        }
    }
}

#[test]
fn what_is_nearer_covers_what_is_farther_in_whatever_order_it_is_drawn() {
    if !has_adapter() {
        return;
    }
    // A wall across the plane. It hides what is behind it, seen from low β and from high β.
    let wall = relief(|_, b| if b.abs() < 0.15 { 1.0 } else { 0.0 });
    for (yaw, hidden) in [(0.0, 0.3), (180.0, -0.3)] {
        let camera = Camera { yaw, pitch: 20.0, ..Camera::default() };
        let (at, orbit) = (pictured(&wall, camera, 0), Orbit::new(&camera));
        let floor = |y: f64| at(orbit.project([0.0, y, crate::figure::relief::height(0.0)]).0);
        assert!(near(floor(-hidden), Colormap::Viridis.color(0.0), 3), "{:?}", floor(-hidden));
        assert!(!near(floor(hidden), Colormap::Viridis.color(0.0), 25), "the wall is before it: {:?}", floor(hidden));
    }
}

#[test]
fn contour_lines_lie_at_equal_steps_of_the_scale() {
    if !has_adapter() {
        return;
    }
    let slope = relief(|a, _| 0.5 + 0.5 * a);
    let camera = Camera { yaw: 0.0, pitch: 90.0, zoom: 1.5, ..Camera::default() };
    let (with, without, orbit) = (pictured(&slope, camera, 3), pictured(&slope, camera, 0), Orbit::new(&camera));
    let is_inked = |t: f64| {
        let place = orbit.project([t - 0.5, 0.1, 0.0]).0;
        !near(with(place), without(place), 20)
    };
    for t in [0.25, 0.5, 0.75] {
        assert!((-1..=1).any(|k| is_inked(t + 0.004 * f64::from(k))), "a line at {t}");
    }
    assert!([0.125, 0.375, 0.6, 0.9, 0.003, 0.997].into_iter().all(|t| !is_inked(t)));
}

//! Times frames of the embedding tab: layout, tessellation and drawing by wgpu to the end, in an offscreen window of 1480 x 920.
//!
//! `cargo bench -p flatland --bench frames`. wgpu chooses the adapter; without a GPU it is lavapipe. A fake worker writes an embedding of the
//! requested number of points, then reports progress of a landscape at a given rate. docs/benchmarks/frames.md has the measurements.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::{Cell as Shared, RefCell};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eframe::egui_wgpu::{RenderState, RendererOptions, ScreenDescriptor, wgpu};
use egui::{Event, PointerButton, Pos2, pos2, vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, TestRenderer};
use flatland::ui::{App, Worker, WorkerClient, WorkerEvent};
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{JobEvent, JobId, JobOutput, JobSpec};
use flatland_core::result::{Cell, Embedding};
use flatland_core::session::Tab;

const FRAMES: usize = 30;

/// Settings of the fake worker.
#[derive(Default)]
struct Script {
    /// Progress events of a landscape per second.
    rate: Shared<f64>,
    /// Whether embeddings are never finished, as in a running t-SNE.
    is_live: Shared<bool>,
    /// Events to report next.
    events: RefCell<VecDeque<JobEvent>>,
    /// Whether the landscape is finished.
    over: Shared<bool>,
}
const DATASETS: [(&str, &str, usize); 4] = [("id test", "id", 4), ("fog", "cs", 3), ("near", "near", 2), ("far", "far", 1)];

/// A fake worker: embeddings are random, and a landscape reports progress without end.
struct FakeWorker {
    points: usize,
    script: Rc<Script>,
    events: VecDeque<WorkerEvent>,
    landscape: Option<JobId>,
    embedding: JobId,
    last_id: JobId,
    last_event: Instant,
    due_events: f64,
}

impl Worker for FakeWorker {
    fn submit(&mut self, spec: JobSpec) -> JobId {
        self.last_id += 1;
        let id = self.last_id;
        self.events.push_back(WorkerEvent::Job(id, JobEvent::Started));
        match spec {
            JobSpec::Embedding(job) => {
                self.embedding = id;
                if self.script.is_live.get() {
                    return id;
                }
                std::fs::create_dir_all(&job.out).unwrap();
                embedding(self.points).save(&job.out).unwrap();
                self.events.push_back(WorkerEvent::Job(id, JobEvent::Done { output: JobOutput::Folder { path: job.out } }));
            }
            JobSpec::Landscape(_) => self.landscape = Some(id),
            _ => self.events.push_back(WorkerEvent::Job(id, JobEvent::Cancelled)),
        }
        id
    }

    fn cancel(&mut self, _: JobId) {}
    fn pause(&mut self, _: JobId, _: bool) {}
    fn restart(&mut self) {}

    fn next_event(&mut self) -> Option<WorkerEvent> {
        if let Some(said) = self.events.pop_front() {
            return Some(said);
        }
        if self.embedding > 0
            && let Some(said) = self.script.events.borrow_mut().pop_front()
        {
            return Some(WorkerEvent::Job(self.embedding, said));
        }
        let id = self.landscape?;
        if self.script.over.get() {
            self.landscape = None;
            return Some(WorkerEvent::Job(id, JobEvent::Cancelled));
        }
        self.due_events = (self.due_events + self.last_event.elapsed().as_secs_f64() * self.script.rate.get()).min(4000.0);
        self.last_event = Instant::now();
        if self.due_events < 1.0 {
            return None;
        }
        self.due_events -= 1.0;
        let done = (self.last_event.elapsed().subsec_micros() % 441).into();
        let cell = Cell { i: 3, j: 4, loss: 0.5, accuracy: 0.9, loss_std_error: 0.01, count: 500, readings: Vec::new() };
        self.events.push_back(WorkerEvent::Job(id, JobEvent::Cells { cells: vec![cell] }));
        let (unit, message) = ("cells".into(), "landscape".into());
        Some(WorkerEvent::Job(id, JobEvent::Progress { done, total: 441, unit, message, eta_secs: Some(60.0) }))
    }
}

/// Ten clusters of ID points, and points of other roles around them.
fn embedding(points: usize) -> Embedding {
    let mut found = Embedding { feature_dim: 8, classes: 10, ..Embedding::default() };
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    for (d, (name, role, share)) in DATASETS.into_iter().enumerate() {
        for i in 0..points * share / 10 {
            let class = i % 10;
            let mut normal = || (0..4).map(|_| uniform()).sum::<f32>() - 2.0;
            let (angle, spread) = (class as f32 * 0.628, [5.0, 8.0, 12.0, 20.0][d]);
            found.tsne.push([40.0 * angle.cos() + spread * normal(), 40.0 * angle.sin() + spread * normal()]);
            found.features.extend((0..8).map(|k| if k == class % 8 { 3.0 } else { 0.0 } + normal()));
            found.logits.extend((0..10).map(|k| if k == class { 5.0 } else { 0.0 } + normal()));
            found.label.push(if role == "far" { -1 } else { class as i64 });
            found.prediction.push(((class + usize::from(i % 7 == 0)) % 10) as i64);
            found.role.push(role.into());
            found.dataset.push(name.into());
            found.index.push(i as i64);
        }
    }
    found
}

fn session(folder: &Path, checkpoints: usize) -> PathBuf {
    let mut text = "version = 1\n[landscape]\ngrid = [21, 21]\n".to_owned();
    for k in 0..checkpoints {
        std::fs::write(folder.join(format!("{k}.pt")), b"none").unwrap();
        text += &format!("[[checkpoint]]\nname = \"net {k}\"\npath = \"{k}.pt\"\n");
    }
    for (name, role, _) in DATASETS {
        text += &format!("[[dataset]]\nname = \"{name}\"\nrole = \"{role}\"\npath = \"demo:test\"\n");
    }
    let path = folder.join("s.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// A window after it has computed and drawn everything.
fn window(points: usize, checkpoints: usize, script: &Rc<Script>) -> (Harness<'static, App>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let paths = if points == 0 { Vec::new() } else { vec![session(folder.path(), checkpoints)] };
    let (events, last_event) = (VecDeque::new(), Instant::now());
    let script = script.clone();
    let worker = FakeWorker { points, script, events, landscape: None, embedding: 0, last_id: 0, last_event, due_events: 0.0 };
    let mut window = Harness::builder()
        .with_size([1480.0, 920.0])
        .with_step_dt(1.0 / 60.0)
        .with_wait_for_pending_images(false)
        .renderer(Offscreen::new())
        .build_eframe(move |cc| App::new(&cc.egui_ctx, WorkerClient::new(Box::new(worker)), RunOptions::default(), paths, Tab::EMBEDDING));
    let wanted = if points == 0 { 0 } else { checkpoints };
    let name = format!(", {points} points");
    let start = Instant::now();
    while window.query_all_by_label_contains(&name).count() < wanted {
        assert!(start.elapsed().as_secs() < 120, "the embedding does not appear");
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    for _ in 0..10 {
        window.step();
        std::thread::sleep(Duration::from_millis(20));
    }
    window.render().unwrap();
    (window, folder)
}

/// The surface of a window without a window; drawing is waited for and not read back.
struct Offscreen {
    state: RenderState,
    target: Option<wgpu::TextureView>,
}

impl Offscreen {
    fn new() -> Self {
        let setup = egui_kittest::wgpu::default_wgpu_setup();
        let state = egui_kittest::wgpu::create_render_state(setup, RendererOptions::PREDICTABLE);
        eprintln!("drawn by {:?}", state.adapter.get_info().name);
        Self { state, target: None }
    }
}

impl TestRenderer for Offscreen {
    fn setup_eframe(&self, cc: &mut eframe::CreationContext<'_>, frame: &mut eframe::Frame) {
        cc.wgpu_render_state = Some(self.state.clone());
        frame.wgpu_render_state = Some(self.state.clone());
    }

    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        let mut renderer = self.state.renderer.write();
        #[expect(clippy::iter_over_hash_type, reason = "in any order")]
        for (id, images) in delta.set.drain() {
            for image in images {
                renderer.update_texture(&self.state.device, &self.state.queue, id, &image);
            }
        }
        #[expect(clippy::iter_over_hash_type, reason = "in any order")]
        for id in delta.free.drain() {
            renderer.free_texture(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<image::RgbaImage, String> {
        let RenderState { device, queue, renderer, target_format, .. } = &self.state;
        let size = [1480, 920];
        let target = self.target.get_or_insert_with(|| {
            let texture = device.create_texture(&wgpu::TextureDescriptor {
                label: None,
                size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: *target_format,
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                view_formats: &[],
            });
            texture.create_view(&Default::default())
        });
        let screen = ScreenDescriptor { pixels_per_point: 1.0, size_in_pixels: size };
        let shapes = ctx.tessellate(output.shapes.clone(), 1.0);
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut renderer = renderer.write();
        let own = renderer.update_buffers(device, queue, &mut encoder, &shapes, &screen);
        {
            let load = wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store };
            let attachment = wgpu::RenderPassColorAttachment { view: target, resolve_target: None, ops: load, depth_slice: None };
            let pass = wgpu::RenderPassDescriptor { color_attachments: &[Some(attachment)], ..Default::default() };
            renderer.render(&mut encoder.begin_render_pass(&pass).forget_lifetime(), &shapes, &screen);
        }
        queue.submit(own.into_iter().chain([encoder.finish()]));
        device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| error.to_string())?;
        Ok(image::RgbaImage::new(1, 1))
    }
}

/// Milliseconds of a frame: total, and the part before drawing.
type Times = [f64; 2];

fn frame(window: &mut Harness<'static, App>) -> Times {
    let start = Instant::now();
    window.step();
    let laid_out = start.elapsed();
    window.render().unwrap();
    [start.elapsed(), laid_out].map(|time| 1e3 * time.as_secs_f64())
}

fn press(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: egui::Modifiers::NONE }
}

fn plot(window: &Harness<'static, App>, points: usize) -> Pos2 {
    window.get_all_by_label_contains(&format!(", {points} points")).next().unwrap().rect().center()
}

/// Frames in which the pointer drags the plot.
fn pan(window: &mut Harness<'static, App>, points: usize, frames: usize) -> Vec<Times> {
    let center = plot(window, points);
    window.event(Event::PointerMoved(center));
    window.step();
    window.event(press(center, true));
    window.step();
    let mut times = Vec::new();
    for k in 0..frames {
        window.event(Event::PointerMoved(center + vec2(3.0 * (k % 20) as f32, 2.0 * (k % 10) as f32)));
        times.push(frame(window));
    }
    window.event(press(center, false));
    window.step();
    window.event(Event::PointerMoved(pos2(1.0, 1.0)));
    window.step();
    times
}

/// Frames in which the pointer moves over the plot.
fn hover(window: &mut Harness<'static, App>, points: usize, frames: usize) -> Vec<Times> {
    let center = plot(window, points);
    let times = (0..frames).map(|k| {
        window.event(Event::PointerMoved(center + vec2(3.0 * (k % 20) as f32, 2.0 * (k % 10) as f32)));
        frame(window)
    });
    let times = times.collect();
    window.event(Event::PointerMoved(pos2(1.0, 1.0)));
    window.step();
    times
}

/// The frames from the end of a lasso around the middle until the selection is drawn.
fn lasso(window: &mut Harness<'static, App>, points: usize) -> Vec<Times> {
    window.get_by_label("Lasso").click();
    window.run_steps(3);
    let center = plot(window, points);
    let outline = |k: u32| center + egui::Vec2::angled(k as f32 * 0.1) * 150.0;
    let times = (0..5).map(|_| {
        window.event(Event::PointerMoved(outline(0)));
        window.event(press(outline(0), true));
        (1..63).for_each(|k| window.event(Event::PointerMoved(outline(k))));
        window.step();
        window.event(press(outline(63), false));
        // The frame with the end of the drag and the command, and the frame that shows the selection.
        let [first, second] = [frame(window), frame(window)];
        [first[0] + second[0], first[1] + second[1]]
    });
    let times = times.collect();
    window.get_by_label("Move").click();
    window.run_steps(3);
    times
}

/// Frames in which nothing changes.
fn still(window: &mut Harness<'static, App>, frames: usize) -> Vec<Times> {
    (0..frames).map(|_| frame(window)).collect()
}

/// Frames that each receive new positions of all points.
fn live(points: usize, frames: usize) {
    let script = Rc::<Script>::default();
    let Embedding { tsne, role, .. } = embedding(points);
    let send_positions = |iteration: usize| {
        let xy = tsne.iter().map(|at| at.map(|v| v * (1.0 + 0.01 * iteration as f32))).collect();
        // Roles are sent once.
        let roles = if iteration == 0 { role.clone() } else { Vec::new() };
        script.events.borrow_mut().push_back(JobEvent::Positions { iteration, xy, roles });
    };
    send_positions(0);
    script.is_live.set(true);
    let (mut window, _folder) = window(points, 1, &script);
    report(&format!("{points} points: a t-SNE moves all of them"), || {
        let moved = |iteration| {
            send_positions(iteration);
            frame(&mut window)
        };
        (1..=frames).map(moved).collect()
    });
}

/// Number of frames requested within two seconds without input. egui's `has_requested_repaint` cannot be used: it is also true for a frame
/// that is requested for later.
fn idle(window: &mut Harness<'static, App>) -> usize {
    let due = Arc::new(Mutex::new(None::<Instant>));
    let asked = due.clone();
    window.ctx.set_request_repaint_callback(move |info| {
        let Some(at) = Instant::now().checked_add(info.delay) else { return };
        let mut due = asked.lock().unwrap();
        *due = Some(due.map_or(at, |due| due.min(at)));
    });
    // The time that the window requests after it was drawn.
    window.step();
    let (start, mut frames) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(2) {
        let now = Instant::now();
        let is_due = due.lock().unwrap().take_if(|due| *due <= now).is_some();
        if is_due {
            window.step();
            frames += 1;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    frames
}

/// CPU seconds used by this process so far, over all threads (including those that draw in software).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // utime and stime are the 14th and 15th field, in hundredths of a second; the name is the second.
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Prints a row of the table.
fn report(what: &str, measure: impl FnOnce() -> Vec<Times>) {
    let before = cpu_seconds();
    let times = measure();
    let cpu = 1e3 * (cpu_seconds() - before) / times.len() as f64;
    let [all, logic] = [0, 1].map(|k| {
        let mut column: Vec<f64> = times.iter().map(|time| time[k]).collect();
        column.sort_by(f64::total_cmp);
        column
    });
    let at = |column: &[f64], share: f64| column[((column.len() - 1) as f64 * share) as usize];
    let numbers = [at(&all, 0.5), at(&all, 0.95), at(&all, 1.0), at(&logic, 0.5), at(&logic, 1.0), cpu];
    println!("{what:58} {}", numbers.map(|number| format!("{number:8.1}")).join(" "));
}

fn main() {
    let cache = tempfile::tempdir().unwrap();
    // Before any thread starts.
    #[expect(unsafe_code, reason = "no other thread reads the environment yet")]
    unsafe {
        std::env::set_var("XDG_CACHE_HOME", cache.path());
    }
    let names = ["median", "95 %", "max", "logic", "its max", "CPU"];
    println!("{:58} {}", "frames of 1480 x 920, ms", names.map(|name| format!("{name:>8}")).join(" "));
    let (mut empty, _folder) = window(0, 0, &Rc::default());
    report("nothing open (what measuring itself costs)", || still(&mut empty, FRAMES));
    drop(empty);
    let sizes: Vec<usize> = std::env::var("POINTS")
        .ok()
        .map_or(vec![100_000, 1_000_000], |list| list.split(',').filter_map(|n| n.trim().parse().ok()).collect());
    for points in sizes {
        let script = Rc::<Script>::default();
        let (mut window, _folder) = window(points, 1, &script);
        let frames = if points > 200_000 { FRAMES / 3 } else { FRAMES };
        report(&format!("{points} points: nothing moves"), || still(&mut window, frames));
        report(&format!("{points} points: pan"), || pan(&mut window, points, frames));
        report(&format!("{points} points: pointer wanders"), || hover(&mut window, points, frames));
        if std::env::var_os("NO_LASSO").is_none() {
            report(&format!("{points} points: lasso, until it is drawn (2 frames)"), || lasso(&mut window, points));
            report(&format!("{points} points: pan with a selection"), || pan(&mut window, points, frames));
        }
        for (events, what) in [(10.0, "10 job events/s"), (2000.0, "2,000 job events/s")] {
            script.rate.set(events);
            report(&format!("{points} points: {what}, nothing moves"), || still(&mut window, frames));
            report(&format!("{points} points: {what}, pan"), || pan(&mut window, points, frames));
        }
        script.rate.set(0.0);
        window.run_steps(5);
        println!("{:58} {:8}", format!("{points} points: frames asked for in 2 s while a job runs"), idle(&mut window));
        script.over.set(true);
        window.run_steps(5);
        println!("{:58} {:8}", format!("{points} points: frames asked for in 2 s of idleness"), idle(&mut window));
        drop(window);
        live(points, frames);
    }
}

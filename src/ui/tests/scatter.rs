//! The embedding tab by its accessible labels: colours, hiding, cards, pane, keys, and uploads to the GPU. For selecting see `selecting`.

use std::cell::RefCell;
use std::rc::Rc;

use eframe::egui_wgpu::RenderState;
use egui::{Key, Pos2, vec2};

use super::*;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::gpu::points::Points as GpuPoints;
use crate::ui::tests::interaction::drawn;
use flatland_core::result::{Embedding, Picture, ScoreTable};
use flatland_core::session::{Link, Normalization, NormalizationPreset, Pane, Selection};

/// Two checkpoints with features (equal to the coordinates) and scores of the same images: the energy of image i of a dataset is i.
fn results(k: usize) -> (Embedding, ScoreTable) {
    let mut found = embedding(k);
    found.feature_dim = 2;
    found.features = found.tsne.iter().flatten().copied().collect();
    found.prediction[3] = 7;
    let mut table = scores(k);
    for (d, data) in table.datasets.iter_mut().enumerate() {
        data.label = found.label[200 * d..200 * (d + 1)].to_vec();
        data.prediction = data.label.clone();
        data.index = (0..200).collect();
        for values in data.scores.values_mut() {
            *values = (0..200).map(f64::from).collect();
        }
    }
    (found, table)
}

pub(super) fn fill(app: &mut App) {
    app.state.session.checkpoints.truncate(2);
    app.state.session.view.tab = Tab::EMBEDDING;
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(2) {
        let (found, table) = results(k);
        let id = app.state.store.add(embedding_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Embedding(found));
        let id = app.state.store.add(score_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Scores(table));
    }
}

pub(super) fn window() -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    fill(harness.state_mut());
    harness.run();
    harness
}

pub(super) fn do_it(harness: &mut Harness<'static, App>, command: ScatterCommand) {
    give(harness, Command::Scatter(command));
}

pub(super) fn choose(harness: &mut Harness<'static, App>, menu: &str, entry: &str) {
    harness.get_by_label_contains(menu).click();
    harness.run();
    press(harness, entry);
}

pub(super) fn selected(harness: &Harness<'static, App>) -> usize {
    harness.state().state.scatter.view.selection.len()
}

/// The image under the cursor.
fn pointed(harness: &Harness<'static, App>) -> (String, i64) {
    harness.state().state.scatter.cursor.at.clone().unwrap().1
}

/// Screen positions at which the image under the cursor is marked.
fn marks(harness: &Harness<'static, App>) -> Vec<Pos2> {
    let mark = |shape: &egui::epaint::ClippedShape| match &shape.shape {
        egui::Shape::Circle(circle) if circle.radius == 6.0 && circle.stroke.width == 1.5 => Some(circle.center),
        _ => None,
    };
    harness.output().shapes.iter().filter_map(mark).collect()
}

/// Screen position of a point in the first panel.
pub(super) fn place(harness: &Harness<'static, App>, row: usize) -> Pos2 {
    let rect = harness.get_by_label("Embedding of Pretrained, 1000 points").rect();
    let scatter = &harness.state().state.scatter;
    let reach = scatter.max_abs() * 1.06;
    let [x, y] = scatter.cloud("Pretrained").unwrap().xy[row];
    rect.center() + vec2(x, -y) / reach * rect.width() / 2.0
}

#[test]
fn principal_components_in_the_place_of_t_sne_are_called_so_with_the_reason() {
    let mut harness = window();
    harness.get_by_label("Embedding of ERM, 1000 points");
    let (mut found, _) = results(1);
    found.picture = Picture::too_few(2, 1000);
    let app = harness.state_mut();
    let id = app.state.store.add(embedding_job("ERM"), JobState::Done);
    app.state.store.insert(id, Loaded::Embedding(found));
    harness.run();
    let described = "principal components (t-SNE needs at least 5 images whose features differ, found 2 among 1000)";
    harness.get_by_label(&format!("Embedding of ERM, 1000 points, {described}"));
    assert!(drawn(&harness, "principal component 1") && drawn(&harness, "t-SNE 1"), "each panel has its own axes");
}

#[test]
fn a_category_is_hidden_and_shown_by_its_chip() {
    let mut harness = window();
    press(&mut harness, "far SS");
    let visible = |harness: &Harness<'static, App>| harness.state().state.scatter.styled_cloud("ERM").unwrap().1.visible;
    assert_eq!(visible(&harness), 800);
    press(&mut harness, "Show all");
    assert_eq!(visible(&harness), 1000);
}

#[test]
fn points_take_the_colours_that_are_asked_for() {
    let mut harness = window();
    for (before, entry, legend) in [
        ("role  ▾", "dataset", "fog"),
        ("dataset  ▾", "label", "no label"),
        ("label  ▾", "prediction", "7"),
        ("prediction  ▾", "right or wrong", "not judged"),
        ("right or wrong  ▾", "role", "near SS"),
    ] {
        choose(&mut harness, before, entry);
        let known = harness.query_all_by_label(legend).count();
        assert!(known > usize::from(legend == "fog"), "{legend} in the legend; datasets also stand at the side");
    }
    choose(&mut harness, "role  ▾", "Energy score");
    let scale = harness.state().state.scatter.scale.unwrap();
    assert_eq!((scale.low, scale.high), (0.0, 199.0), "one scale for both checkpoints");
}

#[test]
fn classes_are_called_by_name_in_legend_card_table_and_search_where_the_names_are_known() {
    let mut harness = window();
    let app = harness.state_mut();
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(2) {
        let class_names = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "n01440764"].map(str::to_owned).into();
        let id = app.state.store.add(embedding_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Embedding(Embedding { class_names, ..results(k).0 }));
    }
    harness.run();
    choose(&mut harness, "role  ▾", "prediction");
    harness.get_by_label("gnu");
    harness.get_by_label("tench");
    do_it(&mut harness, ScatterCommand::Search("class:dog dataset:\"digits test\"".into(), Default::default()));
    assert_eq!(selected(&harness), 25);
    press(&mut harness, "Table");
    press(&mut harness, "Row of digits test 3");
    assert!(harness.query_all_by_label("dog").count() > 1 && harness.query_all_by_label("tench").count() > 1, "label and prediction");
}

#[test]
fn names_of_imagenet_are_assumed_for_a_network_of_its_size_and_normalization_and_that_is_said() {
    let mut harness = window();
    let app = harness.state_mut();
    app.state.session.checkpoints.truncate(1);
    let id = app.state.store.add(embedding_job(CHECKPOINTS[0]), JobState::Done);
    app.state.store.insert(id, Loaded::Embedding(Embedding { classes: 1000, ..results(0).0 }));
    harness.run();
    choose(&mut harness, "role  ▾", "prediction");
    assert!(harness.query_by_label("goldfish").is_none());
    harness.state_mut().state.session.checkpoints[0].normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    harness.run();
    harness.get_by_label("goldfish");
    harness.get_by_label("classes named as ImageNet's, assumed");
}

#[test]
fn the_selected_images_are_a_table_and_thumbnails() {
    let mut harness = window();
    do_it(&mut harness, ScatterCommand::Select(Selection::of("digits test", vec![2, 3, 5]), Default::default()));
    press(&mut harness, "Table");
    let top = |harness: &Harness<'static, App>, index: usize| harness.get_by_label(&format!("Row of digits test {index}")).rect().top();
    assert!(top(&harness, 2) < top(&harness, 3) && top(&harness, 3) < top(&harness, 5));
    for _ in 0..2 {
        press(&mut harness, "Sort by Pretrained predicts");
    }
    assert!(top(&harness, 3) < top(&harness, 5), "the one that is taken for a 7 comes first");
    press(&mut harness, "Row of digits test 5");
    harness.get_by_label("Card of digits test 5");
    press(&mut harness, "Images");
    harness.get_by_label("Size of the thumbnails");
    press(&mut harness, "Image digits test 2");
    harness.get_by_label("Card of digits test 2");
    press(&mut harness, "Close the selected images");
    assert_eq!(harness.state().state.scatter.view.pane, Pane::Closed);
}

#[test]
fn a_click_keeps_the_card_with_the_nearest_images() {
    let mut harness = window();
    let at = place(&harness, 0);
    harness.hover_at(at);
    harness.run();
    let (_, cursor) = harness.state().state.scatter.cursor.at.clone().unwrap();
    harness.event(button(at, true));
    harness.event(button(at, false));
    harness.run();
    let (checkpoint, key) = harness.state().state.scatter.pinned.clone().unwrap();
    assert_eq!((checkpoint.as_str(), &key), ("Pretrained", &cursor));
    harness.get_by_label(&format!("Card of {} {}", key.0, key.1));
    run_until(&mut harness, |app| {
        let row = app.state.scatter.cloud("Pretrained").unwrap().row(&key.0, key.1).unwrap();
        app.state.scatter.neighbours("Pretrained", row).is_some()
    });
    harness.run();
    assert_eq!(harness.query_all_by_label_contains("Neighbour ").count(), 8);
    press(&mut harness, "Select the nearest images");
    assert_eq!(selected(&harness), 8);
    press(&mut harness, "Close the card");
    assert!(harness.state().state.scatter.pinned.is_none());
}

#[test]
fn the_images_of_the_dataset_are_read_in_the_background() {
    let mut harness = window();
    // Positions of the demo set's test images.
    let source = flatland_core::data::Source { name: "digits test".into(), path: "demo:test".into(), ..Default::default() };
    let first = flatland_core::data::load(&source, None).unwrap().index[0] as i64;
    assert!(matches!(
        harness.state_mut().state.scatter.images.get("digits test", first),
        crate::ui::state::scatter::images::Image::Requested
    ));
    let start = std::time::Instant::now();
    while !matches!(harness.state_mut().state.scatter.images.get("digits test", first), crate::ui::state::scatter::images::Image::Loaded(_))
    {
        assert!(start.elapsed().as_secs() < 60, "the image does not come");
        std::thread::sleep(std::time::Duration::from_millis(5));
        harness.step();
    }
}

#[test]
fn points_are_reached_by_keys() {
    let mut harness = window();
    harness.get_by_label("Embedding of ERM, 1000 points").focus();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    let first = pointed(&harness);
    harness.key_press(Key::ArrowRight);
    harness.run();
    let second = pointed(&harness);
    let x = |key: &(String, i64)| {
        let cloud = harness.state().state.scatter.cloud("ERM").unwrap().clone();
        cloud.xy[cloud.row(&key.0, key.1).unwrap() as usize][0]
    };
    assert!(x(&second) > x(&first));
    harness.key_press(Key::Space);
    harness.run();
    assert!(selected(&harness) == 1 && harness.state().state.scatter.view.selection.contains(&second.0, second.1));
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label(&format!("Card of {} {}", second.0, second.1));
}

#[test]
fn the_image_chosen_by_keys_is_marked_while_the_pointer_rests_and_in_its_panel_only_when_cursors_are_not_linked() {
    let mut harness = window();
    let panel = harness.get_by_label("Embedding of ERM, 1000 points").rect();
    // Over a point of the first panel, which shows a card.
    let at = place(&harness, 0);
    harness.hover_at(at);
    harness.run();
    let card = |harness: &Harness<'static, App>| harness.query_by_label("Index").is_some();
    assert!(card(&harness));
    harness.get_by_label("Embedding of ERM, 1000 points").focus();
    harness.run();
    for _ in 0..4 {
        let before = harness.state().state.scatter.cursor.at.clone();
        harness.key_press(Key::ArrowRight);
        harness.run();
        assert_ne!(harness.state().state.scatter.cursor.at, before);
    }
    assert_eq!((marks(&harness).len(), card(&harness)), (2, false), "one in each panel");
    give(&mut harness, Command::SetLink(Link::Cursor, false));
    let marks = marks(&harness);
    assert!(marks.len() == 1 && panel.contains(marks[0]), "{marks:?} in {panel:?}");
}

#[test]
fn a_card_follows_the_new_name_of_its_checkpoint_and_closes_with_it() {
    let mut harness = window();
    let pin = ScatterCommand::Pin(Some(("ERM".into(), ("fog".into(), 7))));
    let pinned = |harness: &Harness<'static, App>| harness.state().state.scatter.pinned.clone().map(|(checkpoint, _)| checkpoint);
    let checkpoint = |name: &str, command| Command::Checkpoint(name.into(), command);
    do_it(&mut harness, pin.clone());
    give(&mut harness, checkpoint("ERM", CheckpointCommand::Rename("plain".into())));
    assert_eq!(pinned(&harness).as_deref(), Some("plain"));
    give(&mut harness, Command::Undo);
    assert_eq!(pinned(&harness).as_deref(), Some("ERM"));
    give(&mut harness, checkpoint("ERM", CheckpointCommand::Hide(true)));
    assert_eq!(pinned(&harness), None);
    give(&mut harness, checkpoint("ERM", CheckpointCommand::Hide(false)));
    do_it(&mut harness, pin);
    give(&mut harness, Command::RemoveCheckpoint("ERM".into()));
    assert_eq!(pinned(&harness), None);
}

#[test]
fn density_takes_the_place_of_points_on_one_scale() {
    let mut harness = window();
    press(&mut harness, "Density");
    assert!(harness.state().state.scatter.view.density);
    harness.get_by_label("Embedding of ERM, 1000 points");
}

#[test]
fn a_recolour_uploads_colours_and_a_pan_uploads_nothing() {
    if !super::adapter::has_adapter() {
        return;
    }
    let state: Rc<RefCell<Option<RenderState>>> = Rc::default();
    let (fake_worker, kept) = (FakeWorker::default(), state.clone());
    let mut harness = Harness::builder().with_size([1200.0, 700.0]).with_max_steps(40).wgpu().build_eframe(move |cc| {
        let state = cc.wgpu_render_state.clone().unwrap();
        // As on a GPU, since software adapters upload no points.
        let points = GpuPoints::new(&state.device, state.target_format, false);
        state.renderer.write().callback_resources.insert(points);
        *kept.borrow_mut() = Some(state);
        app(&cc.egui_ctx, &fake_worker, 0, false)
    });
    fill(harness.state_mut());
    harness.run();
    let counts = |harness: &mut Harness<'static, App>| {
        harness.render().unwrap();
        let state = state.borrow().clone().unwrap();
        let renderer = state.renderer.read();
        let points = renderer.callback_resources.get::<GpuPoints>().unwrap();
        (points.uploads, points.pictures)
    };
    assert_eq!(counts(&mut harness), ([2, 2], 2), "two panels");
    assert_eq!(counts(&mut harness), ([2, 2], 2), "nothing changed, nothing is drawn again");
    do_it(&mut harness, ScatterCommand::ColorBy(flatland_core::session::ColorBy::Label));
    assert_eq!(counts(&mut harness), ([2, 4], 4));
    let rect = harness.get_by_label("Embedding of Pretrained, 1000 points").rect();
    drag(&mut harness, &[rect.center(), rect.center() + vec2(20.0, 0.0), rect.center() + vec2(40.0, 9.0)]);
    let (uploads, pictures) = counts(&mut harness);
    assert!(uploads == [2, 4] && pictures == 6, "{uploads:?} {pictures}");
}

#[test]
fn the_card_of_an_image_starts_landscapes_around_it_where_its_label_is_one_of_the_networks() {
    let mut harness = window();
    let pin = |harness: &mut Harness<'static, App>, dataset: &str| {
        let key = ("Pretrained".to_owned(), (dataset.to_owned(), 7));
        do_it(harness, ScatterCommand::Pin(Some(key)));
        harness.run();
    };
    let (own, other) = (DATASETS[0].0, DATASETS.iter().find(|(_, role)| !role.has_classes()).unwrap().0);
    pin(&mut harness, other);
    harness.get_by_label("Landscape around this image: gradient").click();
    harness.run();
    assert_eq!(harness.state().state.session.landscape.plane, flatland_core::session::Axes::default(), "of other classes there is no loss");
    harness.state_mut().state.session.landscape.ood = vec![other.into()];
    harness.state_mut().state.session.landscape.grid = [31, 31];
    let before = harness.state().state.session.clone();
    pin(&mut harness, own);
    harness.get_by_label("Landscape around this image: gradient").click();
    harness.run();
    let session = &harness.state().state.session;
    let plane = session.landscape.plane.input().expect("a plane in input space");
    assert_eq!((plane.image, plane.axes), (7, Some(flatland_core::session::InputAxes::Gradient)));
    assert_eq!((session.view.tab.clone(), session.view.dataset.as_deref(), session.landscape.grid), (Tab::LANDSCAPE, Some(own), [31, 31]));
    assert!(session.landscape.ood.is_empty(), "detection is of many images");
    let jobs = flatland_core::job::plan_cached(session, flatland_core::job::Analysis::Landscape, &Default::default());
    assert_eq!(jobs.map(|jobs| jobs.len()), Ok(2));
    harness.state_mut().execute(Command::Undo);
    assert_eq!(harness.state().state.session.landscape, before.landscape);
}

//! The command line as users and scripts see it: exit codes, stdout, one clear message on stderr.
//!
//! Tests that compute need `flatland-worker` beside `flatland`: `cargo build --workspace` first, as `make test` does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::process::Output;

use common::{demo_checkpoint, flatland, has_worker, run, session, stderr, stdout, write};

/// Expects a failure with exactly one message, which contains the path and all of `words`; gives the message.
fn refuses(output: &Output, path: &str, words: &[&str]) -> String {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let complaints: Vec<&str> = text.lines().filter(|line| line.starts_with("error:")).collect();
    let told: Vec<&&str> = complaints.iter().filter(|line| line.contains(path)).collect();
    assert_eq!(told.len(), 1, "expected one complaint that names {path}:\n{text}");
    for word in words {
        assert!(told[0].contains(word), "expected `{word}` in: {text}");
    }
    assert!(!text.contains("panicked") && !text.contains("internal error"), "{text}");
    told[0].to_string()
}

/// A safetensors file with f32 zeros.
fn safetensors(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let (mut header, mut data) = (Vec::new(), Vec::new());
    for (name, shape) in tensors {
        let start = data.len();
        data.resize(start + 4 * shape.iter().product::<usize>(), 0);
        header.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{}]}}"#, data.len()));
    }
    let header = format!("{{{}}}", header.join(","));
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

/// A checkpoint as torch.save wrote it before 1.6, whose payload calls os.system.
fn hostile_pickle(command: &str) -> Vec<u8> {
    let mut bytes = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec();
    bytes.extend(b"\x80\x02M\xe9\x03.");
    bytes.extend(b"\x80\x02}q\x00.");
    bytes.extend(b"\x80\x02cos\nsystem\nX");
    bytes.extend((command.len() as u32).to_le_bytes());
    bytes.extend(command.as_bytes());
    bytes.extend(b"\x85R.");
    bytes.extend(b"\x80\x02]q\x00.");
    bytes
}

#[test]
fn help_and_version_succeed_and_a_wrong_flag_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"]);
    assert!(help.status.success());
    for command in ["demo", "inspect", "export-help", "landscape", "sharpness", "hessian", "embed", "score", "train", "figures"] {
        assert!(stdout(&help).contains(command), "{command} is not in the help");
    }
    assert!(run(folder.path(), &["--version"]).status.success());
    for wrong in [
        &["landscape"][..],
        &["landscape", "s.toml", "--out", "o", "--device", "tpu"],
        &["score", "s.toml", "--out", "o", "--samples", "0"],
        &["figures", "s.toml", "--out", "o", "--theme", "sepia"],
    ] {
        assert_eq!(run(folder.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn without_a_display_the_window_says_so_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = flatland(folder.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("display") && stderr(&output).contains("flatland demo"), "{}", stderr(&output));
}

#[test]
fn a_session_that_cannot_be_read_is_one_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let out = ["--out", "out"];
    let output = run(folder.path(), &[&["landscape", "nowhere.toml"], &out[..]].concat());
    refuses(&output, "nowhere.toml", &["cannot read"]);
    write(folder.path(), "new.toml", "version = 9\n");
    refuses(&run(folder.path(), &[&["score", "new.toml"], &out[..]].concat()), "new.toml", &["expected version = 1", "found version = 9"]);
    write(folder.path(), "typo.toml", "version = 1\n[landscape]\ngrit = [3, 3]\n");
    let output = run(folder.path(), &[&["landscape", "typo.toml"], &out[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("grit") && stderr(&output).contains("typo.toml"), "{}", stderr(&output));
}

#[test]
fn a_session_with_a_missing_path_names_it_before_anything_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let path = session(folder.path(), "missing.pt", "", "demo:test");
    for command in ["landscape", "sharpness", "hessian", "embed", "score", "figures"] {
        let output = run(folder.path(), &[command, &path, "--out", "out"]);
        refuses(&output, "missing.pt", &["expected the checkpoint `A`", "found nothing there", "session.toml"]);
    }
    let there = write(folder.path(), "there.pt", "x");
    let path = session(folder.path(), &there, "", "images/nowhere");
    let output = run(folder.path(), &["score", &path, "--out", "out"]);
    refuses(&output, "images/nowhere", &["expected the dataset `digits`", "found nothing there"]);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_checkpoint_or_dataset_that_the_session_does_not_know_is_refused_with_those_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = session(folder.path(), "a.pt", "", "demo:test");
    let output = run(folder.path(), &["landscape", &path, "--out", "out", "--checkpoint", "B"]);
    refuses(&output, "session.toml", &["expected a checkpoint of the session (A)", "found `B`"]);
    let output = run(folder.path(), &["landscape", &path, "--out", "out", "--dataset", "letters"]);
    refuses(&output, "session.toml", &["expected a dataset of the session (digits, others)", "found `letters`"]);
}

#[test]
fn a_run_file_with_a_missing_checkpoint_names_it() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "run.toml", "version = 1\ncheckpoint = \"gone.safetensors\"\nmax_steps = 1\n[method]\nname = \"erm\"\n");
    let output = run(folder.path(), &["train", "run.toml", "--out", "r"]);
    refuses(&output, "gone.safetensors", &["expected the checkpoint", "found nothing there"]);
}

#[test]
fn a_missing_worker_is_one_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "x.pt", "x");
    let output = flatland(folder.path()).args(["inspect", &file]).env("FLATLAND_WORKER", "/nowhere/worker").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("/nowhere/worker") && text.contains("FLATLAND_WORKER") && text.lines().count() == 1, "{text}");
}

#[test]
fn bad_checkpoint_files_are_refused_with_one_clear_message_and_nothing_is_executed() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = safetensors(&[("conv1.weight", &[16, 3, 3, 3]), ("linear.weight", &[10, 64])]);
    let witness = folder.path().join("executed");
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        ("truncated.pt", whole[..whole.len() - 100].to_vec(), &["expected", "found"]),
        ("page.pt", b"<!DOCTYPE html><html><body>404</body></html>".to_vec(), &["HTML"]),
        ("pointer.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n".to_vec(), &["git"]),
        ("hostile.pt", hostile_pickle(&format!("touch {}", witness.display())), &["os.system"]),
        ("empty.pt", Vec::new(), &["empty"]),
        ("stranger.safetensors", safetensors(&[("blocks.0.attention.weight", &[4, 4])]), &["expected", "found"]),
    ];
    for (name, bytes, words) in cases {
        let path = write(folder.path(), name, bytes);
        refuses(&run(folder.path(), &["inspect", &path]), &path, words);
        let output = run(folder.path(), &["inspect", "--json", &path]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let report: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        assert!(report["error"].is_string() && report["architecture"].is_null(), "{report}");
        let session = session(folder.path(), &path, "", "demo:test");
        refuses(&run(folder.path(), &["landscape", &session, "--out", "out"]), &path, words);
    }
    refuses(&run(folder.path(), &["inspect", "gone.pt"]), "gone.pt", &["cannot read"]);
    assert!(!witness.exists(), "the pickle was executed");
}

#[test]
fn export_help_prints_python_for_any_network_and_for_that_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let any = run(folder.path(), &["export-help"]);
    assert!(any.status.success() && stdout(&any).contains("torch.export.save(program, \"net.pt2\")"), "{}", stderr(&any));
    if !has_worker() {
        return;
    }
    let stem = "vit.embeddings.patch_embeddings.projection.weight";
    let stranger = write(folder.path(), "vit.safetensors", safetensors(&[(stem, &[8, 3, 4, 4]), ("classifier.weight", &[10, 8])]));
    for (file, library, classes) in [(stranger, "transformers", 10), (demo_checkpoint(), "flatland", 7)] {
        let output = run(folder.path(), &["export-help", "--json", &file]);
        assert!(output.status.success(), "{}", stderr(&output));
        let answer: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        assert_eq!((&answer["library"], &answer["classes"]), (&library.into(), &classes.into()), "{answer}");
        assert_eq!(answer["snippet"].is_null(), library == "flatland", "{answer}");
    }
    refuses(&run(folder.path(), &["export-help", "gone.pt"]), "gone.pt", &["cannot read"]);
}

#[test]
fn one_bad_file_among_good_ones_loses_nothing() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let page = write(folder.path(), "page.pt", "<html></html>");
    let good = demo_checkpoint();
    let output = run(folder.path(), &["inspect", "--json", &page, &good]);
    assert_eq!(output.status.code(), Some(1));
    let reports: Vec<serde_json::Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 2);
    assert!(reports[0]["error"].is_string());
    assert!(reports[1]["error"].is_null() && reports[1]["architecture"].is_string(), "{}", reports[1]);
    for key in ["missing", "unexpected", "mismatched"] {
        assert_eq!(reports[1][key], serde_json::json!([]), "{key}");
    }
}

#[test]
fn a_state_dict_of_another_architecture_and_bad_datasets_are_one_clear_message() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = demo_checkpoint();
    let path = session(folder.path(), &checkpoint, "architecture = \"resnet110\"", "demo:test");
    refuses(&run(folder.path(), &["score", &path, "--out", "out"]), &checkpoint, &["resnet110"]);

    std::fs::create_dir(folder.path().join("nothing")).unwrap();
    write(folder.path(), "page.npz", "<html></html>");
    for (dataset, words) in [("nothing", ["expected", "found"]), ("page.npz", ["expected", "found"])] {
        let path = session(folder.path(), &checkpoint, "", dataset);
        refuses(&run(folder.path(), &["score", &path, "--out", "out"]), dataset, &words);
    }
    let path = session(folder.path(), &checkpoint, "", "demo:nothing");
    refuses(&run(folder.path(), &["score", &path, "--out", "out"]), "demo:nothing", &["expected"]);
}

#[test]
fn the_analyses_leave_their_documented_files() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = demo_checkpoint();
    let path = session(folder.path(), &checkpoint, "", "demo:test");
    let common = ["--out", "out", "--json", "--device", "cpu", "--samples", "32", "--threads", "1"];
    for (command, extra, files) in [
        ("landscape", &["--save-directions"][..], &["A/digits/landscape.npz", "A/digits/landscape.json", "A/digits/directions.npz"][..]),
        ("sharpness", &["--save-perturbations"], &["A/digits/sharpness.json", "A/digits/epsilon_0.01.npz", "A/digits/epsilon_0.1.npz"]),
        (
            "hessian",
            &["--save-eigenvectors"],
            &["A/digits/hessian.json", "A/digits/eigenvector_2.npz", "A/digits/eigenvector_min.npz", "A/digits/directions.npz"],
        ),
        ("embed", &[], &["A/embedding.npz"]),
        ("score", &[], &["A/scores.json", "A/scores.npz", "scores.json"]),
    ] {
        let output = run(folder.path(), &[&[command, path.as_str()][..], &common, extra].concat());
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        let object: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        assert_eq!(object["checkpoint"], "A", "{command}");
        for file in files {
            assert!(folder.path().join("out").join(file).is_file(), "{command} left no {file}");
        }
    }
    let scores: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("out/scores.json")).unwrap()).unwrap();
    assert!(scores["A"]["scores"]["energy"]["others"]["auroc"].is_number(), "{scores}");
    assert!(scores["A"]["accuracy"]["digits"].is_number(), "{scores}");

    let output = run(folder.path(), &["figures", &path, "--out", "figures", "--samples", "32"]);
    assert!(output.status.success(), "{}", stderr(&output));
    for name in ["landscape", "sharpness", "hessian", "embedding", "energy"] {
        for extension in ["svg", "pdf", "png", "csv"] {
            assert!(folder.path().join(format!("figures/{name}.{extension}")).is_file(), "no {name}.{extension}");
        }
    }
    // The second time everything comes from the cache, and the bytes are the same.
    let svg = std::fs::read(folder.path().join("figures/landscape.svg")).unwrap();
    let again = run(folder.path(), &["figures", &path, "--out", "again", "--samples", "32"]);
    assert!(again.status.success() && !stderr(&again).contains("done in"), "{}", stderr(&again));
    assert_eq!(std::fs::read(folder.path().join("again/landscape.svg")).unwrap(), svg);

    // Flags replace the session's settings. Figures of the paper for which the session lacks data are listed.
    let flags = ["--samples", "32", "--preset", "paper", "--format", "pdf", "--format", "npz", "--width-mm", "86", "--report", "--json"];
    let output = run(folder.path(), &[&["figures", &path, "--out", "paper"][..], &flags].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let pdf = std::fs::read(folder.path().join("paper/figure_4.pdf")).unwrap();
    assert!(String::from_utf8_lossy(&pdf).contains("/MediaBox [0 0 243.78"), "86 mm are 243.78 points");
    assert!(folder.path().join("paper/figure_4.npz").is_file() && !folder.path().join("paper/figure_4.svg").exists());
    assert!(folder.path().join("paper/report.html").is_file());
    assert!(stderr(&output).contains("figure_7 is not drawn: no landscape on CS data"), "{}", stderr(&output));
    assert!(stdout(&output).contains(r#""skipped":"figure_8""#), "{}", stdout(&output));
    let output = run(folder.path(), &["figures", &path, "--out", "wide", "--width-mm", "3"]);
    assert!(!output.status.success() && stderr(&output).contains("between 30 and 1000 mm, found 3"), "{}", stderr(&output));
}

/// `docs/methods.md` equals the registry; `FLATLAND_UPDATE_DOCS=1` writes it.
#[test]
fn the_page_on_methods_is_what_the_registry_prints() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["methods", "--markdown"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/methods.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (head, rest) = text.split_once("<!-- flatland methods --markdown -->\n").unwrap();
    let (table, tail) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("FLATLAND_UPDATE_DOCS").is_some() {
        let whole = format!("{head}<!-- flatland methods --markdown -->\n{}<!-- end -->{tail}", stdout(&output));
        std::fs::write(&page, whole).unwrap();
        return;
    }
    assert!(
        table == stdout(&output),
        "docs/methods.md is not what `flatland methods --markdown` prints; run this test with FLATLAND_UPDATE_DOCS=1"
    );
}

#[test]
fn methods_are_printed_as_json() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["methods", "--json"]);
    let methods: Vec<serde_json::Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let oe = methods.iter().find(|method| method["key"] == "oe").unwrap();
    assert_eq!(oe["outliers"], true);
    assert_eq!(oe["parameters"][0]["key"], "lambda");
    assert_eq!(
        oe["parameters"][0]["kind"],
        serde_json::json!({ "kind": "number", "default": 0.5, "min": 0.0, "max": 100.0, "log": false })
    );
}

#[test]
fn convert_takes_a_surface_of_another_tool_to_a_mesh_and_to_our_own_files() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/surface_file/tomgoldstein.h5");
    let theirs = theirs.to_str().unwrap();
    for to in ["surface.vtp", "surface.obj", "surface.stl", "ours"] {
        let output = run(folder.path(), &["convert", theirs, to]);
        assert!(output.status.success() && stdout(&output).trim() == to, "{}", stderr(&output));
        assert!(folder.path().join(to).exists());
    }
    assert!(run(folder.path(), &["convert", "ours", "again.h5"]).status.success());
    refuses(&run(folder.path(), &["convert", theirs, "surface.ply"]), "surface.ply", &[".vtp"]);
}

/// The file of the engine's tests that holds `model` and `ema`.
fn two_state_dicts(folder: &Path) -> String {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/engine/src/model/tests/state_dicts/model_and_ema.gz");
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(std::fs::File::open(packed).unwrap()), &mut bytes).unwrap();
    write(folder, "net.pth", bytes)
}

#[test]
fn each_state_dict_of_a_file_is_inspected_by_its_key() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = two_state_dicts(folder.path());
    let weights = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["inspect", "--json"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        assert_eq!(report["state_dicts"], serde_json::json!(["model", "ema"]));
        report["weights"].as_str().unwrap().to_owned()
    };
    assert_eq!(weights(&[&path]), "model");
    assert_eq!(weights(&[&path, "--weights", "ema"]), "ema");
    assert_eq!(weights(&[&format!("{path}@ema")]), "ema");
    refuses(&run(folder.path(), &["inspect", &path, "--weights", "swa"]), &path, &["`model`, `ema`", "found \"swa\""]);
}

#[test]
fn a_session_scores_two_state_dicts_of_one_file_side_by_side() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = two_state_dicts(folder.path());
    let other = format!("[[checkpoint]]\nname = \"A (ema)\"\npath = '{path}'\nweights = \"ema\"\nnormalization = \"half\"\n");
    let path = session(folder.path(), &path, &other, "demo:test");
    let output = run(folder.path(), &["score", &path, "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("A: the file holds 2 state dicts: `model` is read, `ema` not; `weights = \"ema\"` reads another"), "{told}");
    assert!(!told.contains("A (ema): the file"), "its state dict was chosen: {told}");
    let scores: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("out/scores.json")).unwrap()).unwrap();
    let auroc = |name: &str| scores[name]["scores"]["energy"]["others"]["auroc"].as_f64().unwrap();
    assert_ne!(auroc("A"), auroc("A (ema)"));
}

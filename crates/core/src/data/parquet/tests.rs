#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use npyz::npz::NpzArchive;
use serde::Deserialize;

use super::super::tests::{error, source};
use super::super::{Source, Subset, load, load_for, load_images, load_positions, looks_like_images};

/// What pyarrow says of a table of `tables.zip` (`make_tables.py`).
#[derive(Debug, Deserialize)]
struct Expected {
    file: String,
    split: Option<String>,
    #[serde(default)]
    crc: String,
    #[serde(default)]
    labels: Vec<i64>,
    #[serde(default)]
    coarse: Vec<i64>,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    unreadable: Vec<usize>,
    #[serde(default)]
    assumed: usize,
    error: Option<Vec<String>>,
}

/// The tables by name, and what they hold.
fn tables() -> (BTreeMap<String, Vec<u8>>, Vec<Expected>) {
    let mut archive = NpzArchive::new(Cursor::new(include_bytes!("tables.zip"))).unwrap();
    let names: Vec<String> = archive.zip_archive().file_names().map(str::to_owned).collect();
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        archive.zip_archive().by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let expected = serde_json::from_slice(&member("expected.json")).unwrap();
    let tables = names.iter().filter_map(|name| Some((name.strip_suffix(".parquet")?.to_owned(), member(name)))).collect();
    (tables, expected)
}

fn saved(folder: &Path, name: &str, table: &[u8]) -> Source {
    std::fs::write(folder.join(name), table).unwrap();
    source(&folder.join(name))
}

fn crc(bytes: &[u8]) -> String {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    format!("{:08x}", sum.sum())
}

#[test]
fn tables_of_pyarrow_are_read_or_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let (tables, expected) = tables();
    assert!(tables.len() >= 25);
    let mut wrong = Vec::new();
    for Expected { file, split, crc: pixels, labels, coarse, classes, unreadable, assumed, error } in expected {
        let source = Source { split, ..saved(folder.path(), &format!("{file}.parquet"), &tables[&file]) };
        match (load(&source, None), error) {
            (Ok(data), None) => {
                let rows = unreadable.iter().map(|row| source.path.join(format!("row {row}"))).collect::<Vec<_>>();
                let lost: Vec<_> = data.provenance.unreadable.iter().map(|lost| lost.path.clone()).collect();
                let said = data.provenance.labelling.assumed.len();
                let superclasses = super::open(&source.path, source.split.as_deref()).unwrap().coarse;
                let found = (crc(&data.images), &data.labels, superclasses, &data.classes, lost, said);
                if found != (pixels, &labels, coarse, &classes, rows, assumed) {
                    wrong.push(format!("{file}: found {found:?}"));
                }
            }
            (Err(error), Some(parts)) => {
                let error = error.to_string();
                if !parts.iter().all(|part| error.contains(part)) || !error.contains("expected") || !error.contains(&file) {
                    wrong.push(format!("{file}: expected {parts:?}, found {error}"));
                }
            }
            (Ok(_), Some(parts)) => wrong.push(format!("{file}: expected to be refused with {parts:?}")),
            (Err(error), None) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn shards_of_a_split_are_one_dataset_with_the_classes_of_its_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let (tables, _) = tables();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(folder.path().join("README.md"), "a dataset").unwrap();
    saved(&data, "train-00001-of-00002.parquet", &tables["row_groups"]);
    saved(&data, "train-00000-of-00002.parquet", &tables["zstd"]);
    saved(&data, "test-00000-of-00001.parquet", &tables["hugging_face"]);
    let mut source = source(folder.path());
    let test = load_for(&source, None, 6).unwrap();
    assert_eq!((test.len(), test.classes.len(), test.provenance.format.as_str()), (7, 6, "parquet"));
    source.split = Some("train".into());
    let train = load(&source, None).unwrap();
    assert_eq!((train.len(), &train.labels[..7], train.index[13]), (14, &train.labels[7..], 13));
    assert_eq!((train.image(3), train.image(10)), (test.image(3), test.image(3)));
    source.split = Some("train/label".into());
    assert_eq!(load(&source, None).unwrap().labels, train.labels);
    source.split = Some("val".into());
    assert!(error(&source).contains("one dataset of the split `val`, found `test`, `train`"), "{}", error(&source));
    saved(&data, "train-00001-of-00002.parquet", &tables["two_labels"]);
    source.split = Some("train/target".into());
    assert!(error(&source).contains("a column `target`") && error(&source).contains("train-00000"), "{}", error(&source));
}

#[test]
fn images_are_chosen_in_any_order_across_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let source = saved(folder.path(), "a.parquet", &tables().0["row_groups"]);
    let all = load(&source, None).unwrap();
    let some = load_positions(&source, None, &[6, 0, 4, 6, 3], None).unwrap();
    for (k, place) in [6, 0, 4, 6, 3].into_iter().enumerate() {
        assert_eq!((some.labels[k], some.image(k)), (all.labels[place], all.image(place)));
    }
    let shown = load_images(&source, &[5]).unwrap();
    assert_eq!(shown[0].as_ref().unwrap().pixels, all.image(5));
    let first = load(&Source { subset: Subset::First(2), ..source.clone() }, None).unwrap();
    assert_eq!((first.len(), first.provenance.available), (2, 7));
    assert!(looks_like_images(&source.path));
}

#[test]
fn a_network_of_as_many_classes_as_superclasses_gets_them_by_name_only() {
    let folder = tempfile::tempdir().unwrap();
    let source = saved(folder.path(), "a.parquet", &tables().0["cifar100"]);
    let assumed = &load(&source, None).unwrap().provenance.labelling.assumed;
    assert!(assumed[0].starts_with("`fine_label` are the labels, not `coarse_label`"), "{assumed:?}");
    let coarse = Source { split: Some("coarse_label".into()), ..source };
    assert_eq!(load_for(&coarse, None, 2).unwrap().labels, [1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn every_table_cut_short_is_one_message_and_damage_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let (tables, _) = tables();
    for name in ["row_groups", "zstd"] {
        let table = &tables[name];
        for length in (4..table.len()).step_by(7) {
            let message = error(&saved(folder.path(), "cut.parquet", &table[..length]));
            assert!(
                message.contains("expected a whole Parquet file, found one cut short or damaged") && message.contains("cut.parquet"),
                "{message}"
            );
        }
        for at in (4..table.len()).step_by(3) {
            let mut damaged = table.clone();
            damaged[at] ^= 1 << (at % 8);
            drop(load(&saved(folder.path(), "damaged.parquet", &damaged), None));
        }
    }
}

/// What pyarrow writes today is read as pyarrow reads it, beside the tables of one version in `tables.zip`.
#[test]
fn tables_of_the_pyarrow_of_this_machine_are_read_as_it_reads_them() {
    let Some(python) = crate::testing::python_with("pyarrow, PIL") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "
import sys, io, json, zlib, numpy as np, pyarrow as pa, pyarrow.parquet as pq
from PIL import Image
g = np.random.default_rng(1)
def png(x):
    out = io.BytesIO(); Image.fromarray(x).save(out, 'PNG'); return out.getvalue()
out = []
for k, (codec, version, group) in enumerate((c, v, r) for c in ('none', 'snappy', 'gzip', 'zstd') for v in ('1.0', '2.0') for r in (1, 9, 100)):
    x = g.integers(0, 256, (20, 8, 8, 3)).astype(np.uint8); y = g.integers(0, 10, 20)
    table = pa.table({'image': [{'bytes': png(i), 'path': None} for i in x], 'label': y})
    path = f'{sys.argv[1]}/{k}.parquet'
    pq.write_table(table, path, compression=codec, data_page_version=version, row_group_size=group, data_page_size=int(g.integers(1, 3000)))
    back = pq.read_table(path).to_pylist()
    pixels = b''.join(np.asarray(Image.open(io.BytesIO(row['image']['bytes'])).convert('RGB')).tobytes() for row in back)
    out.append([f'{zlib.crc32(pixels):08x}', [row['label'] for row in back]])
print(json.dumps(out))
";
    let output = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<(String, Vec<i64>)> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected.len(), 24);
    for (k, (pixels, labels)) in expected.into_iter().enumerate() {
        let data = load(&source(&folder.path().join(format!("{k}.parquet"))), None).unwrap();
        assert_eq!((crc(&data.images), data.labels), (pixels, labels), "table {k}");
    }
}

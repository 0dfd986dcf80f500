//! Surface files of tomgoldstein/loss-landscape (`plot_surface.py`): HDF5 with `xcoordinates`, `ycoordinates`, `train_loss`, `train_acc`
//! (percent), −1 where a cell is not computed.
//!
//! That tool counts cells along x first (`scheduler.py`: meshgrid), whatever shape it declares: the k-th number lies at (x\[k mod nx\],
//! y\[k div nx\]). Read so, files of grids that are not square are right too; its own plots show them wrongly.

use hdf5_pure::{File, FileBuilder};

use flatland_core::result::{LandscapeManifest, LossSurface};

/// Names of loss and accuracy, in order of preference.
const PAIRS: [[&str; 2]; 2] = [["train_loss", "train_acc"], ["test_loss", "test_acc"]];
/// What a cell holds before it is computed.
const PENDING: f64 = -1.0;

/// The surface in the bytes of a file called `name`. The number of images is not in the file: `samples` is 0, and a computed
/// cell has the count 1.
///
/// # Errors
/// When it is no HDF5 file or not laid out so.
pub fn read(bytes: Vec<u8>, name: &str) -> Result<LossSurface, String> {
    let file = File::from_bytes(bytes).map_err(|error| format!("expected an HDF5 file: {error}"))?;
    let array = |name: &str| -> Option<Result<Vec<f64>, String>> {
        let dataset = file.dataset(name).ok()?;
        Some(dataset.read_f64().map_err(|error| format!("cannot read `{name}`: {error}")))
    };
    let alpha = array("xcoordinates").ok_or("expected `xcoordinates`, as in a surface of tomgoldstein/loss-landscape, found none")??;
    let beta = array("ycoordinates").transpose()?.unwrap_or_else(|| vec![0.0]);
    let pair = PAIRS.iter().find_map(|pair| Some((pair, array(pair[0])?)));
    let (pair, loss) = pair.ok_or("expected `train_loss` or `test_loss`, found neither")?;
    let (loss, accuracy) = (loss?, array(pair[1]).transpose()?);
    let n = alpha.len() * beta.len();
    if loss.len() != n || accuracy.as_ref().is_some_and(|accuracy| accuracy.len() != n) {
        return Err(format!("expected {} × {} values of `{}`, found {}", alpha.len(), beta.len(), pair[0], loss.len()));
    }
    let manifest = LandscapeManifest {
        version: 1,
        checkpoint: name.into(),
        dataset: pair[0].trim_end_matches("_loss").into(),
        definition: "file".into(),
        loss: "cross_entropy".into(),
        center_loss: f64::NAN,
        cosine: f64::NAN,
        ..LandscapeManifest::default()
    };
    let (columns, rows) = (alpha.len(), beta.len());
    let mut surface = LossSurface::pending(alpha, beta, manifest);
    for (k, &loss) in loss.iter().enumerate().filter(|&(_, &loss)| loss != PENDING) {
        let cell = (k % columns) * rows + k / columns;
        surface.loss[cell] = loss;
        surface.count[cell] = 1;
        surface.accuracy[cell] = accuracy.as_ref().map_or(f64::NAN, |accuracy| accuracy[k] / 100.0);
    }
    Ok(surface)
}

/// The bytes of a surface file. Arrays are (ny, nx), as that tool's plots expect.
///
/// # Errors
/// When it cannot be encoded.
pub fn write(surface: &LossSurface) -> Result<Vec<u8>, String> {
    let (columns, rows) = (surface.alpha.len(), surface.beta.len());
    let ordered = |values: &[f64], scale: f64| -> Vec<f64> {
        let cell = |k: usize| (k % columns) * rows + k / columns;
        (0..columns * rows).map(|k| if surface.count[cell(k)] > 0 { scale * values[cell(k)] } else { PENDING }).collect()
    };
    let line = rows == 1 && surface.beta == [0.0];
    let shape = if line { vec![columns as u64] } else { vec![rows as u64, columns as u64] };
    let mut builder = FileBuilder::new();
    builder.create_dataset("xcoordinates").with_f64_data(&surface.alpha);
    if !line {
        builder.create_dataset("ycoordinates").with_f64_data(&surface.beta);
    }
    builder.create_dataset("train_loss").with_f64_data(&ordered(&surface.loss, 1.0)).with_shape(&shape);
    builder.create_dataset("train_acc").with_f64_data(&ordered(&surface.accuracy, 100.0)).with_shape(&shape);
    builder.finish().map_err(|error| format!("cannot encode HDF5: {error}"))
}

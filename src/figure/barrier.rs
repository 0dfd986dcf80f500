//! The loss barrier of a line between two checkpoints as text and as a table.

use super::Panel;
use super::data::{Cell, Data};
use super::number::{fixed, significant, with_error};
use flatland_core::result::{LossBarrier, LossSurface};

/// The number with its error, where that is known.
fn number(barrier: &LossBarrier) -> String {
    match &barrier.std_error {
        Ok(error) => with_error(barrier.rise, *error),
        Err(_) => significant(barrier.rise, 4),
    }
}

/// The short label at a barrier: `barrier 0.52 ± 0.03`; `None` where there is none.
pub fn barrier_label(barrier: &LossBarrier) -> Option<String> {
    (barrier.height > 0.0).then(|| format!("barrier {}", number(barrier)))
}

/// The barrier of a line between two checkpoints with its error and its t, or what is missing for it; `None` of other surfaces.
pub fn barrier_text(surface: &LossSurface) -> Option<String> {
    let barrier = match surface.barrier.as_ref()? {
        Ok(barrier) => barrier,
        Err(missing) => return Some(format!("loss barrier not known: {missing}")),
    };
    let (number, t) = (number(barrier), fixed(barrier.t, 2));
    let said = if barrier.height > 0.0 {
        format!("loss barrier {number} at t = {t}")
    } else {
        format!("no loss barrier: the largest rise above the straight line between the ends is {number}, at t = {t}")
    };
    Some(match &barrier.std_error {
        Ok(_) => said,
        Err(missing) => format!("{said}, without a standard error: {missing}"),
    })
}

/// What has to be known about a barrier: where BatchNorm's statistics are from, since those that were not recomputed along the line make it too
/// high (Jordan et al. 2022, REPAIR, arXiv:2211.08403), and whether the line does not end in the second checkpoint itself. `None` where there
/// is nothing to be known, or where no barrier is known.
pub fn barrier_remark(surface: &LossSurface) -> Option<String> {
    surface.barrier.as_ref().filter(|barrier| barrier.is_ok())?;
    let ends =
        surface.ends().filter(|_| surface.has_statistics_of_first() || surface.manifest.plane.as_ref().is_some_and(|p| p.other_inputs));
    let end = ends.map(|[_, to]| format!("t = 1 is not the checkpoint itself: {to}"));
    let remarks: Vec<String> = statistics(surface).into_iter().chain(end).collect();
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// Where BatchNorm's statistics are from; `None` if the network has no BatchNorm.
fn statistics(surface: &LossSurface) -> Option<String> {
    let not_recomputed = "not recomputed: the barrier may be too high (REPAIR, Jordan et al. 2022)";
    let remark = match surface.manifest.batch_norm.as_str() {
        "interpolated" => format!("BatchNorm statistics interpolated, {not_recomputed}"),
        "frozen" => format!("BatchNorm statistics fixed, {not_recomputed}"),
        "reestimated" => "BatchNorm statistics estimated anew at every t, at both ends too".into(),
        "batch" => "BatchNorm statistics of each batch at every t, at both ends too".into(),
        // Of another version.
        other => format!("BatchNorm statistics: {other}"),
    };
    match surface.manifest.plane.as_ref().and_then(|plane| plane.batch_norm_layers) {
        Some(0) => None,
        Some(_) => Some(remark),
        None => Some(format!("if the network has BatchNorm: {remark}")),
    }
}

/// `checkpoint, dataset, from, to, barrier, barrier_std_error, t, rise, n, batch_norm, missing`, a row per line between two checkpoints; what is
/// not known is empty, and `missing` says why. `None` if there is no such line.
pub fn barriers(panels: &[Panel<LossSurface>]) -> Option<Data> {
    let columns = ["checkpoint", "dataset", "from", "to", "barrier", "barrier_std_error", "t", "rise", "n", "batch_norm", "missing"];
    let mut data = Data::new(&columns);
    let mut is_empty = true;
    for Panel { name, result, .. } in panels {
        let Some(found) = &result.barrier else { continue };
        is_empty = false;
        let barrier = found.as_ref().ok();
        let missing = match found {
            Ok(barrier) => barrier.std_error.as_ref().err(),
            Err(missing) => Some(missing),
        };
        let mut row: Vec<Cell> = vec![(*name).into(), result.manifest.dataset.as_str().into()];
        row.extend(ends(result));
        row.push(barrier.map(|barrier| barrier.height).into());
        row.push(barrier.and_then(|barrier| barrier.std_error.as_ref().ok().copied()).into());
        row.extend([barrier.map(|barrier| barrier.t), barrier.map(|barrier| barrier.rise)].map(Cell::from));
        row.push(barrier.map(|barrier| barrier.samples).into());
        row.push(result.manifest.batch_norm.as_str().into());
        row.push(missing.map(String::as_str).into());
        data.push(row);
    }
    (!is_empty).then_some(data)
}

/// The names of both ends as cells of a table; empty without ends.
pub(super) fn ends(surface: &LossSurface) -> [Cell; 2] {
    surface.ends().map_or([Cell::Empty, Cell::Empty], |ends| ends.map(Cell::Text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::result::{LandscapeManifest, PlaneRecord};

    fn line(batch_norm: &str, layers: Option<usize>, barrier: Result<LossBarrier, String>) -> LossSurface {
        let plane = PlaneRecord { through: vec!["A".into(), "B".into()], batch_norm_layers: layers, ..Default::default() };
        let (definition, batch_norm, dataset) = ("line".into(), batch_norm.into(), "test".into());
        let manifest = LandscapeManifest { definition, batch_norm, dataset, plane: Some(plane), ..Default::default() };
        let surface = LossSurface::pending(vec![0.0, 0.5, 1.0], vec![0.0], manifest);
        LossSurface { barrier: Some(barrier), ..surface }
    }

    fn known(rise: f64, std_error: Result<f64, String>) -> LossBarrier {
        LossBarrier { height: rise.max(0.0), rise, t: 0.5, std_error, samples: 200 }
    }

    #[test]
    fn a_barrier_is_said_with_its_error_and_what_is_missing_is_said_instead_of_a_number() {
        let text = |barrier| barrier_text(&line("interpolated", None, barrier)).unwrap();
        assert_eq!(text(Ok(known(0.521, Ok(0.031)))), "loss barrier 0.52 ± 0.03 at t = 0.50");
        let below = text(Ok(known(-0.012, Ok(0.002))));
        assert_eq!(below, "no loss barrier: the largest rise above the straight line between the ends is −0.012 ± 0.002, at t = 0.50");
        assert_eq!(text(Ok(known(0.521, Err("gone".into())))), "loss barrier 0.5210 at t = 0.50, without a standard error: gone");
        assert_eq!(text(Err("1 of 3 cells".into())), "loss barrier not known: 1 of 3 cells");
        assert_eq!(barrier_label(&known(-0.1, Ok(0.01))), None);
        assert_eq!(barrier_label(&known(0.1, Ok(0.02))).unwrap(), "barrier 0.10 ± 0.02");
        assert_eq!(barrier_text(&LossSurface::pending(vec![0.0, 1.0], vec![0.0], LandscapeManifest::default())), None);
    }

    #[test]
    fn statistics_that_are_not_recomputed_are_said_beside_a_barrier() {
        let remark = |batch_norm, layers| barrier_remark(&line(batch_norm, layers, Ok(known(0.5, Ok(0.1)))));
        assert!(remark("interpolated", Some(9)).unwrap().starts_with("BatchNorm statistics interpolated, not recomputed"));
        assert!(remark("interpolated", None).unwrap().starts_with("if the network has BatchNorm:"));
        let frozen = remark("frozen", Some(9)).unwrap();
        assert!(frozen.contains("fixed, not recomputed") && frozen.contains("not the checkpoint itself: B, statistics of A"), "{frozen}");
        assert_eq!(remark("interpolated", Some(0)), None, "no BatchNorm");
        assert!(remark("reestimated", Some(9)).unwrap().starts_with("BatchNorm statistics estimated anew at every t"));
        assert!(remark("batch", Some(9)).unwrap().starts_with("BatchNorm statistics of each batch"));
        assert_eq!(barrier_remark(&line("interpolated", Some(9), Err("open".into()))), None, "beside a barrier");
    }

    #[test]
    fn the_table_leaves_empty_what_is_not_known() {
        let surfaces = [line("interpolated", None, Ok(known(0.5, Ok(0.25)))), line("reestimated", None, Err("2 of 3 cells".into()))];
        let panels: Vec<_> = surfaces.iter().map(|result| Panel { name: "A", color: 0, result }).collect();
        let csv = barriers(&panels).unwrap().csv();
        let rows: Vec<&str> = csv.lines().collect();
        assert_eq!(rows[1], "A,test,A,B,0.5,0.25,0.5,0.5,200,interpolated,");
        assert_eq!(rows[2], "A,test,A,B,,,,,,reestimated,2 of 3 cells");
        assert!(barriers(&[]).is_none());
    }
}

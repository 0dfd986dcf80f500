//! Plans the jobs of a session.

use flatland_core::job::{Analysis, JobSpec, PlanError, PlanOptions, check_paths, plan_cached};
use flatland_core::result::cell_cache;
use flatland_core::session::Session;

/// The jobs of a session with their folders in the cache. Missing inputs of an analysis are not errors: its tab says what is missing.
pub fn plan(session: &Session, datasets: &[String]) -> (Vec<JobSpec>, Vec<String>) {
    let (mut jobs, mut errors) = (Vec::new(), Vec::new());
    jobs.extend(
        session.checkpoints.iter().map(|checkpoint| JobSpec::Inspect { path: checkpoint.path.clone(), choice: checkpoint.choice() }),
    );
    if session.checkpoints.is_empty() {
        return (jobs, errors);
    }
    for analysis in Analysis::of(session) {
        // Sharpness on several datasets is shown side by side, whichever dataset is chosen.
        let is_chosen = analysis.is_per_dataset() && !(analysis == Analysis::Sharpness && session.sharpness.datasets.len() > 1);
        let options = PlanOptions {
            datasets: if is_chosen { datasets.to_vec() } else { Vec::new() },
            cells: Some(cell_cache()),
            ..PlanOptions::default()
        };
        match plan_cached(session, analysis, &options) {
            Ok(planned) => jobs.extend(planned),
            Err(PlanError::Lacks { .. }) => {}
            Err(error) => errors.push(error.to_string()),
        }
    }
    if let Err(error) = check_paths(&jobs) {
        errors.push(error.to_string());
    }
    errors.dedup();
    (jobs, errors)
}

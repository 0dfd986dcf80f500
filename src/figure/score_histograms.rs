//! [`ScoreHistograms`]: densities of a score by role, of several checkpoints, on shared bins.

use flatland_core::metric::Histogram;
use flatland_core::result::ScoreTable;
use flatland_core::session::Role;

/// Density of a score by role, of several checkpoints, on shared bins.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreHistograms {
    /// Bin edges, ascending, [bins + 1].
    pub edges: Vec<f64>,
    /// Per checkpoint: each role that has data, in the order of [`Role::ALL`], with its density `[bins]`.
    pub densities: Vec<Vec<(Role, Vec<f64>)>>,
    /// Largest density of all.
    pub max: f64,
    /// Scores that are NaN or infinite and in no bin.
    pub non_finite: u64,
}

impl ScoreHistograms {
    /// Histograms of `score` over all data of a role; `None` when there is no finite score at all.
    pub fn new(tables: &[&ScoreTable], score: &str, bins: usize) -> Option<Self> {
        let mut series = Vec::new();
        for (checkpoint, table) in tables.iter().enumerate() {
            for role in Role::ALL {
                let of_role = table.datasets.iter().filter(|data| data.role == role.key());
                let values: Vec<f64> = of_role.filter_map(|data| data.scores.get(score)).flatten().copied().collect();
                if !values.is_empty() {
                    series.push((checkpoint, role, values));
                }
            }
        }
        let values: Vec<&[f64]> = series.iter().map(|(_, _, values)| values.as_slice()).collect();
        let histogram = Histogram::shared(&values, bins)?;
        let mut densities = vec![Vec::new(); tables.len()];
        for (k, (checkpoint, role, _)) in series.iter().enumerate() {
            densities[*checkpoint].push((*role, histogram.density(k)));
        }
        let (max, non_finite) = (histogram.max_density(), histogram.non_finite.iter().sum());
        Some(Self { edges: histogram.edges, densities, max, non_finite })
    }
}

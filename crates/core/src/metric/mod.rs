//! Detection metrics as pure functions on slices; no IO, no state.
//!
//! Scores are larger for ID; OOD is the positive class, as in OpenOOD (`openood/evaluators/metrics.py`) and with the full
//! curves of scikit-learn. Ties are exact, −0 equals 0, infinities are values like any other. `None` means undefined: an
//! empty side or a NaN. Everything is O(n log n). Deliberately absent: scores, labels, files.

mod auroc_difference;
mod detection;
mod difference;
mod histogram;
#[cfg(test)]
mod published_tests;
mod summary;
mod uncertainty;

pub use auroc_difference::auroc_difference;
pub use detection::{aupr_in, aupr_out, auroc, fpr95, fpr95_id_positive};
pub use difference::{error_of_largest, largest_error, largest_relative_error, relative_error};
pub use histogram::{Histogram, bin_of};
pub use summary::{mean_population_std, mean_std_error, median};
pub use uncertainty::{auroc_std_error, fpr95_std_error, share_std_error};

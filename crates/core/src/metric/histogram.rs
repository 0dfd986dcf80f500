//! [`Histogram`]: several series counted on one set of bins, so that they can be overlaid.

/// Counts of several series on shared, equal bins over the union of their finite values.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Bin edges, ascending, [bins + 1]; bins are half open but the last, which holds its right edge (as in numpy).
    pub edges: Vec<f64>,
    /// Counts, `[series][bins]`.
    pub counts: Vec<Vec<u64>>,
    /// Values per series that are NaN or infinite and in no bin.
    pub non_finite: Vec<u64>,
}

impl Histogram {
    /// Counts `series` on `bins` equal bins; `None` without bins or without any finite value.
    /// A union of one single value gets a bin range of width 1 around it.
    pub fn shared(series: &[&[f64]], bins: usize) -> Option<Self> {
        let finite = || series.iter().flat_map(|values| values.iter().copied()).filter(|v| v.is_finite());
        let (mut low, mut high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if bins == 0 || low > high {
            return None;
        }
        if low == high {
            (low, high) = (low - 0.5, high + 0.5);
        }
        // A convex combination cannot overflow where `high - low` would.
        let edges: Vec<f64> = (0..=bins).map(|k| k as f64 / bins as f64).map(|t| low * (1.0 - t) + high * t).collect();
        let count = |values: &[f64]| {
            let mut counts = vec![0; bins];
            values.iter().filter_map(|value| bin_of(&edges, *value)).for_each(|bin| counts[bin] += 1);
            counts
        };
        Some(Self {
            counts: series.iter().map(|values| count(values)).collect(),
            non_finite: series.iter().map(|values| values.iter().filter(|v| !v.is_finite()).count() as u64).collect(),
            edges,
        })
    }

    /// The bin that holds a value; `None` outside of all.
    pub fn bin(&self, value: f64) -> Option<usize> {
        bin_of(&self.edges, value)
    }

    /// Density of one series, `[bins]`: integrates to 1 over its finite values; zeros when it has none or does not exist.
    pub fn density(&self, series: usize) -> Vec<f64> {
        let Some(counts) = self.counts.get(series) else { return vec![0.0; self.edges.len().saturating_sub(1)] };
        let n = counts.iter().sum::<u64>().max(1) as f64;
        counts.iter().zip(self.edges.windows(2)).map(|(&count, edge)| count as f64 / n / (edge[1] - edge[0])).collect()
    }

    /// Largest density of any series, for a shared axis.
    pub fn max_density(&self) -> f64 {
        (0..self.counts.len()).flat_map(|series| self.density(series)).fold(0.0, f64::max)
    }
}

/// The bin between ascending edges that holds a value: half open but the last; `None` for a value outside of all bins and for NaN.
pub fn bin_of(edges: &[f64], value: f64) -> Option<usize> {
    let (first, [between @ .., last]) = edges.split_first()? else { return None };
    (*first..=*last).contains(&value).then(|| between.partition_point(|edge| *edge <= value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_shared_half_open_and_closed_at_the_end() {
        let histogram = Histogram::shared(&[&[0.0, 1.0, 1.0], &[2.0, 4.0, f64::NAN, f64::INFINITY]], 4).unwrap();
        assert_eq!(histogram.edges, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(histogram.counts, [vec![1, 2, 0, 0], vec![0, 0, 1, 1]]);
        assert_eq!(histogram.non_finite, [0, 2]);
        assert_eq!([0.0, 0.99, 1.0, 4.0].map(|value| histogram.bin(value)), [Some(0), Some(0), Some(1), Some(3)]);
        assert_eq!([-0.01, 4.01, f64::NAN].map(|value| histogram.bin(value)), [None; 3]);
    }

    #[test]
    fn density_integrates_to_one_whatever_the_size_of_the_series() {
        let (long, short): (Vec<f64>, Vec<f64>) = ((0..997).map(|i| f64::from(i * i % 101)).collect(), vec![3.0, 50.0]);
        let histogram = Histogram::shared(&[&long, &short, &[]], 13).unwrap();
        let width = histogram.edges[1] - histogram.edges[0];
        for series in 0..2 {
            assert!((histogram.density(series).iter().sum::<f64>() * width - 1.0).abs() < 1e-12);
        }
        assert_eq!(histogram.density(2), vec![0.0; 13]);
        assert_eq!(histogram.counts[0].iter().sum::<u64>(), 997);
    }

    #[test]
    fn one_value_has_a_bin_and_none_has_no_histogram() {
        assert_eq!(Histogram::shared(&[&[7.0, 7.0]], 2).unwrap().edges, [6.5, 7.0, 7.5]);
        assert_eq!(Histogram::shared(&[&[], &[f64::NAN]], 10), None);
        assert_eq!(Histogram::shared(&[&[1.0]], 0), None);
        assert!(Histogram::shared(&[&[-f64::MAX, f64::MAX]], 3).unwrap().edges.iter().all(|e| e.is_finite()));
    }
}

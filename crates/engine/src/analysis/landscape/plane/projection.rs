//! Coordinates of checkpoints on a plane, and their distances from it.

use flatland_core::job::{CheckpointSource, JobEvent, LandscapeJob, Reporter};
use flatland_core::result::PlanePoint;

use super::super::super::values::values_f32;
use super::super::super::{AnalysisError, Loss, SampleLosses, forward_network};
use super::super::Directions;
use super::super::direction::Direction;
use super::difference::{load, of_trajectory};
use crate::model::{Network, Samples, is_parameter};

/// Projects onto the plane of a job, or onto its one axis where the grid has β = 0 alone.
pub struct Projector<'a> {
    network: &'a Network,
    samples: &'a Samples,
    job: &'a LandscapeJob,
    axes: Vec<&'a Direction>,
    /// Inner products of the axes over all parameters, with their determinant.
    gram: [f64; 3],
    theta: Vec<(String, Vec<f32>)>,
}

impl<'a> Projector<'a> {
    /// # Errors
    /// When libtorch fails.
    pub fn new(
        network: &'a Network,
        samples: &'a Samples,
        job: &'a LandscapeJob,
        directions: &'a Directions,
    ) -> Result<Self, AnalysisError> {
        let (delta, eta) = (&directions.delta, &directions.eta);
        let dot = |a: &Direction, b: &Direction| -> f64 {
            let pairs = a.parts.iter().zip(&b.parts).filter(|(part, _)| is_parameter(&part.name));
            pairs.flat_map(|(a, b)| a.values.iter().zip(&b.values)).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        let gram = [dot(delta, delta), dot(delta, eta), dot(eta, eta)];
        // Parallel axes are one axis.
        let plane = job.beta != [0.0] && gram[0] * gram[2] - gram[1] * gram[1] > 1e-12 * gram[0] * gram[2];
        let axes = if plane { vec![delta, eta] } else { vec![delta] };
        let wanted = !job.plane.project.is_empty() || matches!(job.plane.axes, flatland_core::session::Axes::Trajectory(_));
        let mut theta = Vec::new();
        for name in network.parameter_names().into_iter().filter(|_| wanted) {
            theta.push((name.clone(), values_f32(network.tensor(&name)?)?));
        }
        Ok(Self { network, samples, job, axes, gram, theta })
    }

    /// Projects the job's checkpoints. One that cannot be loaded (another network, a damaged file) is left out with a warning, unless the plane
    /// goes through it.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`], and when libtorch fails.
    pub fn checkpoints(&self, reporter: &mut dyn Reporter) -> Result<Vec<PlanePoint>, AnalysisError> {
        let mut points = Vec::new();
        for source in self.job.plane.project.iter().filter_map(|name| self.job.plane.checkpoint(name)) {
            match load(source, self.network, self.network.device) {
                Ok(other) => points.push(self.point(source, &other, reporter)?),
                Err(error) => {
                    reporter.report(JobEvent::Warning { message: format!("`{}` is not drawn on the plane: {error}", source.name) })
                }
            }
        }
        Ok(points)
    }

    /// Projects the checkpoints in `files`, pairs of name and path.
    ///
    /// # Errors
    /// When one cannot be read or is of another network, and [`AnalysisError::Cancelled`].
    pub fn files(&self, files: &[(String, std::path::PathBuf)], reporter: &mut dyn Reporter) -> Result<Vec<PlanePoint>, AnalysisError> {
        let mut points = Vec::new();
        for (name, path) in files {
            let source = of_trajectory(self.job, self.network, name, path);
            points.push(self.point(&source, &load(&source, self.network, self.network.device)?, reporter)?);
        }
        Ok(points)
    }

    fn point(&self, source: &CheckpointSource, other: &Network, reporter: &mut dyn Reporter) -> Result<PlanePoint, AnalysisError> {
        let mut offsets = Vec::new();
        for (name, theta) in &self.theta {
            let values = values_f32(other.tensor(name)?)?;
            offsets.push(values.iter().zip(theta).map(|(to, from)| f64::from(*to) - f64::from(*from)).collect::<Vec<f64>>());
        }
        let (alpha, beta) = self.coordinates(&offsets);
        let mut beside = 0.0;
        for (k, (name, _)) in self.theta.iter().enumerate() {
            let on = |axis: usize| self.axes.get(axis).and_then(|axis| axis.parts.iter().find(|part| part.name == *name));
            let (delta, eta) = (on(0), on(1));
            for (i, offset) in offsets[k].iter().enumerate() {
                let at = |part: Option<&super::super::direction::Part>, by: f64| part.map_or(0.0, |part| by * f64::from(part.values[i]));
                beside += (offset - at(delta, alpha) - at(eta, beta)).powi(2);
            }
        }
        // Samples are prepared for the job's checkpoint: a network of other inputs has no comparable loss.
        let inputs = |source: &CheckpointSource| (source.normalization.constants(), source.input.map(|input| input.steps()));
        let same = inputs(source) == inputs(&self.job.checkpoint);
        let loss = if same { Some(self.loss(other, reporter)?) } else { None };
        Ok(PlanePoint {
            name: source.name.clone(),
            path: source.path.clone(),
            alpha,
            beta,
            distance: beside.sqrt(),
            from_theta: offsets.iter().flatten().map(|x| x * x).sum::<f64>().sqrt(),
            loss: loss.filter(|loss| loss.is_finite()),
        })
    }

    /// Least-squares coordinates in the plane's basis.
    fn coordinates(&self, offsets: &[Vec<f64>]) -> (f64, f64) {
        let along = |axis: &Direction| -> f64 {
            let parts = self.theta.iter().zip(offsets);
            let products = parts.filter_map(|((name, _), offset)| Some((axis.parts.iter().find(|part| part.name == *name)?, offset)));
            products.flat_map(|(part, offset)| part.values.iter().zip(offset)).map(|(d, x)| f64::from(*d) * x).sum()
        };
        let [dd, de, ee] = self.gram;
        match self.axes.as_slice() {
            [delta, eta] => {
                let (p, q) = (along(delta), along(eta));
                let determinant = dd * ee - de * de;
                ((p * ee - q * de) / determinant, (q * dd - p * de) / determinant)
            }
            [delta] if dd > 0.0 => (along(delta) / dd, 0.0),
            _ => (0.0, 0.0),
        }
    }

    fn loss(&self, other: &Network, reporter: &mut dyn Reporter) -> Result<f64, AnalysisError> {
        let output = forward_network(other, &self.samples.x, reporter, |_, _| {})?;
        let loss = Loss(self.job.measure.loss);
        Ok(SampleLosses::by(loss, loss.decay_at(other)?, &output.logits, &self.samples.y)?.mean().loss)
    }
}

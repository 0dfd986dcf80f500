//! [`Mesh`]: a surface as points with heights and four-sided faces.

use flatland_core::result::LossSurface;

/// How a loss becomes the height of a mesh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Height {
    /// log10 of the loss; losses that are not above 0 become holes.
    pub log: bool,
    /// Losses above this are drawn at it.
    pub max: Option<f64>,
}

/// Points that belong to a face, and the faces.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// (α, β, height)
    pub points: Vec<[f64; 3]>,
    /// Loss at each point.
    pub loss: Vec<f64>,
    /// Accuracy at each point.
    pub accuracy: Vec<f64>,
    /// Corners of each face, counter-clockwise seen from above.
    pub faces: Vec<[usize; 4]>,
}

impl Mesh {
    /// A face for each square of the grid whose four corners have a height.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(surface: &LossSurface, height: Height) -> Result<Self, String> {
        let (a, b) = (surface.alpha.len(), surface.beta.len());
        let z = |k: usize| {
            let loss = height.max.map_or(surface.loss[k], |max| surface.loss[k].min(max));
            let value = if height.log { loss.log10() } else { loss };
            // f64::min ignores NaN.
            (surface.count[k] > 0 && surface.loss[k].is_finite() && value.is_finite()).then_some(value)
        };
        let mut mesh = Self { points: Vec::new(), loss: Vec::new(), accuracy: Vec::new(), faces: Vec::new() };
        let mut place = vec![None; a * b];
        for i in 0..a.saturating_sub(1) {
            for j in 0..b.saturating_sub(1) {
                let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
                let cells = corners.map(|(i, j)| i * b + j);
                if cells.iter().any(|&k| z(k).is_none()) {
                    continue;
                }
                mesh.faces.push(cells.map(|k| {
                    *place[k].get_or_insert_with(|| {
                        mesh.points.push([surface.alpha[k / b], surface.beta[k % b], z(k).unwrap_or_default()]);
                        mesh.loss.push(surface.loss[k]);
                        mesh.accuracy.push(surface.accuracy[k]);
                        mesh.points.len() - 1
                    })
                }));
            }
        }
        if mesh.faces.is_empty() {
            return Err(format!("expected four computed finite cells side by side for a mesh, found none in {a} × {b}"));
        }
        Ok(mesh)
    }
}

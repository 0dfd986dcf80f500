//! Images that could not be read.

use super::{Points, Store};
use flatland_core::result::UnreadableImage;

impl Store {
    /// The images of a dataset that could not be read, from the result that lists the most of them.
    pub fn unreadable(&self, dataset: &str) -> &[UnreadableImage] {
        let scores = self.scores.values().filter_map(|table| table.unreadable.get(dataset));
        let surfaces = self.landscapes.values().filter_map(|landscape| landscape.surface.manifest.unreadable.get(dataset));
        let embeddings = self.embeddings.values().filter_map(|points| match points {
            Points::Finished(embedding) => embedding.unreadable.get(dataset),
            Points::Live { .. } => None,
        });
        let curves = self.sharpness.iter().filter(|((_, on), _)| on == dataset).map(|(_, curve)| &curve.unreadable);
        let spectra = self.hessians.iter().filter(|((_, on), _)| on == dataset).map(|(_, spectrum)| &spectrum.unreadable);
        let all = scores.chain(surfaces).chain(embeddings).chain(curves).chain(spectra);
        all.max_by_key(|images| images.len()).map_or(&[], Vec::as_slice)
    }
}

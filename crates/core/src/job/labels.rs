//! [`label_record`]: what the labels of loaded images follow from, as results record it.

use crate::data::Dataset;
use crate::result::LabelRecord;

/// The record of the labels of `dataset`.
pub fn label_record(dataset: &Dataset) -> LabelRecord {
    let (labelling, source) = (&dataset.provenance.labelling, &dataset.provenance.source);
    let reference = labelling.matched_with;
    LabelRecord {
        rule: labelling.rule.key().into(),
        matched_with: reference.and_then(|place| source.reference.get(place)).map(|reference| reference.name.clone()),
        reference,
        classes: labelling.classes.iter().cloned().collect(),
        left_out: labelling.left_out.clone(),
        assumed: labelling.assumed.clone(),
    }
}

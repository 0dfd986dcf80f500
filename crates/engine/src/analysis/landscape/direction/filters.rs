//! [`Filters`]: what one filter is in the tensors that the session names.

use std::collections::HashMap;

use flatland_core::session::{DirectionRule, Filter};

use super::super::super::{AnalysisError, layers};

const TABLE: [&str; 2] = ["landscape.directions.filters", "tensors"];

/// By the names of tensors.
pub struct Filters(HashMap<String, Filter>);

impl Filters {
    /// Those of `rule` in tensors of these names and shapes.
    ///
    /// # Errors
    /// When a glob is none or matches no tensor, two entries name one tensor, or a tensor has no such filters.
    pub fn new(rule: &DirectionRule, tensors: &[(String, Vec<usize>)]) -> Result<Self, AnalysisError> {
        let mut filters: HashMap<String, Filter> = HashMap::new();
        for choice in &rule.filters {
            let names = tensors.iter().map(|(name, _)| name.clone()).collect();
            for name in layers::chosen(&choice.tensors, names, TABLE)? {
                let refuse = |expected: String| Err(AnalysisError::Invalid(format!("[{}] expected {expected}", TABLE[0])));
                if let Some(other) = filters.insert(name.clone(), choice.filter) {
                    return refuse(format!(
                        "one entry for `{name}`, found two, {other:?} and {:?}: let one of them name other tensors",
                        choice.filter
                    ));
                }
                let Some((_, shape)) = tensors.iter().find(|(known, _)| *known == name) else { continue };
                match choice.filter {
                    Filter::Dim(dim) if dim >= shape.len() => {
                        return refuse(format!(
                            "a dimension that `{name}` has, below {}, found dim = {dim} (its shape is {shape:?})",
                            shape.len()
                        ));
                    }
                    Filter::Rows(rows) if shape.first().is_none_or(|first| first % rows.get() != 0) => {
                        return refuse(format!(
                            "rows that divide the first dimension of `{name}`, found rows = {rows} for the shape {shape:?}"
                        ));
                    }
                    Filter::Tensor | Filter::Dim(_) | Filter::Rows(_) | Filter::Fixed => {}
                }
            }
        }
        Ok(Self(filters))
    }

    /// Of the tensor called `name`; `None` where the session leaves it open.
    pub fn of(&self, name: &str) -> Option<Filter> {
        self.0.get(name).copied()
    }
}

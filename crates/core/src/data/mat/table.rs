//! A table in a struct array of a MATLAB file.

use super::variable::{Class, Elements, Unlike, Variable, text};

impl Variable {
    /// The text of field `texts` by the number of field `numbers`, of each element of a struct array.
    pub(in crate::data) fn table(&self, file: &[u8], numbers: &str, texts: &str) -> Result<Vec<(i64, String)>, Unlike> {
        let without = |field: &str| (format!("a struct with the field `{field}`"), self.describe());
        if self.class != Class::Struct {
            return Err(without(numbers));
        }
        let mut elements = self.contents(file)?;
        let length = elements.small()?.1.first().copied().map_or(0, usize::from).max(1);
        let names = elements.small()?.1;
        let names: Vec<String> = names.chunks(length).map(text).collect();
        let place = |field: &str| names.iter().position(|name| name == field).ok_or_else(|| without(field));
        let (number, of_text) = (place(numbers)?, place(texts)?);
        let count = self.shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n)).unwrap_or(0);
        let mut rows = Vec::new();
        for _ in 0..count {
            let (mut id, mut name) = (None, None);
            for field in 0..names.len() {
                let (_, bytes) = elements.element(usize::MAX)?;
                let mut value = Elements::new(&bytes, false);
                if field == number {
                    value.head()?;
                    id = value.values()?.first().map(|id| *id as i64);
                } else if field == of_text {
                    value.head()?;
                    name = Some(value.values()?.into_iter().map(|code| char::from_u32(code as u32).unwrap_or('?')).collect());
                }
            }
            if let (Some(id), Some(name)) = (id, name) {
                rows.push((id, name));
            }
        }
        Ok(rows)
    }
}

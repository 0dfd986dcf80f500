//! [`Arguments`]: what an operation reads when it is evaluated, by position in its schema.

use tch::{Kind, Scalar};

use super::argument::{Argument, Size};
use super::definition::Operation;

/// Arguments of one evaluation; `T` is a tensor, or the shape of one where only shapes are inferred.
pub struct Arguments<'a, T> {
    /// The operation, for messages.
    pub operation: &'static Operation,
    /// By position in the schema, defaults filled in.
    pub values: &'a [Argument],
    /// What tensors refer to.
    pub inputs: &'a [&'a T],
    /// Number of images of the batch.
    pub images: i64,
}

impl<'a, T> Arguments<'a, T> {
    fn wrong<R>(&self, place: usize, expected: &str) -> Result<R, String> {
        let found = self.values.get(place).map_or("nothing".into(), Argument::describe);
        let name = self.operation.schema.parameters.get(place).map_or("?", |parameter| parameter.name.as_str());
        Err(format!("expected {expected} for `{name}`, found {found}"))
    }

    fn size(&self, place: usize, size: Size) -> Result<i64, String> {
        match size.at(self.images) {
            Some(value) => Ok(value),
            None => self.wrong(place, "an integer of 64 bits"),
        }
    }

    /// The tensor at `place`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn tensor(&self, place: usize) -> Result<&'a T, String> {
        match self.optional_tensor(place)? {
            Some(tensor) => Ok(tensor),
            None => self.wrong(place, "a tensor"),
        }
    }

    /// The tensor at `place`; `None` where none is given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_tensor(&self, place: usize) -> Result<Option<&'a T>, String> {
        match self.values.get(place) {
            Some(Argument::Tensor(input)) => match self.inputs.get(*input) {
                Some(tensor) => Ok(Some(tensor)),
                None => self.wrong(place, "a value of an earlier operation"),
            },
            Some(Argument::None) | None => Ok(None),
            Some(_) => self.wrong(place, "a tensor"),
        }
    }

    /// The tensors of the list at `place`, absent ones as `None`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_tensors(&self, place: usize) -> Result<Vec<Option<&'a T>>, String> {
        let Some(Argument::Tensors(list)) = self.values.get(place) else { return self.wrong(place, "a list of tensors") };
        let one = |input: &Option<usize>| match input {
            None => Ok(None),
            Some(input) => match self.inputs.get(*input) {
                Some(tensor) => Ok(Some(*tensor)),
                None => self.wrong(place, "values of earlier operations"),
            },
        };
        list.iter().map(one).collect()
    }

    /// The tensors of the list at `place`.
    ///
    /// # Errors
    /// When there is something else, or one is absent.
    pub fn tensors(&self, place: usize) -> Result<Vec<&'a T>, String> {
        match self.optional_tensors(place)?.into_iter().collect() {
            Some(tensors) => Ok(tensors),
            None => self.wrong(place, "a list without absent tensors"),
        }
    }

    /// Whether nothing is given at `place`.
    pub fn is_none(&self, place: usize) -> bool {
        matches!(self.values.get(place), Some(Argument::None) | None)
    }

    /// Whether a tensor is given at `place`; where a scalar may stand there too.
    pub fn is_tensor(&self, place: usize) -> bool {
        matches!(self.values.get(place), Some(Argument::Tensor(_)))
    }

    /// The integer at `place`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn int(&self, place: usize) -> Result<i64, String> {
        match self.values.get(place) {
            Some(Argument::Int(size)) => self.size(place, *size),
            _ => self.wrong(place, "an integer"),
        }
    }

    /// The integer at `place`; `None` where none is given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_int(&self, place: usize) -> Result<Option<i64>, String> {
        if self.is_none(place) { Ok(None) } else { self.int(place).map(Some) }
    }

    /// The integers at `place`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn ints(&self, place: usize) -> Result<Vec<i64>, String> {
        match self.values.get(place) {
            Some(Argument::Ints(sizes)) => sizes.iter().map(|&size| self.size(place, size)).collect(),
            _ => self.wrong(place, "integers"),
        }
    }

    /// The integers at `place`; `None` where none are given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_ints(&self, place: usize) -> Result<Option<Vec<i64>>, String> {
        if self.is_none(place) { Ok(None) } else { self.ints(place).map(Some) }
    }

    /// Two integers at `place`; one stands for both.
    ///
    /// # Errors
    /// When there are others.
    pub fn pair(&self, place: usize) -> Result<[i64; 2], String> {
        match self.ints(place)?[..] {
            [both] => Ok([both, both]),
            [first, second] => Ok([first, second]),
            _ => self.wrong(place, "one or two integers"),
        }
    }

    /// The float at `place`; an integer is taken too.
    ///
    /// # Errors
    /// When there is something else.
    pub fn float(&self, place: usize) -> Result<f64, String> {
        match self.values.get(place) {
            Some(Argument::Float(value)) => Ok(*value),
            Some(Argument::Int(size)) => self.size(place, *size).map(|value| value as f64),
            _ => self.wrong(place, "a number"),
        }
    }

    /// The float at `place`; `None` where none is given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_float(&self, place: usize) -> Result<Option<f64>, String> {
        if self.is_none(place) { Ok(None) } else { self.float(place).map(Some) }
    }

    /// The floats at `place`; `None` where none are given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_floats(&self, place: usize) -> Result<Option<Vec<f64>>, String> {
        match self.values.get(place) {
            Some(Argument::Floats(values)) => Ok(Some(values.clone())),
            Some(Argument::None) | None => Ok(None),
            Some(_) => self.wrong(place, "floats"),
        }
    }

    /// The integer or float at `place`: of tensors of integers the type of the result depends on which it is.
    ///
    /// # Errors
    /// When there is something else.
    pub fn scalar(&self, place: usize) -> Result<Scalar, String> {
        match self.values.get(place) {
            Some(Argument::Float(value)) => Ok((*value).into()),
            Some(Argument::Int(size)) => self.size(place, *size).map(Into::into),
            Some(Argument::Bool(value)) => Ok(i64::from(*value).into()),
            _ => self.wrong(place, "a number"),
        }
    }

    /// The scalar at `place`; `None` where none is given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_scalar(&self, place: usize) -> Result<Option<Scalar>, String> {
        if self.is_none(place) { Ok(None) } else { self.scalar(place).map(Some) }
    }

    /// The truth value at `place`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn bool(&self, place: usize) -> Result<bool, String> {
        match self.values.get(place) {
            Some(Argument::Bool(value)) => Ok(*value),
            _ => self.wrong(place, "true or false"),
        }
    }

    /// The text at `place`.
    ///
    /// # Errors
    /// When there is something else.
    pub fn text(&self, place: usize) -> Result<&'a str, String> {
        match self.values.get(place) {
            Some(Argument::Text(text)) => Ok(text),
            _ => self.wrong(place, "a text"),
        }
    }

    /// The element type at `place`; `None` where none is given.
    ///
    /// # Errors
    /// When there is something else.
    pub fn optional_kind(&self, place: usize) -> Result<Option<Kind>, String> {
        match self.values.get(place) {
            Some(Argument::Kind(kind)) => Ok(Some(*kind)),
            Some(Argument::None) | None => Ok(None),
            Some(_) => self.wrong(place, "an element type"),
        }
    }
}

//! [`Registration`]: the entry of a method in the registry.

use flatland_core::job::MethodInfo;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Method;

/// A method.
pub struct Registration {
    /// Its description.
    pub info: fn() -> MethodInfo,
    /// The objective with checked hyperparameters, an object.
    pub build: fn(Value) -> serde_json::Result<Box<dyn Method>>,
}

/// Deserializes an `M` from its hyperparameters, which have the names of its fields.
pub fn build<M: Method + DeserializeOwned + 'static>(parameters: Value) -> serde_json::Result<Box<dyn Method>> {
    Ok(Box::new(serde_json::from_value::<M>(parameters)?))
}

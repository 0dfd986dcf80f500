//! [`Registration`]: what each method's file hands to the registry.

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

/// Reads an `M` off its hyperparameters: its fields are named as they are.
pub fn build<M: Method + DeserializeOwned + 'static>(parameters: Value) -> serde_json::Result<Box<dyn Method>> {
    Ok(Box::new(serde_json::from_value::<M>(parameters)?))
}

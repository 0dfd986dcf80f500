//! [`Device`] and [`Precision`]: on which device tensors are computed, and in which arithmetic.

use serde::{Deserialize, Serialize};

/// The device of tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The first CUDA device when there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// `cuda:N`
    Cuda(usize),
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Device::Auto => f.write_str("auto"),
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl std::str::FromStr for Device {
    type Err = String;

    /// `auto`, `cpu`, `cuda` or `cuda:N`
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            _ => match text.strip_prefix("cuda:").map(str::parse) {
                Some(Ok(index)) => Ok(Device::Cuda(index)),
                _ => Err(format!("expected auto, cpu or cuda:N, found `{text}`")),
            },
        }
    }
}

/// Arithmetic of the forward passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// IEEE float32.
    #[default]
    F32,
    /// float32 whose convolutions read 10 bits of each mantissa, on NVIDIA's tensor cores. For pictures of landscapes only, and only in a
    /// worker that was started for it.
    Tf32,
    /// Convolutions and affine maps in bfloat16, from weights combined in f32, to losses taken in f64. For pictures of landscapes only.
    Bf16,
}

impl Precision {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

impl std::str::FromStr for Precision {
    type Err = String;

    /// `f32`, `tf32` or `bf16`
    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Precision::F32, Precision::Tf32, Precision::Bf16];
        known.into_iter().find(|precision| precision.key() == text).ok_or_else(|| format!("expected f32, tf32 or bf16, found `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_documented() {
        for (text, device) in [("auto", Device::Auto), ("cpu", Device::Cpu), ("cuda:3", Device::Cuda(3))] {
            assert_eq!(text.parse(), Ok(device));
            assert_eq!(device.to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        assert!("cuda:x".parse::<Device>().is_err());
        assert!("gpu".parse::<Device>().is_err());
    }

    #[test]
    fn precisions_are_read_as_they_are_written() {
        for (text, precision) in [("f32", Precision::F32), ("tf32", Precision::Tf32), ("bf16", Precision::Bf16)] {
            assert_eq!(text.parse(), Ok(precision));
            assert_eq!(precision.to_string(), text);
        }
        assert_eq!("f16".parse::<Precision>(), Err("expected f32, tf32 or bf16, found `f16`".into()));
    }
}

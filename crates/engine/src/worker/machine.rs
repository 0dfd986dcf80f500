//! [`machine`]: the machine that a conformance report was made on.

use flatland_core::result::Machine;
use tch::Device;

use crate::model::libtorch_version;

/// The machine of this process, computing on `device`.
pub(super) fn machine(device: Device) -> Machine {
    Machine {
        processor: processor(),
        device: match device {
            Device::Cpu => "cpu".into(),
            Device::Cuda(index) => format!("cuda:{index}"),
            other => format!("{other:?}").to_lowercase(),
        },
        threads: tch::get_num_threads().max(0) as usize,
        libtorch: libtorch_version(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// As Linux names it.
fn processor() -> String {
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = facts.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(String::new, |(_, name)| name.trim().to_owned())
}

//! [`StateDict`]: how Python reads the state dict of a file without running code from it.

use flatland_core::result::Inspection;

use super::snippet::quoted;

/// A state dict that Python can read.
#[derive(Clone, Debug, PartialEq)]
pub struct StateDict {
    /// A line of imports, where one is needed.
    pub import: Option<&'static str>,
    expression: String,
}

impl StateDict {
    /// That of the file that `report` is on; `None` where reading it could run code.
    pub fn of(report: &Inspection) -> Option<Self> {
        let path = quoted(&report.file.display().to_string());
        match report.container.as_deref() {
            Some("safetensors") => {
                Some(Self { import: Some("from safetensors.torch import load_file"), expression: format!("load_file({path})") })
            }
            Some("zip pickle" | "legacy pickle") if report.globals.iter().all(|name| is_plain(name)) => {
                let key = report.weights.as_ref().or(report.state_dicts.first()).map_or(".", String::as_str);
                let expression = format!("torch.load({path}, map_location=\"cpu\", weights_only=True){}", subscripts(key)?);
                Some(Self { import: None, expression })
            }
            Some(_) | None => None,
        }
    }

    /// The lines that make it `state`, without `prefix` before its names.
    pub fn read(&self, prefix: &str) -> Vec<String> {
        let mut lines = vec![format!("state = {}", self.expression)];
        if !prefix.is_empty() {
            let prefix = quoted(prefix);
            lines.push(format!(
                "state = {{name.removeprefix({prefix}): tensor for name, tensor in state.items() if name.startswith({prefix})}}"
            ));
        }
        lines
    }

    /// The lines that load it into `model`.
    pub fn load(&self, prefix: &str) -> Vec<String> {
        let mut lines = self.read(prefix);
        lines.push("model.load_state_dict(state)".into());
        lines
    }
}

/// Whether `torch.load` with `weights_only=True` accepts a name in a pickle.
fn is_plain(name: &str) -> bool {
    const PLAIN: [&str; 8] = [
        "collections.OrderedDict",
        "collections.Counter",
        "_codecs.encode",
        "builtins.set",
        "builtins.bytearray",
        "builtins.complex",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
    ];
    // Types of storages, dtypes, devices and sizes: `torch.FloatStorage`, `torch.cuda.HalfStorage`, `torch.float32`.
    let is_type = |rest: &str| !rest.strip_prefix("cuda.").unwrap_or(rest).contains('.');
    PLAIN.contains(&name) || name.starts_with("torch._utils._rebuild_") || name.strip_prefix("torch.").is_some_and(is_type)
}

/// A key as `flatland inspect` lists it, as subscripts of Python; `None` for one that cannot be told apart from its parts.
fn subscripts(key: &str) -> Option<String> {
    if key == "." {
        return Some(String::new());
    }
    let mut text = String::new();
    for part in key.split('.') {
        let (name, places) = part.split_once('[').map_or((part, ""), |(name, _)| (name, &part[name.len()..]));
        if part.is_empty() || !(places.is_empty() || places.ends_with(']')) {
            return None;
        }
        if !name.is_empty() {
            text += &format!("[{}]", quoted(name));
        }
        let is_place = |place: &str| !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
        for place in places.split_terminator(']') {
            let place = place.strip_prefix('[').filter(|place| is_place(place))?;
            text += &format!("[{place}]");
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report(container: &str, keys: &[&str], globals: &[&str]) -> Inspection {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Inspection {
            file: "runs/net.pth".into(),
            container: Some(container.into()),
            state_dicts: owned(keys),
            globals: owned(globals),
            ..Inspection::default()
        }
    }

    #[test]
    fn a_state_dict_under_keys_is_read_by_subscripts() {
        for (key, expected) in [(".", ""), ("state_dict", r#"["state_dict"]"#), ("[1].net", r#"[1]["net"]"#), ("ema[0]", r#"["ema"][0]"#)] {
            assert_eq!(subscripts(key).unwrap(), expected, "{key}");
        }
        for key in ["a..b", "a[x]", "a[1"] {
            assert_eq!(subscripts(key), None, "{key}");
        }
    }

    #[test]
    fn a_prefix_is_removed_from_the_names() {
        let dict = StateDict::of(&report("zip pickle", &["state_dict"], &["collections.OrderedDict", "torch.FloatStorage"])).unwrap();
        let lines = dict.load("module.");
        assert_eq!(lines[0], r#"state = torch.load("runs/net.pth", map_location="cpu", weights_only=True)["state_dict"]"#);
        assert!(lines[1].contains(r#"name.removeprefix("module.")"#), "{lines:?}");
        assert_eq!(lines[2], "model.load_state_dict(state)");
        assert_eq!(dict.load("").len(), 2);
    }

    #[test]
    fn a_file_whose_reading_could_run_code_is_not_read_in_python() {
        for (container, global) in [
            ("plain pickle", "collections.OrderedDict"),
            ("zip pickle", "numpy.core.multiarray.scalar"),
            ("zip pickle", "torch.nn.modules.conv.Conv2d"),
            ("legacy pickle", "os.system"),
        ] {
            assert_eq!(StateDict::of(&report(container, &["."], &[global])), None, "{container} {global}");
        }
        let safetensors = StateDict::of(&report("safetensors", &["."], &[])).unwrap();
        assert_eq!(safetensors.read(""), [r#"state = load_file("runs/net.pth")"#]);
    }
}

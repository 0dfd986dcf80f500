//! Names that no harmless checkpoint refers to.

/// Modules whose functions run programs, open files or sockets, or reach everything else (after picklescan's deny-list).
const MODULES: [&str; 38] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "runpy",
    "shutil",
    "socket",
    "ssl",
    "ftplib",
    "smtplib",
    "http",
    "urllib",
    "requests",
    "httplib",
    "aiohttp",
    "webbrowser",
    "importlib",
    "pty",
    "pip",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "pickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "marshal",
    "bdb",
    "pdb",
    "timeit",
    "cProfile",
    "profile",
    "asyncio",
    "multiprocessing",
    "tempfile",
    "venv",
];

/// Builtins that checkpoints do use.
const BUILTINS: [&str; 15] = [
    "set",
    "frozenset",
    "dict",
    "list",
    "tuple",
    "int",
    "float",
    "bool",
    "str",
    "bytes",
    "bytearray",
    "complex",
    "object",
    "slice",
    "range",
];

/// Whether Python may run code when it loads `global` (`module.name`).
fn acts(global: &str) -> bool {
    let (top, rest) = global.split_once('.').unwrap_or((global, ""));
    if ["builtins", "__builtin__", "__builtins__"].contains(&top) {
        return !BUILTINS.contains(&rest);
    }
    MODULES.contains(&top)
        || ["operator.attrgetter", "operator.methodcaller", "functools.partial", "torch.load", "torch.hub.load"].contains(&global)
}

/// Why a file that refers to `globals` is refused, if it is.
pub fn refusal(globals: &[String]) -> Option<String> {
    let found: Vec<&str> = globals.iter().map(String::as_str).filter(|global| acts(global)).collect();
    (!found.is_empty()).then(|| {
        format!(
            "the pickle refers to {}: not executed, and the file is refused; expected only what tensors are rebuilt from",
            found.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_refused_and_what_rebuilds_tensors_is_not() {
        let refused = |global: &str| refusal(&[global.to_string()]);
        for global in ["os.system", "posix.system", "builtins.eval", "__builtin__.getattr", "subprocess.Popen", "os.path.join"] {
            assert!(refused(global).is_some_and(|reason| reason.contains(&format!("refers to {global}: not executed"))), "{global}");
        }
        for global in [
            "torch._utils._rebuild_tensor_v2",
            "torch.FloatStorage",
            "collections.OrderedDict",
            "builtins.set",
            "argparse.Namespace",
            "models.resnet.ResNet",
            "numpy.core.multiarray.scalar",
        ] {
            assert_eq!(refused(global), None);
        }
    }
}

//! Lets the worker, and the engine's tests, find libtorch by themselves, from any folder and with no environment set.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "unix") {
        // From target/{debug,release}: a checkout that was moved still finds its own libtorch.
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../../.libtorch/torch/lib");
        // The one that was built against: LIBTORCH, or what LIBTORCH_USE_PYTORCH led to.
        if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
        }
    }
}

//! The program that libFuzzer drives: the target named by the variable `INTENDANT_FUZZ`.
#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(fuzzing, allow(unsafe_code, reason = "the symbol that libFuzzer looks for"))]

#[cfg(fuzzing)]
mod driven {
    use std::sync::LazyLock;

    static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
        let name = std::env::var("INTENDANT_FUZZ").unwrap_or_default();
        let target = intendant_fuzz::TARGETS.iter().find(|target| target.name == name);
        target.map_or_else(|| std::process::exit(2), |target| target.run)
    });

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| RUN(bytes));
}

#[cfg(not(fuzzing))]
#[allow(clippy::print_stdout, reason = "a tool for people: it prints")]
fn main() {
    println!("built without the fuzzer: run it with cargo xtask fuzz");
}

//! What the libraries show to a linker.

use std::collections::BTreeSet;
use std::process::Command;

use crate::header;
use crate::program::{self, Bench, built, run, source};

#[test]
fn the_shared_library_shows_its_functions_and_stays() {
    let library = program::library();
    let symbols = run(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library));
    let symbols: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    let declared = header::functions();
    assert_eq!(symbols, declared.keys().map(String::as_str).collect());

    let dynamic = run(Command::new("readelf").args(["-dW"]).arg(&library));
    assert!(dynamic.contains("Library soname: [libintendant_mapistore.so.1]"), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    let needed: BTreeSet<&str> = dynamic
        .lines()
        .filter_map(|line| line.split_once("Shared library: [")?.1.split(['.', ']']).next())
        .collect();
    assert!(
        needed.is_subset(&BTreeSet::from(["libc", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64"])),
        "{needed:?}"
    );
}

#[test]
fn a_program_may_link_it_statically_beside_a_libmapistore() {
    let bench = Bench::new();
    let archive = std::fs::read_dir(built()).unwrap().map(|entry| entry.unwrap().path()).find(|path| {
        path.file_name().unwrap().to_str().is_some_and(|name| {
            name.starts_with("libintendant_libmapistore") && path.extension().is_some_and(|e| e == "a")
        })
    });
    let archive = archive.expect("cargo has built the archive");
    let other = source().join("tests/library/c/other.c");
    let program =
        bench.build_with("once", &[other.to_str().unwrap(), archive.to_str().unwrap(), "-ldl", "-lm"]);
    assert_eq!(run(&mut bench.command(program)), "0\n");
}

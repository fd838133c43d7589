//! The seeds, whole and damaged: each target holds its promises on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::PathBuf;

use intendant_fuzz::TARGETS;

/// The seeds of a target, by the names of their files.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    seeds.sort();
    seeds.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    for target in &TARGETS {
        assert!(seeds(target.name).len() >= 3, "{} needs a few seeds to start from", target.name);
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name();
        assert!(
            TARGETS.iter().any(|target| name == *target.name),
            "no target reads seeds/{}",
            name.display()
        );
    }
}

#[test]
fn seeds_hold_whole_cut_and_bent() {
    for target in &TARGETS {
        for (path, seed) in seeds(target.name) {
            let run = |bytes: &[u8], how: &str| {
                let held = std::panic::catch_unwind(|| (target.run)(bytes));
                assert!(held.is_ok(), "{} {how}: {}", path.display(), bytes.escape_ascii());
            };
            run(&seed, "whole");
            for at in 0..seed.len() {
                run(&seed[..at], "cut");
                for with in [0, b'"', b'{', b'\\', b'0', b'%', 0xC3, seed[at] ^ 1] {
                    let mut bent = seed.clone();
                    bent[at] = with;
                    run(&bent, "bent");
                }
            }
        }
    }
}

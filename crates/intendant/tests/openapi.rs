//! The description of the API in the repository is the one that the program gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

#[test]
fn the_committed_document_is_the_generated_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let generated = intendant::assembly::Modules::new(intendant::modules::all()).openapi();
    if std::env::var_os("INTENDANT_WRITE_OPENAPI").is_some() {
        return std::fs::write(&file, generated).unwrap();
    }
    assert!(committed == generated, "run `cargo run -- openapi >docs/openapi.json`");
}

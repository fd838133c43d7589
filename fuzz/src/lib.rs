//! Fuzz targets: what strangers send, and what must hold for every byte of it.
//!
//! A target takes any bytes and panics where a promise is broken. `cargo xtask fuzz NAME` looks for such bytes with
//! libFuzzer; the tests replay `seeds/NAME` and what becomes of them when they are cut and bent. Bytes that once broke
//! a promise are kept there.
#![forbid(unsafe_code)]
#![allow(clippy::expect_used, clippy::panic, reason = "a promise that does not hold must stop the fuzzer")]

mod answer;
mod config;
mod envelope;
mod filter;
mod form;
mod import;
mod mapistore;
mod request;
mod secrets;
mod sesame;

/// Something that reads what strangers send.
pub struct Target {
    /// Its name, and that of its folder of seeds.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 10] = [
    Target { name: "answer", run: answer::run },
    Target { name: "config", run: config::run },
    Target { name: "envelope", run: envelope::run },
    Target { name: "filter", run: filter::run },
    Target { name: "form", run: form::run },
    Target { name: "import", run: import::run },
    Target { name: "mapistore", run: mapistore::run },
    Target { name: "request", run: request::run },
    Target { name: "secrets", run: secrets::run },
    Target { name: "sesame", run: sesame::run },
];

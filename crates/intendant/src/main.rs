//! Intendant's command line.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::process::ExitCode;

use http::page::Lang;
use intendant::assembly::Modules;
use intendant::carry_out::carry_out;
use intendant::context::Context;
use intendant::{cli, modules, role};
use module::config::Environment;
use module::terminal::{self, Tongue};

/// What one thread allocates another one frees: the system's allocator makes them wait for each other, and keeps what
/// is free. How this one is set stands in `.cargo/config.toml`.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let modules = Modules::new(modules::all());
    modules.launch();
    let line: Vec<OsString> = std::env::args_os().collect();
    let tongue = match terminal::wanted(&line, &Environment::of_process()) {
        Lang::En => Tongue::default(),
        Lang::Fr => Tongue::of(modules.french()),
    };
    let (commands, roles) = (modules.commands(), modules.roles());
    let read = cli::read(role::by_name(line, &roles), &commands, &roles, tongue);
    let code = match read {
        Ok((common, typed)) => carry_out(&commands, typed, &Context::new(common, modules.clone(), tongue)),
        Err(code) => code,
    };
    modules.leave();
    code
}

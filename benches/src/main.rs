//! Measures Intendant against bare baselines in the same run. Ratios are worth more than absolute
//! figures: a virtual disk or a busy neighbour moves both sides.
//!
//! `cargo xtask bench [noop|http|postgres|scripts|workers|sesame|bus|google|mapistore|hosting|scale|process|people]…`, all without a name.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]
#![allow(clippy::disallowed_methods, reason = "measuring time is what it is for")]

mod backend;
mod bed;
mod bus;
mod disk;
mod google;
mod hosting;
mod http;
mod mapistore;
mod noop;
mod people;
mod postgres;
mod process;
mod scale;
mod scripted;
mod sesame;
mod workers;

use anyhow::{Result, bail};
use tikv_jemallocator::Jemalloc;

/// As the program does.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> Result<()> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    // How `scale` calls itself.
    if let [name, folder] = names.as_slice()
        && name == "scale-one"
    {
        return scale::one(folder.as_ref());
    }
    // How `google` calls itself.
    if let [name, accounts, latency, folder] = names.as_slice()
        && name == "google-doubles"
    {
        return google::doubles(accounts, latency, folder.as_ref());
    }
    // So many people and jobs.
    if let [name, people, jobs] = names.as_slice()
        && name == "people"
    {
        disk::report()?;
        return people::run(people.parse().ok(), jobs.parse().ok());
    }
    // How `mapistore` calls itself.
    if let [name, socket, connections] = names.as_slice()
        && name == mapistore::CROWD
    {
        return mapistore::crowd(socket.as_ref(), connections);
    }
    // How `hosting` calls itself.
    if let [name, folder] = names.as_slice()
        && name == "hosting-sink"
    {
        return hosting::sink(folder.as_ref());
    }
    if names.is_empty() {
        names = [
            "noop",
            "http",
            "postgres",
            "scripts",
            "workers",
            "sesame",
            "bus",
            "google",
            "mapistore",
            "hosting",
            "scale",
            "process",
            "people",
        ]
        .map(str::to_owned)
        .to_vec();
    }
    disk::report()?;
    for name in names {
        println!("\n== {name}");
        match name.as_str() {
            "noop" => noop::run()?,
            "http" => http::run()?,
            "postgres" => postgres::run()?,
            "scripts" => scripted::run()?,
            "workers" => workers::run()?,
            "sesame" => sesame::run()?,
            "bus" => bus::run()?,
            "google" => google::run()?,
            "mapistore" => mapistore::run()?,
            "hosting" => hosting::run()?,
            "scale" => scale::run()?,
            "process" => process::run()?,
            "people" => people::run(None, None)?,
            other => {
                bail!(
                    "there is no benchmark named {other}: noop, http, postgres, scripts, workers, sesame, bus, google, mapistore, hosting, scale, process or people"
                )
            }
        }
    }
    Ok(())
}

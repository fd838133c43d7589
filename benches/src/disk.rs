//! What the disk itself gives: the floor under every durable figure.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

use anyhow::Result;

/// Prints how many small writes the disk makes durable in a second, one after the other.
pub(crate) fn report() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut file = OpenOptions::new().create(true).append(true).open(folder.path().join("probe"))?;
    let rounds = 500;
    let started = Instant::now();
    for _ in 0..rounds {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("disk: one 4 KiB write made durable takes {micros:.0} µs ({:.0}/s)", 1e6 / micros);
    Ok(())
}

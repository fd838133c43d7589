//! The other process in the test kit's own tests: it does what it is told, a line at a time, and answers each with
//! `ok`. Under the shim it makes the same calls as the hub, since it has the same standard library.
//!
//! ```text
//! write NAME TEXT     replace the content        append NAME TEXT
//! patch NAME AT TEXT  overwrite at a place       truncate NAME LENGTH
//! sync NAME           rename FROM TO             unlink NAME        spawn PROGRAM
//! hold KIND           start a service, say its address and folder first, and keep it
//! ```
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, Error, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use intendant_testkit::service::{Kind, Service};

fn main() -> io::Result<()> {
    let mut hands = Hands::default();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        act(&words, &mut hands)?;
        writeln!(io::stdout(), "ok")?;
    }
    Ok(())
}

/// What it holds until its end.
#[derive(Default)]
struct Hands {
    /// Files, by the name they were first used by.
    files: HashMap<String, File>,
    services: Vec<Service>,
}

fn act(words: &[&str], hands: &mut Hands) -> io::Result<()> {
    let open = &mut hands.files;
    match words {
        ["write", name, text] => {
            let mut file = File::create(name)?;
            file.write_all(text.as_bytes())?;
            open.insert((*name).to_owned(), file);
            Ok(())
        }
        ["append", name, text] => {
            OpenOptions::new().append(true).create(true).open(name)?.write_all(text.as_bytes())
        }
        ["patch", name, at, text] => file(open, name)?.write_all_at(text.as_bytes(), number(at)?),
        ["truncate", name, length] => file(open, name)?.set_len(number(length)?),
        ["sync", name] => file(open, name)?.sync_data(),
        ["rename", from, to] => fs::rename(from, to),
        ["unlink", name] => fs::remove_file(name),
        ["spawn", program] => Command::new(program).status().map(|_| ()),
        ["hold", kind] => {
            let service = kind.parse::<Kind>().map_err(Error::other)?.start().map_err(Error::other)?;
            writeln!(io::stdout(), "{} {}", service.address(), service.folder().display())?;
            hands.services.push(service);
            Ok(())
        }
        _ => Err(Error::other(format!("unknown: {words:?}"))),
    }
}

/// The file as it was first opened, or opened now.
fn file<'a>(open: &'a mut HashMap<String, File>, name: &str) -> io::Result<&'a File> {
    if !open.contains_key(name) {
        open.insert(name.to_owned(), OpenOptions::new().read(true).write(true).open(name)?);
    }
    open.get(name).ok_or_else(|| Error::other("not open"))
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(Error::other)
}

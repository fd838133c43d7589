//! A script's input: a file in memory that is complete before the script begins. It needs nobody to feed it, so that
//! it survives the hub whole, and its secrets never lie on a disk in clear.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// The name that `/proc` shows for it.
const NAME: &str = "intendant-input";

/// A file with these bytes, to be read from the beginning. Nobody can change it any more, the script neither.
pub(crate) fn sealed(bytes: &[u8]) -> io::Result<File> {
    let mut file = create()?;
    file.write_all(bytes)?;
    file.rewind()?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    // `/dev/stdin` opens it anew: whoever the script runs as reads it, and nobody else.
    fchmod(&file, Mode::RUSR)?;
    Ok(file)
}

/// A machine may refuse files in memory that could be executed; an older kernel does not know that there are others.
fn create() -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(NAME, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => Ok(memfd_create(NAME, flags)?.into()),
        created => Ok(created?.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn it_is_read_from_the_beginning_and_cannot_be_changed() {
        let mut file = sealed(b"{\"a\":1}").unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\"a\":1}");
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(0).is_err());
        assert_eq!(sealed(b"").unwrap().read_to_string(&mut text).unwrap(), 0);
    }
}

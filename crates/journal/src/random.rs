//! Bytes from the operating system's random source: for keys, the journal's id and nonces.

use std::io::ErrorKind;

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::Error;

/// So many random bytes; at most 256, which the system never gives in part.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let failed = |source| Error::Io { what: "reading random bytes from the system".to_owned(), source };
    let mut bytes = [0; N];
    loop {
        match getrandom(&mut bytes, GetRandomFlags::empty()) {
            Ok(count) if count == N => return Ok(bytes),
            Ok(_) => return Err(failed(ErrorKind::UnexpectedEof.into())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(errno.into())),
        }
    }
}

//! A certificate for `localhost` that vouches for itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::packages::{need, require, run};

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, which is also its own authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Makes one in this folder: `certificate.pem` and `certificate.key`.
///
/// # Errors
/// [`Error::Missing`] without OpenSSL; otherwise what it said as it failed.
pub fn make(folder: &Path) -> Result<Certificate, Error> {
    let made =
        Certificate { certificate: folder.join("certificate.pem"), key: folder.join("certificate.key") };
    let mut openssl = Command::new(require(need("openssl", "openssl"))?);
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&made.key)
        .arg("-out")
        .arg(&made.certificate);
    run("openssl req", &mut openssl)?;
    Ok(made)
}

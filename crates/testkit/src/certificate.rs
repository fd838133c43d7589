//! Certificates: one for `localhost` that vouches for itself, and some that an authority signs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{need, require, run};
use crate::{Error, cache};

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, which is also its own authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// An authority of a test, in a folder.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    own: Certificate,
}

impl Authority {
    /// Makes one: `authority.pem` and `authority.key`.
    ///
    /// # Errors
    /// As [`make`].
    pub fn new(folder: &Path) -> Result<Authority, Error> {
        let own = Certificate::in_folder(folder, "authority");
        request(&own, "authority", &["basicConstraints=critical,CA:TRUE"], &[])?;
        Ok(Authority { folder: folder.to_owned(), own })
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &Path {
        &self.own.certificate
    }

    /// Signs a certificate for whoever has this common name, which is also the name of its files.
    ///
    /// # Errors
    /// As [`make`].
    pub fn sign(&self, common_name: &str) -> Result<Certificate, Error> {
        let made = Certificate::in_folder(&self.folder, common_name);
        let by = [
            OsStr::new("-CA"),
            self.own.certificate.as_os_str(),
            OsStr::new("-CAkey"),
            self.own.key.as_os_str(),
        ];
        request(&made, common_name, &["basicConstraints=critical,CA:FALSE"], &by)?;
        Ok(made)
    }
}

/// Makes one in this folder: `certificate.pem` and `certificate.key`.
///
/// # Errors
/// [`Error::Missing`] without OpenSSL; otherwise what it said as it failed.
pub fn make(folder: &Path) -> Result<Certificate, Error> {
    make_for(folder, "DNS:localhost,IP:127.0.0.1")
}

/// Makes one for these names instead, `DNS:example.org,IP:127.0.0.1`.
///
/// # Errors
/// As [`make`].
pub fn make_for(folder: &Path, names: &str) -> Result<Certificate, Error> {
    let made = Certificate::in_folder(folder, "certificate");
    let names = format!("subjectAltName={names}");
    request(&made, "localhost", &[&names, "basicConstraints=critical,CA:FALSE"], &[])?;
    Ok(made)
}

impl Certificate {
    fn in_folder(folder: &Path, name: &str) -> Certificate {
        Certificate {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        }
    }
}

/// Has OpenSSL make a key and its certificate with these extensions, signed by itself unless `by` names another.
fn request(made: &Certificate, common_name: &str, extensions: &[&str], by: &[&OsStr]) -> Result<(), Error> {
    let mut openssl = Command::new(require(need("openssl", "openssl"))?);
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2", "-subj", &format!("/CN={common_name}")])
        .args(by);
    for extension in extensions {
        openssl.args(["-addext", extension]);
    }
    openssl.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
    run("openssl req", &mut openssl).map(drop)
}

/// One of some RSA keys of 2048 bits, in PEM (PKCS #8), by its number: made once for each user of the machine, since they
/// take long to find. Nobody but tests may go by them.
///
/// # Errors
/// As [`make`].
pub fn rsa_key(number: usize) -> Result<PathBuf, Error> {
    let folder = cache::filled(&format!("rsa-{number}"), [], |folder| {
        let mut openssl = Command::new(require(need("openssl", "openssl"))?);
        openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]);
        run("openssl genpkey", openssl.arg(folder.join("key.pem"))).map(drop)
    })?;
    Ok(folder.join("key.pem"))
}

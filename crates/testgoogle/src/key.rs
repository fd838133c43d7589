//! The keys of service accounts: made by OpenSSL once for each user of the machine, for they take long to find.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{KeyPair as _, RsaKeyPair};

/// How many there are.
pub(crate) const KEYS: usize = 2;

/// A private key, and its public half.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) pem: String,
    pub(crate) public: Vec<u8>,
}

/// One of them.
pub(crate) fn key(number: usize) -> Key {
    let file = testkit::certificate::rsa_key(number % KEYS).unwrap();
    let pem = fs::read_to_string(file).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).unwrap()).unwrap();
    Key { public: pair.public_key().as_ref().to_vec(), pem }
}

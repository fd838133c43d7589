//! The way to the broker: TCP, secured where the address says so.

use std::io;
use std::sync::Arc;

use lapin::uri::AMQPUri;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::settings::Tls;

/// Bytes to the broker and back.
pub(super) trait Road: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Road for T {}

/// Connects; `tls` = secured.
pub(super) async fn open(uri: &AMQPUri, tls: Option<&Tls>) -> io::Result<Box<dyn Road>> {
    let host = &uri.authority.host;
    let plain = TcpStream::connect((host.as_str(), uri.authority.port)).await?;
    // An acknowledgement that waits for more to be sent holds back what follows it.
    plain.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Box::new(plain)) };
    let name = ServerName::try_from(host.clone()).map_err(invalid)?;
    Ok(Box::new(connector(tls)?.connect(name, plain).await?))
}

/// Trusts whom the machine trusts, and the authorities that are given.
fn connector(tls: &Tls) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(authorities) = &tls.authorities {
        roots.add_parsable_certificates(certificates(authorities.as_bytes()).map_err(invalid)?);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(invalid)?
        .with_root_certificates(roots);
    let config = match &tls.identity {
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.expose()).map_err(invalid)?;
            config.with_client_auth_cert(certificates(certificate).map_err(invalid)?, key).map_err(invalid)?
        }
        None => config.with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    CertificateDer::pem_slice_iter(pem).collect()
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

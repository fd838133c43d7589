//! Where a hub is, and how to get there.

use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::error::Error;

/// A connection to a hub.
pub(super) trait Link: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// Where a hub is.
#[derive(Clone)]
pub(super) enum Endpoint {
    /// On this machine.
    Socket(PathBuf),
    /// At an address.
    Server(Arc<Server>),
}

/// A hub that is reached over TCP.
pub(super) struct Server {
    url: String,
    /// Name and port, as in the URL.
    pub(super) host: HeaderValue,
    /// `Bearer …`; never shown.
    pub(super) authorization: HeaderValue,
    address: (String, u16),
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Socket(path) => path.display().fmt(f),
            Endpoint::Server(server) => f.write_str(&server.url),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Endpoint {
    /// The hub at a URL, for the holder of a token.
    pub(super) fn server(url: &str, token: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::BadUrl { url: url.to_owned(), why: why.to_owned() };
        let parsed: Uri = url.parse().map_err(|_| wrong("it cannot be read"))?;
        let name = parsed.host().ok_or_else(|| wrong("it names no host"))?.to_owned();
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() {
            return Err(wrong("it goes on after the host"));
        }
        let (port, tls) = match parsed.scheme_str() {
            Some("https") => {
                (443, Some((connector()?, server_name(&name).ok_or_else(|| wrong("its host is no name"))?)))
            }
            Some("http") if is_here(&name) => (80, None),
            Some("http") => return Err(wrong("the token would travel unencrypted: use https")),
            _ => return Err(wrong("it begins with neither https:// nor http://")),
        };
        let authority = parsed.authority().map(ToString::to_string).unwrap_or_default();
        let host = HeaderValue::try_from(authority).map_err(|_| wrong("it names no host"))?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| wrong("the token given with it is none"))?;
        authorization.set_sensitive(true);
        let address = (name.trim_matches(['[', ']']).to_owned(), parsed.port_u16().unwrap_or(port));
        let url = url.trim_end_matches('/').to_owned();
        Ok(Endpoint::Server(Arc::new(Server { url, host, authorization, address, tls })))
    }

    /// Connects.
    pub(super) async fn connect(&self) -> Result<Box<dyn Link>, Error> {
        match self {
            Endpoint::Socket(path) => {
                Ok(Box::new(UnixStream::connect(path).await.map_err(|error| match error.kind() {
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                        Error::NoHub { socket: path.clone() }
                    }
                    ErrorKind::PermissionDenied => Error::Denied { socket: path.clone() },
                    _ => Error::Io { what: format!("connecting to {}", path.display()), source: error },
                })?))
            }
            Endpoint::Server(server) => server
                .connect()
                .await
                .map_err(|why| Error::Unreachable { url: server.url.clone(), why: why.to_string() }),
        }
    }
}

impl Server {
    async fn connect(&self) -> std::io::Result<Box<dyn Link>> {
        let (name, port) = &self.address;
        let stream = TcpStream::connect((name.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => Ok(Box::new(connector.connect(name.clone(), stream).await?)),
        }
    }
}

/// Trusts whom the machine trusts.
fn connector() -> Result<TlsConnector, Error> {
    let failed = |why: &dyn fmt::Display| Error::Tls(why.to_string());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_travel_unencrypted() {
        for good in [
            "https://hub.example.org",
            "https://hub:8443/",
            "http://127.0.0.1:1",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(Endpoint::server(good, "itd_1_2").is_ok(), "{good}");
        }
        for bad in [
            "http://hub.example.org",
            "ftp://hub",
            "hub:80",
            "https://hub/console",
            "https://",
            "https://hub?x=1",
        ] {
            let error = Endpoint::server(bad, "itd_1_2").unwrap_err();
            assert!(matches!(error, Error::BadUrl { .. }), "{bad}: {error}");
        }
        assert!(Endpoint::server("https://hub", "a\nb").is_err());
    }

    #[test]
    fn a_token_is_not_shown() {
        let endpoint = Endpoint::server("https://hub.example.org/", "itd_secret").unwrap();
        assert_eq!(format!("{endpoint:?}"), "https://hub.example.org");
    }
}

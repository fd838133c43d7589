//! TCP, with TLS where a certificate is configured.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use ipnet::IpNet;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Listener, household};
use crate::error::Error;

/// A certificate with its key, read from files, and read again on request.
#[derive(Clone)]
pub struct Tls {
    files: Arc<CertificateFiles>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

/// Where a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

impl Tls {
    /// Reads the certificate.
    pub fn load(files: CertificateFiles) -> Result<Self, Error> {
        let current = Arc::new(RwLock::new(Arc::new(files.read()?)));
        Ok(Tls { files: Arc::new(files), current })
    }

    /// Reads the certificate again, for connections that come from now on. On an error the old one stays.
    pub fn reload(&self) -> Result<(), Error> {
        let newer = Arc::new(self.files.read()?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = newer;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl CertificateFiles {
    fn read(&self) -> Result<ServerConfig, Error> {
        let unusable = |file: &PathBuf, why: &dyn std::fmt::Display| Error::Certificate {
            file: file.clone(),
            why: why.to_string(),
        };
        let certificate = |why: &dyn std::fmt::Display| unusable(&self.certificate, why);
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|e| certificate(&e))?;
        if chain.is_empty() {
            return Err(certificate(&"there is no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| unusable(&self.key, &e))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| certificate(&e))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| certificate(&format_args!("it does not go with {}: {e}", self.key.display())))?;
        Ok(config)
    }
}

/// The other side of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from: a proxy, perhaps.
    pub address: IpAddr,
    /// The connection is encrypted.
    pub tls: bool,
}

/// An address that is listened on.
pub struct Tcp {
    listener: TcpListener,
    tls: Option<Tls>,
    proxies: Vec<IpNet>,
}

impl Tcp {
    /// Listens on an address.
    pub async fn bind(address: SocketAddr, tls: Option<Tls>) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::AddressInUse { address },
            _ => Error::Io { what: format!("listening on {address}"), source },
        })?;
        Ok(Tcp { listener, tls, proxies: Vec::new() })
    }

    /// Takes any number of connections from these: many clients come through them.
    #[must_use]
    pub fn with_proxies(self, proxies: Vec<IpNet>) -> Self {
        Tcp { proxies, ..self }
    }

    /// Where it listens: the base of all URLs, `http://127.0.0.1:8470`.
    pub fn url(&self) -> Result<String, Error> {
        let address = self.listener.local_addr();
        let address =
            address.map_err(|source| Error::Io { what: "asking for the address".to_owned(), source })?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{address}"))
    }
}

impl Listener for Tcp {
    type Raw = (TcpStream, SocketAddr);
    type Stream = Stream;
    type Peer = Peer;

    fn household(&self, (_, address): &Self::Raw) -> Option<IpAddr> {
        let address = address.ip().to_canonical();
        (!self.proxies.iter().any(|net| net.contains(&address))).then(|| household(address))
    }

    async fn accept(&self) -> io::Result<Self::Raw> {
        self.listener.accept().await
    }

    async fn greet(&self, (stream, address): Self::Raw) -> io::Result<(Stream, Peer)> {
        // Answers are written whole: waiting for more would only delay them.
        stream.set_nodelay(true)?;
        let peer = Peer { address: address.ip(), tls: self.tls.is_some() };
        let stream = match &self.tls {
            None => Stream::Plain(stream),
            Some(tls) => Stream::Tls(Box::new(tls.acceptor().accept(stream).await?)),
        };
        Ok((stream, peer))
    }
}

/// A connection, encrypted or not.
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Does the same to either kind.
macro_rules! either {
    ($self:ident, $stream:ident => $do:expr) => {
        match $self.get_mut() {
            Stream::Plain(inner) => {
                let $stream = Pin::new(inner);
                $do
            }
            Stream::Tls(inner) => {
                let $stream = Pin::new(&mut **inner);
                $do
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

//! What stands between the broker and the client's library: a message may hold names and tables that the library cannot
//! read, or that end the process. Such a message would come again and again, and no other one after it.

mod road;
mod sieve;
mod table;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Stream;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::settings::Tls;
use road::Road;
use sieve::Sieve;

/// Read from the connection at once.
const CHUNK: usize = 16 << 10;

/// Tokio, with connections that are looked through.
#[derive(Clone, Debug)]
struct Guarded(Tokio);

/// A connection that is looked through.
struct Sifted {
    connection: Box<dyn Road>,
    sieve: Sieve,
    chunk: Box<[u8]>,
    /// What may go on, and how much of it has gone.
    ready: Vec<u8>,
    gone: usize,
}

/// Connects to the broker; `tls` = secured.
pub(crate) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    tls: Option<Tls>,
) -> lapin::Result<Connection> {
    let runtime = Runtime::new(Guarded(Tokio::current()));
    // Secured here and not by the library, which brings a second way to do that.
    let connect = async move |uri: AMQPUri, _| {
        Ok(AsyncTcpStream::Plain(Sifted::new(road::open(&uri, tls.as_ref()).await?)))
    };
    Connection::connector(uri, runtime, connect, properties).await
}

impl Sifted {
    fn new(connection: Box<dyn Road>) -> Self {
        let chunk = vec![0; CHUNK].into_boxed_slice();
        Sifted { connection, sieve: Sieve::default(), chunk, ready: Vec::new(), gone: 0 }
    }
}

impl AsyncRead for Sifted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            let mut waits = this.ready.get(this.gone..).unwrap_or_default();
            if !waits.is_empty() {
                let read = waits.read(buf)?;
                this.gone += read;
                return Poll::Ready(Ok(read));
            }
            this.ready.clear();
            this.gone = 0;
            let mut read = ReadBuf::new(&mut this.chunk);
            ready!(Pin::new(&mut this.connection).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(0));
            }
            this.sieve.pass(read.filled(), &mut this.ready);
        }
    }
}

impl AsyncWrite for Sifted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

impl RuntimeKit for Guarded {}

impl Executor for Guarded {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        work: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(work)
    }
}

impl Reactor for Guarded {
    type TcpStream = Sifted;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        // It is for those who connect in another way.
        Err::<Sifted, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    fn tcp_connect_addr(&self, _: SocketAddr) -> impl Future<Output = io::Result<Sifted>> + Send + 'static {
        // The same.
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

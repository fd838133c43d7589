//! What stands between the broker and the client's library: a message may hold names and tables that the library cannot
//! read, or that end the process. Such a message would come again and again, and no other one after it.

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
use lapin::tcp::{AMQPUriTcpExt as _, AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};

use sieve::Sieve;

/// Read from the connection at once.
const CHUNK: usize = 16 << 10;

type Plain = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// Tokio, with connections that are looked through.
#[derive(Clone, Debug)]
struct Guarded(Tokio);

/// A connection that is looked through.
struct Sifted {
    connection: Plain,
    sieve: Sieve,
    chunk: Box<[u8]>,
    /// What may go on, and how much of it has gone.
    ready: Vec<u8>,
    gone: usize,
}

/// Connects to the broker.
pub(crate) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    tls: OwnedTLSConfig,
) -> lapin::Result<Connection> {
    let kit = Tokio::current();
    let runtime = Runtime::new(Guarded(kit.clone()));
    let plain = Runtime::new(kit);
    let connect = async move |uri: AMQPUri, _| {
        let connection = uri.connect_with_config_async(tls.as_ref(), &plain).await?;
        Ok(AsyncTcpStream::Plain(Sifted::new(connection)))
    };
    Connection::connector(uri, runtime, connect, properties).await
}

impl Sifted {
    fn new(connection: Plain) -> Self {
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
            let read = ready!(Pin::new(&mut this.connection).poll_read(cx, &mut this.chunk))?;
            if read == 0 {
                return Poll::Ready(Ok(0));
            }
            this.sieve.pass(this.chunk.get(..read).unwrap_or_default(), &mut this.ready);
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
        Pin::new(&mut self.connection).poll_close(cx)
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

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Sifted>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(address);
        async { Ok(Sifted::new(AsyncTcpStream::Plain(connecting.await?))) }
    }
}

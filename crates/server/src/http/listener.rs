//! Connections: how many, how long they may idle, and how they end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::observe::Peer;

/// A client that sends no request head for so long is cut off, slow or idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The pause after an `accept` that failed, such as for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes connections of one kind.
pub trait Accept: Send + 'static {
    /// A connection.
    type Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static;
    /// The next connection, and the address at its other end, if it has one.
    fn next(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;
    async fn next(&mut self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, address) = self.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, Some(Peer(address.ip().to_canonical()))))
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;
    async fn next(&mut self) -> io::Result<(UnixStream, Option<Peer>)> {
        self.accept().await.map(|(stream, _)| (stream, None))
    }
}

/// Serves `router` on at most `max_connections` until `stop`; then answers what was asked and
/// returns, at the latest after `grace`.
pub async fn serve(
    mut listener: impl Accept,
    router: Router,
    max_connections: usize,
    grace: Duration,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    loop {
        let Some(Ok(place)) = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await else {
            break;
        };
        let Some(accepted) = stop.run_until_cancelled(listener.next()).await else { break };
        let (stream, peer) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            router.clone().call(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // A client that hangs up in the middle is its own business.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running when the grace time ended");
    }
}

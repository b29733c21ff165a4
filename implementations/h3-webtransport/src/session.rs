//! A session, whose CONNECT stream h3-webtransport keeps unread: it ends with its connection.

use std::sync::Arc;

use bytes::Bytes;
use contract::stack::{self, Closure, Failure};
use h3::quic::{BidiStream as _, RecvStream as _, SendStream as _};
use h3_datagram::datagram_handler::DatagramReader;
use h3_quinn::datagram::RecvDatagramHandler;
use h3_webtransport::server::AcceptedBi;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::server::refuse;
use crate::streams::{BidiStream, Recv, RecvStream, Send};

pub type WebTransportSession =
    h3_webtransport::server::WebTransportSession<h3_quinn::Connection, Bytes>;
type Arrivals<T> = Mutex<mpsc::UnboundedReceiver<T>>;

/// The status of a request on a connection that has its one session.
const TOO_MANY: u16 = 429;
/// For streams of no session that there is, which the library leaves to the application.
const BUFFERED_STREAM_REJECTED: u64 = 0x3994_bd84;

#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    wt: Arc<WebTransportSession>,
    quic: quinn::Connection,
    bidi: Arrivals<(Send, Recv)>,
    uni: Arrivals<Recv>,
    datagrams: Mutex<DatagramReader<RecvDatagramHandler>>,
}

impl Session {
    pub fn new(wt: WebTransportSession, quic: quinn::Connection) -> Self {
        let wt = Arc::new(wt);
        let (bidi, accepted_bidi) = mpsc::unbounded_channel();
        let (uni, accepted_uni) = mpsc::unbounded_channel();
        let datagrams = Mutex::new(wt.datagram_reader());
        tokio::spawn(accept(wt.clone(), quic.clone(), bidi, uni));
        let (bidi, uni) = (Mutex::new(accepted_bidi), Mutex::new(accepted_uni));
        Self(Arc::new(Inner { wt, quic, bidi, uni, datagrams }))
    }
}

/// One task for both kinds: whoever polls last is the only one that the library wakes. What has
/// begun to be accepted is not given up for the other kind, since it would be lost.
async fn accept(
    wt: Arc<WebTransportSession>,
    quic: quinn::Connection,
    bidi: mpsc::UnboundedSender<(Send, Recv)>,
    uni: mpsc::UnboundedSender<Recv>,
) {
    let mut next = Box::pin(wt.accept_bi());
    while quic.close_reason().is_none() {
        tokio::select! {
            accepted = &mut next => {
                match accepted {
                    Ok(Some(AcceptedBi::BidiStream(id, stream))) if id == wt.session_id() => {
                        let _ = bidi.send(halves(stream));
                    }
                    Ok(Some(AcceptedBi::BidiStream(_, mut stream))) => {
                        stream.stop_sending(BUFFERED_STREAM_REJECTED);
                        stream.reset(BUFFERED_STREAM_REJECTED);
                    }
                    Ok(Some(AcceptedBi::Request(_, stream))) => {
                        tokio::spawn(refuse(stream, TOO_MANY));
                    }
                    Ok(None) => {} // a stream that ended before its first frame
                    Err(error) => eprintln!("accepting: {error}"),
                }
                next = Box::pin(wt.accept_bi());
            }
            accepted = wt.accept_uni() => match accepted {
                Ok(Some((id, stream))) if id == wt.session_id() => {
                    let _ = uni.send(Recv::new(stream));
                }
                Ok(Some((_, mut stream))) => stream.stop_sending(BUFFERED_STREAM_REJECTED),
                Ok(None) => {}
                Err(error) => eprintln!("accepting: {error}"),
            },
        }
    }
}

fn halves(stream: BidiStream) -> (Send, Recv) {
    let (send, recv): (_, RecvStream) = stream.split();
    (Send::new(send), Recv::new(recv))
}

impl stack::Session for Session {
    type Send = Send;
    type Recv = Recv;

    async fn accept_bidi(&self) -> Result<(Send, Recv), Closure> {
        self.0.bidi.lock().await.recv().await.ok_or_else(lost)
    }

    async fn accept_uni(&self) -> Result<Recv, Closure> {
        self.0.uni.lock().await.recv().await.ok_or_else(lost)
    }

    /// One for another session is not for us.
    async fn receive_datagram(&self) -> Result<Vec<u8>, Closure> {
        let mut datagrams = self.0.datagrams.lock().await;
        loop {
            let datagram = datagrams.read_datagram().await.map_err(|_| lost())?;
            if h3_webtransport::SessionId::from(datagram.stream_id()) == self.0.wt.session_id() {
                return Ok(datagram.into_payload().to_vec());
            }
        }
    }

    async fn open_bidi(&self) -> Result<(Send, Recv), Failure> {
        let opened = self.0.wt.open_bi(self.0.wt.session_id()).await;
        opened.map(halves).map_err(Failure::other)
    }

    async fn open_uni(&self) -> Result<Send, Failure> {
        let opened = self.0.wt.open_uni(self.0.wt.session_id()).await;
        opened.map(Send::new).map_err(Failure::other)
    }

    fn send_datagram(&self, data: Vec<u8>) -> Result<(), Failure> {
        let mut sender = self.0.wt.datagram_sender();
        sender.send_datagram(data.into()).map_err(|error| Failure::new("SendDatagramError", error))
    }

    /// Declared as not offered: dropping the session would close the connection without a capsule.
    fn close(&self, _code: u32, _reason: &str) {}

    fn stats(&self) -> Value {
        json!({ "rtt_ms": self.0.quic.rtt().as_secs_f64() * 1000.0 })
    }
}

/// The connection's end is the only one that the API shows.
fn lost() -> Closure {
    Closure { by: Some("transport"), ..Closure::default() }
}

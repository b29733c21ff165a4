//! A session, with which web-transport-quinn ends its connection.

use contract::stack::{self, Closure, Failure};
use serde_json::{Value, json};
use web_transport_quinn::{SessionError, WebTransportError};

use crate::streams::{Recv, Send};

#[derive(Clone)]
pub struct Session(web_transport_quinn::Session);

impl Session {
    pub fn new(session: web_transport_quinn::Session) -> Self {
        Self(session)
    }

    fn send(&self, half: web_transport_quinn::SendStream) -> Send {
        Send { half, is_over: false }
    }

    fn recv(&self, half: web_transport_quinn::RecvStream) -> Recv {
        Recv(half)
    }
}

/// "Locally closed" is all that the API tells of our own close, and of a CONNECT stream that ended
/// without a capsule.
fn closure(error: SessionError) -> Closure {
    match error {
        SessionError::WebTransportError(WebTransportError::Closed(code, reason)) => {
            Closure { code: Some(code.into()), reason: Some(reason), by: Some("peer"), clean: true }
        }
        SessionError::ConnectionError(quinn::ConnectionError::LocallyClosed) => Closure::default(),
        other => {
            eprintln!("session over: {other}");
            Closure { by: Some("transport"), ..Closure::default() }
        }
    }
}

impl stack::Session for Session {
    type Send = Send;
    type Recv = Recv;

    async fn accept_bidi(&self) -> Result<(Send, Recv), Closure> {
        let (send, recv) = self.0.accept_bi().await.map_err(closure)?;
        Ok((self.send(send), self.recv(recv)))
    }

    async fn accept_uni(&self) -> Result<Recv, Closure> {
        self.0.accept_uni().await.map(|recv| self.recv(recv)).map_err(closure)
    }

    /// A datagram of another session is an error to the library, and not the end of this one.
    async fn receive_datagram(&self) -> Result<Vec<u8>, Closure> {
        loop {
            match self.0.read_datagram().await {
                Ok(data) => return Ok(data.to_vec()),
                Err(SessionError::WebTransportError(WebTransportError::UnknownSession)) => {}
                Err(error) => return Err(closure(error)),
            }
        }
    }

    async fn open_bidi(&self) -> Result<(Send, Recv), Failure> {
        let (send, recv) = self.0.open_bi().await.map_err(Failure::other)?;
        Ok((self.send(send), self.recv(recv)))
    }

    async fn open_uni(&self) -> Result<Send, Failure> {
        self.0.open_uni().await.map(|send| self.send(send)).map_err(Failure::other)
    }

    fn send_datagram(&self, data: Vec<u8>) -> Result<(), Failure> {
        self.0.send_datagram(data.into()).map_err(|error| Failure::new("SessionError", error))
    }

    fn close(&self, code: u32, reason: &str) {
        self.0.close(code, reason.as_bytes());
    }

    fn stats(&self) -> Value {
        json!({
            "max_datagram_size": self.0.max_datagram_size(),
            "rtt_ms": self.0.rtt().as_secs_f64() * 1000.0,
        })
    }
}

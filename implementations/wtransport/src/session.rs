//! A session, which in wtransport is its connection.

use contract::stack::{self, Closure, Failure};
use serde_json::{Value, json};
use wtransport::error::ConnectionError;
use wtransport::{Connection, VarInt};

use crate::streams::{Recv, Send};

#[derive(Clone)]
pub struct Session(pub Connection);

impl Session {
    /// How the session ended. The error of a connection that the peer closed is that of a capsule
    /// too; only where there was a capsule has the library then closed the connection by itself.
    fn closure(&self, error: &ConnectionError) -> Closure {
        let closed_by_us = matches!(
            self.0.quic_connection().close_reason(),
            None | Some(quinn::ConnectionError::LocallyClosed)
        );
        match error {
            ConnectionError::ApplicationClosed(close) if closed_by_us => Closure {
                code: Some(close.code().into_inner()),
                reason: Some(String::from_utf8_lossy(close.reason()).into_owned()),
                by: Some("peer"),
                clean: true,
            },
            ConnectionError::LocallyClosed => Closure { by: Some("local"), ..Closure::default() },
            other => {
                eprintln!("session over: {other}");
                Closure { by: Some("transport"), ..Closure::default() }
            }
        }
    }
}

impl stack::Session for Session {
    type Send = Send;
    type Recv = Recv;

    async fn accept_bidi(&self) -> Result<(Send, Recv), Closure> {
        let (send, recv) = self.0.accept_bi().await.map_err(|error| self.closure(&error))?;
        Ok((self.send(send), self.recv(recv)))
    }

    async fn accept_uni(&self) -> Result<Recv, Closure> {
        let recv = self.0.accept_uni().await.map_err(|error| self.closure(&error))?;
        Ok(self.recv(recv))
    }

    async fn receive_datagram(&self) -> Result<Vec<u8>, Closure> {
        let datagram = self.0.receive_datagram().await.map_err(|error| self.closure(&error))?;
        Ok(datagram.to_vec())
    }

    async fn open_bidi(&self) -> Result<(Send, Recv), Failure> {
        let opening = self.0.open_bi().await.map_err(Failure::other)?;
        let (send, recv) = opening.await.map_err(Failure::other)?;
        Ok((self.send(send), self.recv(recv)))
    }

    async fn open_uni(&self) -> Result<Send, Failure> {
        let opening = self.0.open_uni().await.map_err(Failure::other)?;
        Ok(self.send(opening.await.map_err(Failure::other)?))
    }

    fn send_datagram(&self, data: Vec<u8>) -> Result<(), Failure> {
        self.0.send_datagram(data).map_err(|error| Failure::new("SendDatagramError", error))
    }

    fn close(&self, code: u32, reason: &str) {
        self.0.close(VarInt::from_u32(code), reason.as_bytes());
    }

    fn stats(&self) -> Value {
        json!({
            "max_datagram_size": self.0.max_datagram_size(),
            "rtt_ms": self.0.rtt().as_secs_f64() * 1000.0,
        })
    }
}

impl Session {
    fn send(&self, half: wtransport::SendStream) -> Send {
        Send(half)
    }

    fn recv(&self, half: wtransport::RecvStream) -> Recv {
        Recv { half, session: self.0.clone() }
    }
}

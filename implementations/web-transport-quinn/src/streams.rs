//! The halves of web-transport-quinn's streams.

use contract::stack::{Ending, Failure, RecvHalf, SendHalf};
use web_transport_quinn::{ReadError, RecvStream, SendStream, SessionError, WebTransportError};

/// `is_over`: we finished or reset it.
pub struct Send {
    pub half: SendStream,
    pub is_over: bool,
}

impl SendHalf for Send {
    fn id(&self) -> u64 {
        self.half.quic_id().into()
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.half.write_all(data).await.map_err(|error| Failure::new("WriteError", error))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.is_over = true;
        self.half.finish().map_err(Failure::other)
    }

    fn reset(&mut self, code: u64) -> Result<(), Failure> {
        self.is_over = true;
        self.half.reset(application(code)).map_err(Failure::other)
    }

    /// The library says the same of a code that is none of an application as of a stream that has
    /// ended: only we know which it is.
    async fn stopped(&mut self) -> Option<Option<u64>> {
        match self.half.stopped().await {
            Ok(Some(code)) => Some(Some(code.into())),
            Ok(None) if !self.is_over => Some(None),
            _ => None,
        }
    }
}

pub struct Recv(pub RecvStream);

impl RecvHalf for Recv {
    fn id(&self) -> u64 {
        self.0.quic_id().into()
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Ending> {
        match self.0.read(buffer).await {
            Ok(Some(size)) => Ok(size),
            Ok(None) => Err(Ending::Fin),
            Err(ReadError::Reset(code)) => Err(Ending::Reset(Some(code.into()))),
            Err(ReadError::InvalidReset(_)) => Err(Ending::Reset(None)),
            Err(ReadError::SessionError(
                SessionError::WebTransportError(WebTransportError::Closed(..))
                | SessionError::ConnectionError(quinn::ConnectionError::LocallyClosed),
            )) => Err(Ending::Session),
            Err(error) => {
                eprintln!("reading: {error}");
                Err(Ending::Lost)
            }
        }
    }

    fn stop(mut self, code: u64) {
        let _ = self.0.stop(application(code));
    }
}

/// An application's code, which came from the contract or from the API.
fn application(code: u64) -> u32 {
    u32::try_from(code).expect("a code of 32 bits")
}

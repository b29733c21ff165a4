//! The halves of wtransport's streams; codes are QUIC's own numbers, unmapped.

use contract::stack::{Ending, Failure, RecvHalf, SendHalf};
use wtransport::error::{StreamReadError, StreamWriteError};
use wtransport::{Connection, VarInt};

pub struct Send(pub wtransport::SendStream);

impl SendHalf for Send {
    fn id(&self) -> u64 {
        self.0.id().into_u64()
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.0.write_all(data).await.map_err(|error| Failure::new("StreamWriteError", error))
    }

    /// Not by `finish` of the library, which waits for the peer's acknowledgement.
    fn finish(&mut self) -> Result<(), Failure> {
        self.0.quic_stream_mut().finish().map_err(Failure::other)
    }

    fn reset(&mut self, code: u64) -> Result<(), Failure> {
        self.0.reset(number(code)).map_err(Failure::other)
    }

    async fn stopped(&mut self) -> Option<Option<u64>> {
        match self.0.stopped().await {
            StreamWriteError::Stopped(code) => Some(Some(code.into_inner())),
            _ => None,
        }
    }
}

pub struct Recv {
    pub half: wtransport::RecvStream,
    pub session: Connection,
}

impl RecvHalf for Recv {
    fn id(&self) -> u64 {
        self.half.id().into_u64()
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Ending> {
        match self.half.read(buffer).await {
            Ok(Some(size)) => Ok(size),
            Ok(None) => Err(Ending::Fin),
            Err(StreamReadError::Reset(code)) => Err(Ending::Reset(Some(code.into_inner()))),
            Err(_) => Err(self.lost()),
        }
    }

    fn stop(self, code: u64) {
        self.half.stop(number(code));
    }
}

impl Recv {
    /// A session's end takes the connection along, from our side; anything else is a loss.
    fn lost(&self) -> Ending {
        match self.session.quic_connection().close_reason() {
            Some(quinn::ConnectionError::LocallyClosed) => Ending::Session,
            _ => Ending::Lost,
        }
    }
}

fn number(code: u64) -> VarInt {
    VarInt::try_from_u64(code).expect("a code of QUIC, or of 32 bits")
}

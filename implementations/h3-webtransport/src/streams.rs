//! The halves of h3-webtransport's streams; codes are QUIC's own numbers, unmapped.

use std::future::{pending, poll_fn};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use contract::stack::{Ending, Failure, RecvHalf, SendHalf};
use h3::quic::{RecvStream as _, SendStream as _, SendStreamUnframed, StreamErrorIncoming};
use h3_webtransport::stream;

pub type BidiStream = stream::BidiStream<h3_quinn::BidiStream<Bytes>, Bytes>;
pub type RecvStream = stream::RecvStream<h3_quinn::RecvStream, Bytes>;
pub type SendStream = stream::SendStream<h3_quinn::SendStream<Bytes>, Bytes>;

/// `stopped`: the code that the last write showed.
pub struct Send {
    half: SendStream,
    stopped: Option<u64>,
}

impl Send {
    pub fn new(half: SendStream) -> Self {
        Self { half, stopped: None }
    }

    fn failure(&mut self, error: StreamErrorIncoming) -> Failure {
        if let StreamErrorIncoming::StreamTerminated { error_code } = error {
            self.stopped = Some(error_code);
        }
        Failure::new("StreamErrorIncoming", error)
    }
}

impl SendHalf for Send {
    fn id(&self) -> u64 {
        self.half.send_id().into_inner()
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Failure> {
        let mut left = data;
        while left.has_remaining() {
            let sent = poll_fn(|context| self.half.poll_send(context, &mut left)).await;
            sent.map_err(|error| self.failure(error))?;
        }
        Ok(())
    }

    /// Never pending in h3-quinn.
    fn finish(&mut self) -> Result<(), Failure> {
        match self.half.poll_finish(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map_err(|error| self.failure(error)),
            Poll::Pending => Ok(()),
        }
    }

    fn reset(&mut self, code: u64) -> Result<(), Failure> {
        self.half.reset(code);
        Ok(())
    }

    /// The API shows it at the next write only.
    async fn stopped(&mut self) -> Option<Option<u64>> {
        match self.stopped {
            Some(code) => Some(Some(code)),
            None => pending().await,
        }
    }
}

/// `left`: what was read and not yet taken; `is_reading`: a read was begun and has no result.
pub struct Recv {
    half: RecvStream,
    id: u64,
    left: Bytes,
    is_reading: bool,
}

impl Recv {
    pub fn new(half: RecvStream) -> Self {
        let id = half.recv_id().into_inner();
        Self { half, id, left: Bytes::new(), is_reading: false }
    }
}

impl RecvHalf for Recv {
    fn id(&self) -> u64 {
        self.id
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Ending> {
        while self.left.is_empty() {
            self.is_reading = true;
            let read = poll_fn(|context| self.half.poll_data(context)).await;
            self.is_reading = false;
            self.left = match read {
                Ok(Some(data)) => data,
                Ok(None) => return Err(Ending::Fin),
                Err(StreamErrorIncoming::StreamTerminated { error_code }) => {
                    return Err(Ending::Reset(Some(error_code)));
                }
                Err(error) => {
                    eprintln!("reading: {error}");
                    return Err(Ending::Lost);
                }
            };
        }
        let size = buffer.len().min(self.left.len());
        self.left.copy_to_slice(&mut buffer[..size]);
        Ok(size)
    }

    /// h3-quinn panics when a stream is stopped that is being read: then it goes by being dropped,
    /// with code 0.
    fn stop(mut self, code: u64) {
        if !self.is_reading {
            self.half.stop_sending(code);
        }
    }
}

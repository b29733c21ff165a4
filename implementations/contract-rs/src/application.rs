//! What becomes of a session and of the peer's traffic in it (contract section 5).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::session::{Live, Stream};
use crate::stack::{Ending, RecvHalf, Session};
use crate::streams::{Reader, Sender, Stopper};

/// Bounds what is kept of one unidirectional stream before it is returned.
const ECHOED_UNI_LIMIT: usize = 16 << 20;
/// The contract's code for stopping a longer one.
const OVER_LIMIT: u64 = 1;
/// Stands in for "delivered", which the libraries tell for finished streams only.
const DELIVERY_TIME: Duration = Duration::from_millis(200);

#[derive(Clone)]
pub enum Application {
    Echo,
    Sink,
    Hold,
    Source {
        bidi: u32,
        uni: u32,
        datagrams: u32,
        size: usize,
    },
    Close {
        code: u32,
        reason: String,
        after_stream: bool,
    },
    Reset(u64),
    Stop(u64),
    /// A client's: read and report, or echo, as the mode says when a stream or datagram comes.
    Commanded {
        echo: Arc<watch::Sender<bool>>,
    },
}

/// The bytes i % 251.
pub fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

impl Application {
    pub fn takes_datagrams(&self) -> bool {
        !matches!(self, Self::Hold)
    }

    /// What is done unasked, once the session is there.
    pub async fn start<S: Session>(self, live: Arc<Live<S>>) {
        match self {
            Self::Source { bidi, uni, datagrams, size } => {
                for _ in 0..bidi {
                    tokio::spawn(deliver_new(live.clone(), true, size));
                }
                for _ in 0..uni {
                    tokio::spawn(deliver_new(live.clone(), false, size));
                }
                for _ in 0..datagrams {
                    if let Err(failure) = live.api.send_datagram(pattern(size)) {
                        eprintln!("datagram of {size} bytes: {failure}");
                    }
                }
            }
            Self::Close { code, reason, after_stream: false } => live.api.close(code, &reason),
            Self::Reset(code) => reset_one(&live, code).await,
            _ => {}
        }
    }

    /// What becomes of one stream of the peer's.
    pub async fn take<S: Session>(self, live: Arc<Live<S>>, mut stream: Stream<S::Recv>) {
        let reader = stream.reader.take().expect("the peer's streams can be read");
        match self {
            Self::Echo => echo(&live, stream, reader).await,
            Self::Commanded { echo: on } if *on.borrow() => echo(&live, stream, reader).await,
            Self::Commanded { .. } => report(&live, &stream.name, reader).await,
            Self::Hold => live.over().await,
            Self::Close { code, reason, after_stream: true } => {
                live.api.close(code, &reason);
                drop_all(stream.sender, reader).await;
            }
            Self::Stop(code) => stop_at_first_byte(stream, reader, code).await,
            Self::Reset(code) if stream.sender.is_some() => {
                reset_at_first_byte(stream, reader, code).await;
            }
            _ => drop_all(stream.sender, reader).await,
        }
    }

    pub fn datagram<S: Session>(&self, live: &Live<S>, data: Vec<u8>) {
        let echoes = match self {
            Self::Echo => true,
            Self::Commanded { echo } => *echo.borrow(),
            _ => false,
        };
        if echoes && let Err(failure) = live.api.send_datagram(data) {
            eprintln!("echo of a datagram: {failure}");
        }
    }
}

/// A client's default: read, and print what is read.
pub async fn report<S: Session>(live: &Live<S>, stream: &str, mut reader: Reader<S::Recv>) {
    while let Ok(piece) = reader.next().await {
        live.events.data(stream, &piece);
    }
}

async fn echo<S: Session>(live: &Live<S>, stream: Stream<S::Recv>, reader: Reader<S::Recv>) {
    let stopper = stream.stopper.expect("the peer's streams can be stopped");
    match stream.sender {
        Some(sender) => echo_bidi(sender, stopper, reader).await,
        None => echo_uni(live, stopper, reader).await,
    }
}

/// Return the bytes as they come, then FIN for FIN, reset for reset and stop for stop.
async fn echo_bidi<R: RecvHalf>(sender: Sender, stopper: Stopper, mut reader: Reader<R>) {
    let stopped = sender.clone();
    let stops = tokio::spawn(async move {
        let _ = stopper.stop(stopped.stopped().await.unwrap_or_default());
    });
    let ending = loop {
        match reader.next().await {
            // A failure to write shows as `stopped`, or as the end of the session.
            Ok(piece) => drop(sender.write(piece).await),
            Err(ending) => break ending,
        }
    };
    let _ = match ending {
        Ending::Fin => sender.finish().await,
        Ending::Reset(code) => sender.reset(code.unwrap_or_default()).await,
        _ => Ok(()),
    };
    stops.abort();
}

/// Return the bytes on a new stream once they are all there.
async fn echo_uni<S: Session>(live: &Live<S>, stopper: Stopper, mut reader: Reader<S::Recv>) {
    let mut kept = Vec::new();
    let ending = loop {
        match reader.next().await {
            Ok(piece) if kept.len() + piece.len() > ECHOED_UNI_LIMIT => {
                let _ = stopper.stop(OVER_LIMIT);
            }
            Ok(piece) => kept.extend(piece),
            Err(ending) => break ending,
        }
    };
    if let Ending::Fin = ending {
        match live.open_uni(live.events.stream_name()).await {
            Ok(back) => deliver(&back.sender, kept).await,
            Err(failure) => eprintln!("echo of a stream: {failure}"),
        }
    }
}

/// Write it all and end the sending side.
async fn deliver(sender: &Option<Sender>, data: Vec<u8>) {
    let sender = sender.as_ref().expect("a stream of ours can be written");
    if sender.write(data).await.is_ok() {
        let _ = sender.finish().await;
    }
}

async fn deliver_new<S: Session>(live: Arc<Live<S>>, bidi: bool, size: usize) {
    let name = live.events.stream_name();
    let opened = if bidi { live.open_bidi(name).await } else { live.open_uni(name).await };
    match opened {
        Ok(Stream { sender, reader, .. }) => {
            let reading = async {
                if let Some(mut reader) = reader {
                    reader.drain().await;
                }
            };
            tokio::join!(deliver(&sender, pattern(size)), reading);
        }
        Err(failure) => eprintln!("opening a stream: {failure}"),
    }
}

/// Read to the end; ending our side too, without a byte, gives the peer its stream credit back.
async fn drop_all<R: RecvHalf>(sender: Option<Sender>, mut reader: Reader<R>) {
    reader.drain().await;
    if let Some(sender) = sender {
        let _ = sender.finish().await;
    }
}

async fn reset_at_first_byte<R: RecvHalf>(stream: Stream<R>, mut reader: Reader<R>, code: u64) {
    let sender = stream.sender.expect("a bidirectional stream");
    if reader.next().await.is_ok() {
        let _ = sender.reset(code).await;
        reader.drain().await;
    }
}

async fn stop_at_first_byte<R: RecvHalf>(stream: Stream<R>, mut reader: Reader<R>, code: u64) {
    if reader.next().await.is_ok() {
        let _ = stream.stopper.expect("the peer's streams can be stopped").stop(code);
        reader.drain().await;
    }
    if let Some(sender) = stream.sender {
        let _ = sender.finish().await;
    }
}

/// Open a stream and reset it when its four bytes have most likely been delivered.
async fn reset_one<S: Session>(live: &Live<S>, code: u64) {
    let Ok(stream) = live.open_uni(live.events.stream_name()).await else { return };
    let sender = stream.sender.expect("a stream of ours");
    if sender.write(pattern(4)).await.is_ok() {
        tokio::select! {
            () = tokio::time::sleep(DELIVERY_TIME) => {}
            () = live.over() => {}
        }
        let _ = sender.reset(code).await;
    }
}

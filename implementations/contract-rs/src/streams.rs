//! Streams of either kind, opened by either side: a task owns each half, the rest holds handles.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot, watch};

use crate::events::Events;
use crate::stack::{Ending, Failure, RecvHalf, SendHalf};

/// Keeps a `data` line, in base64, well under the contract's 64 KiB of bytes.
const READ_SIZE: usize = 32 << 10;

pub const BIDI: &str = "bidi";
pub const UNI: &str = "uni";

type Reply = oneshot::Sender<Result<(), Failure>>;

enum Order {
    Write(Vec<u8>, Reply),
    Finish(Reply),
}

/// The handle of a sending half; when the last one goes, the half is given back to the API.
#[derive(Clone)]
pub struct Sender {
    orders: mpsc::UnboundedSender<Order>,
    resets: mpsc::UnboundedSender<(u64, Reply)>,
    stopped: watch::Receiver<Option<Option<u64>>>,
}

impl Sender {
    /// The handle of a half, and the task that is to run for it.
    pub fn new<S: SendHalf>(
        half: S,
        stream: String,
        events: Events,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (orders, ordered) = mpsc::unbounded_channel();
        let (resets, resetting) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(None);
        let sending = Sending { half, stream, events, stop, resetting };
        (Self { orders, resets, stopped }, sending.run(ordered))
    }

    /// Ready when the API has taken the bytes.
    pub async fn write(&self, data: Vec<u8>) -> Result<(), Failure> {
        self.ask(|reply| self.orders.send(Order::Write(data, reply)).is_ok()).await
    }

    pub async fn finish(&self) -> Result<(), Failure> {
        self.ask(|reply| self.orders.send(Order::Finish(reply)).is_ok()).await
    }

    /// Overtakes what is still to be written.
    pub async fn reset(&self, code: u64) -> Result<(), Failure> {
        self.ask(|reply| self.resets.send((code, reply)).is_ok()).await
    }

    /// The code, if there is one, of the peer's wish to stop; waits for ever when none comes.
    pub async fn stopped(&self) -> Option<u64> {
        let mut stopped = self.stopped.clone();
        let found = stopped.wait_for(Option::is_some).await.map(|code| *code);
        match found {
            Ok(code) => code.flatten(),
            Err(_) => std::future::pending().await,
        }
    }

    async fn ask(&self, send: impl FnOnce(Reply) -> bool) -> Result<(), Failure> {
        let over = || Failure::new("closed", "the sending side is over");
        let (reply, answer) = oneshot::channel();
        if !send(reply) {
            return Err(over());
        }
        answer.await.unwrap_or_else(|_| Err(over()))
    }
}

struct Sending<S> {
    half: S,
    stream: String,
    events: Events,
    stop: watch::Sender<Option<Option<u64>>>,
    resetting: mpsc::UnboundedReceiver<(u64, Reply)>,
}

impl<S: SendHalf> Sending<S> {
    /// Returns, and so gives the half back to the API, when the sending side is over: libraries
    /// answer STOP_SENDING by RESET_STREAM no sooner.
    async fn run(mut self, mut ordered: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                biased;
                Some((code, reply)) = self.resetting.recv() => {
                    let _ = reply.send(self.half.reset(code));
                }
                code = self.half.stopped() => {
                    if let Some(code) = code {
                        self.report_stop(code);
                    }
                    return;
                }
                order = ordered.recv() => match order {
                    Some(Order::Write(data, reply)) => {
                        let _ = reply.send(self.write(&data).await);
                    }
                    Some(Order::Finish(reply)) => {
                        let _ = reply.send(self.half.finish());
                    }
                    None => return,
                },
            }
        }
    }

    /// Write, unless a reset comes in between.
    async fn write(&mut self, data: &[u8]) -> Result<(), Failure> {
        tokio::select! {
            result = self.half.write(data) => result,
            Some((code, reply)) = self.resetting.recv() => {
                let _ = reply.send(self.half.reset(code));
                Err(Failure::new("closed", "the stream was reset"))
            }
        }
    }

    fn report_stop(&self, code: Option<u64>) {
        self.events.emit("stopped", json!({"stream": self.stream, "code": code}));
        self.stop.send_replace(Some(code));
    }
}

/// The handle that stops a reading half.
#[derive(Clone)]
pub struct Stopper(mpsc::UnboundedSender<u64>);

impl Stopper {
    pub fn stop(&self, code: u64) -> Result<(), Failure> {
        self.0.send(code).map_err(|_| Failure::new("closed", "the reading side is over"))
    }
}

/// A reading half with what is to be reported of it; None: it is over.
pub struct Reader<R> {
    half: Option<R>,
    stream: String,
    events: Events,
    reading: watch::Receiver<bool>,
    stops: mpsc::UnboundedReceiver<u64>,
    digest: Sha256,
    size: usize,
}

impl<R: RecvHalf> Reader<R> {
    pub fn new(
        half: R,
        stream: String,
        events: Events,
        reading: watch::Receiver<bool>,
    ) -> (Self, Stopper) {
        let (stop, stops) = mpsc::unbounded_channel();
        let half = Some(half);
        let reader = Self { half, stream, events, reading, stops, digest: Sha256::new(), size: 0 };
        (reader, Stopper(stop))
    }

    /// The next piece, or how the reading side ended, which is then reported too.
    pub async fn next(&mut self) -> Result<Vec<u8>, Ending> {
        let Some(mut half) = self.half.take() else { return Err(Ending::Session) };
        let mut piece = vec![0; READ_SIZE];
        match self.read(&mut half, &mut piece).await {
            Ok(size) => {
                self.half = Some(half);
                piece.truncate(size);
                self.size += size;
                self.digest.update(&piece);
                Ok(piece)
            }
            Err(ending) => {
                self.report(&ending);
                if let Ending::Stopped(code) = ending {
                    half.stop(code);
                }
                Err(ending)
            }
        }
    }

    /// Read and drop what is left.
    pub async fn drain(&mut self) -> Ending {
        loop {
            if let Err(ending) = self.next().await {
                return ending;
            }
        }
    }

    /// Some bytes; a wish to stop comes first, and nothing is read while reading is off.
    async fn read(&mut self, half: &mut R, buffer: &mut [u8]) -> Result<usize, Ending> {
        let reading = &mut self.reading;
        tokio::select! {
            biased;
            Some(code) = self.stops.recv() => Err(Ending::Stopped(code)),
            result = async {
                let _ = reading.wait_for(|on| *on).await;
                half.read(buffer).await
            } => result,
        }
    }

    fn report(&self, ending: &Ending) {
        let digest = self.digest.clone().finalize();
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let (how, code) = told(ending);
        self.events.emit(
            "ended",
            json!({
                "stream": self.stream, "bytes": self.size, "sha256": sha256, "how": how,
                "code": code,
            }),
        );
    }
}

fn told(ending: &Ending) -> (&'static str, Value) {
    match ending {
        Ending::Fin => ("fin", Value::Null),
        Ending::Reset(code) => ("reset", json!(code)),
        Ending::Stopped(code) => ("stopped", json!(code)),
        Ending::Session => ("session", Value::Null),
        Ending::Lost => ("lost", Value::Null),
    }
}

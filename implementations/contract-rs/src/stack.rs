//! What the contract needs of a library; a stack implements these.

use std::fmt;
use std::future::Future;

use serde_json::Value;

use crate::{Command, Settings};

/// What a stack declares in `hello` for one role; `features`: beyond those that all of them have.
pub struct Offer {
    pub features: &'static [&'static str],
    pub unsupported: &'static [&'static str],
}

/// A stack with a server.
pub trait Stack: 'static {
    const NAME: &'static str;
    const VERSION: &'static str;
    const API: &'static str;
    const ROLES: &'static [&'static str];
    /// In either role.
    const DIALECTS: &'static [&'static str];
    const SERVER: Offer;
    type Listener: Listener;
}

/// A stack that has a client too.
pub trait ClientStack: Stack {
    const CLIENT: Offer;
    type Connector: Connector;
}

pub trait Listener: Sized + Send {
    type Request: Request;

    /// Handshakes are answered from now on.
    fn bind(settings: &Settings) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// The next request for a session, on whichever connection.
    fn next(&mut self) -> impl Future<Output = Self::Request> + Send;
}

pub trait Request: Send + 'static {
    type Session: Session;

    fn head(&self) -> Head;

    /// Answer 2xx. `protocol`: the application protocol that was chosen.
    fn accept(
        self,
        protocol: Option<&str>,
    ) -> impl Future<Output = Result<Self::Session, Failure>> + Send;

    /// Answer this status, or the nearest one that the API has.
    fn refuse(self, status: u16) -> impl Future<Output = ()> + Send;
}

/// What the API shows of a request; `path` with its query, `protocols` as offered.
#[derive(Clone)]
pub struct Head {
    pub path: String,
    pub origin: Option<String>,
    pub headers: Vec<(String, String)>,
    pub protocols: Vec<String>,
}

pub trait Connector: Default + Send + Sync + 'static {
    type Session: Session;

    fn connect(
        &self,
        command: &Command,
    ) -> impl Future<Output = Result<Connected<Self::Session>, Refusal>> + Send;
}

pub struct Connected<S> {
    pub session: S,
    pub status: Option<u16>,
    pub protocol: Option<String>,
}

pub struct Refusal {
    pub status: Option<u16>,
    pub error: String,
}

/// A session; a clone is another handle to it.
pub trait Session: Clone + Send + Sync + 'static {
    type Send: SendHalf;
    type Recv: RecvHalf;

    /// An error means that the session is over; that of `accept_uni` tells how.
    fn accept_bidi(&self)
    -> impl Future<Output = Result<(Self::Send, Self::Recv), Closure>> + Send;
    fn accept_uni(&self) -> impl Future<Output = Result<Self::Recv, Closure>> + Send;
    fn receive_datagram(&self) -> impl Future<Output = Result<Vec<u8>, Closure>> + Send;

    fn open_bidi(&self) -> impl Future<Output = Result<(Self::Send, Self::Recv), Failure>> + Send;
    fn open_uni(&self) -> impl Future<Output = Result<Self::Send, Failure>> + Send;
    fn send_datagram(&self, data: Vec<u8>) -> Result<(), Failure>;
    fn close(&self, code: u32, reason: &str);

    /// What the API knows of the session or its connection.
    fn stats(&self) -> Value;
}

/// How a session ended: the fields of `closed`.
#[derive(Default)]
pub struct Closure {
    pub code: Option<u64>,
    pub reason: Option<String>,
    pub by: Option<&'static str>,
    pub clean: bool,
}

/// Codes are those of the API, which may be QUIC's own.
pub trait SendHalf: Send + Sync + 'static {
    fn id(&self) -> u64;
    fn write(&mut self, data: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send;
    fn finish(&mut self) -> Result<(), Failure>;
    fn reset(&mut self, code: u64) -> Result<(), Failure>;

    /// Some when the peer asked to stop, with its code if the API shows one; None when the sending
    /// side ended otherwise. Dropping the future loses nothing.
    fn stopped(&mut self) -> impl Future<Output = Option<Option<u64>>> + Send;
}

pub trait RecvHalf: Send + Sync + 'static {
    fn id(&self) -> u64;

    /// Some bytes, at least one, or how the reading side ended. Dropping the future loses nothing.
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = Result<usize, Ending>> + Send;
    fn stop(self, code: u64);
}

/// How a reading side ended, in the contract's words.
pub enum Ending {
    Fin,
    Reset(Option<u64>),
    Stopped(u64),
    Session,
    Lost,
}

/// What went wrong with a call; `kind` is the API's own name of the error.
#[derive(Debug)]
pub struct Failure {
    pub kind: &'static str,
    pub text: String,
}

impl Failure {
    pub fn new(kind: &'static str, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    pub fn other(error: impl fmt::Display) -> Self {
        Self::new("error", error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)
    }
}

//! An established session in either role, with its application.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::watch;

use crate::application::Application;
use crate::events::Events;
use crate::stack::{Closure, Failure, RecvHalf, SendHalf, Session};
use crate::streams::{BIDI, Reader, Sender, Stopper, UNI};

/// What the peer's streams are announced to, before their event; a server has none.
pub type Adopt = Arc<dyn Fn(&str, Option<Sender>, Option<Stopper>) + Send + Sync>;

pub struct Live<S> {
    pub name: String,
    pub api: S,
    pub events: Events,
    pub reading: Arc<watch::Sender<bool>>,
    adopt: Option<Adopt>,
    over: watch::Sender<bool>,
}

/// A stream that was just opened or accepted; a half that the kind does not have is None.
pub struct Stream<R> {
    pub sender: Option<Sender>,
    pub stopper: Option<Stopper>,
    pub reader: Option<Reader<R>>,
    pub name: String,
}

impl<S: Session> Live<S> {
    pub fn new(
        name: String,
        api: S,
        events: Events,
        reading: Arc<watch::Sender<bool>>,
        adopt: Option<Adopt>,
    ) -> Arc<Self> {
        let over = watch::Sender::new(false);
        Arc::new(Self { name, api, events, reading, adopt, over })
    }

    /// Run the application and return when the session is over and `closed` is printed.
    pub async fn serve(self: &Arc<Self>, application: Application) {
        tokio::spawn(self.clone().accept_bidi(application.clone()));
        if application.takes_datagrams() {
            tokio::spawn(self.clone().receive_datagrams(application.clone()));
        }
        tokio::spawn(application.clone().start(self.clone()));
        let closure = self.accept_uni(application).await;
        self.report_closed(&closure);
        self.over.send_replace(true);
    }

    /// Ready when the session is over.
    pub async fn over(&self) {
        let mut over = self.over.subscribe();
        let _ = over.wait_for(|over| *over).await;
    }

    async fn accept_bidi(self: Arc<Self>, application: Application) {
        while let Ok((send, recv)) = self.api.accept_bidi().await {
            let stream = self.stream(None, BIDI, Some(send), Some(recv));
            tokio::spawn(application.clone().take(self.clone(), stream));
        }
    }

    async fn accept_uni(self: &Arc<Self>, application: Application) -> Closure {
        loop {
            match self.api.accept_uni().await {
                Ok(recv) => {
                    let stream = self.stream(None, UNI, None, Some(recv));
                    tokio::spawn(application.clone().take(self.clone(), stream));
                }
                Err(closure) => return closure,
            }
        }
    }

    async fn receive_datagrams(self: Arc<Self>, application: Application) {
        let mut reading = self.reading.subscribe();
        loop {
            let _ = reading.wait_for(|on| *on).await;
            let Ok(data) = self.api.receive_datagram().await else { return };
            self.events.datagram(&self.name, &data);
            application.datagram(&self, data);
        }
    }

    pub async fn open_bidi(&self, name: String) -> Result<Stream<S::Recv>, Failure> {
        let (send, recv) = self.api.open_bidi().await?;
        Ok(self.stream(Some(name), BIDI, Some(send), Some(recv)))
    }

    pub async fn open_uni(&self, name: String) -> Result<Stream<S::Recv>, Failure> {
        let send = self.api.open_uni().await?;
        Ok(self.stream(Some(name), UNI, Some(send), None))
    }

    /// Make a stream known and announce it, and start the task of its sending half. `name`: of one
    /// that we opened.
    fn stream(
        &self,
        name: Option<String>,
        kind: &'static str,
        send: Option<S::Send>,
        recv: Option<S::Recv>,
    ) -> Stream<S::Recv> {
        let by = if name.is_some() { "local" } else { "peer" };
        let name = name.unwrap_or_else(|| self.events.stream_name());
        let id = send.as_ref().map(SendHalf::id).or(recv.as_ref().map(RecvHalf::id));
        let events = &self.events;
        let (reader, stopper) = recv
            .map(|half| Reader::new(half, name.clone(), events.clone(), self.reading.subscribe()))
            .unzip();
        let (sender, sending) =
            send.map(|half| Sender::new(half, name.clone(), events.clone())).unzip();
        if let (Some(adopt), "peer") = (&self.adopt, by) {
            adopt(&name, sender.clone(), stopper.clone());
        }
        events.emit(
            "stream",
            json!({
                "session": self.name, "stream": name, "kind": kind, "by": by, "wire_id": id,
            }),
        );
        // Not before its event, which that of a stop must follow.
        sending.map(tokio::spawn);
        Stream { sender, stopper, reader, name }
    }

    fn report_closed(&self, closure: &Closure) {
        self.events.emit(
            "closed",
            json!({
                "session": self.name, "code": closure.code, "reason": closure.reason,
                "by": closure.by, "clean": closure.clean,
            }),
        );
    }
}

//! A client: does what it is commanded (contract section 3).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::Command;
use crate::application::report;
use crate::commands::{bad_command, read_commands, unknown};
use crate::connecting::{Outcome, establish};
use crate::events::Events;
use crate::session::Live;
use crate::stack::{ClientStack, Connector, Failure, Session};
use crate::streams::{BIDI, Sender, Stopper, UNI};

/// The contract's patience of `connect` and `open`.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// Lets the last packets leave before the connections go.
const LINGER: Duration = Duration::from_millis(100);

/// The two handles of a stream; neither: it could not be opened.
pub type Handles = (Option<Sender>, Option<Stopper>);
type Api<S> = <<S as ClientStack>::Connector as Connector>::Session;

/// A session that a command asked for, from that moment on.
pub struct Asked<A> {
    pub reading: Arc<watch::Sender<bool>>,
    pub echo: Arc<watch::Sender<bool>>,
    pub outcome: watch::Sender<Outcome<A>>,
}

impl<A> Asked<A> {
    fn new(command: &Command) -> Self {
        let asked = Self {
            reading: Arc::new(watch::Sender::new(true)),
            echo: Arc::new(watch::Sender::new(false)),
            outcome: watch::Sender::new(Outcome::Pending),
        };
        asked.set(command);
        asked
    }

    fn set(&self, command: &Command) {
        if let Some(echo) = command.echo {
            self.echo.send_replace(echo);
        }
        if let Some(read) = command.read {
            self.reading.send_replace(read);
        }
    }

    /// The session, once it is established.
    async fn live(&self, name: &str) -> Result<Arc<Live<A>>, Failure> {
        let mut outcome = self.outcome.subscribe();
        let settled = outcome.wait_for(|now| !matches!(now, Outcome::Pending)).await;
        match settled.as_deref() {
            Ok(Outcome::Live(live)) => Ok(live.clone()),
            _ => Err(unknown("session", name)),
        }
    }
}

/// Names are kept to the end: the suite makes a few thousand in a run.
pub struct Client<A> {
    pub events: Events,
    sessions: Mutex<HashMap<String, Arc<Asked<A>>>>,
    streams: Mutex<HashMap<String, Known>>,
}

/// A stream that commands may name, from the moment it is asked for.
struct Known {
    opened: watch::Receiver<Option<Handles>>,
    queue: mpsc::UnboundedSender<Command>,
}

pub async fn run<S: ClientStack>(events: &Events) -> Result<(), Failure> {
    let connector = Arc::new(S::Connector::default());
    let client = Arc::new(Client::<Api<S>> {
        events: events.clone(),
        sessions: Mutex::default(),
        streams: Mutex::default(),
    });
    events.hello::<S>(&S::CLIENT);
    let mut commands = read_commands();
    while let Some(line) = commands.recv().await {
        match line {
            Err((id, failure)) => events.fail(&id, &failure),
            Ok(command) if command.cmd == "shutdown" => {
                events.done(&command, Value::Null);
                break;
            }
            Ok(command) => handle::<S>(&client, &connector, command),
        }
    }
    client.close_all().await;
    Ok(())
}

/// Never blocks: what may block runs as a task, in the order of its stream.
fn handle<S: ClientStack>(
    client: &Arc<Client<Api<S>>>,
    connector: &Arc<S::Connector>,
    command: Command,
) {
    if S::CLIENT.unsupported.contains(&command.cmd.as_str()) {
        let failure = Failure::new("unsupported", format!("the API has no {}", command.cmd));
        return client.events.fail(&command.id, &failure);
    }
    let refused = match command.cmd.as_str() {
        "connect" => client.connect::<S>(connector.clone(), &command),
        "open" => client.open(&command),
        "write" | "finish" | "reset" | "stop" => client.on_stream(&command),
        "datagram" | "close" | "stats" => client.on_session(&command),
        "mode" => client.find(&command.session).map(|asked| {
            asked.set(&command);
            client.events.done(&command, Value::Null);
        }),
        "sync" => {
            let (client, command) = (client.clone(), command.clone());
            tokio::spawn(async move {
                client.events.settle().await;
                client.events.done(&command, Value::Null);
            });
            Ok(())
        }
        other => Err(unknown("command", other)),
    };
    if let Err(failure) = refused {
        client.events.fail(&command.id, &failure);
    }
}

impl<A: Session> Client<A> {
    fn find(&self, session: &str) -> Result<Arc<Asked<A>>, Failure> {
        let sessions = self.sessions.lock().expect("no panic with the lock");
        sessions.get(session).cloned().ok_or_else(|| unknown("session", session))
    }

    fn connect<S: ClientStack>(
        self: &Arc<Self>,
        connector: Arc<S::Connector>,
        command: &Command,
    ) -> Result<(), Failure>
    where
        S::Connector: Connector<Session = A>,
    {
        let asked = Arc::new(Asked::new(command));
        let mut sessions = self.sessions.lock().expect("no panic with the lock");
        if sessions.contains_key(&command.session) {
            return Err(bad_command("the session's name is taken"));
        }
        sessions.insert(command.session.clone(), asked.clone());
        tokio::spawn(establish(self.clone(), connector, asked, command.clone()));
        Ok(())
    }

    /// Make a stream known to commands, unless its name is taken.
    pub fn register(
        self: &Arc<Self>,
        name: &str,
        opened: watch::Receiver<Option<Handles>>,
    ) -> bool {
        let mut streams = self.streams.lock().expect("no panic with the lock");
        if streams.contains_key(name) {
            return false;
        }
        let (queue, mut queued) = mpsc::unbounded_channel();
        let (client, handles) = (self.clone(), opened.clone());
        tokio::spawn(async move {
            while let Some(command) = queued.recv().await {
                client.on_opened(handles.clone(), command).await;
            }
        });
        streams.insert(name.to_owned(), Known { opened, queue });
        true
    }

    async fn on_opened(&self, mut opened: watch::Receiver<Option<Handles>>, command: Command) {
        let handles = match opened.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(handles)) => handles.clone(),
            _ => (None, None),
        };
        self.events.answer(&command, act(handles, &command).await);
    }

    fn open(self: &Arc<Self>, command: &Command) -> Result<(), Failure> {
        let asked = self.find(&command.session)?;
        if ![BIDI, UNI].contains(&command.kind.as_str()) {
            return Err(bad_command("kind is neither uni nor bidi"));
        }
        let (opened, handles) = watch::channel(None);
        if !self.register(&command.stream, handles) {
            return Err(bad_command("the stream's name is taken"));
        }
        let (client, command) = (self.clone(), command.clone());
        tokio::spawn(async move {
            let late = Failure::new("timeout", "gave up after 10 s");
            let opening = client.open_now(&asked, &command, &opened);
            let result = tokio::time::timeout(GIVE_UP_AFTER, opening).await.unwrap_or(Err(late));
            if result.is_err() {
                opened.send_replace(Some((None, None)));
            }
            client.events.answer(&command, result);
        });
        Ok(())
    }

    async fn open_now(
        &self,
        asked: &Asked<A>,
        command: &Command,
        opened: &watch::Sender<Option<Handles>>,
    ) -> Result<(), Failure> {
        let live = asked.live(&command.session).await?;
        let name = command.stream.clone();
        let stream = match command.kind.as_str() {
            BIDI => live.open_bidi(name).await?,
            _ => live.open_uni(name).await?,
        };
        opened.send_replace(Some((stream.sender, stream.stopper)));
        if let Some(reader) = stream.reader {
            tokio::spawn(async move { report(&live, &stream.name, reader).await });
        }
        Ok(())
    }

    /// Writes keep their order; `reset` and `stop` overtake them.
    fn on_stream(self: &Arc<Self>, command: &Command) -> Result<(), Failure> {
        let streams = self.streams.lock().expect("no panic with the lock");
        let known = streams.get(&command.stream);
        let known = known.ok_or_else(|| unknown("stream", &command.stream))?;
        if matches!(command.cmd.as_str(), "write" | "finish") {
            let _ = known.queue.send(command.clone());
        } else {
            let (client, opened) = (self.clone(), known.opened.clone());
            let command = command.clone();
            tokio::spawn(async move { client.on_opened(opened, command).await });
        }
        Ok(())
    }

    fn on_session(self: &Arc<Self>, command: &Command) -> Result<(), Failure> {
        let asked = self.find(&command.session)?;
        if let Outcome::Live(live) = &*asked.outcome.borrow() {
            self.with_session(live, command);
            return Ok(());
        }
        let (client, command) = (self.clone(), command.clone());
        tokio::spawn(async move {
            match asked.live(&command.session).await {
                Ok(live) => client.with_session(&live, &command),
                Err(failure) => client.events.fail(&command.id, &failure),
            }
        });
        Ok(())
    }

    fn with_session(&self, live: &Live<A>, command: &Command) {
        match command.cmd.as_str() {
            "datagram" => {
                let sent = command.payload().and_then(|data| live.api.send_datagram(data));
                self.events.answer(command, sent);
            }
            "close" => {
                live.api.close(command.code, &command.reason);
                self.events.done(command, Value::Null);
            }
            _ => self.events.done(command, live.api.stats()),
        }
    }

    async fn close_all(&self) {
        let sessions: Vec<_> = {
            let all = self.sessions.lock().expect("no panic with the lock");
            all.values().cloned().collect()
        };
        for asked in sessions {
            if let Outcome::Live(live) = &*asked.outcome.borrow() {
                live.api.close(0, "");
            }
        }
        tokio::time::sleep(LINGER).await;
    }
}

async fn act(
    (sender, stopper): (Option<Sender>, Option<Stopper>),
    command: &Command,
) -> Result<(), Failure> {
    let no_side = || bad_command("the stream has no such side");
    if command.cmd == "stop" {
        return stopper.ok_or_else(no_side)?.stop(command.code.into());
    }
    let sender = sender.ok_or_else(no_side)?;
    match command.cmd.as_str() {
        "reset" => return sender.reset(command.code.into()).await,
        "write" => sender.write(command.payload()?).await?,
        _ => {}
    }
    if command.cmd == "finish" || command.finish {
        sender.finish().await?;
    }
    Ok(())
}

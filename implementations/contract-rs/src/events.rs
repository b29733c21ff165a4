//! What the API shows, one JSON object a line on stdout (contract section 4).

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Command;
use crate::stack::{Failure, Offer, Stack};

/// What every stack has that is an API of streams.
const FEATURES: &[&str] = &["bidi", "datagrams", "headers", "origin", "reset", "stop", "uni"];

const CONTRACT: u32 = 1;
const SETTLED_AFTER: Duration = Duration::from_millis(20);
const SETTLE_LIMIT: Duration = Duration::from_millis(500);

/// Prints events in the order in which the API shows them, and names what no command named.
#[derive(Clone, Default)]
pub struct Events(Arc<Shared>);

#[derive(Default)]
struct Shared {
    latest: Mutex<Option<Instant>>,
    names: AtomicU64,
}

impl Events {
    pub fn emit(&self, name: &str, mut fields: Value) {
        fields["event"] = name.into();
        let mut latest = self.0.latest.lock().expect("no panic while printing");
        *latest = Some(Instant::now());
        let mut line = fields.to_string();
        line.push('\n');
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(1); // nobody listens any more
        }
    }

    pub fn hello<S: Stack>(&self, offer: &Offer) {
        let features = [FEATURES, offer.features].concat();
        self.emit(
            "hello",
            json!({
                "contract": CONTRACT,
                "name": S::NAME,
                "version": S::VERSION,
                "roles": S::ROLES,
                "dialects": S::DIALECTS,
                "limits": {},
                "features": features,
                "unsupported": offer.unsupported,
                "api": S::API,
            }),
        );
    }

    pub fn done(&self, command: &Command, result: Value) {
        self.emit("done", json!({"id": command.id, "result": result}));
    }

    pub fn fail(&self, id: &Value, failure: &Failure) {
        self.emit("error", json!({"id": id, "error": failure.text, "kind": failure.kind}));
    }

    /// End a command that has no result.
    pub fn answer(&self, command: &Command, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.done(command, Value::Null),
            Err(failure) => self.fail(&command.id, &failure),
        }
    }

    /// Return when nothing was printed for a moment: a task that the API has just woken has no
    /// other sign, since it may not have run yet.
    pub async fn settle(&self) {
        let start = Instant::now();
        while start.elapsed() < SETTLE_LIMIT {
            let latest = *self.0.latest.lock().expect("no panic while printing");
            let idle = latest.map_or(start, |at| at.max(start)).elapsed();
            if idle >= SETTLED_AFTER {
                return;
            }
            tokio::time::sleep(SETTLED_AFTER - idle).await;
        }
    }

    /// A name for a stream that no command opened: the mark keeps it apart from the suite's.
    pub fn stream_name(&self) -> String {
        format!("~{}", self.0.names.fetch_add(1, Ordering::Relaxed))
    }

    pub fn session_name(&self) -> String {
        format!("s{}", self.0.names.fetch_add(1, Ordering::Relaxed))
    }
}

impl Events {
    pub fn data(&self, stream: &str, piece: &[u8]) {
        self.emit("data", json!({"stream": stream, "data": STANDARD.encode(piece)}));
    }

    pub fn datagram(&self, session: &str, data: &[u8]) {
        self.emit("datagram", json!({"session": session, "data": STANDARD.encode(data)}));
    }
}

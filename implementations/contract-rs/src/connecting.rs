//! From a `connect` command to a session that runs, or to its refusal.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Command;
use crate::application::Application;
use crate::client::{Asked, Client, GIVE_UP_AFTER};
use crate::session::{Adopt, Live};
use crate::stack::{Connected, Connector, Failure, Session};

/// What has become of a session that was asked for.
pub enum Outcome<A> {
    Pending,
    Live(Arc<Live<A>>),
    Refused,
}

/// Ends in `session` and `done`, in `refused`, or in an error of kind timeout; then serves.
pub async fn establish<C: Connector>(
    client: Arc<Client<C::Session>>,
    connector: Arc<C>,
    asked: Arc<Asked<C::Session>>,
    command: Command,
) {
    let events = client.events.clone();
    match timeout(GIVE_UP_AFTER, connector.connect(&command)).await {
        Ok(Ok(connected)) => run(client, connected, asked, command).await,
        Ok(Err(refusal)) => {
            events.emit(
                "refused",
                json!({
                    "id": command.id, "session": command.session, "status": refusal.status,
                    "error": refusal.error,
                }),
            );
            asked.outcome.send_replace(Outcome::Refused);
        }
        Err(_) => {
            events.fail(&command.id, &Failure::new("timeout", "gave up after 10 s"));
            asked.outcome.send_replace(Outcome::Refused);
        }
    }
}

async fn run<A: Session>(
    client: Arc<Client<A>>,
    connected: Connected<A>,
    asked: Arc<Asked<A>>,
    command: Command,
) {
    let events = client.events.clone();
    let (name, reading) = (command.session.clone(), asked.reading.clone());
    let adopt: Adopt = Arc::new(move |name, sender, stopper| {
        client.register(name, watch::channel(Some((sender, stopper))).1);
    });
    let live = Live::new(name, connected.session, events.clone(), reading, Some(adopt));
    events.emit(
        "session",
        json!({
            "session": live.name, "status": connected.status, "protocol": connected.protocol,
        }),
    );
    events.done(&command, Value::Null);
    asked.outcome.send_replace(Outcome::Live(live.clone()));
    live.serve(Application::Commanded { echo: asked.echo.clone() }).await;
}

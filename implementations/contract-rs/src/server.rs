//! A server: takes requests, and answers each as its path says.

use std::sync::Arc;

use serde_json::{Map, json};
use tokio::sync::watch;

use crate::Settings;
use crate::application::Application;
use crate::events::Events;
use crate::routes::{Answer, answer};
use crate::session::Live;
use crate::stack::{Failure, Head, Listener, Request, Stack};

/// Keeps a `session` line well under the contract's length: longer values are left out of it.
const SHOWN_VALUE_SIZE: usize = 16 << 10;

/// Never returns but with a failure to start.
pub async fn run<S: Stack>(settings: &Settings, events: &Events) -> Result<(), Failure> {
    let mut listener = S::Listener::bind(settings).await?;
    events.hello::<S>(&S::SERVER);
    loop {
        let request = listener.next().await;
        let (events, ours) = (events.clone(), settings.protocols.clone());
        tokio::spawn(async move {
            let head = request.head();
            let (application, protocol) = match answer(&head, S::SERVER.unsupported) {
                Answer::Refuse(status) => return request.refuse(status).await,
                Answer::Run(application) => (application, None),
                Answer::Negotiate => (Application::Echo, chosen(&head, &ours)),
            };
            serve(request, &head, application, protocol, events).await;
        });
    }
}

/// The first of our protocols that is offered.
fn chosen(head: &Head, ours: &[String]) -> Option<String> {
    ours.iter().find(|one| head.protocols.contains(one)).cloned()
}

async fn serve<R: Request>(
    request: R,
    head: &Head,
    application: Application,
    protocol: Option<String>,
    events: Events,
) {
    let api = match request.accept(protocol.as_deref()).await {
        Ok(api) => api,
        Err(failure) => return eprintln!("{}: {failure}", head.path),
    };
    let reading = Arc::new(watch::Sender::new(true));
    let live = Live::new(events.session_name(), api, events.clone(), reading, None);
    let shown = head.headers.iter().filter(|(_, value)| value.len() <= SHOWN_VALUE_SIZE);
    let headers: Map<_, _> = shown.map(|(name, value)| (name.clone(), json!(value))).collect();
    events.emit(
        "session",
        json!({
            "session": live.name, "path": head.path, "origin": head.origin, "headers": headers,
            "protocol": protocol,
        }),
    );
    live.serve(application).await;
}

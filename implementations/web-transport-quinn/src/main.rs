//! web-transport-quinn behind wtspec's endpoint contract.

mod client;
mod server;
mod session;
mod streams;

use std::process::ExitCode;

use contract::stack::{Failure, Offer, Stack};

/// Dialects: it announces 0xc671706a, which the drafts 07 to 12 share, and 0x2b603742 and the
/// version header of 02 to 05; of each family the lowest is claimed. None of these negotiates
/// application protocols, so that what the API has for it is not declared.
struct WebTransportQuinn;

const DIALECTS: &[&str] = &["h3-07", "h3-02"];

impl Stack for WebTransportQuinn {
    const NAME: &'static str = "web-transport-quinn";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const API: &'static str = "web-transport-quinn 0.12.1, quinn 0.11.12";
    const SERVER: Offer = Offer {
        dialects: DIALECTS,
        features: &[
            "bidi",
            "close-code",
            "closed",
            "datagrams",
            "headers",
            "origin",
            "reset",
            "reset-code",
            "stop",
            "stop-code",
            "uni",
        ],
        unsupported: &["/drain"],
    };
    const CLIENT: Offer = Offer {
        dialects: DIALECTS,
        features: &[
            "bidi",
            "close-code",
            "closed",
            "datagrams",
            "hashes",
            "headers",
            "origin",
            "reset",
            "reset-code",
            "stats",
            "status",
            "stop",
            "stop-code",
            "uni",
        ],
        unsupported: &["drain"],
    };
    type Listener = server::Listener;
    type Connector = client::Connector;

    async fn listen(settings: &contract::Settings) -> Result<server::Listener, Failure> {
        server::Listener::bind(settings)
    }

    fn connector() -> Result<client::Connector, Failure> {
        Ok(client::Connector)
    }
}

fn main() -> ExitCode {
    contract::run::<WebTransportQuinn>()
}

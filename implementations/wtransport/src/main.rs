//! wtransport behind wtspec's endpoint contract.

mod client;
mod server;
mod session;
mod streams;

use std::process::ExitCode;

use contract::stack::{Failure, Offer, Stack};

/// Dialects: it announces 0xc671706a, which the drafts 07 to 12 share, and 0x2b603742 of 02 to 05;
/// of each family the lowest is claimed.
struct Wtransport;

const DIALECTS: &[&str] = &["h3-07", "h3-02"];

impl Stack for Wtransport {
    const NAME: &'static str = "wtransport";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const API: &'static str = "wtransport 0.7.1, quinn 0.11.12";
    // The API cannot close a session, only its connection; it drains and negotiates nothing, and
    // refuses with 403, 404 and 429 alone.
    const SERVER: Offer = Offer {
        dialects: DIALECTS,
        features: &[
            "bidi",
            "close-code",
            "closed",
            "datagrams",
            "headers",
            "origin",
            "raw-codes",
            "reset",
            "stop",
            "uni",
        ],
        unsupported: &[
            "/close",
            "/drain",
            "/protocols",
            "/reject?status=300",
            "/reject?status=304",
            "/reject?status=400",
            "/reject?status=401",
            "/reject?status=405",
            "/reject?status=500",
            "/reject?status=503",
        ],
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
            "raw-codes",
            "reset",
            "stats",
            "stop",
            "uni",
        ],
        unsupported: &["close", "drain"],
    };
    type Listener = server::Listener;
    type Connector = client::Connector;

    async fn listen(settings: &contract::Settings) -> Result<server::Listener, Failure> {
        server::Listener::bind(settings).await
    }

    fn connector() -> Result<client::Connector, Failure> {
        Ok(client::Connector)
    }
}

fn main() -> ExitCode {
    contract::run::<Wtransport>()
}

//! web-transport-quinn behind wtspec's endpoint contract.

mod client;
mod server;
mod session;
mod streams;

use std::process::ExitCode;

use contract::stack::{ClientStack, Offer, Stack};

/// Dialects: it announces 0xc671706a, which the drafts 07 to 12 share, and 0x2b603742 and the
/// version header of 02 to 05; of each family the lowest is claimed. None of these negotiates
/// application protocols, so that what the API has for it is not declared.
struct WebTransportQuinn;

impl Stack for WebTransportQuinn {
    const NAME: &'static str = "web-transport-quinn";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const API: &'static str = "web-transport-quinn 0.12.1, quinn 0.11.12";
    const ROLES: &'static [&'static str] = &["server", "client"];
    const DIALECTS: &'static [&'static str] = &["h3-07", "h3-02"];
    const SERVER: Offer = Offer {
        features: &["close-code", "closed", "reset-code", "stop-code"],
        unsupported: &["/drain"],
    };
    type Listener = server::Listener;
}

impl ClientStack for WebTransportQuinn {
    const CLIENT: Offer = Offer {
        features: &["close-code", "closed", "hashes", "reset-code", "stats", "status", "stop-code"],
        unsupported: &["drain"],
    };
    type Connector = client::Connector;
}

fn main() -> ExitCode {
    contract::run::<WebTransportQuinn>()
}

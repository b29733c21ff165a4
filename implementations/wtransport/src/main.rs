//! wtransport behind wtspec's endpoint contract.

mod client;
mod server;
mod session;
mod streams;

use std::process::ExitCode;

use contract::stack::{ClientStack, Offer, Stack};

/// Dialects: it announces 0xc671706a, which the drafts 07 to 12 share, and 0x2b603742 of 02 to 05;
/// of each family the lowest is claimed.
struct Wtransport;

impl Stack for Wtransport {
    const NAME: &'static str = "wtransport";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const API: &'static str = "wtransport 0.7.1, quinn 0.11.12";
    const ROLES: &'static [&'static str] = &["server", "client"];
    const DIALECTS: &'static [&'static str] = &["h3-07", "h3-02"];
    // The API cannot close a session, only its connection; it drains and negotiates nothing, and
    // refuses with 403, 404 and 429 alone.
    const SERVER: Offer = Offer {
        features: &["close-code", "closed", "raw-codes"],
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
    type Listener = server::Listener;
}

impl ClientStack for Wtransport {
    const CLIENT: Offer = Offer {
        features: &["close-code", "closed", "hashes", "raw-codes", "stats"],
        unsupported: &["close", "drain"],
    };
    type Connector = client::Connector;
}

fn main() -> ExitCode {
    contract::run::<Wtransport>()
}

//! h3-webtransport, on h3-quinn, behind wtspec's endpoint contract.

mod server;
mod session;
mod streams;

use std::process::ExitCode;

use contract::stack::{Offer, Stack};

/// Dialects: it announces 0x2b603742 and answers with the version header of 02 to 05.
struct H3WebTransport;

impl Stack for H3WebTransport {
    const NAME: &'static str = "h3-webtransport";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const API: &'static str = "h3-webtransport 0.1.2, h3 0.0.8, h3-quinn 0.0.10, quinn 0.11.12";
    const ROLES: &'static [&'static str] = &["server"];
    const DIALECTS: &'static [&'static str] = &["h3-02"];
    // The API keeps the CONNECT stream to itself: nothing can be sent on it and nothing is read.
    const SERVER: Offer =
        Offer { features: &["raw-codes"], unsupported: &["/close", "/drain", "/protocols"] };
    type Listener = server::Listener;
}

fn main() -> ExitCode {
    contract::run_server::<H3WebTransport>()
}

//! The endpoint contract of wtspec, version 1, for any Rust library that sits on QUIC streams.
//!
//! A stack implements the traits of `stack` and calls `run`; everything that the contract says of
//! commands, events and paths is here, once.

mod application;
mod client;
mod commands;
mod connecting;
mod events;
mod routes;
mod server;
mod session;
mod settings;
pub mod stack;
mod streams;

use std::process::ExitCode;

pub use commands::Command;
pub use settings::{Role, Settings};

use crate::events::Events;
use crate::stack::{Failure, Stack};

/// Tells that the role, or each of the dialects asked for, is not offered.
const NOT_OFFERED: u8 = 127;

/// The whole program: play the role that the environment names until told to end.
pub fn run<S: Stack>() -> ExitCode {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(failure) => return fail(&failure, 1),
    };
    let offer = match settings.role {
        Some(Role::Server) => S::SERVER,
        Some(Role::Client) => S::CLIENT,
        None => return fail(&Failure::new("not-offered", "WT_ROLE"), NOT_OFFERED),
    };
    if !settings.asks_for(offer.dialects) {
        return fail(&Failure::new("not-offered", "WT_DIALECTS"), NOT_OFFERED);
    }
    match play::<S>(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure, 1),
    }
}

fn fail(failure: &Failure, status: u8) -> ExitCode {
    eprintln!("endpoint: {failure}");
    ExitCode::from(status)
}

fn play<S: Stack>(settings: Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    let events = Events::default();
    runtime.block_on(async {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(Failure::other)?;
        let role = async {
            match settings.role {
                Some(Role::Client) => client::run::<S>(&events).await,
                _ => server::run::<S>(&settings, &events).await,
            }
        };
        tokio::select! {
            result = role => result,
            _ = terminate.recv() => Ok(()),
        }
    })
}

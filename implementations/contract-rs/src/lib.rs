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

use std::future::Future;
use std::process::ExitCode;

pub use commands::Command;
pub use settings::{Role, Settings};

use crate::events::Events;
use crate::stack::{ClientStack, Failure, Stack};

/// Tells that the role, or each of the dialects asked for, is not offered.
const NOT_OFFERED: u8 = 127;

/// The whole program: play the role that the environment names until told to end.
pub fn run<S: ClientStack>() -> ExitCode {
    start::<S>(async |settings, events| match settings.role {
        Some(Role::Client) => client::run::<S>(&events).await,
        _ => server::run::<S>(&settings, &events).await,
    })
}

/// The whole program of a stack that has no client.
pub fn run_server<S: Stack>() -> ExitCode {
    start::<S>(async |settings, events| server::run::<S>(&settings, &events).await)
}

fn start<S: Stack>(role: impl AsyncFnOnce(Settings, Events) -> Result<(), Failure>) -> ExitCode {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(failure) => return fail(&failure, 1),
    };
    if !settings.role.is_some_and(|role| S::ROLES.contains(&role.name())) {
        return fail(&Failure::new("not-offered", "WT_ROLE"), NOT_OFFERED);
    }
    if !settings.asks_for(S::DIALECTS) {
        return fail(&Failure::new("not-offered", "WT_DIALECTS"), NOT_OFFERED);
    }
    match play(role(settings, Events::default())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure, 1),
    }
}

fn fail(failure: &Failure, status: u8) -> ExitCode {
    eprintln!("endpoint: {failure}");
    ExitCode::from(status)
}

/// Until its end, or until told to end.
fn play(role: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    runtime.block_on(async {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(Failure::other)?;
        tokio::select! {
            result = role => result,
            _ = terminate.recv() => Ok(()),
        }
    })
}

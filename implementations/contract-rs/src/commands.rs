//! Commands to a client, one JSON object a line on stdin (contract section 3).

use std::collections::BTreeMap;
use std::io::BufRead;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::application::pattern;
use crate::stack::Failure;

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
pub struct Command {
    pub id: Value,
    pub cmd: String,
    pub session: String,
    pub stream: String,
    pub url: String,
    pub hashes: Vec<String>,
    pub protocols: Vec<String>,
    pub origin: String,
    pub headers: BTreeMap<String, String>,
    pub pool: bool,
    pub echo: Option<bool>,
    pub read: Option<bool>,
    pub kind: String,
    pub data: String,
    pub fill: usize,
    pub finish: bool,
    pub code: u32,
    pub reason: String,
}

impl Command {
    /// The bytes to send: those given, or the pattern.
    pub(crate) fn payload(&self) -> Result<Vec<u8>, Failure> {
        match self.fill {
            0 => decode(&self.data),
            size => Ok(pattern(size)),
        }
    }

    /// The SHA-256 hashes of certificates that are good enough; empty: the program's choice.
    pub fn certificate_hashes(&self) -> Result<Vec<[u8; 32]>, Failure> {
        let whole = |text: &String| {
            decode(text)?.try_into().map_err(|_| bad_command("a hash is not of 32 bytes"))
        };
        self.hashes.iter().map(whole).collect()
    }

    /// The request's additional headers, the origin among them.
    pub fn request_headers(&self) -> Vec<(String, String)> {
        let mut headers: Vec<_> = self.headers.clone().into_iter().collect();
        if !self.origin.is_empty() {
            headers.push(("origin".into(), self.origin.clone()));
        }
        headers
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    STANDARD.decode(text).map_err(bad_command)
}

pub fn bad_command(what: impl std::fmt::Display) -> Failure {
    Failure::new("bad-command", what)
}

pub fn unknown(what: &str, name: &str) -> Failure {
    Failure::new("unknown-name", format!("{what} {name} is not known"))
}

/// Each line, as it comes, until stdin ends; with the id as far as it can be told.
///
/// A thread reads, since a blocked read of stdin would hold up the end of the program.
pub fn read_commands() -> UnboundedReceiver<Result<Command, (Value, Failure)>> {
    let (lines, commands) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(parse(&line)).is_err() {
                return;
            }
        }
    });
    commands
}

fn parse(line: &str) -> Result<Command, (Value, Failure)> {
    let mut value: Value =
        serde_json::from_str(line).map_err(|error| (Value::Null, bad_command(error)))?;
    let id = value["id"].clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null()); // null is as absent
    }
    serde_json::from_value(value).map_err(|error| (id, bad_command(error)))
}

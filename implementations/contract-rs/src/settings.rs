//! What the environment asks for (contract section 2).

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::stack::Failure;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Server,
    Client,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// `address`: where a server binds. WT_LIMITS is not read: these libraries have none to set.
pub struct Settings {
    pub role: Option<Role>,
    pub address: SocketAddr,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub protocols: Vec<String>,
    dialects: Vec<String>,
}

impl Settings {
    pub(crate) fn read() -> Result<Self, Failure> {
        let role = match text("WT_ROLE").as_str() {
            "server" => Some(Role::Server),
            "client" => Some(Role::Client),
            _ => None,
        };
        let address = match role {
            Some(Role::Server) => format!("{}:{}", text("WT_HOST"), text("WT_PORT"))
                .parse()
                .map_err(|_| Failure::new("environment", "WT_HOST and WT_PORT"))?,
            _ => SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        Ok(Self {
            role,
            address,
            certificate: text("WT_CERT").into(),
            key: text("WT_KEY").into(),
            protocols: words("WT_PROTOCOLS"),
            dialects: words("WT_DIALECTS"),
        })
    }

    /// Whether one of the dialects asked for, if any are, is among these.
    pub(crate) fn asks_for(&self, spoken: &[&str]) -> bool {
        self.dialects.is_empty() || self.dialects.iter().any(|one| spoken.contains(&one.as_str()))
    }
}

fn text(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn words(name: &str) -> Vec<String> {
    text(name).split_whitespace().map(str::to_owned).collect()
}

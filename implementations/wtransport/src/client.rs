//! Sessions as a client of wtransport asks for them: each on a connection of its own.

use contract::Command;
use contract::stack::{self, Connected, Failure, Refusal};
use wtransport::endpoint::ConnectOptions;
use wtransport::tls::Sha256Digest;
use wtransport::{ClientConfig, Endpoint};

use crate::session::Session;

#[derive(Default)]
pub struct Connector;

impl stack::Connector for Connector {
    type Session = Session;

    async fn connect(&self, command: &Command) -> Result<Connected<Session>, Refusal> {
        let mut options = ConnectOptions::builder(&command.url);
        for (name, value) in command.request_headers() {
            options = options.add_header(name, value);
        }
        let config = config(command).map_err(refusal)?;
        let endpoint = Endpoint::client(config).map_err(refusal)?;
        let session = endpoint.connect(options.build()).await.map_err(refusal)?;
        Ok(Connected { session: Session(session), status: None, protocol: None })
    }
}

fn config(command: &Command) -> Result<ClientConfig, Failure> {
    let hashes = command.certificate_hashes()?;
    let builder = ClientConfig::builder().with_bind_default();
    let config = match hashes.is_empty() {
        true => builder.with_no_cert_validation(),
        false => builder.with_server_certificate_hashes(hashes.into_iter().map(Sha256Digest::new)),
    };
    Ok(config.build())
}

/// The API tells no status.
fn refusal(error: impl std::fmt::Display) -> Refusal {
    Refusal { status: None, error: error.to_string() }
}

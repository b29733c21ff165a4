//! Sessions as a client of web-transport-quinn asks for them: each on a connection of its own.

use contract::Command;
use contract::stack::{self, Connected, Refusal};
use web_transport_quinn::http::{HeaderName, HeaderValue};
use web_transport_quinn::proto::{self, ConnectRequest};
use web_transport_quinn::{ClientBuilder, ClientError, ConnectError};

use crate::session::Session;

#[derive(Default)]
pub struct Connector;

impl stack::Connector for Connector {
    type Session = Session;

    async fn connect(&self, command: &Command) -> Result<Connected<Session>, Refusal> {
        let hashes = command.certificate_hashes().map_err(refusal)?;
        let client = match hashes.is_empty() {
            true => ClientBuilder::new().dangerous().with_no_certificate_verification(),
            false => ClientBuilder::new()
                .with_server_certificate_hashes(hashes.iter().map(|one| one.to_vec()).collect()),
        };
        let client = client.map_err(refusal)?;
        let session = client.connect(request(command)?).await;
        let session = session
            .map_err(|error| Refusal { status: status(&error), error: error.to_string() })?;
        Ok(Connected {
            status: session.response().map(|response| response.status.as_u16()),
            protocol: session.protocol().map(str::to_owned),
            session: Session::new(session),
        })
    }
}

fn request(command: &Command) -> Result<ConnectRequest, Refusal> {
    let url: url::Url = command.url.parse().map_err(refusal)?;
    let mut request = ConnectRequest::new(url).with_protocols(command.protocols.clone());
    for (name, value) in command.request_headers() {
        let name: HeaderName = name.parse().map_err(refusal)?;
        let value: HeaderValue = value.parse().map_err(refusal)?;
        request = request.with_header(name, value);
    }
    Ok(request)
}

fn refusal(error: impl std::fmt::Display) -> Refusal {
    Refusal { status: None, error: error.to_string() }
}

/// The status of a response that gave no session: one that is not 2xx, or not 200.
fn status(error: &ClientError) -> Option<u16> {
    match error {
        ClientError::HttpError(ConnectError::ErrorStatus(status)) => Some(status.as_u16()),
        ClientError::HttpError(ConnectError::ProtoError(proto::ConnectError::WrongStatus(
            status,
        ))) => status.map(|status| status.as_u16()),
        _ => None,
    }
}

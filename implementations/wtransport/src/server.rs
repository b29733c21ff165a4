//! Sessions as a server of wtransport shows them: one to a connection.

use contract::Settings;
use contract::stack::{self, Failure, Head};
use tokio::task::JoinSet;
use wtransport::endpoint::{SessionRequest, endpoint_side};
use wtransport::error::ConnectionError;
use wtransport::{Endpoint, Identity, ServerConfig};

use crate::session::Session;

pub struct Listener {
    endpoint: Endpoint<endpoint_side::Server>,
    incoming: JoinSet<Result<SessionRequest, ConnectionError>>,
}

impl stack::Listener for Listener {
    type Request = Request;

    async fn bind(settings: &Settings) -> Result<Self, Failure> {
        let identity = Identity::load_pemfiles(&settings.certificate, &settings.key)
            .await
            .map_err(Failure::other)?;
        let config =
            ServerConfig::builder().with_bind_address(settings.address).with_identity(identity);
        let endpoint = Endpoint::server(config.build()).map_err(Failure::other)?;
        Ok(Self { endpoint, incoming: JoinSet::new() })
    }

    async fn next(&mut self) -> Request {
        loop {
            tokio::select! {
                connection = self.endpoint.accept() => {
                    self.incoming.spawn(async { connection.await });
                }
                Some(Ok(result)) = self.incoming.join_next() => match result {
                    Ok(request) => return Request(request),
                    Err(error) => eprintln!("a connection without a session: {error}"),
                },
            }
        }
    }
}

pub struct Request(SessionRequest);

impl stack::Request for Request {
    type Session = Session;

    fn head(&self) -> Head {
        let fields = self.0.headers().iter();
        let headers = fields.filter(|(name, _)| !name.starts_with(':'));
        Head {
            path: self.0.path().to_owned(),
            origin: self.0.origin().map(str::to_owned),
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            protocols: Vec::new(),
        }
    }

    async fn accept(self, _protocol: Option<&str>) -> Result<Session, Failure> {
        self.0.accept().await.map(Session).map_err(Failure::other)
    }

    /// The API has these three.
    async fn refuse(self, status: u16) {
        match status {
            403 => self.0.forbidden().await,
            429 => self.0.too_many_requests().await,
            _ => self.0.not_found().await,
        }
    }
}

//! Sessions as a server of web-transport-quinn shows them: one to a connection.

use contract::Settings;
use contract::stack::{self, Failure, Head};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use web_transport_quinn::http::StatusCode;
use web_transport_quinn::proto::ConnectResponse;
use web_transport_quinn::{Server, ServerBuilder};

use crate::session::Session;

pub struct Listener(Server);

impl stack::Listener for Listener {
    type Request = Request;

    async fn bind(settings: &Settings) -> Result<Self, Failure> {
        let chain: Vec<_> = CertificateDer::pem_file_iter(&settings.certificate)
            .and_then(Iterator::collect)
            .map_err(Failure::other)?;
        let key = PrivateKeyDer::from_pem_file(&settings.key).map_err(Failure::other)?;
        let builder = ServerBuilder::new().with_addr(settings.address);
        Ok(Self(builder.with_certificate(chain, key).map_err(Failure::other)?))
    }

    async fn next(&mut self) -> Request {
        Request(self.0.accept().await.expect("nothing closes the listener"))
    }
}

pub struct Request(web_transport_quinn::Request);

impl stack::Request for Request {
    type Session = Session;

    fn head(&self) -> Head {
        let query = self.0.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let fields = self.0.headers.iter();
        Head {
            path: self.0.url.path().to_owned() + &query,
            origin: self.0.headers.get("origin").map(|value| text(value.as_bytes())),
            headers: fields
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            protocols: self.0.protocols.clone(),
        }
    }

    async fn accept(self, protocol: Option<&str>) -> Result<Session, Failure> {
        let response = match protocol {
            Some(chosen) => ConnectResponse::OK.with_protocol(chosen),
            None => ConnectResponse::OK,
        };
        self.0.respond(response).await.map(Session::new).map_err(Failure::other)
    }

    /// Without a handle to the connection the library would close it before the answer has left.
    async fn refuse(self, status: u16) {
        let connection = self.0.conn().clone();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        match self.0.reject(status).await {
            Ok(()) => drop(connection.closed().await),
            Err(error) => eprintln!("a refusal with {status}: {error}"),
        }
    }
}

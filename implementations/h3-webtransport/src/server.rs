//! Sessions as a server of h3-webtransport shows them: one takes its connection over.

use std::sync::Arc;

use bytes::Bytes;
use contract::Settings;
use contract::stack::{self, Failure, Head};
use h3::ext::Protocol;
use h3::server::RequestStream;
use http::{Method, Response, StatusCode};
use quinn::crypto::rustls::QuicServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::{mpsc, oneshot};

use crate::session::{Session, WebTransportSession};

pub struct Listener {
    endpoint: quinn::Endpoint,
    asking: mpsc::UnboundedSender<Request>,
    asked: mpsc::UnboundedReceiver<Request>,
}

impl stack::Listener for Listener {
    type Request = Request;

    async fn bind(settings: &Settings) -> Result<Self, Failure> {
        let endpoint =
            quinn::Endpoint::server(config(settings)?, settings.address).map_err(Failure::other)?;
        let (asking, asked) = mpsc::unbounded_channel();
        Ok(Self { endpoint, asking, asked })
    }

    async fn next(&mut self) -> Request {
        loop {
            tokio::select! {
                incoming = self.endpoint.accept() => {
                    let incoming = incoming.expect("nothing closes the endpoint");
                    tokio::spawn(serve(incoming, self.asking.clone()));
                }
                Some(request) = self.asked.recv() => return request,
            }
        }
    }
}

fn config(settings: &Settings) -> Result<quinn::ServerConfig, Failure> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(&settings.certificate)
        .and_then(Iterator::collect)
        .map_err(Failure::other)?;
    let key = PrivateKeyDer::from_pem_file(&settings.key).map_err(Failure::other)?;
    let mut tls = quinn::rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(Failure::other)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicServerConfig::try_from(tls).map_err(Failure::other)?;
    Ok(quinn::ServerConfig::with_crypto(Arc::new(tls)))
}

/// One connection, until a session takes it over or it is lost.
async fn serve(incoming: quinn::Incoming, asking: mpsc::UnboundedSender<Request>) {
    if let Err(error) = requests(incoming, asking).await {
        eprintln!("a connection without a session: {error}");
    }
}

async fn requests(
    incoming: quinn::Incoming,
    asking: mpsc::UnboundedSender<Request>,
) -> Result<(), Failure> {
    let quic = incoming.await.map_err(Failure::other)?;
    let mut connection = h3::server::builder()
        .enable_webtransport(true)
        .enable_extended_connect(true)
        .enable_datagram(true)
        .max_webtransport_sessions(1)
        .build(h3_quinn::Connection::new(quic.clone()))
        .await
        .map_err(Failure::other)?;
    while let Some(resolver) = connection.accept().await.map_err(Failure::other)? {
        let (request, stream) = match resolver.resolve_request().await {
            Ok(resolved) => resolved,
            Err(error) => {
                eprintln!("a request: {error}");
                continue;
            }
        };
        let (answer, answered) = oneshot::channel();
        let status = match asks_for_session(&request) {
            false => StatusCode::NOT_IMPLEMENTED.as_u16(),
            true => {
                let _ = asking.send(Request { head: head(&request), answer });
                match answered.await {
                    Ok(Answer::Refuse(status)) => status,
                    Ok(Answer::Accept(established)) => {
                        let session = WebTransportSession::accept(request, stream, connection)
                            .await
                            .map_err(Failure::other);
                        let _ = established.send(session.map(|wt| Session::new(wt, quic)));
                        return Ok(());
                    }
                    Err(_) => return Ok(()), // the program ends
                }
            }
        };
        refuse(stream, status).await;
    }
    Ok(())
}

/// The library gives a session for any request, of which it answers the others with 400.
fn asks_for_session(request: &http::Request<()>) -> bool {
    request.method() == Method::CONNECT
        && request.extensions().get::<Protocol>() == Some(&Protocol::WEB_TRANSPORT)
}

fn head(request: &http::Request<()>) -> Head {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let fields = request.headers().iter();
    let origins: Vec<_> =
        request.headers().get_all("origin").iter().map(|value| text(value.as_bytes())).collect();
    Head {
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        origin: (!origins.is_empty()).then(|| origins.join(", ")),
        headers: fields.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        protocols: Vec::new(),
    }
}

type Http3Stream = RequestStream<h3_quinn::BidiStream<Bytes>, Bytes>;

pub async fn refuse(mut stream: Http3Stream, status: u16) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = Response::new(());
    *response.status_mut() = status;
    let sent = match stream.send_response(response).await {
        Ok(()) => stream.finish().await,
        failed => failed,
    };
    if let Err(error) = sent {
        eprintln!("a refusal with {status}: {error}");
    }
}

enum Answer {
    Accept(oneshot::Sender<Result<Session, Failure>>),
    Refuse(u16),
}

/// A request, which is answered where its connection is.
pub struct Request {
    head: Head,
    answer: oneshot::Sender<Answer>,
}

impl stack::Request for Request {
    type Session = Session;

    fn head(&self) -> Head {
        self.head.clone()
    }

    async fn accept(self, _protocol: Option<&str>) -> Result<Session, Failure> {
        let lost = || Failure::new("lost", "the connection is gone");
        let (establish, established) = oneshot::channel();
        self.answer.send(Answer::Accept(establish)).map_err(|_| lost())?;
        established.await.unwrap_or_else(|_| Err(lost()))
    }

    async fn refuse(self, status: u16) {
        let _ = self.answer.send(Answer::Refuse(status));
    }
}

//! One request and its answer.

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Method, Request, Response, StatusCode, header};
use futures_util::{Stream, TryStreamExt as _};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::endpoint::Endpoint;
use super::{Client, stream};
use crate::error::Error;
use http::Problem;

/// What a proxy answers that reaches no hub.
const GATEWAY: [StatusCode; 3] =
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];

impl Client {
    /// The head of a request.
    pub fn request(method: Method, path: &str) -> Builder {
        // HTTP asks for a host; over a socket file any will do.
        Request::builder().method(method).uri(path).header("host", "hub")
    }

    /// Asks for a JSON document.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(Client::request(Method::GET, path), Body::empty()).await
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(Client::request(Method::POST, path), Body::empty()).await
    }

    /// Sends a JSON document, and reads one.
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(body).map_err(|e| self.strange(e))?;
        let request = Client::request(Method::POST, path).header("content-type", "application/json");
        self.ask(request, Body::from(body)).await
    }

    /// Sends a request whose answer is a JSON document on each line.
    pub async fn ask_lines<T: DeserializeOwned>(
        &self,
        request: Builder,
        body: Body,
    ) -> Result<impl Stream<Item = Result<T, Error>> + use<T>, Error> {
        let answer = self.send(request, body).await?;
        Ok(stream::lines(answer, &self.endpoint))
    }

    /// Sends a request whose answer is read as it comes.
    pub async fn ask_bytes(
        &self,
        request: Builder,
        body: Body,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
        let answer = self.send(request, body).await?;
        Ok(answer.into_body().into_data_stream().map_err(|e| lost(&e)))
    }

    /// A request whose answer says nothing but that it was done.
    pub(super) async fn command(&self, path: &str) -> Result<(), Error> {
        self.send(Client::request(Method::POST, path), Body::empty()).await.map(drop)
    }

    /// Sends a request, and reads a JSON document.
    pub async fn ask<T: DeserializeOwned>(&self, request: Builder, body: Body) -> Result<T, Error> {
        let answer = self.send(request, body).await?;
        self.read(answer).await
    }

    /// Sends a request; a problem in answer becomes an error.
    pub async fn send(&self, request: Builder, body: Body) -> Result<Response<Incoming>, Error> {
        let answer = self.open(request, body).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        match self.read::<Problem>(answer).await {
            Ok(problem) => Err(problem.into()),
            // No hub said that, but what stands before it.
            Err(Error::Strange { .. }) if GATEWAY.contains(&status) => {
                let why = format!("a proxy answers in its place: {status}");
                Err(Error::Unreachable { url: self.endpoint.to_string(), why })
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a request over a connection of its own.
    pub(super) async fn open(&self, request: Builder, body: Body) -> Result<Response<Incoming>, Error> {
        let mut request = request.body(body).map_err(|e| self.strange(e))?;
        if let Endpoint::Server(server) = &self.endpoint {
            let headers = request.headers_mut();
            headers.insert(header::HOST, server.host.clone());
            headers.insert(header::AUTHORIZATION, server.authorization.clone());
        }
        let stream = self.endpoint.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        // Ends with the answer. What goes wrong in it is told by the request.
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|e| lost(&e))
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, answer: Response<Incoming>) -> Result<T, Error> {
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map_err(|e| lost(&e))?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|e| self.strange(format_args!("{status}, {e}")))
    }

    fn strange(&self, why: impl std::fmt::Display) -> Error {
        Error::Strange { hub: self.endpoint.to_string(), why: why.to_string() }
    }
}

pub(super) fn lost(error: &hyper::Error) -> Error {
    Error::Lost(error.to_string())
}

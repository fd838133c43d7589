//! The HTTP client that all of the module shares: one pool of connections, one proxy, one set of authorities.

use std::time::Duration;

use reqwest::{Certificate, Client, Proxy, Response, redirect};

/// More than any answer has that is read here, in bytes.
const LONGEST: usize = 4 << 20;

/// What is configured of the way to Google and to the referential.
#[derive(Clone, Debug)]
pub struct Way {
    /// The proxy; `None` = as the environment says.
    pub proxy: Option<String>,
    /// Certificates of authorities beside those of the system, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// What is wrong with what is configured of it.
#[derive(Debug, thiserror::Error)]
pub enum BadWay {
    /// The proxy.
    #[error("proxy: {0}")]
    Proxy(reqwest::Error),
    /// The authorities.
    #[error("authorities: a certificate in the file cannot be read ({0})")]
    Authorities(reqwest::Error),
    /// There are none.
    #[error("authorities: there is no PEM of a certificate in the file")]
    NoAuthority,
    /// Something else.
    #[error("the HTTP client: {0}")]
    Client(reqwest::Error),
}

impl Way {
    /// A client that goes this way.
    pub fn client(&self) -> Result<Client, BadWay> {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .timeout(self.timeout)
            .connect_timeout(self.timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(BadWay::Proxy)?);
        }
        if let Some(pem) = &self.authorities {
            let certificates = Certificate::from_pem_bundle(pem).map_err(BadWay::Authorities)?;
            if certificates.is_empty() {
                return Err(BadWay::NoAuthority);
            }
            builder = builder.tls_certs_merge(certificates);
        }
        builder.build().map_err(BadWay::Client)
    }
}

/// What became of a request that brought no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Nothing was sent.
    Unsent(String),
    /// It was sent, and may have been carried out.
    Lost(String),
}

impl Unanswered {
    /// What an error of the client means. Without the address: it may hold what nobody is to see.
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let unsent = error.is_connect() || error.is_builder();
        let late = error.is_timeout();
        let why = if late { "no answer in time".to_owned() } else { cause(&error.without_url()) };
        if unsent { Unanswered::Unsent(why) } else { Unanswered::Lost(why) }
    }
}

/// The last cause says what happened.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// The body of an answer, within bounds.
pub(crate) async fn body(mut response: Response) -> Result<Vec<u8>, Unanswered> {
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| Unanswered::Lost(cause(&error.without_url())))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(Unanswered::Lost(format!("the answer is longer than {LONGEST} bytes")));
        }
    }
    Ok(body)
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

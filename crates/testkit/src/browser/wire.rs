//! `WebDriver` over HTTP, as much of it as is needed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Error;

/// No answer takes longer, also on a busy machine.
const LONGEST: Duration = Duration::from_mins(4);

/// Where the driver answers.
#[derive(Debug)]
pub(super) struct Wire {
    address: SocketAddr,
}

impl Wire {
    pub(super) fn new(address: SocketAddr) -> Self {
        Wire { address }
    }

    /// The value in the answer.
    pub(super) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let failed = |log: String| Error::Tool { what: format!("{method} {path}"), log };
        let (head, body) = self.exchange(method, path, body).map_err(|error| failed(error.to_string()))?;
        let mut value: Value = serde_json::from_str(&body).map_err(|error| failed(error.to_string()))?;
        let value = value.get_mut("value").map(Value::take).unwrap_or_default();
        if head.split(' ').nth(1) == Some("200") {
            return Ok(value);
        }
        let message = value.get("message").and_then(Value::as_str).unwrap_or(&head);
        Err(failed(message.lines().next().unwrap_or_default().to_owned()))
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(String, String)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(LONGEST))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut answer = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            answer.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            // The driver leaves the connection open, whatever it is told.
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(std::io::Error::other)?;
                }
                _ => head += &line,
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }
}

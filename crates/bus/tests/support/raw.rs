//! AMQP written by hand, for what no client's library would send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// A connection with one channel.
pub struct Wire(TcpStream);

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const END: u8 = 0xce;

impl Wire {
    /// Opens one, as `guest`, on the default virtual host.
    pub fn open(url: &str) -> Self {
        let host = url.split('@').nth(1).unwrap().split('/').next().unwrap();
        let mut wire = Wire(TcpStream::connect(host).unwrap());
        wire.0.write_all(b"AMQP\0\0\x09\x01").unwrap();
        wire.hear(10, 10);
        let mut start_ok = vec![0, 0, 0, 0];
        start_ok.extend(b"\x05PLAIN\0\0\0\x0c\0guest\0guest\x05en_US");
        wire.say(0, 10, 11, &start_ok);
        let tune = wire.hear(10, 30);
        // No heartbeats.
        wire.say(0, 10, 31, &[&tune[..6], &[0, 0]].concat());
        wire.say(0, 10, 40, b"\x01/\0\0");
        wire.hear(10, 41);
        wire.say(1, 20, 10, b"\0");
        wire.hear(20, 11);
        wire.say(1, 85, 10, b"\0");
        wire.hear(85, 11);
        wire
    }

    /// Publishes with these bytes as the table of headers, and waits until the broker has it.
    pub fn publish(&mut self, exchange: &str, key: &[u8], headers: &[u8], body: &[u8]) {
        let exchange = exchange.as_bytes();
        let length = |text: &[u8]| u8::try_from(text.len()).unwrap();
        let names = [&[0, 0, length(exchange)], exchange, &[length(key)], key, &[0]].concat();
        self.say(1, 60, 40, &names);
        let size = u64::try_from(body.len()).unwrap().to_be_bytes();
        let headers_length = u32::try_from(headers.len()).unwrap().to_be_bytes();
        let header = [&[0, 60, 0, 0], &size[..], &[0x20, 0], &headers_length, headers].concat();
        self.frame(HEADER, 1, &header);
        self.frame(BODY, 1, body);
        self.hear(60, 80);
    }

    fn say(&mut self, channel: u16, class: u16, method: u16, arguments: &[u8]) {
        self.frame(METHOD, channel, &[&class.to_be_bytes()[..], &method.to_be_bytes(), arguments].concat());
    }

    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&[kind], &channel.to_be_bytes()[..], &length, payload, &[END]].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// Waits for this method, and says its arguments.
    fn hear(&mut self, class: u16, method: u16) -> Vec<u8> {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes(head[3..].try_into().unwrap());
        let mut payload = vec![0; usize::try_from(length).unwrap() + 1];
        self.0.read_exact(&mut payload).unwrap();
        let heard = [class.to_be_bytes(), method.to_be_bytes()].concat();
        assert_eq!(payload[..4], heard, "{}", String::from_utf8_lossy(&payload));
        payload[4..payload.len() - 1].to_vec()
    }
}

//! HTTP/1.1 as far as a load needs it: whole messages with a Content-Length, over kept connections.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest message that is read, in bytes.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// One kept connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes at the front of the buffer that were given out already.
    given: usize,
}

/// One whole message as it came.
pub struct Message<'a> {
    head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// The status of an answer.
    pub fn status(&self) -> anyhow::Result<u16> {
        let digits = self.head.get(9..12).context("the answer has no status")?;
        Ok(std::str::from_utf8(digits)?.parse()?)
    }

    /// The value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split(|byte| *byte == b'\n').skip(1);
        let mut pairs = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Whether the first line begins so.
    pub fn begins_with(&self, start: &str) -> bool {
        self.head.starts_with(start.as_bytes())
    }
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Wire::new(TcpStream::connect(address).await.with_context(|| format!("nobody answers at {address}"))?)
    }

    /// Takes a connection that was accepted.
    pub fn new(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Wire { stream, buffer: Vec::with_capacity(4096), given: 0 })
    }

    /// Writes a whole message.
    pub async fn write(&mut self, message: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(message).await?)
    }

    /// Sends a request and reads its answer.
    pub async fn call(&mut self, request: &[u8]) -> anyhow::Result<Message<'_>> {
        self.write(request).await?;
        self.read().await?.context("the server hung up")
    }

    /// The next whole message; none when the other side has hung up between two.
    pub async fn read(&mut self) -> anyhow::Result<Option<Message<'_>>> {
        self.buffer.drain(..self.given);
        self.given = 0;
        let mut searched = 0;
        let (head, length) = loop {
            if let Some(end) = find(&self.buffer[searched..], b"\r\n\r\n") {
                let head = searched + end + 4;
                break (head, content_length(&self.buffer[..head])?);
            }
            searched = self.buffer.len().saturating_sub(3);
            if !self.fill().await? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    bail!("the message breaks off in its head")
                };
            }
        };
        anyhow::ensure!(length <= MAX_MESSAGE_BYTES, "a message of {length} bytes");
        while self.buffer.len() < head + length {
            anyhow::ensure!(self.fill().await?, "the message breaks off in its body");
        }
        self.given = head + length;
        Ok(Some(Message { head: &self.buffer[..head], body: &self.buffer[head..head + length] }))
    }

    /// Waits until something of the next message has come, and leaves it where it is; false when the other side
    /// has hung up instead.
    pub async fn comes(&mut self) -> anyhow::Result<bool> {
        Ok(self.buffer.len() > self.given || self.stream.peek(&mut [0]).await? > 0)
    }

    /// Waits until the other side hangs up, or says anything more; so long at most.
    pub async fn ends_within(&mut self, patience: Duration) {
        // Whatever ends it, it has ended.
        let _ = tokio::time::timeout(patience, self.stream.peek(&mut [0])).await;
    }

    /// Breaks the connection off, so that the other side learns of it as of an accident.
    pub fn reset(self) -> anyhow::Result<()> {
        Ok(self.stream.set_zero_linger()?)
    }

    async fn fill(&mut self) -> anyhow::Result<bool> {
        anyhow::ensure!(self.buffer.len() <= MAX_MESSAGE_BYTES, "a head without an end");
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?);
        }
    }
    bail!("a message without Content-Length")
}

/// Where `needle` is.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The text that follows `before` up to the next quote: the value of a JSON string without escapes.
pub fn quoted<'a>(body: &'a [u8], before: &str) -> Option<&'a str> {
    let start = find(body, before.as_bytes())? + before.len();
    let rest = &body[start..];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}

/// A POST of JSON, ready to be written.
pub fn post(path: &str, bearer: &str, more_headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/json\r\n\
         {more_headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A GET, ready to be written.
pub fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::net::TcpListener;

    #[test]
    fn lengths_are_found_whatever_their_case() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").unwrap(), 12);
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nx: 1\r\ncontent-length:0\r\n\r\n").unwrap(), 0);
        assert!(content_length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        let message = Message { head: b"POST / HTTP/1.1\r\nHost: a:1\r\nX-Key:  b \r\n\r\n", body: b"" };
        assert_eq!((message.header("host"), message.header("x-key")), (Some("a:1"), Some("b")));
        assert_eq!(message.header("post / http/1.1"), None);
        assert_eq!(quoted(br#"{"id":"ver_1","to":"x"}"#, "\"id\":\""), Some("ver_1"));
    }

    #[tokio::test]
    async fn messages_come_whole_however_they_are_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut wire = Wire::new(listener.accept().await.unwrap().0).unwrap();
        let stream = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        let writing = async {
            for byte in stream {
                client.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            client.shutdown().await.unwrap();
        };
        let reading = async {
            let first = wire.read().await.unwrap().unwrap();
            assert_eq!((first.status().unwrap(), first.body), (201, b"hello".as_slice()));
            let second = wire.read().await.unwrap().unwrap();
            assert_eq!((second.status().unwrap(), second.body), (404, b"".as_slice()));
            assert!(wire.read().await.unwrap().is_none());
        };
        tokio::join!(writing, reading);
    }
}

//! As much of HTTP/1.1 as the stand-ins and the functions speak among themselves.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Result, While};

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub fn put(path: &str) -> Self {
        Self::new("PUT", path)
    }

    fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as an HTML form, which is how EC2 and SNS are asked.
    pub fn form(&self) -> BTreeMap<String, String> {
        let body = String::from_utf8_lossy(&self.body);
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (decode(key), decode(value))).collect()
    }
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub fn with(mut self, header: &str, value: impl ToString) -> Self {
        self.headers.push((header.to_owned(), value.to_string()));
        self
    }
}

/// A server on a free loopback port, gone on drop with all its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers every request with what `answer` gives; None hangs up without an answer.
    pub async fn start<F, A>(answer: F) -> Result<Self>
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Option<Response>> + Send,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .while_doing("listening on loopback")?;
        let address = listener.local_addr().while_doing("listening on loopback")?;
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                connections.spawn(async move {
                    // A client that goes away is no concern of the server.
                    let _ = converse(stream, answer.as_ref()).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse<F, A>(stream: TcpStream, answer: &F) -> io::Result<()>
where
    F: Fn(Request) -> A,
    A: Future<Output = Option<Response>>,
{
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let Some(response) = answer(request).await else { break };
        let mut head = format!("HTTP/1.1 {} Stand-in\r\n", response.status);
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
        // In one piece: otherwise the kernel waits for the other side to have taken the first.
        stream.write_all(&[head.as_bytes(), &response.body].concat()).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// Asks once, over a connection of its own.
pub async fn ask(address: SocketAddr, request: &Request) -> io::Result<Response> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        let own = ["connection", "content-length", "transfer-encoding"];
        if !own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if header(&request.headers, "host").is_none() {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    let length = request.body.len();
    head.push_str(&format!("Connection: close\r\nContent-Length: {length}\r\n\r\n"));
    stream.write_all(&[head.as_bytes(), &request.body].concat()).await?;
    stream.flush().await?;

    let status = read_line(&mut stream).await?.unwrap_or_default();
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| invalid("no status line"))?;
    let headers = read_headers(&mut stream).await?;
    let body = match read_body(&mut stream, &headers).await? {
        Some(body) => body,
        None => {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await?;
            rest
        }
    };
    let kept = headers
        .into_iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    Ok(Response {
        status,
        headers: kept.collect(),
        body,
    })
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(line) = read_line(stream).await? else {
        return Ok(None);
    };
    let mut words = line.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(invalid("no request line"));
    };
    let headers = read_headers(stream).await?;
    let body = read_body(stream, &headers).await?.unwrap_or_default();
    Ok(Some(Request {
        method,
        path,
        headers,
        body,
    }))
}

async fn read_headers(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while let Some(line) = read_line(stream).await? {
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("no header"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// None where the headers do not tell how long it is.
async fn read_body(stream: &mut BufReader<TcpStream>, headers: &[(String, String)]) -> io::Result<Option<Vec<u8>>> {
    if header(headers, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream).await.map(Some);
    }
    let Some(length) = header(headers, "content-length") else {
        return Ok(None);
    };
    let length = length.parse().map_err(|_| invalid("no length"))?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(body))
}

async fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream).await?.unwrap_or_default();
        let size = line.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| invalid("no chunk"))?;
        (&mut *stream).take(size).read_to_end(&mut body).await?;
        // The end of the chunk; after the last one, of the trailer, which nobody here sends.
        read_line(stream).await?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// None at the end of the stream.
async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(|d| (d as char).to_digit(16)));
                match digits {
                    [Some(high), Some(low)] => u8::try_from(high * 16 + low).unwrap_or(b'?'),
                    _ => b'?',
                }
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let request = Request {
            body: b"Action=Publish&Message=a%2Bb+c%C3%A4%26&Empty=".to_vec(),
            ..Request::post("/")
        };
        let form = request.form();
        assert_eq!(form["Message"], "a+b cä&");
        assert_eq!(form["Empty"], "");
    }

    #[tokio::test]
    async fn what_is_asked_arrives_and_what_is_answered_comes_back() {
        let server = Server::start(async |request: Request| match request.path.as_str() {
            "/hang-up" => None,
            _ => Some(Response::new(201, request.body).with("X-Seen", request.method)),
        })
        .await
        .unwrap();
        let request = Request {
            body: b"hello".to_vec(),
            ..Request::post("/echo")
        };
        let response = ask(server.address(), &request).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (201, b"hello".as_slice()));
        assert!(ask(server.address(), &Request::get("/hang-up")).await.is_err());
    }

    #[tokio::test]
    async fn nobody_listens_after_the_server_is_gone() {
        let server = Server::start(async |_| Some(Response::new(200, ""))).await.unwrap();
        let address = server.address();
        assert_eq!(ask(address, &Request::get("/")).await.unwrap().status, 200);
        drop(server);
        let refused = async {
            while ask(address, &Request::get("/")).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), refused)
            .await
            .unwrap();
    }
}

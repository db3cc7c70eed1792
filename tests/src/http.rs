//! HTTP/1.1 between the stand-ins and the functions, on loopback.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, TRANSFER_ENCODING};
use hyper::http::uri::PathAndQuery;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Result, While};

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query, if any.
    pub path: String,
    headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Bytes,
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
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as an HTML form, the protocol of EC2 and SNS.
    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

impl Response {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
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
    /// Answers every request with what `answer` gives; None closes the connection without an answer.
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
                    // The client may close the connection at any time.
                    let _ = converse(stream, answer).await;
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

async fn converse<F, A>(stream: TcpStream, answer: Arc<F>) -> hyper::Result<()>
where
    F: Fn(Request) -> A,
    A: Future<Output = Option<Response>>,
{
    let service = service_fn(|request| {
        let answer = Arc::clone(&answer);
        async move {
            let request = received(request).await.map_err(io::Error::other)?;
            let response = answer(request).await.ok_or(io::ErrorKind::ConnectionAborted)?;
            sent(response)
        }
    });
    server::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn received(request: hyper::Request<Incoming>) -> hyper::Result<Request> {
    let (head, body) = request.into_parts();
    Ok(Request {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned(),
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
    })
}

fn sent(response: Response) -> io::Result<hyper::Response<Full<Bytes>>> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(response.body)).map_err(io::Error::other)
}

/// Sends one request over a connection of its own. Of the answer's headers the content type is kept.
pub async fn ask(address: SocketAddr, request: &Request) -> io::Result<Response> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let exchange = async move {
        let response = sender.send_request(forwarded(address, request)?).await;
        let (head, body) = response.map_err(io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let response = Response::new(head.status.as_u16(), body);
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        Ok(match kind {
            Some(kind) => response.with(CONTENT_TYPE.as_str(), kind),
            None => response,
        })
    };
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}

/// The request with its headers but those of the connection that it came over.
fn forwarded(address: SocketAddr, request: &Request) -> io::Result<hyper::Request<Full<Bytes>>> {
    const OF_THE_CONNECTION: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
    let mut forwarded = hyper::Request::builder()
        .method(request.method.as_str())
        .uri(&request.path)
        .header(CONNECTION, "close");
    for (name, value) in request
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_CONNECTION.contains(name))
    {
        forwarded = forwarded.header(name, value);
    }
    if !request.headers.contains_key(HOST) {
        forwarded = forwarded.header(HOST, address.to_string());
    }
    forwarded
        .body(Full::new(request.body.clone()))
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let request = Request {
            body: Bytes::from_static(b"Action=Publish&Message=a%2Bb+c%C3%A4%26&Empty="),
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
            body: Bytes::from_static(b"hello"),
            ..Request::post("/echo")
        };
        let response = ask(server.address(), &request).await.unwrap();
        assert_eq!((response.status, &*response.body), (201, b"hello".as_slice()));
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

//! An HTTP answer, and the ways in which it may go wrong after its head was sent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;

use crate::fault::FaultAction;

/// The rest of a body, made while it is sent.
pub(crate) type Chunks = Box<dyn Iterator<Item = Bytes> + Send>;

/// An answer that can still be changed by a fault.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
}

/// What an answer's body is made from.
pub(crate) enum Content {
    Whole(Bytes),
    /// Sent without a Content-Length.
    Lazy(Chunks),
}

impl Answer {
    /// An answer with a body of the given media type.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: Content::Whole(body.into()) }
    }

    /// An `application/json` answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// The body as JSON, where it is a whole one.
    pub(crate) fn body_json(&self) -> Option<Value> {
        match &self.body {
            Content::Whole(bytes) => serde_json::from_slice(bytes).ok(),
            Content::Lazy(_) => None,
        }
    }

    /// The same answer with one header more.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What is left of this answer after a fault that needs no knowledge of the service.
    pub(crate) fn spoiled(self, action: &FaultAction) -> Delivery {
        match action {
            FaultAction::Status { code, headers, body } => Delivery::Answer(
                Self { status: *code, headers: headers.clone(), body: Content::Whole(Bytes::from(body.clone())) },
                Ending::Complete,
            ),
            FaultAction::ResetConnection => Delivery::Reset,
            FaultAction::Stall => Delivery::Never,
            FaultAction::TruncateBody => Delivery::Answer(self, Ending::Cut),
            FaultAction::StallBody => Delivery::Answer(self, Ending::Silent),
            FaultAction::InvalidJson => Delivery::Answer(
                Self { status: 200, body: Content::Whole(Bytes::from_static(b"{\"items\": [oops")), ..self },
                Ending::Complete,
            ),
            FaultAction::Redirect { location } => {
                Delivery::Answer(Self::new(302, "text/html", "").with_header("location", location), Ending::Complete)
            }
            FaultAction::Delay(time) => Delivery::Late(self, *time),
            FaultAction::Close => Delivery::Answer(self.with_header("connection", "close"), Ending::Complete),
            // The others are the business of the service, which has acted on them already.
            _ => Delivery::Answer(self, Ending::Complete),
        }
    }
}

/// How an answer reaches the client.
pub(crate) enum Delivery {
    Answer(Answer, Ending),
    Late(Answer, std::time::Duration),
    Reset,
    Never,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Complete,
    Cut,
    Silent,
}

impl Answer {
    /// The HTTP response. A header that is none is left out: faults may hold anything.
    pub(crate) fn into_response(self, ending: Ending) -> Response<WireBody> {
        let mut response = Response::new(WireBody::new(self.body, ending));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The body on the wire.
pub(crate) struct WireBody {
    chunks: Chunks,
    /// The length announced to the client, where it is known.
    length: Option<u64>,
    ending: Ending,
    /// Whether what there is of a cut body was given time to reach the client.
    flushed: bool,
}

impl fmt::Debug for WireBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WireBody")
            .field("length", &self.length)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

impl WireBody {
    fn new(content: Content, ending: Ending) -> Self {
        match content {
            Content::Whole(bytes) => {
                let length = Some(bytes.len() as u64);
                let sent = if ending == Ending::Complete { bytes } else { bytes.slice(..bytes.len() / 2) };
                Self {
                    chunks: Box::new(Some(sent).into_iter().filter(|sent| !sent.is_empty())),
                    length,
                    ending,
                    flushed: false,
                }
            }
            // Two chunks of a longer body are "half" of it.
            Content::Lazy(chunks) if ending != Ending::Complete => {
                Self { chunks: Box::new(chunks.take(2)), length: None, ending, flushed: false }
            }
            Content::Lazy(chunks) => Self { chunks, length: None, ending, flushed: false },
        }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.chunks.next() {
            if let Some(length) = &mut self.length {
                *length -= bytes.len() as u64;
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.ending {
            Ending::Complete => Poll::Ready(None),
            // An error in the same breath would take the head with it, which hyper has not sent yet.
            Ending::Cut if !self.flushed => {
                self.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Some(Err(io::Error::other("the body is cut here on purpose")))),
            // No waker is kept: only the end of the connection ends this body.
            Ending::Silent => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ending == Ending::Complete && self.length == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Delivery {
    /// The status that the client will see, 0 for none.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Answer(answer, _) | Self::Late(answer, _) => answer.status,
            Self::Reset | Self::Never => 0,
        }
    }
}

//! Pages that are gzip'd, as the API server does it for bodies of 128 KiB and more.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Mutex;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::answer::{Answer, Content, Delivery};
use crate::listener::Received;

/// The pages that were compressed so far, by what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Pages(Mutex<HashMap<String, Bytes>>);

impl Pages {
    /// The same answer with a body that is gzip'd, at the level of the API server.
    pub(super) fn compressed(&self, request: &Received, delivery: Delivery) -> Delivery {
        match delivery {
            Delivery::Answer(answer, ending) => Delivery::Answer(self.answer(request, answer), ending),
            Delivery::Late(answer, time) => Delivery::Late(self.answer(request, answer), time),
            Delivery::Reset | Delivery::Never => delivery,
        }
    }

    fn answer(&self, request: &Received, answer: Answer) -> Answer {
        let key = format!("{} {}?{}", request.header("accept"), request.path, request.query);
        let mut pages = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Answer { status, headers, body } = answer;
        let body = pages.entry(key).or_insert_with(|| gzip(body)).clone();
        Answer { status, headers, body: Content::Whole(body) }.with_header("content-encoding", "gzip")
    }
}

fn gzip(body: Content) -> Bytes {
    let chunks: Box<dyn Iterator<Item = Bytes>> = match body {
        Content::Whole(bytes) => Box::new(std::iter::once(bytes)),
        Content::Lazy(chunks) => chunks,
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    chunks.for_each(|chunk| encoder.write_all(&chunk).unwrap_or_default());
    encoder.finish().unwrap_or_default().into()
}

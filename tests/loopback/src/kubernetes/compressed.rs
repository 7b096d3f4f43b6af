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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use http::HeaderMap;

    use super::*;
    use crate::answer::Ending;

    #[test]
    fn a_page_is_compressed_once_and_inflates_to_itself() {
        let pages = Pages::default();
        let request = Received {
            method: "GET".to_owned(),
            path: "/api/v1/pods".to_owned(),
            query: "limit=2".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let chunks = || Content::Lazy(Box::new(["{\"items\":", "[]}"].into_iter().map(Bytes::from)));
        let [first, second] = [chunks(), Content::Whole(Bytes::from("another page"))].map(|body| {
            let answer = Answer { status: 200, headers: Vec::new(), body };
            match pages.compressed(&request, Delivery::Answer(answer, Ending::Complete)) {
                Delivery::Answer(Answer { headers, body: Content::Whole(bytes), .. }, _) => (headers, bytes),
                _ => panic!("not a whole answer"),
            }
        });
        let mut text = String::new();
        GzDecoder::new(&*first.1).read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\"items\":[]}");
        assert_eq!(first.0, [("content-encoding".to_owned(), "gzip".to_owned())]);
        assert_eq!(second.1, first.1);
    }
}

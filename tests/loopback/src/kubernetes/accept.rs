//! What a client accepts, and what it gets of it.

use super::protobuf::PROTOBUF;

/// The forms in which an API server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Protobuf,
}

/// Chooses by the Accept header: the first of the best that the server has for this kind, as the real one does. None where there
/// is none of them, which is 406.
pub(super) fn negotiate(accept: &str, has_protobuf: bool) -> Option<Encoding> {
    let mut clauses: Vec<(u32, &str)> = accept.split(',').filter_map(clause).collect();
    // The sort is stable: what is accepted alike stays in the client's order.
    clauses.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    if clauses.is_empty() {
        return Some(Encoding::Json);
    }
    clauses.into_iter().find_map(|(_, media_type)| match media_type {
        "application/json" | "application/*" | "*/*" => Some(Encoding::Json),
        PROTOBUF if has_protobuf => Some(Encoding::Protobuf),
        _ => None,
    })
}

/// A media type and its quality in thousandths. Types with further parameters (`as=Table`) are none that this world has.
fn clause(text: &str) -> Option<(u32, &str)> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().filter(|media_type| !media_type.is_empty())?;
    let mut quality = 1000;
    for parameter in parts {
        match parameter.split_once('=') {
            Some(("q", value)) => quality = (value.parse::<f32>().ok()?.clamp(0.0, 1.0) * 1000.0) as u32,
            Some(("charset", _)) => {}
            _ => return None,
        }
    }
    (quality > 0).then_some((quality, media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_that_there_is_wins() {
        let (json, protobuf) = (Some(Encoding::Json), Some(Encoding::Protobuf));
        for (accept, has_protobuf, chosen) in [
            ("", true, json),
            ("*/*", true, json),
            ("application/json", true, json),
            (PROTOBUF, true, protobuf),
            (PROTOBUF, false, None),
            ("application/vnd.kubernetes.protobuf, application/json", true, protobuf),
            ("application/vnd.kubernetes.protobuf, application/json", false, json),
            ("application/vnd.kubernetes.protobuf,*/*", false, json),
            ("application/json, application/vnd.kubernetes.protobuf", true, json),
            ("application/json;q=0.5, application/vnd.kubernetes.protobuf;q=0.9", true, protobuf),
            ("application/vnd.kubernetes.protobuf;q=0, application/json", true, json),
            ("application/json;as=Table;v=v1;g=meta.k8s.io, application/json", true, json),
            ("text/html", true, None),
        ] {
            assert_eq!(negotiate(accept, has_protobuf), chosen, "{accept}");
        }
    }
}

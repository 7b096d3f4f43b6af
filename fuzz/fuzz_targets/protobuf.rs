//! Any bytes as a list in protobuf: they decode, or are refused; what is peeked is what is decoded.
#![no_main]

use eks_rules::{Encoding, Kind, decode_list, peek_list_metadata};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [Kind::Namespace, Kind::NetworkPolicy, Kind::Pod] {
        let body = [b"k8s\0", bytes].concat();
        let peeked = peek_list_metadata(Encoding::Protobuf, &body);
        let _ = decode_list(kind, Encoding::Protobuf, &body, &mut |_| {});
        drop(peeked);
    }
});

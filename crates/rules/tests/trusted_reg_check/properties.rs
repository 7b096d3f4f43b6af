//! The rule against the oracle, on images, entries and image ids near the edges of their grammars.
//!
//! The seed is fixed and said; `EKS_RULES_SEED` (a number) takes another one, `EKS_RULES_CASES` another number of cases.

use std::cell::Cell;

use eks_rules::{ImageReference, Reason};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::oracle;
use crate::scene::{cluster, configuration, manifests, pod, report_on, running};

const SEED: u64 = 20_261_124;

/// A runner with the seed, which it says where a test fails.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("EKS_RULES_SEED").unwrap_or(SEED);
    let cases = number("EKS_RULES_CASES").map_or(cases, |cases| u32::try_from(cases).expect("a small number"));
    eprintln!("EKS_RULES_SEED={seed} EKS_RULES_CASES={cases}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// A text, sometimes with one character put in, taken out or replaced.
pub(crate) fn nearly(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let edges: Vec<char> = "./:@-_*[]% aA0fé\n/".chars().collect();
    let change = (0..3_u8, any::<prop::sample::Index>(), select(edges));
    (text, prop::option::weighted(0.1, change)).prop_map(|(text, change)| {
        let Some((kind, place, edge)) = change else { return text };
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len() + 1);
        match (kind, characters.get_mut(place)) {
            (0, Some(character)) => *character = edge,
            (1, Some(_)) => drop(characters.remove(place)),
            _ => characters.insert(place, edge),
        }
        characters.into_iter().collect()
    })
}

fn host() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        3 => select(vec!["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]),
        2 => select(vec!["gcr.io", "eu.gcr.io", "a.eu.gcr.io", "gcr.io.evil.com", "evilgcr.io", "docker.io.evil.com"]),
        1 => select(vec!["localhost", "LOCALHOST", "registry", "Foo", "gcrXio", "a.b_c", "a_b", "10.0.0.1"]),
        1 => select(vec!["[::1]", "[2001:db8::1]", "[FD00:1::2]", "[a.b]", "[abc]", "public.ecr.aws", "ecr-public.aws.com"]),
        2 => Just("ecr"),
    ];
    let ecr = (
        select(vec!["123456789012", "602401143452", "590381155156", "12345678901"]),
        select(vec!["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"]),
        select(vec!["eu-central-1", "us-east-1", "eu-south-1", "us-gov-west-1", "cn-north-1"]),
        select(vec![
            "amazonaws.com",
            "amazonaws.com.cn",
            "amazonaws.eu",
            "on.aws",
            "on.amazonwebservices.com.cn",
            "sc2s.sgov.gov",
            "c2s.ic.gov",
            "cloud.adc-e.uk",
            "csp.hci.ic.gov",
            "amazonaws.com.evil.com",
        ]),
    )
        .prop_map(|(account, service, region, suffix)| format!("{account}.{service}.{region}.{suffix}"));
    let port = prop_oneof![9 => select(vec!["", "", "", ":443", ":5000"]), 1 => select(vec![":0443", ":", ":x"])];
    (names, ecr, port, prop::bool::weighted(0.1)).prop_map(|(name, ecr, port, upper)| {
        let name = if name == "ecr" { ecr } else { name.to_owned() };
        format!("{}{port}", if upper { name.to_uppercase() } else { name })
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        40 => select(vec!["library", "nginx", "proj", "team", "x", "proj-evil", "eu-central-1", "eks"]),
        3 => select(vec!["a.b", "a_b", "a__b", "a---b", "a.b__c--d", "0"]),
        1 => select(vec!["", "..", "a..b", "a___b", "-a", "a-", "a_.b", "A", "_"]),
    ];
    let short = prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"));
    let long = (240..260_usize, any::<bool>())
        .prop_map(|(length, slash)| if slash { format!("a/{}", "a".repeat(length - 2)) } else { "a".repeat(length) });
    prop_oneof![20 => short, 1 => long]
}

fn image() -> impl Strategy<Value = String> {
    let hex = |algorithm: &str, digits: usize| format!("@{algorithm}:{}", "0a".repeat(digits).split_off(digits));
    let tag = prop_oneof![
        18 => select(vec!["", "", ":1", ":latest", ":A_b.c-d", ":443"]).prop_map(str::to_owned),
        1 => select(vec![":", ":-a", ":.a", ":1:2"]).prop_map(str::to_owned),
        1 => (126..131_usize).prop_map(|length| format!(":{}", "t".repeat(length))),
    ];
    let good = [("sha256", 64), ("sha384", 96), ("sha512", 128)].map(|(algorithm, digits)| hex(algorithm, digits));
    let bad =
        [("sha256", 63), ("sha512", 64), ("md5", 32), ("SHA256", 64)].map(|(algorithm, digits)| hex(algorithm, digits));
    let upper_case = good[0].to_uppercase().replace("SHA", "sha");
    let digest = prop_oneof![
        4 => Just(String::new()),
        5 => select(good.to_vec()),
        1 => select([&bad[..], &[upper_case]].concat()),
    ];
    let name = prop_oneof![
        15 => (host(), path()).prop_map(|(host, path)| format!("{host}/{path}")),
        4 => path(),
        1 => select(vec!["0a".repeat(32), "0A".repeat(32), "0a".repeat(31), String::new(), "https://gcr.io/x".to_owned()]),
    ];
    nearly((name, tag, digest).prop_map(|(name, tag, digest)| format!("{name}{tag}{digest}")))
}

fn entry() -> impl Strategy<Value = String> {
    let optional_path = || prop_oneof![1 => Just(String::new()), 2 => path().prop_map(|path| format!("/{path}"))];
    let account = select(vec!["123456789012", "602401143452", "590381155156", "self", "self", "self", "12345678901"]);
    let region = select(vec!["", "", "/eu-central-1", "/us-east-1", "/us-gov-west-1", "/west-1"]);
    let domain = select(vec![
        "gcr.io",
        "docker.io",
        "dkr.ecr.eu-central-1.amazonaws.com",
        "io",
        "b_c",
        "gcr.io:443",
        "gcr.io:5000",
        "[abc]",
    ]);
    nearly(prop_oneof![
        6 => (host(), optional_path()).prop_map(|(host, path)| format!("{host}{path}")),
        2 => (domain, optional_path()).prop_map(|(domain, path)| format!("*.{domain}{path}")),
        4 => (account, region, optional_path()).prop_map(|(account, region, path)| format!("ecr:{account}{region}{path}")),
        1 => Just("eks-addons".to_owned()),
        1 => path(),
    ])
}

/// An image that an entry might trust, or just might not.
fn image_near(entry: &str, ending: &str) -> String {
    let name = match entry.split_once(':') {
        Some(("ecr", rest)) => {
            let mut parts: Vec<&str> = rest.split('/').collect();
            let account = if parts[0] == "self" { "123456789012" } else { parts[0] }.to_owned();
            parts.remove(0);
            let says_region = parts.first().is_some_and(|part| part.split('-').count() > 2);
            let region = if says_region { parts.remove(0) } else { "us-east-1" };
            format!("{account}.dkr.ecr.{region}.amazonaws.com/{}", parts.join("/"))
        }
        _ => entry.replace("*.", "eu."),
    };
    let name = name.replace("eks-addons", "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks");
    format!("{}{ending}", name.trim_end_matches('/'))
}

fn image_id() -> impl Strategy<Value = String> {
    let scheme = select(vec!["", "", "docker-pullable://", "docker://", "containerd://"]);
    let bare = select(vec![String::new(), "0a".repeat(32), "0a".repeat(6), format!("sha256:{}", "0a".repeat(32))]);
    (scheme, prop_oneof![2 => image(), 1 => nearly(bare)]).prop_map(|(scheme, name)| format!("{scheme}{name}"))
}

/// That a property met each of its outcomes often enough to have said something.
fn often_enough(outcomes: &[(&str, &Cell<u32>)]) {
    if std::env::var("EKS_RULES_CASES").is_err() {
        for (name, times) in outcomes {
            eprintln!("{name}: {} times", times.get());
            assert!(times.get() >= 100, "{name}: only {} times", times.get());
        }
    }
}

fn count(counter: &Cell<u32>) {
    counter.set(counter.get() + 1);
}

#[test]
fn references_are_read_as_the_published_grammar_says() {
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let compare = |text: String| {
        let wanted = oracle::image(&text);
        let read = ImageReference::parse(&text).ok().map(|image| oracle::Image {
            name: format!("{}/{}", image.registry(), image.repository()),
            tag: image.tag().map(str::to_owned),
            digest: image.digest().map(str::to_owned),
        });
        count(if wanted.is_some() { &accepted } else { &refused });
        prop_assert_eq!(read, wanted, "{:?}", text);
        Ok(())
    };
    runner(4_000).run(&image(), compare).unwrap();
    often_enough(&[("accepted", &accepted), ("refused", &refused)]);
}

#[test]
fn verdicts_are_those_of_the_oracle() {
    let (trusted, untrusted, unparsable, wrong) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let ending = select(vec!["", "/x", "/x:1", "-evil/x", "x", "/library/x", ":1", ":5000/x", ".evil.com/x"]);
    let cases =
        (prop::collection::vec(entry(), 1..3), prop::collection::vec(image(), 1..4), ending, any::<(bool, bool)>());
    let compare =
        |(entries, mut images, ending, (require_digest, known)): (Vec<String>, Vec<String>, &str, (bool, bool))| {
            images.extend(entries.iter().map(|entry| image_near(entry, ending)));
            let given = entries.join(",");
            let parameters = json!({"trustedRegistries": given, "requireDigest": require_digest.to_string()});
            let scene = if known { cluster() } else { manifests() };
            let oracle_scene = oracle::Scene { account: scene.account.as_deref(), region: scene.region.as_deref() };
            let entries = given.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            let wanted: Option<Vec<_>> = entries.map(|entry| oracle::entry(entry, oracle_scene)).collect();
            let judged = configuration(&parameters).and_then(|configuration| configuration.judge(&scene));
            let Some(wanted) = wanted.filter(|patterns| !patterns.is_empty()) else {
                count(&wrong);
                prop_assert!(judged.is_err(), "{:?} should be refused", given);
                return Ok(());
            };
            prop_assert!(judged.is_ok(), "{:?} should be accepted: {:?}", given, judged.err());
            for image in images {
                let reasons: Vec<Reason> = match oracle::image(&image) {
                    None => vec![Reason::Unparsable],
                    Some(parsed) => {
                        let found = [
                            (Reason::Untrusted, !wanted.iter().any(|pattern| pattern.is_match(&parsed.name))),
                            (Reason::NotPinned, require_digest && parsed.digest.is_none()),
                        ];
                        found.into_iter().filter_map(|(reason, found)| found.then_some(reason)).collect()
                    }
                };
                count(match reasons.first() {
                    Some(Reason::Unparsable) => &unparsable,
                    Some(Reason::Untrusted) => &untrusted,
                    _ => &trusted,
                });
                let report = report_on(&parameters, &scene, &[pod(&image)]);
                let found: Vec<Reason> = report.findings.iter().flat_map(|finding| finding.reasons.clone()).collect();
                prop_assert_eq!(found, reasons, "{:?} under {:?}", image, given);
            }
            Ok(())
        };
    runner(4_000).run(&cases, compare).unwrap();
    often_enough(&[
        ("trusted", &trusted),
        ("untrusted", &untrusted),
        ("unparsable", &unparsable),
        ("wrong entries", &wrong),
    ]);
}

#[test]
fn running_images_are_those_of_the_oracle() {
    let (trusted, untrusted, nameless) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let parameters = |image_id: &str| json!({"trustedRegistries": "docker.io,*.gcr.io,ecr:self", "imageId": image_id});
    let scene = oracle::Scene { account: Some("123456789012"), region: None };
    let patterns = ["docker.io", "*.gcr.io", "ecr:self"].map(|entry| oracle::entry(entry, scene).unwrap());
    let compare = |image_id: String| {
        let pods = [running("nginx", &image_id)];
        let required = report_on(&parameters("require"), &cluster(), &pods);
        let reported = report_on(&parameters("report"), &cluster(), &pods);
        prop_assert_eq!(reported.findings.len(), 0);
        let name = oracle::running(&image_id);
        let is_trusted = name.as_ref().map(|name| patterns.iter().any(|pattern| pattern.is_match(name)));
        count(match is_trusted {
            None => &nameless,
            Some(true) => &trusted,
            Some(false) => &untrusted,
        });
        let (findings, required_notes, reported_notes) = match is_trusted {
            None => (0, 1, 1),
            Some(true) => (0, 0, 0),
            Some(false) => (1, 0, 1),
        };
        let numbers = (required.findings.len(), required.notes.len(), reported.notes.len());
        prop_assert_eq!(numbers, (findings, required_notes, reported_notes), "{:?}", image_id);
        Ok(())
    };
    runner(2_000).run(&image_id(), compare).unwrap();
    often_enough(&[("trusted", &trusted), ("untrusted", &untrusted), ("nameless", &nameless)]);
}

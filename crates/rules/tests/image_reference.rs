//! How image references are read. The tables hold the inputs of `github.com/distribution/reference`'s own tests and what
//! it makes of them after its normalisation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use eks_rules::{EcrRegistry, ImageReference, ReferenceError};

const SHA256: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const SHA512: &str = "sha512:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn name(text: &str) -> Result<String, ReferenceError> {
    ImageReference::parse(text).map(|image| format!("{} {}", image.registry(), image.repository()))
}

#[track_caller]
fn accepts(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(name(text).as_deref(), Ok(*wanted), "{text}");
    }
}

#[track_caller]
fn refuses(cases: &[(&str, ReferenceError)]) {
    for (text, wanted) in cases {
        assert_eq!(name(text), Err(*wanted), "{text:?}");
    }
}

#[test]
fn a_name_without_a_slash_is_an_official_image_of_docker_hub() {
    accepts(&[
        ("busybox", "docker.io library/busybox"),
        ("test_com", "docker.io library/test_com"),
        ("test.com:tag", "docker.io library/test.com"),
        ("test.com:5000", "docker.io library/test.com"),
        ("lowercase:Uppercase", "docker.io library/lowercase"),
        ("foo_bar.com:8080", "docker.io library/foo_bar.com"),
        ("192.168.1.1", "docker.io library/192.168.1.1"),
        ("192.168.1.1:5000", "docker.io library/192.168.1.1"),
        ("localhost", "docker.io library/localhost"),
        ("localhost:8080", "docker.io library/localhost"),
        ("dbcc1", "docker.io library/dbcc1"),
    ]);
}

#[test]
fn a_first_component_without_dot_colon_or_upper_case_is_no_host() {
    accepts(&[
        ("docker/docker", "docker.io docker/docker"),
        ("library/debian", "docker.io library/debian"),
        ("library/foo/bar", "docker.io library/foo/bar"),
        ("nonlibrary/ubuntu", "docker.io nonlibrary/ubuntu"),
        ("other/library", "docker.io other/library"),
        ("store/foo/bar", "docker.io store/foo/bar"),
        ("test_com/foo", "docker.io test_com/foo"),
        ("foo/foo_bar.com:8080", "docker.io foo/foo_bar.com"),
        ("a/a/a/a", "docker.io a/a/a/a"),
        ("aa/aa/bb/bb/bb", "docker.io aa/aa/bb/bb/bb"),
        ("aa-a/a", "docker.io aa-a/a"),
        ("jess/t", "docker.io jess/t"),
        ("d/docker", "docker.io d/docker"),
        ("docker---rules/docker", "docker.io docker---rules/docker"),
        ("dock__er/docker", "docker.io dock__er/docker"),
    ]);
}

#[test]
fn localhost_a_dot_a_colon_or_an_upper_case_letter_make_a_host() {
    accepts(&[
        ("localhost/x", "localhost x"),
        ("localhost:5000/x", "localhost:5000 x"),
        ("test.com/repo:tag", "test.com repo"),
        ("test:5000/repo", "test:5000 repo"),
        ("test-com:8080/foo", "test-com:8080 foo"),
        ("192.168.1.1/repo", "192.168.1.1 repo"),
        ("192.168.0.1:8/debian", "192.168.0.1:8 debian"),
        ("192.168.1.1:750050/repo", "192.168.1.1:750050 repo"),
        ("sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com bar/baz/quux"),
        ("b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io test.example.com/my-app"),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com myimage"),
        ("example.com/xn--7o8h.com/myimage", "example.com xn--7o8h.com/myimage"),
        ("example.com/some_separator__underscore/myimage", "example.com some_separator__underscore/myimage"),
        (
            "registry.io/foo/project--id.module--name.ver---sion--name",
            "registry.io foo/project--id.module--name.ver---sion--name",
        ),
        ("0101.com/x", "0101.com x"),
        ("ab.c-om/x", "ab.c-om x"),
        ("Foo/bar", "foo bar"),
        ("FOO/bar", "foo bar"),
        ("Docker/docker", "docker docker"),
        ("Asdf.com/foo/bar", "asdf.com foo/bar"),
        ("Uppercase/lowercase:tag", "uppercase lowercase"),
        ("LOCALHOST/x", "localhost x"),
    ]);
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    accepts(&[
        ("[2001:db8::1]/repo", "[2001:db8::1] repo"),
        ("[2001:DB8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6] repo"),
        ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000 repo"),
        ("[2001:db8::]:5000/repo", "[2001:db8::]:5000 repo"),
        ("[::1]:5000/repo", "[::1]:5000 repo"),
        ("[::1]:443/repo", "[::1] repo"),
        ("[fc00::1]:5000/docker/docker", "[fc00::1]:5000 docker/docker"),
        ("[fd00123123123]:75050/x", "[fd00123123123]:75050 x"),
    ]);
    refuses(&[
        ("[2001:db8::1]", ReferenceError::Path),
        ("[2001:db8::1]:5000", ReferenceError::Path),
        ("[2001:db8::1]:tag", ReferenceError::Path),
        ("[fe80::1%eth0]:5000/repo", ReferenceError::Host),
        ("[fe80::1%@invalidzone]:5000/repo", ReferenceError::Path),
        ("[2001:db8:3:4::192.0.2.33]:5000/debian", ReferenceError::Host),
        ("[fd00:1:2::3]75050/x", ReferenceError::Host),
        ("[fd00:1:2::3]::75050/x", ReferenceError::Host),
        ("[fd00:1:2::3]:/x", ReferenceError::Host),
        ("[]/x", ReferenceError::Path),
        ("[]:5000/x", ReferenceError::Host),
        ("[::1/x", ReferenceError::Host),
        ("fc00::1:5000/debian", ReferenceError::Host),
    ]);
}

#[test]
fn a_host_that_is_none_is_refused() {
    refuses(&[
        ("-docker.io/docker/docker", ReferenceError::Host),
        ("docker./docker", ReferenceError::Host),
        (".docker/docker", ReferenceError::Host),
        ("do..cker/docker", ReferenceError::Host),
        ("dock_.er/docker", ReferenceError::Host),
        ("ab-.com/x", ReferenceError::Host),
        ("ab.-com/x", ReferenceError::Host),
        ("ab.com-/x", ReferenceError::Host),
        ("foo.com:http/bar", ReferenceError::Host),
        ("localhost:http/name", ReferenceError::Host),
        ("foo.com:/bar", ReferenceError::Host),
        ("foo.com:80:80/bar", ReferenceError::Host),
        ("foo_bar.com:8080/app", ReferenceError::Host),
        ("do__cker:8080/docker", ReferenceError::Host),
        ("Foo_bar/x", ReferenceError::Host),
        ("éxample.com/x", ReferenceError::Host),
    ]);
}

/// distribution/reference takes it for a path without a host, and containerd pulls from the host all the same.
#[test]
fn a_dotted_first_component_with_an_underscore_is_a_host() {
    accepts(&[("my_registry.local/app:1", "my_registry.local app"), ("a__b.c/d/e", "a__b.c d/e")]);
    let path = format!("my_registry.local/{}", "a".repeat(255 - 18));
    assert!(ImageReference::parse(&path).is_ok());
    assert_eq!(name(&format!("{path}a")), Err(ReferenceError::TooLong), "its path is counted with the host");
}

#[test]
fn a_path_that_is_none_is_refused() {
    refuses(&[
        ("", ReferenceError::Empty),
        (" ", ReferenceError::Path),
        (":justtag", ReferenceError::Path),
        ("/", ReferenceError::Path),
        ("/x", ReferenceError::Path),
        ("x/", ReferenceError::Path),
        ("gcr.io/", ReferenceError::Path),
        ("gcr.io/:tag", ReferenceError::Path),
        ("gcr.io//x", ReferenceError::Path),
        ("docker///docker", ReferenceError::Path),
        ("docker.io/docker///docker", ReferenceError::Path),
        ("a//a/a", ReferenceError::Path),
        ("a/a/a/a/", ReferenceError::Path),
        ("aa/asdf$$^/aa", ReferenceError::Path),
        ("a^a", ReferenceError::Path),
        ("-foo", ReferenceError::Path),
        ("-docker/docker", ReferenceError::Path),
        ("docker-/docker", ReferenceError::Path),
        ("foo/bar-", ReferenceError::Path),
        ("foo/-bar", ReferenceError::Path),
        ("foo.com/a-/a/a", ReferenceError::Path),
        ("____/____", ReferenceError::Path),
        ("_docker/_docker", ReferenceError::Path),
        ("docker_/docker_", ReferenceError::Path),
        ("a___b/c", ReferenceError::Path),
        ("a_-b/c", ReferenceError::Path),
        ("example.com/__underscore/myimage", ReferenceError::Path),
        ("example.com/.dots/myimage", ReferenceError::Path),
        ("example.com/nodouble..dots/myimage", ReferenceError::Path),
        ("example.com/dash-.dot/myimage", ReferenceError::Path),
        ("ghcr.io/../x", ReferenceError::Path),
        ("ghcr.io/./x", ReferenceError::Path),
        ("ghcr.io/ x", ReferenceError::Path),
        ("nginx ", ReferenceError::Path),
        ("ghcr.io/x\n", ReferenceError::Path),
        ("not a reference", ReferenceError::Path),
        ("ghcr.io/café", ReferenceError::Path),
        ("ghcr.io/x%2fy", ReferenceError::Path),
        ("ghcr.io/x?y", ReferenceError::Path),
        ("nginx,redis", ReferenceError::Path),
        ("Uppercase:tag", ReferenceError::UpperCase),
        ("docker/Docker", ReferenceError::UpperCase),
        ("docker.io/docker/Docker", ReferenceError::UpperCase),
        ("test:5000/Uppercase/lowercase:tag", ReferenceError::UpperCase),
        ("Foo/FarB", ReferenceError::UpperCase),
    ]);
}

#[test]
fn a_url_is_no_reference() {
    refuses(&[
        ("https://github.com/docker/docker", ReferenceError::Scheme),
        ("http://ghcr.io/x", ReferenceError::Scheme),
        ("docker://nginx", ReferenceError::Scheme),
        ("oci://ghcr.io/x:1", ReferenceError::Scheme),
    ]);
}

#[test]
fn sixty_four_hex_digits_alone_are_refused_and_in_a_repository_are_not() {
    let identifier = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";
    refuses(&[(identifier, ReferenceError::Identifier)]);
    accepts(&[
        (&format!("docker.io/{identifier}"), &format!("docker.io library/{identifier}")),
        (&format!("{identifier}:tag"), &format!("docker.io library/{identifier}")),
        (&identifier[1..], &format!("docker.io library/{}", &identifier[1..])),
        (
            "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
            "docker.io library/thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
        ),
    ]);
    refuses(&[(&identifier.to_uppercase(), ReferenceError::UpperCase)]);
}

#[test]
fn a_path_has_at_most_255_characters_not_counting_the_host() {
    let host = "a-rather-long-host-name.example.com:5000";
    for (length, fits) in [(1, true), (254, true), (255, true), (256, false)] {
        let image = format!("{host}/{}:tag-puts-this-over-max", "a".repeat(length));
        assert_eq!(name(&image).is_ok(), fits, "{length} on a host");
        let image = format!("b/{}", "a".repeat(length.max(3) - 2));
        assert_eq!(name(&image).is_ok(), fits, "{length} in a namespace of Docker Hub");
    }
    let segments = |number: usize| format!("{}a:tag", "a/".repeat(number));
    assert_eq!(name(&segments(128)), Err(ReferenceError::TooLong));
    assert!(name(&segments(127)).is_ok(), "255 characters");
}

#[test]
fn library_counts_where_docker_hub_implies_it() {
    for hub in ["", "docker.io/", "index.docker.io/"] {
        assert!(name(&format!("{hub}{}", "a".repeat(247))).is_ok(), "{hub}");
        assert_eq!(name(&format!("{hub}{}", "a".repeat(248))), Err(ReferenceError::TooLong), "{hub}");
    }
}

#[test]
fn a_tag_follows_the_last_colon_after_the_last_slash() {
    let tag = |text| ImageReference::parse(text).map(|image| image.tag());
    assert_eq!(tag("nginx"), Ok(None));
    assert_eq!(tag("nginx:1.25"), Ok(Some("1.25")));
    assert_eq!(tag("test.com:5000"), Ok(Some("5000")));
    assert_eq!(tag("test:5000/repo"), Ok(None));
    assert_eq!(tag("192.168.1.1:5000/repo:5050"), Ok(Some("5050")));
    assert_eq!(tag("[::1]:5000/repo:tag"), Ok(Some("tag")));
    assert_eq!(tag("nginx:_"), Ok(Some("_")));
    assert_eq!(tag("nginx:A_b-c.d"), Ok(Some("A_b-c.d")));
}

#[test]
fn a_tag_has_1_to_128_word_characters_dots_and_hyphens() {
    assert!(name(&format!("nginx:{}", "a".repeat(128))).is_ok());
    refuses(&[
        (&format!("nginx:{}", "a".repeat(129)), ReferenceError::Tag),
        ("nginx:", ReferenceError::Tag),
        ("nginx:-a", ReferenceError::Tag),
        ("nginx:.a", ReferenceError::Tag),
        ("nginx:a b", ReferenceError::Tag),
        ("nginx:a+b", ReferenceError::Tag),
        ("nginx:a:b", ReferenceError::Tag),
        ("nginx:ä", ReferenceError::Tag),
        ("nginx:１", ReferenceError::Tag),
        ("registry.com:8080/myapp:invalid~tag", ReferenceError::Tag),
        ("gcr.io/x:a/b", ReferenceError::Tag),
    ]);
}

#[test]
fn a_tag_and_a_digest_may_stand_together() {
    let text = format!("xn--7o8h.com/myimage:xn--7o8h.com@{SHA512}");
    let image = ImageReference::parse(&text).expect("a reference");
    assert_eq!((image.tag(), image.digest()), (Some("xn--7o8h.com"), Some(SHA512)));
    let text = format!("localhost:8080@{SHA256}");
    let image = ImageReference::parse(&text).expect("a reference");
    assert_eq!(image.repository(), "library/localhost");
    assert_eq!((image.tag(), image.digest()), (Some("8080"), Some(SHA256)));
    let text = format!("[2001:db8::1]:5000/repo@{SHA256}");
    let image = ImageReference::parse(&text).expect("a reference");
    assert_eq!((image.tag(), image.digest()), (None, Some(SHA256)));
}

#[test]
fn a_digest_has_its_algorithms_number_of_lower_case_hex_digits() {
    for (algorithm, digits) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
        let with = |digits: usize| name(&format!("repo@{algorithm}:{}", "a".repeat(digits)));
        assert!(with(digits).is_ok(), "{algorithm}");
        for wrong in [0, 32, digits - 1, digits + 1] {
            assert_eq!(with(wrong), Err(ReferenceError::Digest), "{algorithm} {wrong}");
        }
        let upper_case = format!("repo@{algorithm}:{}", "A".repeat(digits));
        assert_eq!(name(&upper_case), Err(ReferenceError::Digest));
        let no_hex = format!("repo@{algorithm}:{}", "g".repeat(digits));
        assert_eq!(name(&no_hex), Err(ReferenceError::Digest));
    }
    refuses(&[
        (&format!("@{SHA256}"), ReferenceError::Path),
        (&format!("repo@{SHA256}@{SHA256}"), ReferenceError::Digest),
        (&format!("repo@{SHA256}:tag"), ReferenceError::Digest),
        (&format!("validname@invaliddigest:{}", "f".repeat(128)), ReferenceError::Digest),
        (&format!("repo@SHA256:{}", "f".repeat(64)), ReferenceError::Digest),
        (&format!("repo@md5:{}", "f".repeat(32)), ReferenceError::Digest),
        (&format!("repo@sha256+b64:{}", "f".repeat(64)), ReferenceError::Digest),
        ("registry.com:8080/myapp@sha256:badbadbadbad", ReferenceError::Digest),
        ("registry.com:8080/myapp@bad", ReferenceError::Digest),
        ("registry.com:8080/myapp@", ReferenceError::Digest),
    ]);
}

#[test]
fn docker_hub_has_several_names_and_library_may_be_left_out() {
    for hub in ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"] {
        for host in [hub.to_owned(), hub.to_uppercase(), format!("{hub}:443")] {
            accepts(&[
                (&format!("{host}/nginx"), "docker.io library/nginx"),
                (&format!("{host}/library/nginx:1"), "docker.io library/nginx"),
                (&format!("{host}/bitnami/nginx"), "docker.io bitnami/nginx"),
                (&format!("{host}/library"), "docker.io library/library"),
            ]);
        }
        accepts(&[(&format!("{hub}:444/nginx"), &format!("{hub}:444 nginx"))]);
    }
    accepts(&[
        ("docker.io.evil.com/nginx", "docker.io.evil.com nginx"),
        ("evil.docker.io/nginx", "evil.docker.io nginx"),
    ]);
}

#[test]
fn public_ecr_has_two_names() {
    accepts(&[
        ("public.ecr.aws/eks-distro/pause:3.9", "public.ecr.aws eks-distro/pause"),
        ("ecr-public.aws.com/eks-distro/pause:3.9", "public.ecr.aws eks-distro/pause"),
    ]);
}

#[test]
fn port_443_is_folded_and_any_other_is_not() {
    accepts(&[
        ("gcr.io:443/x", "gcr.io x"),
        ("gcr.io:0443/x", "gcr.io:0443 x"),
        ("gcr.io:5443/x", "gcr.io:5443 x"),
        ("gcr.io:80/x", "gcr.io:80 x"),
        ("nginx:443", "docker.io library/nginx"),
    ]);
    assert_eq!(ImageReference::parse("nginx:443").unwrap().tag(), Some("443"));
}

#[test]
fn an_error_says_what_is_wrong() {
    assert_eq!(ReferenceError::TooLong.to_string(), "its path has more than 255 characters");
    assert_eq!(ReferenceError::Scheme.to_string(), "it has a scheme such as https://");
}

const CLASSIC: [&str; 7] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];
const DUAL_STACK: [&str; 2] = ["on.aws", "on.amazonwebservices.com.cn"];

#[test]
fn an_ecr_host_is_known_in_every_partition_plain_fips_and_dual_stack() {
    let forms =
        CLASSIC.map(|suffix| ("dkr.ecr", suffix)).into_iter().chain(DUAL_STACK.map(|suffix| ("dkr-ecr", suffix)));
    for (service, suffix) in forms {
        for fips in ["", "-fips"] {
            let host = format!("123456789012.{service}{fips}.us-gov-west-1.{suffix}");
            for host in [host.clone(), host.to_uppercase()] {
                let registry = EcrRegistry::of_host(&host).unwrap_or_else(|| panic!("{host}"));
                assert_eq!(registry.account(), "123456789012");
                assert!(registry.region().eq_ignore_ascii_case("us-gov-west-1"));
            }
        }
    }
}

#[test]
fn mixed_forms_and_look_alikes_are_no_ecr_host() {
    for host in [
        "123456789012.dkr.ecr.us-east-1.on.aws",
        "123456789012.dkr-ecr.us-east-1.amazonaws.com",
        "123456789012.dkr-ecr.cn-north-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.on.amazonwebservices.com.cn",
        "12345678901.dkr.ecr.us-east-1.amazonaws.com",
        "1234567890123.dkr.ecr.us-east-1.amazonaws.com",
        "12345678901x.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.com",
        "evil.123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.dkr.ecr.-us.amazonaws.com",
        "123456789012.dkr.ecr.us.east.amazonaws.com",
        "123456789012.dkr.ecr-fips-x.us-east-1.amazonaws.com",
        "123456789012.dkrxecr.us-east-1.amazonaws.com",
        "123456789012.dkr_ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com:5000",
        "123456789012.ecr.us-east-1.amazonaws.com",
        "x.dkr.ecr.us.evil.com",
        "public.ecr.aws",
        "docker.io",
        "",
    ] {
        assert_eq!(EcrRegistry::of_host(host), None, "{host}");
    }
}

#[test]
fn a_registry_is_known_by_its_other_names() {
    let names = |registry: &str| ImageReference::other_names(registry).collect::<Vec<_>>();
    for (alias, registry) in ImageReference::aliases() {
        assert!(names(registry).contains(&alias), "{alias}");
        assert_eq!(name(&format!("{alias}/a/b")), name(&format!("{registry}/a/b")), "{alias}");
    }
    assert!(names("docker.io").contains(&"index.docker.io"));
    assert_eq!(names("quay.io"), [""; 0]);
}

//! The entries of `trustedRegistries`: what each form trusts, and what is said of one that has no form.

use eks_rules::{ParameterError, Reason};
use serde_json::json;

use crate::scene::{cluster, configuration, does_not_trust, manifests, pod, reasons_with, report_on, trusts};

const FORMS: &str = "HOST[:PORT][/PATH], *.DOMAIN[/PATH], ecr:ACCOUNT[/REGION][/PATH], ecr:self[/PATH] or eks-addons";

fn error(entry: &str) -> ParameterError {
    match configuration(&json!({"trustedRegistries": entry})) {
        Ok(_) => panic!("{entry} was accepted"),
        Err(error) => error,
    }
}

/// Asserts the part of the message that follows the forms.
#[track_caller]
fn refuses(cases: &[(&str, &str)]) {
    for (entry, why) in cases {
        let error = error(entry);
        assert_eq!(error.parameter, "trustedRegistries");
        assert_eq!(error.given, format!("{entry:?}"));
        assert_eq!(error.allowed, format!("{FORMS}; {why}"), "{entry}");
    }
}

#[test]
fn a_list_that_is_missing_or_empty_is_an_error() {
    let at_least_one = "a comma list of at least one registry, such as ecr:self,eks-addons,docker.io/library";
    for (parameters, name, given) in [
        (json!({}), "trustedRegistries", "nothing"),
        (json!({"trustedRegistries": ""}), "trustedRegistries", "nothing"),
        (json!({"trustedRegistries": "  "}), "trustedRegistries", "nothing"),
        (json!({"trustedRegistries": " , ,"}), "trustedRegistries", "\", ,\""),
        (json!({"trusted_registries": ","}), "trusted_registries", "\",\""),
    ] {
        let error = configuration(&parameters).unwrap_err();
        assert_eq!((error.parameter.as_str(), error.given.as_str()), (name, given));
        assert_eq!(error.allowed, at_least_one);
    }
}

#[test]
fn entries_are_trimmed_and_empty_ones_dropped() {
    trusts(" gcr.io ,, docker.io/library ,", &["gcr.io/x", "nginx"]);
}

#[test]
fn the_name_of_the_older_sample_is_accepted_and_named_in_errors() {
    let error = configuration(&json!({"trusted_registries": "busybox"})).unwrap_err();
    assert_eq!(error.parameter, "trusted_registries");
    assert_eq!(reasons_with("nginx", &json!({"trusted_registries": "docker.io"}), &cluster()), []);
}

#[test]
fn a_host_is_trusted_whole() {
    trusts("ghcr.io", &["ghcr.io/x", "ghcr.io/a/b/c:1", "GHCR.IO/x", "ghcr.io:443/x"]);
    does_not_trust(
        "ghcr.io",
        &["ghcr.io.evil.com/x", "evil-ghcr.io/x", "a.ghcr.io/x", "ghcr.io:80/x", "ghcr.com/x", "ghcr/io"],
    );
    trusts("GHCR.io", &["ghcr.io/x"]);
    trusts("localhost", &["localhost/x", "localhost:443/x"]);
    does_not_trust("localhost", &["localhost:5000/x", "localhost"]);
}

#[test]
fn a_port_is_part_of_the_host_and_443_is_none() {
    trusts("registry:5000", &["registry:5000/x"]);
    does_not_trust("registry:5000", &["registry:5001/x", "registry/x", "registry:50000/x"]);
    trusts("ghcr.io:443", &["ghcr.io/x", "ghcr.io:443/x"]);
    trusts("[2001:DB8::1]:5000", &["[2001:db8::1]:5000/x"]);
    does_not_trust("[2001:db8::1]", &["[2001:db8::1]:5000/x", "[2001:db8::2]/x"]);
    trusts("my_registry.local", &["my_registry.local/x"]);
}

#[test]
fn a_path_is_trusted_with_what_lies_under_it() {
    trusts("ghcr.io/org/team", &["ghcr.io/org/team", "ghcr.io/org/team/x", "ghcr.io/org/team/x/y:1"]);
    does_not_trust(
        "ghcr.io/org/team",
        &["ghcr.io/org", "ghcr.io/org/team2/x", "ghcr.io/org/tea", "ghcr.io/x/org/team", "org/team"],
    );
    trusts("registry:5000/team", &["registry:5000/team/x"]);
}

#[test]
fn every_name_of_docker_hub_is_the_same_entry() {
    for host in ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "Docker.io:443"] {
        trusts(host, &["nginx", "bitnami/redis", "index.docker.io/nginx", "registry-1.docker.io/bitnami/redis"]);
        trusts(&format!("{host}/library/nginx"), &["nginx", "docker.io/library/nginx:1"]);
        trusts(&format!("{host}/bitnami"), &["bitnami/redis", "registry.hub.docker.com/bitnami/redis"]);
    }
    does_not_trust("docker.io:444", &["nginx", "docker.io/nginx"]);
}

#[test]
fn on_docker_hub_a_name_is_the_official_image_and_the_namespace() {
    trusts("docker.io/nginx", &["nginx", "docker.io/library/nginx", "nginx/nginx-ingress"]);
    does_not_trust("docker.io/nginx", &["nginx2", "library/nginx/x", "bitnami/nginx"]);
    trusts("docker.io/library/nginx", &["nginx"]);
    does_not_trust("docker.io/library/nginx", &["nginx/nginx-ingress", "redis"]);
    trusts("docker.io/library", &["nginx", "redis:7", "library/foo/bar"]);
    does_not_trust("docker.io/library", &["bitnami/redis", "libraryx/y"]);
    // Elsewhere nothing is implied.
    does_not_trust("quay.io/nginx", &["quay.io/library/nginx"]);
    does_not_trust("quay.io/library/nginx", &["quay.io/nginx"]);
}

#[test]
fn public_ecr_is_one_registry_under_two_names() {
    for entry in ["public.ecr.aws/eks-distro", "ecr-public.aws.com/eks-distro"] {
        trusts(entry, &["public.ecr.aws/eks-distro/pause:3.9", "ecr-public.aws.com/eks-distro/pause"]);
        does_not_trust(entry, &["public.ecr.aws/evil/x"]);
    }
}

#[test]
fn a_star_is_one_label_below_the_domain() {
    trusts("*.gcr.io", &["eu.gcr.io/x", "EU.GCR.io:443/x/y", "a-b.gcr.io/x"]);
    does_not_trust(
        "*.gcr.io",
        &["gcr.io/x", "a.b.gcr.io/x", "evilgcr.io/x", "eu.gcr.io.evil.com/x", "eu.gcr.io:5000/x", "eu-gcr.io/x"],
    );
    trusts("*.gcr.io/proj", &["eu.gcr.io/proj/x", "eu.gcr.io/proj"]);
    does_not_trust("*.gcr.io/proj", &["eu.gcr.io/proj-evil/x", "gcr.io/proj/x"]);
    trusts("*.Example.COM:443", &["a.example.com/x"]);
    trusts("*.dkr.ecr.us-east-1.amazonaws.com", &["123456789012.dkr.ecr.us-east-1.amazonaws.com/x"]);
    // The other names of Docker Hub are folded into the one first.
    does_not_trust("*.docker.io", &["registry-1.docker.io/library/nginx", "nginx"]);
}

/// Every name of an account's registries in a region: (service, suffix).
fn ecr_hosts(account: &str, region: &str) -> Vec<String> {
    let classic = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "sc2s.sgov.gov",
        "c2s.ic.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ];
    let dual_stack = ["on.aws", "on.amazonwebservices.com.cn"];
    let name = |service: &str, suffix: &str| format!("{account}.{service}.{region}.{suffix}");
    let classic = classic.iter().flat_map(|suffix| [name("dkr.ecr", suffix), name("dkr.ecr-fips", suffix)]);
    let dual_stack = dual_stack.iter().flat_map(|suffix| [name("dkr-ecr", suffix), name("dkr-ecr-fips", suffix)]);
    classic.chain(dual_stack).collect()
}

#[test]
fn an_account_is_trusted_in_every_spelling_of_its_ecr() {
    for region in ["us-east-1", "us-gov-west-1", "cn-north-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"] {
        for host in ecr_hosts("111122223333", region) {
            let images = [format!("{host}/x"), format!("{host}:443/team/x:1"), format!("{}/x", host.to_uppercase())];
            let images = images.each_ref().map(String::as_str);
            trusts("ecr:111122223333", &images);
            trusts(&format!("ecr:111122223333/{region}"), &images);
            does_not_trust("ecr:111122223334", &images);
            does_not_trust("ecr:111122223333/us-west-9", &images);
            does_not_trust("ecr:self", &images);
        }
    }
}

#[test]
fn mixed_spellings_and_look_alikes_are_no_ecr() {
    does_not_trust(
        "ecr:111122223333",
        &[
            "111122223333.dkr.ecr.us-east-1.on.aws/x",
            "111122223333.dkr-ecr.us-east-1.amazonaws.com/x",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com:5000/x",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.com/x",
            "a.111122223333.dkr.ecr.us-east-1.amazonaws.com/x",
            "111122223333.dkrxecr.us-east-1.amazonaws.com/x",
            "111122223333.dkr.ecr.us-east-1.evil.com/x",
            "111122223333/x",
            "public.ecr.aws/111122223333/x",
        ],
    );
}

#[test]
fn the_second_part_of_an_ecr_entry_is_the_region_where_it_looks_like_one() {
    let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let image = |path: &str| format!("{host}/{path}");
    trusts("ecr:111122223333/eu-west-1", &[&image("x"), &image("team/x")]);
    trusts("ecr:111122223333/eu-west-1/team", &[&image("team"), &image("team/x")]);
    does_not_trust("ecr:111122223333/eu-west-1/team", &[&image("x"), &image("team-evil/x")]);
    does_not_trust("ecr:111122223333/eu-west-2/team", &[&image("team/x")]);
    trusts("ecr:111122223333/team", &[&image("team"), &image("team/x")]);
    does_not_trust("ecr:111122223333/team", &[&image("teams/x"), &image("x")]);
    // A path that looks like a region needs the region before it.
    trusts("ecr:111122223333/eu-west-1/eu-west-1", &[&image("eu-west-1/x")]);
    does_not_trust("ecr:111122223333/us-west-1", &[&image("us-west-1/x")]);
    // These do not look like one.
    for path in ["west-1", "eu-1", "europe-west-1", "eu-west-10", "eu-west-a", "e-west-1", "eu-w3st-1", "eu-west"] {
        trusts(&format!("ecr:111122223333/{path}"), &[&image(&format!("{path}/x"))]);
    }
}

#[test]
fn the_own_account_is_trusted_in_any_region() {
    let own = ["123456789012.dkr.ecr.us-east-1.amazonaws.com/x", "123456789012.dkr-ecr.eu-central-1.on.aws/team/x"];
    trusts("ecr:self", &own);
    does_not_trust("ecr:self", &["111122223333.dkr.ecr.us-east-1.amazonaws.com/x", "x"]);
    trusts("ecr:self/team", &own[1..]);
    does_not_trust("ecr:self/team", &own[..1]);
}

#[test]
fn the_own_account_must_be_known() {
    let configuration = configuration(&json!({"trusted_registries": "ecr:self/team"})).unwrap();
    let error = configuration.judge(&manifests()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule parameter trusted_registries: given \"ecr:self\"; allowed: ecr:ACCOUNT, or ecr:self where the cluster's \
         account is known: give it with --account (twelve digits)"
    );
    let scene = eks_rules::Scene { account: Some("12345".to_owned()), ..manifests() };
    assert!(configuration.judge(&scene).is_err(), "an account has twelve digits");
    let scene = eks_rules::Scene { account: Some("123456789012".to_owned()), ..manifests() };
    assert!(configuration.judge(&scene).is_ok());
}

/// (region, account, host) of every registry of EKS's own add-ons.
fn addon_registries() -> Vec<(&'static str, &'static str, &'static str)> {
    include_str!("../../src/image/eks-addon-registries.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[0], fields[1], fields[2])
        })
        .collect()
}

#[test]
fn eks_addons_are_trusted_from_the_registry_of_each_region() {
    let registries = addon_registries();
    assert_eq!(registries.len(), 46);
    let parameters = json!({"trustedRegistries": "eks-addons"});
    for (region, account, host) in &registries {
        let scene = eks_rules::Scene { region: Some((*region).to_owned()), ..cluster() };
        let image = format!("{host}/eks/kube-proxy:v1.33.0-eksbuild.2");
        assert_eq!(reasons_with(&image, &parameters, &scene), [], "{image} in {region}");
        assert_eq!(host.split('.').next(), Some(*account));
        assert!(host.contains(&format!(".dkr.ecr.{region}.")), "{host}");
        for (_, _, other) in registries.iter().filter(|(other, _, _)| other != region) {
            let image = format!("{other}/eks/kube-proxy");
            assert_eq!(reasons_with(&image, &parameters, &scene), [Reason::Untrusted], "{image} in {region}");
        }
    }
}

#[test]
fn eks_addons_do_not_include_other_accounts() {
    for (host, trusted) in [
        ("602401143452.dkr.ecr.eu-central-1.amazonaws.com", true),
        ("602401143452.dkr-ecr.eu-central-1.on.aws", true),
        ("602401143452.dkr.ecr.us-east-1.amazonaws.com", false),
        ("602401143453.dkr.ecr.eu-central-1.amazonaws.com", false),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", false),
        ("public.ecr.aws", false),
    ] {
        let check = if trusted { trusts } else { does_not_trust };
        check("eks-addons", &[&format!("{host}/eks/coredns")]);
    }
}

#[test]
fn eks_addons_of_every_region_are_trusted_where_no_region_is_known() {
    let parameters = json!({"trustedRegistries": "eks-addons"});
    let pods: Vec<_> = addon_registries().iter().map(|(_, _, host)| pod(&format!("{host}/eks/coredns"))).collect();
    let report = report_on(&parameters, &manifests(), &pods);
    assert_eq!(report.findings, []);
    assert_eq!(report.notes, ["eks-addons of every region trusted, since no region is known"]);
    // An account's registry in a region where the add-ons have another one is still none of them.
    let other = "602401143452.dkr.ecr.eu-south-1.amazonaws.com/eks/coredns";
    assert_eq!(reasons_with(other, &parameters, &manifests()), [Reason::Untrusted]);
    // Where the region is known or the entry not used, there is no such note.
    let known = eks_rules::Scene { region: Some("eu-central-1".to_owned()), ..manifests() };
    assert_eq!(report_on(&parameters, &known, &[]).notes, [""; 0]);
    assert_eq!(report_on(&json!({"trustedRegistries": "docker.io"}), &manifests(), &[]).notes, [""; 0]);
}

#[test]
fn eks_addons_in_a_region_of_which_nothing_is_known_are_an_error() {
    let configuration = configuration(&json!({"trustedRegistries": "eks-addons"})).unwrap();
    let scene = eks_rules::Scene { region: Some("mars-north-1".to_owned()), ..cluster() };
    assert_eq!(
        configuration.judge(&scene).unwrap_err().to_string(),
        "rule parameter trustedRegistries: given \"eks-addons\"; allowed: ecr:ACCOUNT/mars-north-1 with the account of \
         EKS's add-on images there: eks-addons does not know region mars-north-1"
    );
}

#[test]
fn an_image_of_docker_hub_is_no_entry_and_its_meaning_is_told() {
    for (entry, host, meant) in [
        ("busybox", "busybox", "docker.io/library/busybox"),
        ("busybox:1.36", "busybox:1.36", "docker.io/library/busybox"),
        ("library", "library", "docker.io/library/library"),
        ("bitnami/redis", "bitnami", "docker.io/bitnami/redis"),
        ("my_team/x", "my_team", "docker.io/my_team/x"),
    ] {
        let why = format!("{host:?} is no host (neither localhost nor with . or :); probably {meant} is meant");
        refuses(&[(entry, &why)]);
    }
    refuses(&[
        ("Busybox", r#""Busybox" is no host with an optional port"#),
        ("Foo/bar", r#""Foo" is no host with an optional port"#),
    ]);
}

#[test]
fn a_host_that_could_not_be_one_is_an_error() {
    for host in [
        "-gcr.io",
        "gcr..io",
        "gcr.io:http",
        "gcr.io:",
        "[::1",
        "[::1]x",
        "gcr.io:80:80",
        "gcr io",
        "größe.de",
        ".",
        ":5000",
        "eks_addons",
        "EKS-addons",
    ] {
        let why = error(host).allowed;
        assert!(why.contains("is no host"), "{host}: {why}");
    }
}

#[test]
fn a_scheme_is_an_error() {
    refuses(&[
        ("https://gcr.io", "without the scheme https://, as in gcr.io"),
        ("oci://ghcr.io/org", "without the scheme oci://, as in ghcr.io/org"),
    ]);
}

#[test]
fn a_tag_or_a_digest_is_an_error() {
    let sha = crate::scene::SHA;
    refuses(&[
        ("gcr.io/proj/app:1.2", "an entry has no tag: gcr.io/proj/app"),
        ("localhost:5000/app:1", "an entry has no tag: localhost:5000/app"),
        ("ecr:123456789012/team/app:1", "an entry has no tag: ecr:123456789012/team/app"),
        (&format!("gcr.io/app@{sha}"), "an entry has no digest: gcr.io/app"),
        (&format!("gcr.io/app:1@{sha}"), "an entry has no digest: gcr.io/app"),
        (&format!("nginx@{sha}"), "an entry has no digest: nginx"),
    ]);
}

#[test]
fn a_star_in_another_place_is_an_error() {
    let place = "* stands only in front, for one whole label of a host: *.DOMAIN";
    let path = "* stands only in front, for one whole label of a host; a path means all that lies under it";
    refuses(&[
        ("*", place),
        ("*gcr.io", place),
        ("eu.*.io", place),
        ("gcr.*", place),
        ("*.*.io", r#""*.io" is no domain: a host name without port or another *"#),
        ("*.", r#""" is no domain: a host name without port or another *"#),
        ("*.gcr.io:5000", r#""gcr.io:5000" is no domain: a host name without port or another *"#),
        ("gcr.io/*", "all that lies under it is meant anyway, without /*: gcr.io"),
        ("gcr.io/proj/*", "all that lies under it is meant anyway, without /*: gcr.io/proj"),
        ("gcr.io/proj*", path),
        ("gcr.io/*/x", path),
        ("ecr:123456789012/team*", path),
        ("ecr:self/*", "all that lies under it is meant anyway, without /*: ecr:self"),
        ("ecr:*", r#""*" is no account: ecr: wants its twelve digits, or self"#),
    ]);
}

#[test]
fn a_path_that_is_none_is_an_error() {
    let long = "a".repeat(256);
    refuses(&[
        ("gcr.io/", "without the slash at its end: gcr.io"),
        ("gcr.io/proj/", "without the slash at its end: gcr.io/proj"),
        ("gcr.io//x", r#""/x" is no path of a repository"#),
        ("gcr.io/../x", r#""../x" is no path of a repository"#),
        ("gcr.io/a b", r#""a b" is no path of a repository"#),
        ("gcr.io/a__b___c", r#""a__b___c" is no path of a repository"#),
        ("gcr.io/Proj", "paths are in lower case: proj"),
        (&format!("gcr.io/{long}"), &format!("{long:?} is no path of a repository")),
    ]);
    trusts(&format!("gcr.io/{}", &long[1..]), &[&format!("gcr.io/{}", &long[1..])]);
}

#[test]
fn an_ecr_entry_wants_an_account() {
    let no_account = |owner: &str| format!("{owner:?} is no account: ecr: wants its twelve digits, or self");
    for owner in
        ["", "12345678901", "1234567890123", "12345678901x", "１２３４５６７８９０１２", "us-east-1", "Self", "5000"]
    {
        refuses(&[(&format!("ecr:{owner}"), &no_account(owner)), (&format!("ecr:{owner}/team"), &no_account(owner))]);
    }
    refuses(&[
        ("ecr:123456789012.dkr.ecr.us-east-1.amazonaws.com/x", "ecr: takes no host: ecr:123456789012/us-east-1"),
        ("ecr:public/eks", "the public registry has no account: public.ecr.aws"),
        ("ECR:self", "in lower case: ecr:self"),
        ("ecr:123456789012/Team", "paths are in lower case: team"),
        ("ecr:123456789012//x", r#""/x" is no path of a repository"#),
        ("ecr:123456789012/us-east-1/", "without the slash at its end: ecr:123456789012/us-east-1"),
    ]);
}

#[test]
fn the_own_account_takes_no_region() {
    refuses(&[(
        "ecr:self/us-east-1",
        "ecr:self means every region and takes none: ecr:self, or ecr:ACCOUNT/us-east-1 for that region only",
    )]);
}

#[test]
fn eks_addons_take_no_path() {
    assert!(error("eks-addons/eks").allowed.contains("is no host"));
}

#[test]
fn one_bad_entry_among_good_ones_is_named() {
    let error = configuration(&json!({"trustedRegistries": "ghcr.io,busybox,quay.io"})).unwrap_err();
    assert_eq!(error.given, "\"busybox\"");
}

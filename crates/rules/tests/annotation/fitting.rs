//! What holds for the annotation of any findings, notes and headline.

use std::collections::BTreeSet;

use eks_rules::{
    ContainerKind, Finding, Owner, Reason, UncoveredWorkload, annotation, not_judged_annotation, not_judged_since,
};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::judging::runner;

const REASONS: [Reason; 13] = [
    Reason::NoPolicy,
    Reason::UncoveredPods,
    Reason::IngressNotDenied,
    Reason::EgressNotDenied,
    Reason::NotEnforced,
    Reason::AllowPrivilegeEscalation,
    Reason::Privileged,
    Reason::SysAdmin,
    Reason::Unset,
    Reason::Untrusted,
    Reason::Unparsable,
    Reason::NotPinned,
    Reason::RunningImageUntrusted,
];

/// A name without the characters that part subjects and sentences: short, long, or with what must not be shown.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z0-9-]{1,12}",
        1 => (60..64_usize).prop_map(|length| "l".repeat(length)),
        1 => (62..254_usize).prop_map(|length| "L".repeat(length)),
        1 => "[äß容器🚀𐐷a]{1,20}",
        1 => "[a\n\r\t\u{0}\u{1b}\u{7f}\u{85}\u{200b}\u{2028}\u{202e}\u{feff}]{1,8}",
    ]
}

fn finding() -> impl Strategy<Value = Finding> {
    let owner = (select(vec!["Deployment", "Pod", "Kind"]), name()).prop_map(|(kind, name)| Owner::new(kind, name));
    let kind = select(vec![
        ContainerKind::InitContainer,
        ContainerKind::Container,
        ContainerKind::EphemeralContainer,
        ContainerKind::ImageVolume,
    ]);
    let workload = name().prop_map(|name| UncoveredWorkload { kind: "Deployment".to_owned(), name, pods: 1 });
    let image = prop_oneof![1 => Just(String::new()), 3 => "[a-z/]{1,30}", 1 => (1..300_usize).prop_map(|length| "i".repeat(length))];
    let reasons = vec(select(REASONS.to_vec()), 1..4)
        .prop_map(|reasons| reasons.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    (
        option::weighted(0.95, name()),
        option::of((owner, name(), kind)),
        option::weighted(0.8, 0..50_u64),
        option::weighted(0.3, image),
        option::weighted(0.2, vec(workload, 0..9)),
        reasons,
    )
        .prop_map(|(namespace, container, pods, image, workloads, reasons)| {
            let (owner, container, container_kind) = match container {
                Some((owner, container, kind)) => (Some(owner), Some(container), Some(kind)),
                None => (None, None, None),
            };
            Finding {
                namespace,
                owner,
                container,
                container_kind,
                pods,
                image,
                workloads,
                reasons,
                ..Finding::default()
            }
        })
}

/// A headline without `: `, from nothing to far too long.
fn headline() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[1-9][0-9]{0,4} of [1-9][0-9]{0,4} [a-z ]{5,90}[a-z]",
        1 => vec(select(vec!["word ", "🚀", "a\n", "b", "words-without-a-space"]), 0..60).prop_map(|words| words.concat()),
        1 => (150..400_usize).prop_map(|length| "h".repeat(length)),
    ]
}

/// A note without spaces, so that none ends like another.
fn note() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9_]{3,40}", 1 => (0..300_usize).prop_map(|length| "n".repeat(length)), 1 => "[a\n🚀_]{1,9}"]
}

fn shown(text: &str) -> String {
    let hidden = ['\u{ad}', '\u{61c}', '\u{feff}'];
    let unseen = |c: char| {
        c.is_control()
            || hidden.contains(&c)
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2060}'..='\u{206f}').contains(&c)
            || ('\u{e0000}'..='\u{e007f}').contains(&c)
    };
    text.chars().map(|c| if unseen(c) { '\u{fffd}' } else { c }).collect()
}

/// How bad a reason is.
fn weight(finding: &Finding) -> (u8, u64) {
    let worst = finding.reasons.iter().map(|reason| match reason {
        Reason::Privileged | Reason::Unparsable | Reason::NotEnforced => 3,
        Reason::SysAdmin | Reason::Untrusted | Reason::NoPolicy => 2,
        Reason::AllowPrivilegeEscalation | Reason::RunningImageUntrusted | Reason::UncoveredPods => 1,
        _ => 0,
    });
    (worst.max().unwrap_or(0), finding.pods.unwrap_or(0))
}

/// The subject of a finding without its reasons, with the owner's name told in full or by its length.
fn name_of(finding: &Finding, full: bool) -> String {
    let mut words = finding.namespace.as_deref().map_or("cluster".to_owned(), shown);
    if let (Some(owner), Some(container)) = (&finding.owner, &finding.container) {
        let kind = match finding.container_kind.unwrap() {
            ContainerKind::Container => "",
            ContainerKind::InitContainer => "init ",
            ContainerKind::EphemeralContainer => "ephemeral ",
            ContainerKind::ImageVolume => "volume ",
        };
        let length = owner.name.chars().count();
        let name = if full || length <= 63 { shown(&owner.name) } else { format!("(name of {length} characters)") };
        words += &format!("/{}/{name}[{kind}{}]", owner.kind, shown(container));
    }
    words
}

/// The subject of a finding, with its image, workloads and owner's name told in full or by their number.
fn subject(finding: &Finding, full: bool) -> String {
    let mut words = name_of(finding, full);
    let reasons: Vec<String> = finding
        .reasons
        .iter()
        .map(|reason| serde_json::to_value(reason).unwrap().as_str().unwrap().to_owned())
        .collect();
    words += &format!(" {}", reasons.join(","));
    let plural = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    if let Some(image) = &finding.image {
        words += &match full {
            true if image.is_empty() => " (empty image)".to_owned(),
            true => format!(" {image}"),
            false => format!(" (image of {})", plural(image.len(), "character")),
        };
    }
    let workloads = finding.workloads.as_deref().unwrap_or_default();
    if !workloads.is_empty() {
        let names: Vec<_> = workloads.iter().take(5).map(|workload| shown(&workload.name)).collect();
        let more = if workloads.len() > 5 { format!(" and {} more", workloads.len() - 5) } else { String::new() };
        words += &match full {
            true => format!(" ({}{more})", names.join(",")),
            false => format!(" ({})", plural(workloads.len(), "workload")),
        };
    }
    words
}

/// Reads the notes from the end of an annotation: those that are told, and how many are said to be left out.
fn told_notes<'a>(annotation: &'a str, notes: &[String]) -> Result<(&'a str, usize, usize), TestCaseError> {
    let (mut rest, mut left_out) = (annotation, 0);
    for (ending, singular) in [(" more note.", true), (" more notes.", false)] {
        if let Some(before) = rest.strip_suffix(ending) {
            let digits = before.rsplit(' ').next().unwrap();
            left_out = digits.parse().unwrap();
            prop_assert_eq!(left_out == 1, singular, "{}", annotation);
            rest = &before[..before.len() - digits.len() - 1];
            break;
        }
    }
    let mut told = 0;
    for note in notes.iter().rev() {
        if let Some(before) = rest.strip_suffix(&format!(" {}.", shown(note))) {
            rest = before;
            told += 1;
        }
    }
    Ok((rest, told, left_out))
}

#[test]
fn every_annotation_keeps_the_limit_cuts_no_subject_and_counts_what_it_leaves_out() {
    let times = prop_oneof![4 => Just(1), 1 => 1..30_usize];
    let cases = (headline(), vec(finding(), 0..8), vec(note(), 0..6), times);
    let compare = |(headline, findings, notes, times): (String, Vec<Finding>, Vec<String>, usize)| {
        let findings: Vec<_> = findings.iter().cycle().take(findings.len() * times).cloned().collect();
        let said = annotation(&headline, &findings, &notes);
        prop_assert!(said.chars().count() <= 256 && said.encode_utf16().count() <= 256, "{}", said);
        prop_assert!(said.ends_with('.') && said == shown(&said), "{:?}", said);
        let (rest, told, left_out) = told_notes(&said, &notes)?;
        prop_assert_eq!(told + left_out, notes.len(), "notes told and left out: {}", said);
        let headline = shown(&headline);
        let beginning: String = match rest.strip_prefix(headline.as_str()) {
            Some(_) => headline,
            None => {
                let (kept, _) = rest.split_once("...").expect("an ellipsis where the headline is cut");
                prop_assert!(headline.starts_with(kept), "{}", said);
                prop_assert!(headline.encode_utf16().count() > 180, "cut without need: {}", said);
                format!("{kept}...")
            }
        };
        let rest = rest.strip_prefix(beginning.as_str()).unwrap();
        if findings.is_empty() {
            prop_assert_eq!(rest, ".");
            return Ok(());
        }
        let list = rest.strip_prefix(": ").and_then(|list| list.strip_suffix('.')).expect("a list");
        let number = findings.len();
        let none = format!("{number} name{} too long for here", if number == 1 { "" } else { "s" });
        if list == none {
            let units = |text: &str| text.encode_utf16().count();
            let shortest = findings.iter().map(|finding| units(&name_of(finding, false))).min().unwrap();
            prop_assert!(units(&beginning) + shortest > 256 - 60, "a name would have fitted: {}", said);
            return Ok(());
        }
        let mut told: Vec<&str> = list.split("; ").collect();
        let mut left_out = 0;
        if let Some(more) =
            told.last().and_then(|last| last.strip_prefix("and ")).and_then(|it| it.strip_suffix(" more"))
        {
            left_out = more.parse().expect("a number");
            told.pop();
        }
        prop_assert_eq!(told.len() + left_out, number, "subjects told and left out: {}", said);
        let mut worst: Vec<&Finding> = findings.iter().collect();
        worst.sort_by_key(|finding| std::cmp::Reverse(weight(finding)));
        let mut subjects = worst.into_iter();
        for (place, one) in told.into_iter().enumerate() {
            let found = subjects.any(|finding| {
                one == subject(finding, true)
                    || one == subject(finding, false)
                    || place == 0 && one == name_of(finding, false)
            });
            prop_assert!(found, "{:?} is no subject, or not in its place: {}", one, said);
        }
        Ok(())
    };
    runner(4_000).run(&cases, compare).unwrap();
}

fn finding_of(namespace: &str) -> Finding {
    Finding { namespace: Some(namespace.to_owned()), reasons: vec![Reason::NoPolicy], ..Finding::default() }
}

/// An annotation whose subject takes all but `spare` of the room that the headline leaves.
fn filled(spare: usize, notes: &[String]) -> String {
    let namespace = "n".repeat(256 - "h: ".len() - " NoPolicy.".len() - spare);
    annotation("h", &[finding_of(&namespace)], notes)
}

#[test]
fn a_subject_that_just_fits_is_told_and_one_that_is_a_character_too_long_is_not() {
    assert_eq!(filled(0, &[]).chars().count(), 256);
    assert!(filled(0, &[]).ends_with("nnn NoPolicy."));
    let name = |longer: usize| "n".repeat(256 - "h: ".len() - " NoPolicy.".len() + longer);
    let said = |longer: usize| annotation("h", &[finding_of(&name(longer))], &[]);
    assert_eq!(said(1), format!("h: {}.", name(1)), "without its reason it fits");
    assert_eq!(said(" NoPolicy".len()), format!("h: {}.", name(" NoPolicy".len())));
    assert_eq!(said(" NoPolicy".len() + 1), "h: 1 name too long for here.");
}

#[test]
fn the_count_of_what_is_left_out_is_part_of_the_limit() {
    let two = |length: usize| {
        let findings = [finding_of(&"a".repeat(length)), finding_of("b"), finding_of(&"c".repeat(250))];
        annotation("h", &findings, &[])
    };
    let longest = 256 - "h: ".len() - " NoPolicy; b NoPolicy; and 1 more.".len();
    assert_eq!(two(longest).chars().count(), 256);
    assert!(two(longest).ends_with(" NoPolicy; b NoPolicy; and 1 more."));
    assert!(two(longest + 1).ends_with(" NoPolicy; and 2 more."), "{}", two(longest + 1));
}

#[test]
fn a_surrogate_pair_counts_as_two() {
    let rockets = |number: usize| annotation("h", &[finding_of(&"🚀".repeat(number))], &[]);
    let longest = (256 - "h: ".len() - " NoPolicy.".len()) / 2;
    assert!(rockets(longest).contains("🚀 NoPolicy."), "{}", rockets(longest));
    assert!(rockets(longest + 1).ends_with("🚀."), "{}", rockets(longest + 1));
    assert_eq!(rockets(127), "h: 1 name too long for here.");
}

#[test]
fn subjects_leave_room_for_notes() {
    let notes = ["12 namespaces excluded".to_owned(), "100 finished pods not judged".to_owned()];
    let findings: Vec<_> = (0..90).map(|number| finding_of(&format!("namespace-{number}"))).collect();
    let said = annotation("90 of 90 namespaces have no network policy", &findings, &notes);
    assert!(said.ends_with(" more. 12 namespaces excluded. 100 finished pods not judged."), "{said}");
    assert!(said.contains(": namespace-0 NoPolicy; namespace-1 NoPolicy; "), "{said}");
}

#[test]
fn notes_leave_room_for_subjects() {
    let notes: Vec<_> = (0..20).map(|number| format!("a note of some length, the number {number}")).collect();
    let findings: Vec<_> = (0..90).map(|number| finding_of(&format!("namespace-{number}"))).collect();
    let said = annotation("90 of 90 namespaces have no network policy", &findings, &notes);
    assert!(
        said.contains(": namespace-0 NoPolicy; namespace-1 NoPolicy; namespace-2 NoPolicy; and 87 more. a note"),
        "{said}"
    );
    assert!(said.ends_with(" more notes."), "{said}");
    let alone = annotation("90 namespaces: each has a network policy", &[], &notes);
    assert!(alone.contains("the number 4. 15 more notes."), "without findings notes take all that is left: {alone}");
}

#[test]
fn notes_leave_room_for_one_subject_even_where_only_its_name_fits() {
    let note = "n".repeat(126);
    let findings = [finding_of("payments"), finding_of("shop")];
    let said = |headline: &str| annotation(headline, &findings, &[note.clone(), "another".to_owned()]);
    let headline = "h".repeat(96);
    assert_eq!(said(&headline), format!("{headline}: payments; and 1 more. {note}. another."));
    let headline = "h".repeat(97);
    assert_eq!(said(&headline), format!("{headline}: payments NoPolicy; shop NoPolicy. another. 1 more note."));
}

#[test]
fn a_name_that_takes_all_the_room_leaves_some_to_count_the_notes() {
    let finding = finding_of(&"n".repeat(252));
    assert_eq!(annotation("h", std::slice::from_ref(&finding), &[]), format!("h: {}.", "n".repeat(252)));
    let long = "a note that is too long to be told beside it ".repeat(9);
    let said = annotation("h", &[finding], &[long, "2 exempted".to_owned()]);
    assert_eq!(said, "h: 1 name too long for here. 2 exempted. 1 more note.");
}

#[test]
fn notes_that_take_what_a_short_list_of_subjects_leaves_do_not_push_it_out() {
    let findings = [finding_of("-"), Finding { reasons: vec![Reason::Unset], ..finding_of("name") }];
    for length in 190..220 {
        let notes = ["n".repeat(10), "m".repeat(13)];
        let said = annotation(&"h".repeat(length), &findings, &notes);
        assert!(said.len() <= 256 && said.contains(": -"), "{said}");
    }
}

#[test]
fn an_owner_with_a_long_name_is_told_by_its_length_where_the_name_does_not_fit() {
    let of = |length: usize, namespace: usize| {
        let mut finding = finding_of(&"n".repeat(namespace));
        finding.owner = Some(Owner::new("Job", "j".repeat(length)));
        annotation("h", &[finding], &[])
    };
    assert_eq!(of(230, 4), format!("h: nnnn/Job/{} NoPolicy.", "j".repeat(230)));
    assert_eq!(of(253, 4), "h: nnnn/Job/(name of 253 characters) NoPolicy.");
    assert_eq!(of(64, 190), format!("h: {}/Job/(name of 64 characters) NoPolicy.", "n".repeat(190)));
    assert_eq!(of(63, 190), "h: 1 name too long for here.");
}

#[test]
fn a_note_that_does_not_fit_makes_way_for_the_next() {
    let notes = ["x".repeat(300), "2 exempted".to_owned()];
    assert_eq!(annotation("h", &[], &notes), "h. 2 exempted. 1 more note.");
}

#[test]
fn an_image_that_does_not_fit_is_told_by_its_length_and_workloads_by_their_number() {
    let mut finding = finding_of("shop");
    finding.image = Some("i".repeat(250));
    assert_eq!(annotation("h", &[finding.clone()], &[]), "h: shop NoPolicy (image of 250 characters).");
    finding.image = Some(String::new());
    assert_eq!(annotation("h", &[finding.clone()], &[]), "h: shop NoPolicy (empty image).");
    finding.image = None;
    let workloads = |number: usize, length: usize| {
        let one = |place: usize| UncoveredWorkload {
            kind: "Job".to_owned(),
            name: format!("{place}{}", "w".repeat(length)),
            pods: 1,
        };
        let mut finding = finding.clone();
        finding.workloads = Some((0..number).map(one).collect());
        annotation("h", &[finding], &[])
    };
    assert_eq!(workloads(0, 1), "h: shop NoPolicy.");
    assert_eq!(workloads(1, 1), "h: shop NoPolicy (0w).");
    assert_eq!(workloads(5, 1), "h: shop NoPolicy (0w,1w,2w,3w,4w).");
    assert_eq!(workloads(6, 1), "h: shop NoPolicy (0w,1w,2w,3w,4w and 1 more).");
    assert_eq!(workloads(6, 100), "h: shop NoPolicy (6 workloads).");
    assert_eq!(workloads(1, 260), "h: shop NoPolicy (1 workload).");
}

#[test]
fn equally_bad_subjects_are_told_in_the_order_of_the_findings_and_those_of_more_pods_first() {
    let of = |namespace: &str, pods: u64| Finding { pods: Some(pods), ..finding_of(namespace) };
    let findings = [of("c", 1), of("a", 1), of("b", 2), of("d", 1)];
    assert_eq!(annotation("h", &findings, &[]), "h: b NoPolicy; c NoPolicy; a NoPolicy; d NoPolicy.");
}

#[test]
fn a_headline_that_is_too_long_is_cut_between_words_and_says_so() {
    let headline = "word ".repeat(80);
    let said = annotation(&headline, &[finding_of("shop")], &["a note".to_owned()]);
    assert!(said.starts_with("word word ") && said.contains("word...: "), "{said}");
    let said = annotation(&"x".repeat(400), &[], &[]);
    assert_eq!(said, format!("{}....", "x".repeat(252)));
}

#[test]
fn the_words_of_a_cluster_that_is_not_judged_are_cut_where_they_are_too_long_and_nowhere_else() {
    let since: Timestamp = "2026-03-01T05:06:07Z".parse().unwrap();
    let end = " Not judged since 2026-03-01T05:06:07Z.";
    let words = |cause: &str| not_judged_annotation("step", cause, since);
    let letters = |length: usize| words(&"x".repeat(length));
    let longest = 256 - "NOT JUDGED: step, .".len() - end.len();
    assert_eq!(letters(longest), format!("NOT JUDGED: step, {}.{end}", "x".repeat(longest)));
    assert_eq!(letters(longest + 1), format!("NOT JUDGED: step, {}...{end}", "x".repeat(longest - 2)));
    let rockets = words(&"🚀".repeat(300));
    assert!([255, 256].contains(&rockets.encode_utf16().count()), "a character is not cut: {rockets}");
    let spaced = words(&"some words ".repeat(40));
    let spaced = spaced.strip_suffix(end).unwrap();
    assert!(spaced.ends_with("some...") || spaced.ends_with("words..."), "{spaced}");
    let border = format!("{} end", "x".repeat(longest + 1 - "... end".len()));
    let said = words(&format!("{border} and more"));
    assert_eq!(said, format!("NOT JUDGED: step, {border}...{end}"), "a word that just fits is not left out");
}

#[test]
fn an_annotation_says_since_when_the_cluster_was_not_judged_and_no_verdict_does() {
    let since: Timestamp = "2026-03-01T05:06:07Z".parse().unwrap();
    for cause in ["403", "lines\r\n", "🚀", &"long ".repeat(99), ". Not judged since 1999-01-01T00:00:00Z.", ""] {
        let said = not_judged_annotation("list", cause, since);
        assert_eq!(not_judged_since(&said), Some(since), "{said}");
    }
    for said in
        ["NOT JUDGED: list, 403", "3 of 4 pods. Not judged since 2026-03-01T05:06:07Z.", "Not judged since .", ""]
    {
        assert_eq!(not_judged_since(said), None, "{said}");
    }
}

#[test]
fn a_word_that_is_more_than_a_quarter_of_the_room_is_cut_in_its_middle() {
    let annotation = annotation(&format!("{} {}", "a".repeat(150), "b".repeat(400)), &[], &[]);
    assert_eq!(annotation, format!("{} {}....", "a".repeat(150), "b".repeat(101)));
}

#[test]
fn what_is_empty_is_told_as_empty() {
    let finding = |image: Option<&str>, source: Option<&str>| Finding {
        namespace: Some("shop".to_owned()),
        reasons: vec![Reason::Untrusted],
        image: image.map(str::to_owned),
        source: source.map(str::to_owned),
        ..Finding::default()
    };
    let told = |finding| annotation("1 found", &[finding], &[]);
    assert_eq!(told(finding(Some(""), None)), "1 found: shop Untrusted (empty image).");
    assert_eq!(told(finding(None, Some(""))), "1 found: shop Untrusted (empty URL).");
    assert_eq!(told(finding(None, Some("oci://x"))), "1 found: shop Untrusted oci://x.");
}

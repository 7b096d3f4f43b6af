use jiff::Timestamp;

use crate::finding::{ContainerKind, Finding, Owner, UncoveredWorkload};
use crate::rule::counted;
use crate::text::printable;

/// The longest annotation, in UTF-16 units. AWS Config allows 256 characters and does not say how it counts them;
/// UTF-16 units are never fewer than characters.
pub const ANNOTATION_LIMIT: usize = 256;

/// How much of the annotation the notes may take from the subjects.
const NOTES_SHARE: usize = 144;

/// Beyond how many characters an owner's name is told by its length, where there is no room for it.
const LONG_NAME: usize = 63;

/// How many of a namespace's workloads a subject names.
const WORKLOADS_NAMED: usize = 5;

/// Words an annotation: what is wrong in numbers, then as many subjects as fit, worst first, then how many are left
/// out, then the notes, those of most weight first. Nothing is cut in its middle; what does not fit is counted.
#[must_use]
pub fn annotation(headline: &str, findings: &[Finding], notes: &[String]) -> String {
    worded(headline, findings, notes, &[])
}

/// Words an annotation in which subjects leave room for the `first` notes, and `further` ones take the room that
/// subjects leave.
pub(crate) fn worded(headline: &str, findings: &[Finding], first: &[String], further: &[String]) -> String {
    let notes: Vec<String> = first.iter().chain(further).map(|note| format!(" {}.", printable(note))).collect();
    let no_subjects = length(&none_named(findings.len()));
    let no_notes = length(&notes_left_out(notes.len()));
    let headline = whole_words(headline, ANNOTATION_LIMIT - no_subjects - no_notes);
    let room = ANNOTATION_LIMIT - length(&headline);
    let mut worst: Vec<&Finding> = findings.iter().collect();
    worst.sort_by_cached_key(|finding| std::cmp::Reverse(finding.weight()));
    let first_length: usize = notes[..first.len()].iter().map(|note| length(note)).sum();
    let counting = if further.is_empty() { 0 } else { no_notes };
    let one_subject = length(&fitting_subjects(&worst, room - no_notes, &[Detail::Name]));
    let reserved = (first_length + counting).min(NOTES_SHARE).min(room - one_subject);
    let fitting = |room| fitting_subjects(&worst, room, &[Detail::Full, Detail::Counted, Detail::Name]);
    let subjects = fitting(room - reserved);
    let notes = fitting_notes(&notes, room - length(&subjects));
    // What notes leave of their room is for subjects again.
    let subjects = if length(&notes) < reserved { fitting(room - length(&notes)) } else { subjects };
    format!("{headline}{subjects}{notes}")
}

/// How the annotation of a cluster that could not be judged begins.
const NOT_JUDGED: &str = "NOT JUDGED: ";

/// What stands before the time in it.
const SINCE: &str = " Not judged since ";

/// Words the annotation of a cluster that could not be judged since a time, for `notJudged=nonCompliant`.
#[must_use]
pub fn not_judged_annotation(step: &str, cause: &str, since: Timestamp) -> String {
    let since = format!("{SINCE}{since:.0}.");
    let told = format!("{NOT_JUDGED}{step}, {}.", cause.trim_end_matches('.'));
    whole_words(&told, ANNOTATION_LIMIT - length(&since)) + &since
}

/// Since when a cluster was not judged, as the annotation says that [`not_judged_annotation`] made; none where it is
/// that of a judgement.
#[must_use]
pub fn not_judged_since(annotation: &str) -> Option<Timestamp> {
    let (_, since) = annotation.strip_prefix(NOT_JUDGED)?.rsplit_once(SINCE)?;
    since.strip_suffix('.')?.parse().ok()
}

/// As many notes as fit, in their order, and how many do not. The room is enough at least to count them.
fn fitting_notes(notes: &[String], room: usize) -> String {
    if notes.iter().map(|note| length(note)).sum::<usize>() <= room {
        return notes.concat();
    }
    let counting = length(&notes_left_out(notes.len()));
    let mut text = String::new();
    let mut left_out = 0;
    for note in notes {
        if length(&text) + length(note) + counting <= room {
            text.push_str(note);
        } else {
            left_out += 1;
        }
    }
    text + &notes_left_out(left_out)
}

/// How many notes are not told; nothing where all are.
fn notes_left_out(number: usize) -> String {
    if number == 0 { String::new() } else { format!(" {}.", counted(number as u64, "more note")) }
}

/// `: subject; subject; and N more.` within `room`, each subject in the first of the details in which it fits; a full
/// stop alone where there is no finding. The room is enough at least to count them.
fn fitting_subjects(worst: &[&Finding], room: usize, details: &[Detail]) -> String {
    let mut text = String::new();
    let mut named = 0;
    for finding in worst {
        let between = if text.is_empty() { ": " } else { "; " };
        let rest = length(&left_out_after_others(worst.len() - named - 1));
        let fits = |subject: &String| length(&text) + length(between) + length(subject) + rest <= room;
        // A name without reasons is better than none, and no more than that.
        let details = details.iter().filter(|detail| named == 0 || **detail != Detail::Name);
        if let Some(subject) = details.map(|detail| subject(finding, *detail)).find(fits) {
            text = format!("{text}{between}{subject}");
            named += 1;
        }
    }
    if named == 0 { none_named(worst.len()) } else { text + &left_out_after_others(worst.len() - named) }
}

/// The end of a list of subjects.
fn left_out_after_others(number: usize) -> String {
    if number == 0 { ".".to_owned() } else { format!("; and {number} more.") }
}

/// What stands in the place of subjects where none is named.
fn none_named(number: usize) -> String {
    if number == 0 { ".".to_owned() } else { format!(": {} too long for here.", counted(number as u64, "name")) }
}

/// How much of a subject is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    /// All of it.
    Full,
    /// Images, URLs, lists of workloads and names of owners by their length, where that is long.
    Counted,
    /// So, and without the reasons.
    Name,
}

/// A finding in a few words: `payments/Deployment/api[app] Privileged,Unset`.
fn subject(finding: &Finding, detail: Detail) -> String {
    let mut words = finding.namespace.as_deref().map_or_else(|| "cluster".to_owned(), printable);
    if let Some(Owner { kind, name }) = &finding.owner {
        let characters = name.chars().count();
        let name = match detail {
            Detail::Counted | Detail::Name if characters > LONG_NAME => format!("(name of {characters} characters)"),
            _ => printable(name),
        };
        words.push_str(&format!("/{}/{name}", printable(kind)));
    }
    if let Some(container) = &finding.container {
        let kind = match finding.container_kind {
            Some(ContainerKind::InitContainer) => "init ",
            Some(ContainerKind::EphemeralContainer) => "ephemeral ",
            Some(ContainerKind::ImageVolume) => "volume ",
            Some(ContainerKind::Container) | None => "",
        };
        words.push_str(&format!("[{kind}{}]", printable(container)));
    }
    if detail == Detail::Name {
        return words;
    }
    let reasons: Vec<String> = finding.reasons.iter().map(|reason| format!("{reason:?}")).collect();
    words.push_str(&format!(" {}", reasons.join(",")));
    if let Some(image) = &finding.image {
        let image = match detail {
            Detail::Full if image.is_empty() => "(empty image)".to_owned(),
            Detail::Full => printable(image),
            _ => format!("(image of {})", counted(image.chars().count() as u64, "character")),
        };
        words.push_str(&format!(" {image}"));
    }
    if let Some(source) = &finding.source {
        let source = match detail {
            Detail::Full if source.is_empty() => "(empty URL)".to_owned(),
            Detail::Full => printable(source),
            _ => format!("(URL of {})", counted(source.chars().count() as u64, "character")),
        };
        words.push_str(&format!(" {source}"));
    }
    if let Some(workloads) = finding.workloads.as_deref().filter(|workloads| !workloads.is_empty()) {
        let workloads = match detail {
            Detail::Full => named(workloads),
            _ => counted(workloads.len() as u64, "workload"),
        };
        words.push_str(&format!(" ({workloads})"));
    }
    words
}

/// The first workloads, and how many there are besides.
fn named(workloads: &[UncoveredWorkload]) -> String {
    let names: Vec<String> = workloads.iter().take(WORKLOADS_NAMED).map(|workload| printable(&workload.name)).collect();
    let left_out = workloads.len() - names.len();
    let rest = if left_out == 0 { String::new() } else { format!(" and {left_out} more") };
    format!("{}{rest}", names.join(","))
}

/// As many whole words of the text as fit, with `...` where some do not. A word that would take too much with it is cut
/// between two characters.
fn whole_words(text: &str, room: usize) -> String {
    const ELLIPSIS: &str = "...";
    let text = printable(text);
    if length(&text) <= room {
        return text;
    }
    let mut used = ELLIPSIS.len();
    let cut: String = text
        .chars()
        .take_while(|character| {
            used += character.len_utf16();
            used <= room
        })
        .collect();
    let words = match cut.rfind(' ') {
        Some(space) if !text[cut.len()..].starts_with(' ') && length(&cut[..space]) * 4 >= room * 3 => &cut[..space],
        _ => &cut,
    };
    format!("{}{ELLIPSIS}", words.trim_end())
}

/// Length in UTF-16 units.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

use crate::finding::{ContainerKind, Finding};

/// The longest annotation, in UTF-16 units. AWS Config allows 256 characters and does not say how it counts them;
/// UTF-16 units are never fewer than characters.
pub const ANNOTATION_LIMIT: usize = 256;

/// How much of the annotation the notes may take before subjects come.
const NOTES_SHARE: usize = 110;

/// Words an annotation: what is wrong in numbers, then as many subjects as fit, worst first, then how many are left
/// out, then the notes. Nothing is cut in its middle; what does not fit is counted.
#[must_use]
pub fn annotation(headline: &str, findings: &[Finding], notes: &[String]) -> String {
    let notes = fitting_notes(notes, ANNOTATION_LIMIT.saturating_sub(length(headline) + 2).min(NOTES_SHARE));
    let headline = whole_words(headline, ANNOTATION_LIMIT - length(&notes));
    let room = ANNOTATION_LIMIT - length(&headline) - length(&notes);
    format!("{headline}{}{notes}", fitting_subjects(findings, room))
}

/// Words the annotation of a cluster that could not be judged, for `notJudged=nonCompliant`.
#[must_use]
pub fn not_judged_annotation(step: &str, cause: &str) -> String {
    whole_words(&format!("NOT JUDGED: {step}, {cause}"), ANNOTATION_LIMIT)
}

/// The notes as sentences, as many as fit, and how many do not.
fn fitting_notes(notes: &[String], room: usize) -> String {
    let all: String = notes.iter().map(|note| format!(" {}.", printable(note))).collect();
    if length(&all) <= room {
        return all;
    }
    let mut text = String::new();
    let mut left_out = 0_usize;
    for note in notes {
        let sentence = format!(" {}.", printable(note));
        // Twenty units are kept for the count of those that are left out.
        if length(&text) + length(&sentence) + 20 <= room {
            text.push_str(&sentence);
        } else {
            left_out += 1;
        }
    }
    text.push_str(&format!(" {left_out} more {}.", if left_out == 1 { "note" } else { "notes" }));
    text
}

/// `: subject, subject, and N more.` within `room`; a full stop alone where there is no finding.
fn fitting_subjects(findings: &[Finding], room: usize) -> String {
    let mut worst: Vec<&Finding> = findings.iter().collect();
    worst.sort_by_key(|finding| std::cmp::Reverse(finding.weight()));
    let mut text = String::new();
    let mut left_out = findings.len();
    for finding in worst {
        let subject = format!("{}{}", if text.is_empty() { ": " } else { "; " }, subject(finding));
        let rest = if left_out > 1 { length(&format!("; and {} more.", left_out - 1)) } else { 1 };
        if length(&text) + length(&subject) + rest <= room {
            text.push_str(&subject);
            left_out -= 1;
        }
    }
    match (left_out, text.is_empty()) {
        (0, _) => text.push('.'),
        (_, true) => text.push_str(&format!(": {left_out} in the log.")),
        (_, false) => text.push_str(&format!("; and {left_out} more.")),
    }
    text
}

/// A finding in a few words: `payments/Deployment/api[app] Privileged,Unset`.
fn subject(finding: &Finding) -> String {
    let mut words = finding.namespace.as_deref().map(printable).unwrap_or_else(|| "cluster".to_owned());
    if let Some(owner) = &finding.owner {
        words.push_str(&format!("/{}/{}", printable(&owner.kind), printable(&owner.name)));
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
    let reasons: Vec<String> = finding.reasons.iter().map(|reason| format!("{reason:?}")).collect();
    words.push_str(&format!(" {}", reasons.join(",")));
    if let Some(image) = &finding.image {
        words.push_str(&format!(" {}", if image.is_empty() { "(empty image)".to_owned() } else { printable(image) }));
    }
    if let Some(workloads) = &finding.workloads {
        let names: Vec<String> = workloads.iter().map(|workload| printable(&workload.name)).collect();
        words.push_str(&format!(" ({})", names.join(",")));
    }
    words
}

/// The text with control characters made visible, since an annotation is one line.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

/// As many whole words of the text as fit, with `...` where some do not.
fn whole_words(text: &str, room: usize) -> String {
    let text = printable(text);
    if length(&text) <= room {
        return text;
    }
    let mut fitting = String::new();
    for word in text.split_inclusive(' ') {
        if length(&fitting) + length(word) + 3 > room {
            break;
        }
        fitting.push_str(word);
    }
    format!("{}...", fitting.trim_end())
}

/// Length in UTF-16 units.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

use serde_json::Value;

use super::Fix;
use crate::failure::Failure;

/// What stands at the top of the file.
const HEADER: &str = "\
What would mend the findings of eks-config-rules. Nothing was changed yet: read it, and try it where it does no harm.

In a cluster, since every workload here is a part of the whole object (plain `kubectl apply` would not do):
  kubectl apply --server-side --force-conflicts --field-manager=eks-config-rules-fix -f FILE
In manifests, each workload is a strategic-merge patch, for `patches:` of a kustomization; network policies are new objects.
Where something else owns an object (GitOps, Helm, an EKS add-on), change it there, or it will be changed back.
";

/// What whoever applies the policies has to know.
const POLICIES: &str = "\
Network policies: the first of each namespace denies all traffic that no policy allows. Allow what the pods need before
it is applied. DNS is allowed to CoreDNS in kube-system; where DNS is answered on the node (EKS Auto Mode, NodeLocal
DNSCache), allow that address too.
";

/// What stands above the images to mirror: a mirror takes away what kept an image out.
const MIRROR: &str = "\
Images to mirror before the patches are applied. Look at each first: from the mirror it is trusted, whatever it holds.";

/// The whole file.
///
/// # Errors
/// None that is known: an object of plain values can be written.
pub(super) fn render(fix: &Fix, policies: &[Value]) -> Result<String, Failure> {
    let mut text = String::new();
    comment(&mut text, HEADER);
    list(&mut text, "By hand:", fix.instructions.iter().cloned());
    let copies = fix.mirrored.iter().map(|(source, target)| format!("crane copy {source} {target}"));
    list(&mut text, MIRROR, copies);
    for (workload, patch) in &fix.patches {
        let mut remarks: Vec<String> = patch.remarks.iter().cloned().collect();
        if patch.removes() {
            remarks.push(
                "null takes a field away, which `kubectl patch` and kustomize do and `kubectl apply` does not."
                    .to_owned(),
            );
        }
        document(&mut text, &remarks, &workload.document(patch))?;
    }
    for (index, policy) in policies.iter().enumerate() {
        let remarks: Vec<String> = if index == 0 { POLICIES.lines().map(str::to_owned).collect() } else { Vec::new() };
        document(&mut text, &remarks, policy)?;
    }
    Ok(text)
}

fn list(text: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        text.push_str("#\n");
        comment(text, heading);
        items.for_each(|item| comment(text, &format!("  - {}", one_line(&item))));
    }
}

fn document(text: &mut String, remarks: &[String], object: &Value) -> Result<(), Failure> {
    text.push_str("---\n");
    remarks.iter().for_each(|remark| comment(text, &one_line(remark)));
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let yaml = serde_saphyr::to_string_with_options(object, options)
        .map_err(|error| Failure::not_judged(format!("cannot write what would mend the findings: {error}")))?;
    text.push_str(&yaml);
    Ok(())
}

/// A text from a manifest on one line, so that it cannot end its comment.
fn one_line(text: &str) -> String {
    let breaks = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    text.chars().map(|character| if breaks(character) { '\u{fffd}' } else { character }).collect()
}

fn comment(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
}

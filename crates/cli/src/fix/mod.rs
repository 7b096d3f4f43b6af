//! `judge --fix`: what would mend the findings, as YAML for `kubectl` and kustomize.
//!
//! A finding becomes part of the patch of its workload, a policy of its namespace, or an instruction where neither can
//! be written. The file is a new one: nothing that was judged is touched.

mod destination;
mod image;
mod network;
mod text;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use eks_rules::{
    Configuration, ContainerKind, Finding, ImageReference, Reason, RuleName, Scene, Source, TrustedImages,
};
use serde_json::Value;

pub(crate) use self::image::Mirror;
use self::workload::{Patch, Workload};
use crate::command_line::{FixArguments, SourceArguments};
use crate::failure::Failure;
use crate::output::{Judged, Setting};
use crate::parameters::wrong;
use crate::tell;

/// Refuses a destination that may not be written to, before anything is judged.
///
/// # Errors
/// A file that is there already, or one that was given as a manifest or would be read as one.
pub(crate) fn check(arguments: &FixArguments, source: &SourceArguments) -> Result<(), Failure> {
    if !arguments.fix {
        return Ok(());
    }
    destination::check(&arguments.fix_output, &source.files, arguments.fix_overwrite)
}

/// Writes what would mend the findings, and tells what was written.
///
/// # Errors
/// A mirror that no entry of `trustedRegistries` trusts, and a file that cannot be written.
pub(crate) fn write(
    arguments: &FixArguments,
    judged: &[Judged],
    configurations: &[Configuration],
    setting: &Setting,
) -> Result<(), Failure> {
    if !arguments.fix {
        return Ok(());
    }
    let trusted = trusted(configurations, setting)?;
    if let (Some(mirror), Some(trusted)) = (&arguments.fix_mirror, &trusted) {
        mirror.must_be_trusted(&trusted.sources)?;
    }
    let mut fix = Fix::default();
    for judged in judged {
        match &judged.outcome {
            Ok(report) => fix.add(judged, &report.findings, arguments.fix_mirror.as_ref()),
            Err(why) => {
                fix.instructions.insert(format!("{}: not judged, so nothing is mended: {}", judged.rule, why.cause));
            }
        }
    }
    let closed = std::mem::take(&mut fix.closed);
    let policies: Vec<Value> = fix
        .namespaces
        .iter()
        .flat_map(|namespace| network::policies(namespace, arguments.fix_allow_same_namespace))
        .chain(closed)
        .collect();
    if fix.patches.is_empty() && policies.is_empty() && fix.instructions.is_empty() {
        tell("note: nothing to mend, so that no file was written");
        return Ok(());
    }
    let text = text::render(&fix, &policies)?;
    destination::write(&arguments.fix_output, &text, arguments.fix_overwrite)?;
    tell(&format!(
        "note: {}: {} for workloads, {} network policies, {} things to do by hand; nothing else was changed",
        arguments.fix_output.display(),
        if fix.patches.len() == 1 { "1 patch".to_owned() } else { format!("{} patches", fix.patches.len()) },
        policies.len(),
        fix.instructions.len()
    ));
    Ok(())
}

fn trusted(configurations: &[Configuration], setting: &Setting) -> Result<Option<TrustedImages>, Failure> {
    let scene = Scene {
        source: Source::Manifests,
        account: setting.account.clone(),
        region: setting.region.clone(),
        now: setting.now,
        default_grace_seconds: 0,
    };
    for configuration in configurations {
        let trusted = configuration.trusted_images(&scene).map_err(|error| wrong(configuration.rule(), &error))?;
        if trusted.is_some() {
            return Ok(trusted);
        }
    }
    Ok(None)
}

/// What would mend the findings.
#[derive(Clone, Debug, Default)]
struct Fix {
    /// By workload.
    patches: BTreeMap<Workload, Patch>,
    /// Namespaces that need policies.
    namespaces: BTreeSet<String>,
    /// Patches of policies that let everything through.
    closed: Vec<Value>,
    /// What nothing can be written for.
    instructions: BTreeSet<String>,
    /// Images to mirror, each with where to.
    mirrored: BTreeSet<(String, String)>,
}

impl Fix {
    fn add(&mut self, judged: &Judged, findings: &[Finding], mirror: Option<&Mirror>) {
        let live = judged.cluster.is_some();
        for finding in findings {
            match judged.rule {
                RuleName::NetPolCheck => self.add_namespace(finding),
                RuleName::PrivEscalation => self.add_privileges(finding, live),
                RuleName::TrustedRegCheck => self.add_image(finding, findings, mirror, live),
            }
        }
    }

    fn add_namespace(&mut self, finding: &Finding) {
        let Some(namespace) = &finding.namespace else {
            self.instructions.insert(finding.advice.clone());
            return;
        };
        for policy in &finding.open_policies {
            if policy.only_open.is_empty() {
                self.instructions.insert(format!(
                    "{namespace}: narrow or delete {} {}, which lets everything through for every pod",
                    policy.kind, policy.name
                ));
            } else {
                self.closed.push(network::closed(namespace, policy));
            }
        }
        self.namespaces.insert(namespace.clone());
    }

    fn add_privileges(&mut self, finding: &Finding, live: bool) {
        if finding.reasons == [Reason::SecretInEnvironment] {
            self.by_hand(finding, &finding.advice);
            return;
        }
        let (Some(workload), Some(container), Some(privileges)) =
            (self.patched(finding, live), &finding.container, &finding.privileges)
        else {
            return;
        };
        if finding.reasons.contains(&Reason::SecretInEnvironment) {
            // Only the program knows where it would read a file.
            self.by_hand(
                finding,
                &format!(
                    "mount {} as a volume, read the files, and take the reference out of env and envFrom",
                    finding.secrets.worded()
                ),
            );
        }
        let patch = self.patches.entry(workload).or_default();
        patch.container(finding.container_kind, container).mend(&finding.reasons, privileges);
        if privileges.capabilities_differ {
            patch.remarks.insert(format!(
                "{container}: its pods add different capabilities, as during a rollout; these are those of one of them"
            ));
        }
    }

    fn add_image(&mut self, finding: &Finding, all: &[Finding], mirror: Option<&Mirror>, live: bool) {
        let (Some(image), Some(container)) = (&finding.image, &finding.container) else {
            self.by_hand(finding, &finding.advice);
            return;
        };
        let by_hand: Vec<&Reason> = finding.reasons.iter().filter(|reason| **reason != Reason::Untrusted).collect();
        let Ok(reference) = ImageReference::parse(image) else {
            self.by_hand(finding, &finding.advice);
            return;
        };
        if !by_hand.is_empty() {
            self.by_hand(finding, &finding.advice);
        }
        if !finding.reasons.contains(&Reason::Untrusted) {
            return;
        }
        let Some(mirror) = mirror else {
            self.by_hand(finding, &format!("mirror {image} and have --fix-mirror HOST/PATH write the patch"));
            return;
        };
        let Some(target) = mirror.of(&reference) else {
            self.by_hand(finding, &format!("mirror {image} by hand: under {mirror} its name would be too long"));
            return;
        };
        self.mirrored.insert((image.clone(), target.clone()));
        let same = |other: &&Finding| {
            let key = |finding: &Finding| {
                (finding.namespace.clone(), finding.owner.clone(), finding.container.clone(), finding.container_kind)
            };
            key(other) == key(finding)
        };
        if all.iter().filter(same).count() > 1 {
            // Writing either image would take the workload forward or back.
            self.by_hand(finding, "its pods run different images, as during a rollout: run this again once it is over");
            return;
        }
        let Some(workload) = self.patched(finding, live) else { return };
        let patch = self.patches.entry(workload).or_default();
        if finding.container_kind == Some(ContainerKind::ImageVolume) {
            patch.volumes.insert(container.clone(), target);
        } else {
            patch.container(finding.container_kind, container).image = Some(target);
        }
    }

    /// The workload that a patch can be written for; where there is none, the instruction is added.
    fn patched(&mut self, finding: &Finding, live: bool) -> Option<Workload> {
        match Workload::of(finding, live) {
            Ok(workload) => {
                if let Some(remark) = workload.remark() {
                    self.patches.entry(workload.clone()).or_default().remarks.insert(remark.to_owned());
                }
                Some(workload)
            }
            Err(why) => {
                self.by_hand(finding, &format!("{} {why}", finding.advice));
                None
            }
        }
    }

    fn by_hand(&mut self, finding: &Finding, what: &str) {
        let namespace = finding.namespace.as_deref().unwrap_or_default();
        let owner = finding.owner.as_ref().map(|owner| format!("{}/{}", owner.kind, owner.name)).unwrap_or_default();
        let part = match (&finding.container, &finding.source) {
            (Some(container), _) => format!("[{container}]"),
            (None, Some(source)) => format!(" {source}"),
            (None, None) => String::new(),
        };
        self.instructions.insert(format!("{namespace}/{owner}{part}: {}", what.trim_end()));
    }
}

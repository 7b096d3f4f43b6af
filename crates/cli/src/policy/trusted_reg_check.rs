use eks_rules::{Configuration, Scene};

use super::registries::Patterns;
use super::{Checks, references};
use crate::failure::Failure;
use crate::parameters::wrong;
use crate::tell;

/// How many characters an image has in the estimate of the cost.
const LENGTH: usize = 100;

/// The checks of trustedRegCheck.
///
/// # Errors
/// Entries that the scene does not suffice for, and `imageId=require`.
pub(super) fn checks(configuration: &Configuration, scene: &Scene) -> Result<Checks, Failure> {
    let rule = configuration.rule();
    let trusted = configuration
        .trusted_images(scene)
        .map_err(|error| wrong(rule, &error))?
        .ok_or_else(|| Failure::wrong_use(format!("{rule}: nothing to trust")))?;
    if trusted.judges_running_image {
        return Err(Failure::wrong_use(format!(
            "{rule}: rule parameter imageId: given \"require\"; allowed: report, ignore: what a node runs is not known when a \
             pod is admitted"
        )));
    }
    if trusted.every_region {
        tell("note: eks-addons of every region trusted, since no region is known (--region)");
    }
    let patterns = Patterns::of(trusted.sources.sources());
    let parsable = |text: &str| references::parsable(text);
    let list = |condition: &dyn Fn(&str) -> String| {
        format!(
            "variables.containers.filter(container, {}).map(container, container.name) +\n\
             variables.imageVolumes.filter(volume, {}).map(volume, 'volume ' + volume.name)",
            condition("container.image"),
            condition("volume.image.reference"),
        )
    };
    let image = |text: &str| format!("has({text}) &&\n{}", parsable(text));
    let mut reasons = vec![
        ("Untrusted", "untrusted", list(&|text| format!("{} &&\n!({})", image(text), patterns.condition(text)))),
        ("Unparsable", "unparsable", list(&|text| format!("!({})", image(text)))),
    ];
    if trusted.require_digest {
        reasons.push(("NotPinned", "notPinned", list(&|text| format!("{} &&\n!{text}.contains('@')", image(text)))));
    }
    // Matching costs a quarter of the pattern's length for each ten characters of the text.
    let matching = |characters: usize| characters.div_ceil(4) * (LENGTH + 1).div_ceil(10);
    let reading = matching(
        references::grammar().len()
            + references::IDENTIFIER.len()
            + references::LENGTH.len()
            + references::OFFICIAL_LENGTH.len(),
    );
    let dearest = reading + matching(patterns.length());
    // Everything is evaluated for the verdict and again for the message.
    let all = 2 * (dearest + (reasons.len() - 1) * reading);
    let volumes = "(has(variables.spec.volumes) ? variables.spec.volumes : []).filter(volume, has(volume.image)EXEMPT)";
    Ok(Checks {
        refuses: "an image comes from no trusted registry".to_owned(),
        variables: vec![("imageVolumes", volumes.to_owned())],
        reasons,
        cost: (dearest, all),
    })
}

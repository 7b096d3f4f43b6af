use eks_rules::{Configuration, Scene};

use super::registries::Patterns;
use super::{Checks, IMAGE_LENGTH, references};
use crate::failure::Failure;
use crate::parameters::wrong;
use crate::tell;

/// What a step of a loop costs beside the matching.
const OVERHEAD: usize = 30;

const CONTAINER_IMAGE: &str = "container.image";
const VOLUME_IMAGE: &str = "volume.image.reference";

/// The checks of trustedRegCheck.
///
/// # Errors
/// Entries that the scene does not suffice for, `imageId=require`, `trustedChartSources`, and parameters that ask ECR.
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
    if configuration.judges_chart_sources() {
        return Err(Failure::wrong_use(format!(
            "{rule}: rule parameter trustedChartSources: an admission policy for pods does not see where charts come from: leave \
             the parameter out here, and let the rule look"
        )));
    }
    if let Some((name, value)) = trusted.registry_gate {
        return Err(Failure::wrong_use(format!(
            "{rule}: rule parameter {name}: given {value:?}; allowed: nothing, since CEL cannot look into ECR. Leave it out of \
             the policy and let the rule look"
        )));
    }
    if trusted.every_region {
        tell("note: eks-addons of every region trusted, since no region is known (--region)");
    }
    let patterns = Patterns::of(trusted.sources.sources());
    let image = |item: &str| format!("(has({item}) ? {item} : '')");
    let mut variables = vec![
        (
            "imageVolumes",
            "(has(variables.spec.volumes) ? variables.spec.volumes : []).filter(volume, has(volume.image)EXEMPT)"
                .to_owned(),
        ),
        (
            "images",
            format!(
                "variables.containers.map(container, {}) +\nvariables.imageVolumes.map(volume, {})",
                image(CONTAINER_IMAGE),
                image(VOLUME_IMAGE)
            ),
        ),
        ("unparsableImages", format!("variables.images.filter(image, !(\n{}\n))", references::parsable("image"))),
        ("parsableImages", "variables.images.filter(image, !(image in variables.unparsableImages))".to_owned()),
        ("untrustedImages", format!("variables.parsableImages.filter(image, !(\n{}\n))", patterns.condition("image"))),
    ];
    let list = |images: &str| {
        format!(
            "variables.containers.filter(container, {} in variables.{images}).map(container, container.name) +\n\
             variables.imageVolumes.filter(volume, {} in variables.{images}).map(volume, 'volume ' + volume.name)",
            image(CONTAINER_IMAGE),
            image(VOLUME_IMAGE),
        )
    };
    let mut reasons = vec![
        ("Untrusted", "untrusted", list("untrustedImages")),
        ("Unparsable", "unparsable", list("unparsableImages")),
    ];
    if trusted.require_digest {
        variables.push(("unpinnedImages", "variables.parsableImages.filter(image, !image.contains('@'))".to_owned()));
        reasons.push(("NotPinned", "notPinned", list("unpinnedImages")));
    }
    // Matching costs a quarter of the pattern's length for each ten characters of the text.
    let matching = |characters: usize| characters.div_ceil(4) * (IMAGE_LENGTH + 1).div_ceil(10);
    let reading = matching(
        references::grammar().len()
            + references::IDENTIFIER.len()
            + references::LENGTH.len()
            + references::OFFICIAL_LENGTH.len(),
    );
    let trusting = matching(patterns.length());
    Ok(Checks {
        refuses: "an image comes from no trusted registry".to_owned(),
        variables,
        reasons,
        // Everything is evaluated for the verdict and again for the message.
        cost: (reading.max(trusting) + OVERHEAD, 2 * (reading + trusting + 5 * OVERHEAD)),
    })
}

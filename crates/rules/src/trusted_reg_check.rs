use crate::kind::{Kind, Need, Read};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Scene, Verdict};

pub(crate) const PARAMETERS: &[&str] = &["trustedRegistries", "requireDigest", "imageId"];

/// The parameters of trustedRegCheck.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {}

impl Parameters {
    pub(crate) fn take(_parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        Ok(Self {})
    }
    pub(crate) fn start(&self, _scene: &Scene) -> Result<TrustedRegCheck, ParameterError> {
        Ok(TrustedRegCheck {})
    }
}

pub(crate) struct TrustedRegCheck {}

impl Fold for TrustedRegCheck {
    fn reads(&self) -> Vec<Read> {
        vec![Read { kind: Kind::Pod, need: Need::Required }]
    }
    fn finish(self: Box<Self>, _counts: &Counts, _context: &mut Context) -> Verdict {
        Verdict { findings: Vec::new(), headline: String::new() }
    }
}

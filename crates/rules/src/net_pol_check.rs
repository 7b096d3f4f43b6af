use crate::kind::{Kind, Need, Read};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Scene, Verdict};

pub(crate) const PARAMETERS: &[&str] = &["requires", "graceSeconds", "cniPolicies", "enforcement"];

/// The parameters of netPolCheck.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {}

impl Parameters {
    pub(crate) fn take(_parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        Ok(Self {})
    }
    pub(crate) fn start(&self, _scene: &Scene) -> Result<NetPolCheck, ParameterError> {
        Ok(NetPolCheck {})
    }
}

pub(crate) struct NetPolCheck {}

impl Fold for NetPolCheck {
    fn reads(&self) -> Vec<Read> {
        [Kind::Namespace, Kind::NetworkPolicy, Kind::Pod].map(|kind| Read { kind, need: Need::Required }).to_vec()
    }
    fn finish(self: Box<Self>, _counts: &Counts, _context: &mut Context) -> Verdict {
        Verdict { findings: Vec::new(), headline: String::new() }
    }
}

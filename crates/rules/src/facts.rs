use crate::finding::Reason;
use crate::rule::RuleName;

/// What a reader needs to know of a rule parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterFacts {
    /// The canonical name.
    pub name: &'static str,
    /// What may be given.
    pub form: &'static str,
    /// What holds where nothing is given; empty where it must be given.
    pub default: &'static str,
    /// A value that somebody could give.
    pub example: &'static str,
}

/// The parameters that every judgement knows.
pub const JUDGEMENT_FACTS: &[ParameterFacts] = &[
    ParameterFacts {
        name: "excludedNamespaces",
        form: "a comma list of names, in which `*` stands for any run of characters, or `ssm:NAME`",
        default: "none",
        example: "kube-system,team-*",
    },
    ParameterFacts { name: "includeFinishedPods", form: "`true`, `false`", default: "false", example: "true" },
    ParameterFacts {
        name: "exemptions",
        form: "a JSON list of subjects with reason and optional expiry, or `ssm:NAME`",
        default: "none",
        example: r#"[{"namespace": "monitoring", "reason": "vendor image", "expires": "2027-03-31"}]"#,
    },
];

/// The parameters of the rule alone.
#[must_use]
pub const fn own_facts(rule: RuleName) -> &'static [ParameterFacts] {
    match rule {
        RuleName::NetPolCheck => &[
            ParameterFacts {
                name: "requires",
                form: "`any`, `covered`, `default-deny-ingress`, `default-deny-egress`, `default-deny`",
                default: "any",
                example: "covered",
            },
            ParameterFacts {
                name: "graceSeconds",
                form: "a whole number from 0 to 3600",
                default: "60; 0 in `judge`",
                example: "300",
            },
            ParameterFacts { name: "cniPolicies", form: "`count`, `ignore`", default: "count", example: "ignore" },
            ParameterFacts {
                name: "enforcement",
                form: "`report`, `require`, `ignore`",
                default: "report",
                example: "require",
            },
        ],
        RuleName::PrivEscalation => &[
            ParameterFacts {
                name: "reading",
                form: "`effective`, `restricted`, `explicit`",
                default: "effective",
                example: "restricted",
            },
            ParameterFacts {
                name: "secretsInEnv",
                form: "`ignore`, `report`, `require`",
                default: "ignore",
                example: "report",
            },
        ],
        RuleName::TrustedRegCheck => &[
            ParameterFacts {
                name: "trustedRegistries",
                form: "a comma list of `HOST[:PORT][/PATH]`, `*.DOMAIN[/PATH]`, `ecr:ACCOUNT[/REGION][/PATH]`, \
                       `ecr:self[/PATH]`, `eks-addons`, or `ssm:NAME`",
                default: "",
                example: "docker.io/library,public.ecr.aws,ecr:self,eks-addons",
            },
            ParameterFacts { name: "requireDigest", form: "`true`, `false`", default: "false", example: "true" },
            ParameterFacts {
                name: "imageId",
                form: "`report`, `require`, `ignore`",
                default: "report",
                example: "require",
            },
            ParameterFacts {
                name: "trustedChartSources",
                form: "a comma list of `HOST[:PORT][/PATH]`, `*.DOMAIN[/PATH]`, `ecr:ACCOUNT[/REGION][/PATH]`, \
                       `ecr:self[/PATH]`, `eks-addons`, or `ssm:NAME`",
                default: "none: chart sources are not looked at",
                example: "charts.example.com,github.com/example-org,ecr:self/charts",
            },
            ParameterFacts {
                name: "failOnSeverity",
                form: "`CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, `INFORMATIONAL`, `UNDEFINED`",
                default: "none",
                example: "HIGH",
            },
            ParameterFacts { name: "unscanned", form: "`report`, `fail`", default: "report", example: "fail" },
            ParameterFacts { name: "requireImmutableTags", form: "`true`, `false`", default: "false", example: "true" },
            ParameterFacts { name: "requireKmsEncryption", form: "`true`, `false`", default: "false", example: "true" },
            ParameterFacts {
                name: "scanAccounts",
                form: "a comma list of account ids, or `ssm:NAME`: accounts whose ECR is asked besides the cluster's own",
                default: "none",
                example: "111122223333,444455556666",
            },
        ],
    }
}

/// The reasons that a rule can give, in the order in which it gives them.
#[must_use]
pub const fn reasons(rule: RuleName) -> &'static [Reason] {
    match rule {
        RuleName::NetPolCheck => &[
            Reason::NoPolicy,
            Reason::UncoveredPods,
            Reason::IngressNotDenied,
            Reason::EgressNotDenied,
            Reason::NotEnforced,
        ],
        RuleName::PrivEscalation => &[
            Reason::AllowPrivilegeEscalation,
            Reason::Privileged,
            Reason::SysAdmin,
            Reason::Unset,
            Reason::SecretInEnvironment,
        ],
        RuleName::TrustedRegCheck => &[
            Reason::Untrusted,
            Reason::Unparsable,
            Reason::NotPinned,
            Reason::RunningImageUntrusted,
            Reason::ScanFindings,
            Reason::NotScanned,
            Reason::MutableTags,
            Reason::NotKmsEncrypted,
            Reason::UntrustedChartSource,
        ],
    }
}

impl Reason {
    /// What the reason says, and how it is mended.
    #[must_use]
    pub const fn explained(self) -> (&'static str, &'static str) {
        match self {
            Self::NoPolicy => (
                "no network policy is in the namespace or provably selects it",
                "add one to the namespace; a default-deny policy, with the traffic that it needs allowed beside it, is the best first one",
            ),
            Self::UncoveredPods => (
                "some pods are selected by no policy; `workloads` lists them",
                "widen a policy's podSelector to their labels, or add a policy for them",
            ),
            Self::IngressNotDenied => (
                "no policy for every pod denies ingress, or one allows all of it",
                "add a policy with an empty podSelector, `policyTypes: [Ingress]` and no ingress rules; take away the allow-all",
            ),
            Self::EgressNotDenied => (
                "no policy for every pod denies egress, or one allows all of it",
                "add a policy with an empty podSelector, `policyTypes: [Egress]` and no egress rules, and allow DNS in another",
            ),
            Self::NotEnforced => (
                "nothing in the cluster was found that enforces network policies",
                "set enableNetworkPolicy in the configuration of the add-on vpc-cni, or run Cilium or Calico",
            ),
            Self::AllowPrivilegeEscalation => {
                ("`allowPrivilegeEscalation` is true", "set `securityContext.allowPrivilegeEscalation: false`")
            }
            Self::Privileged => (
                "`privileged` is true",
                "set `securityContext.privileged: false`, and add the capabilities that are really needed",
            ),
            Self::SysAdmin => (
                "the capability SYS_ADMIN is in the container's set",
                "take SYS_ADMIN and ALL out of `capabilities.add`",
            ),
            Self::Unset => (
                "`allowPrivilegeEscalation` is not set, which allows it",
                "set `securityContext.allowPrivilegeEscalation: false`",
            ),
            Self::SecretInEnvironment => (
                "an environment variable takes its value from a Secret (`secretKeyRef`, `secretRef`)",
                "mount the Secret as a volume and let the program read the file",
            ),
            Self::Untrusted => (
                "no entry of `trustedRegistries` trusts the repository",
                "pull from a trusted registry (mirror the image there), or add the registry to the list",
            ),
            Self::Unparsable => (
                "the text is not an image reference, so that no container runtime would pull it as written",
                "correct it: HOST/PATH:TAG or HOST/PATH@DIGEST, the path in lower case",
            ),
            Self::NotPinned => ("the reference has no digest", "pin the image: NAME@sha256:..."),
            Self::RunningImageUntrusted => (
                "the node runs an image of another, untrusted repository",
                "find the mirror or moved tag on the node; pin the image by digest and let the pod start anew",
            ),
            Self::ScanFindings => (
                "the scan of the running image found something at or above `failOnSeverity`",
                "rebuild the image with patched packages and roll it out",
            ),
            Self::NotScanned => (
                "nothing scanned the running image, or its scan has no result (`unscanned=fail`)",
                "switch on scanning of the repository (scan on push, or Inspector); add the registry's account to `scanAccounts`",
            ),
            Self::MutableTags => (
                "the image is referred to by a tag that whoever may push can move",
                "make the repository's tags immutable, or pin the image by digest",
            ),
            Self::NotKmsEncrypted => (
                "no KMS key encrypts the image's repository",
                "make a repository of encryption type `KMS` and move the images there: it cannot be changed",
            ),
            Self::UntrustedChartSource => (
                "no entry of `trustedChartSources` trusts the URL that Flux or Argo CD takes charts from",
                "take the chart from a trusted source (mirror it there), or add the source to the list",
            ),
        }
    }
}

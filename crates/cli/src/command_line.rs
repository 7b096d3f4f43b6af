//! What may stand on the command line, and its help.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use eks_rules::RuleName;

use crate::fix::Mirror;
use crate::policy::NamespaceSelector;

const AFTER_HELP: &str = "\
Examples:
  eks-config-rules judge -f manifests/
  helm template . | eks-config-rules judge privEscalation -f -
  eks-config-rules judge trustedRegCheck -f app.yaml --parameters '{\"trustedRegistries\": \"quay.io\"}'
  eks-config-rules judge --context staging --output json

Exit status:
  0  every judged rule is COMPLIANT
  1  some rule is NON_COMPLIANT
  2  wrong use: arguments, parameters or manifests that cannot be read
  3  some rule or cluster could not be judged (wins over 1)

Verdicts go to standard output, progress and errors to standard error.";

const JUDGE_AFTER_HELP: &str = "\
Rules (none named = all three):
  netPolCheck      every namespace has a network policy
  privEscalation   no running container may escalate privileges
  trustedRegCheck  images come only from trusted registries

Parameters are the JSON that AWS Config passes as ruleParameters: an object of strings.
  --parameters '{\"excludedNamespaces\": \"kube-system,team-*\", \"reading\": \"restricted\"}'
With several rules each key must belong to at least one of them, or the object is keyed by rule:
  --parameters '{\"netPolCheck\": {\"requires\": \"default-deny\"}, \"privEscalation\": {}}'
With no rule named and no trustedRegistries, trustedRegCheck is left out.

Exemptions are a list, in JSON or YAML:
  [{\"rules\": [\"privEscalation\"], \"namespace\": \"web\",
    \"owner\": {\"kind\": \"Deployment\", \"name\": \"api\"}, \"container\": \"app\",
    \"reason\": \"TICKET-12\", \"expires\": \"2027-01-31\"}]
\"rules\", \"owner\", \"pod\", \"container\" and \"expires\" may be left out.

Examples:
  eks-config-rules judge -f deployment.yaml -f policies/
  kubectl get all,networkpolicies -A -o yaml | eks-config-rules judge -f -
  eks-config-rules judge netPolCheck --context staging --output json
  eks-config-rules judge --cluster prod --region eu-west-1

Exit status: 0 COMPLIANT, 1 NON_COMPLIANT, 2 wrong use, 3 something could not be judged.";

const DOCTOR_AFTER_HELP: &str = "\
Each step is the one that a judgement takes: credentials, role, ListClusters, DescribeCluster, token, connect, TLS,
authenticate (401), each list that the rules read (403, by verb and resource), DescribeAddon, ssm: parameters, ECR where
the parameters ask it, and PutEvaluations (in TestMode, which stores nothing). A step that depends on one that failed is not tried.

Examples:
  eks-config-rules doctor --cluster prod --region eu-west-1
  eks-config-rules doctor --cluster prod --role-arn arn:aws:iam::111122223333:role/eks-config-rules
  eks-config-rules doctor netPolCheck --context staging --output json
  eks-config-rules doctor --cluster prod --parameters '{\"trustedRegistries\": \"ssm:/eks-config-rules/trusted\"}'

Exit status: 0 every step works, 2 wrong use, 3 some step does not.";

const POLICY_AFTER_HELP: &str = "\
The policy needs Kubernetes 1.30 or later. What CEL cannot express is refused with the reason: netPolCheck, imageId=require,
the parameters that ask ECR (failOnSeverity and its like), exemptions that expire.

Examples:
  eks-config-rules policy privEscalation --parameters '{\"excludedNamespaces\": \"kube-system\"}' | kubectl apply -f -
  eks-config-rules policy trustedRegCheck --account 111122223333 --region eu-west-1 \\
    --parameters '{\"trustedRegistries\": \"ecr:self,eks-addons\"}' --namespace-selector 'env in (prod,stage)'";

/// Judges what is inside EKS clusters by the three AWS Config rules.
#[derive(Debug, Parser)]
#[command(name = "eks-config-rules", version, about, after_help = AFTER_HELP, max_term_width = 120)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge manifests or a live cluster
    Judge(Box<JudgeArguments>),
    /// Run a rule's function on an AWS Config event, in TestMode unless --put
    Invoke(InvokeArguments),
    /// Try each step of a judgement of a live cluster, and say what works and what to do
    Doctor(Box<DoctorArguments>),
    /// Show the whole service at work on loopback: AWS endpoints, clusters, the three functions
    Demo(DemoArguments),
    /// Print an admission policy that agrees with a rule
    Policy(PolicyArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `judge`.
#[derive(Debug, Args)]
#[command(after_help = JUDGE_AFTER_HELP)]
pub(crate) struct JudgeArguments {
    /// The rules to judge by; all three where none is named
    #[arg(value_name = "RULE", value_parser = rule_name())]
    pub(crate) rules: Vec<RuleName>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// Region of the cluster, or the one that manifests are for
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Role to assume for --cluster
    #[arg(long, value_name = "ARN", conflicts_with_all = ["files", "context"])]
    pub(crate) role_arn: Option<String>,
    /// kubeconfig file for --context, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "cluster"], value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Account that owns the cluster, twelve digits; `ecr:self` needs it where manifests are judged
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(crate) account: Option<String>,
    /// Rule parameters as AWS Config passes them: a JSON object of strings, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) parameters: Option<String>,
    /// File with a list of exemptions, added to those of the parameters
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) exemptions: Option<PathBuf>,
    /// How the verdicts are printed
    #[arg(long, short, value_enum, value_name = "FORM", default_value_t = OutputForm::Table)]
    pub(crate) output: OutputForm,
    #[command(flatten)]
    pub(crate) fix: FixArguments,
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// `--fix` and what belongs to it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Mending")]
pub(crate) struct FixArguments {
    /// Write what would mend the findings, as YAML: patches of workloads, network policies, and what is to be done by
    /// hand. Nothing that is judged is changed
    #[arg(long)]
    pub(crate) fix: bool,
    /// The file to write; it must not exist yet
    #[arg(long, value_name = "FILE", requires = "fix", value_hint = ValueHint::FilePath)]
    #[arg(default_value = "eks-config-rules-fix.yaml")]
    pub(crate) fix_output: PathBuf,
    /// Write over the file
    #[arg(long, requires = "fix")]
    pub(crate) fix_overwrite: bool,
    /// Mirror of untrusted images, which patches then point at; it must itself be trusted
    #[arg(long, value_name = "HOST[/PATH]", requires = "fix")]
    pub(crate) fix_mirror: Option<Mirror>,
    /// Allow traffic within each namespace in the network policies
    #[arg(long, requires = "fix")]
    pub(crate) fix_allow_same_namespace: bool,
}

/// Where the objects come from: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SourceArguments {
    /// YAML or JSON manifest, directory of them, or - for standard input; may be repeated
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Live cluster: the context of this name in the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Live cluster: the EKS cluster of this name, reached as the functions reach it
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
}

/// The forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputForm {
    /// For people
    Table,
    /// For programs: one object for each rule and cluster; the shape is stable
    Json,
    /// For code scanning: SARIF 2.1.0, with file, line and column of what manifests hold
    Sarif,
    /// For test reports: a suite for each rule and cluster, a failure for each finding
    Junit,
    /// For security data lakes: OCSF 1.6 compliance findings (class 2003)
    Ocsf,
    /// For Security Hub: the AWS Security Finding Format; needs an account and a region
    Asff,
    /// For auditors: one page that needs nothing from elsewhere
    Html,
}

/// `invoke`.
#[derive(Debug, Args)]
pub(crate) struct InvokeArguments {
    /// The rule whose function runs
    #[arg(value_name = "RULE", value_parser = rule_name())]
    pub(crate) rule: RuleName,
    /// File with the event that AWS Config sends
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) event: PathBuf,
    /// Put the evaluations for good; without it AWS Config only checks them (TestMode)
    #[arg(long)]
    pub(crate) put: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_AFTER_HELP)]
pub(crate) struct DoctorArguments {
    /// The rules whose steps are tried; all three where none is named
    #[arg(value_name = "RULE", value_parser = rule_name())]
    pub(crate) rules: Vec<RuleName>,
    #[command(flatten)]
    pub(crate) source: LiveArguments,
    /// Region of the cluster
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Role to assume for --cluster
    #[arg(long, value_name = "ARN", conflicts_with = "context")]
    pub(crate) role_arn: Option<String>,
    /// kubeconfig file for --context, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE", conflicts_with = "cluster", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Account that owns the cluster, twelve digits
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(crate) account: Option<String>,
    /// Rule parameters as AWS Config passes them: a JSON object of strings, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) parameters: Option<String>,
    /// How the steps are printed
    #[arg(long, short, value_enum, value_name = "FORM", default_value_t = DoctorForm::Table)]
    pub(crate) output: DoctorForm,
}

/// A live cluster: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LiveArguments {
    /// The context of this name in the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The EKS cluster of this name, reached as the functions reach it
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
}

/// The forms of `doctor`'s output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorForm {
    /// For people
    Table,
    /// For programs: one object for each step
    Json,
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How many pods the violating cluster has
    #[arg(long, value_name = "N")]
    pub(crate) pods: Option<u32>,
    /// Keep the loopback world up and print the environment that uses it
    #[arg(long)]
    pub(crate) serve: bool,
}

/// `policy`.
#[derive(Debug, Args)]
#[command(after_help = POLICY_AFTER_HELP)]
pub(crate) struct PolicyArguments {
    /// The rule
    #[arg(value_name = "RULE", value_parser = rule_name())]
    pub(crate) rule: RuleName,
    /// Rule parameters as AWS Config passes them: a JSON object of strings, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) parameters: Option<String>,
    /// File with a list of exemptions, added to those of the parameters
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) exemptions: Option<PathBuf>,
    /// Namespaces that the policy is bound to, by their labels, as `kubectl -l` takes them; all where it is left out
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) namespace_selector: Option<NamespaceSelector>,
    /// Name of the policy and its binding, `eks-config-rules-…` where it is left out; two in one cluster need two
    #[arg(long, value_name = "NAME", value_parser = object_name)]
    pub(crate) name: Option<String>,
    /// Account of the cluster, twelve digits, for `ecr:self`
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(crate) account: Option<String>,
    /// Region of the cluster, for `eks-addons`
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Reads a rule's name, and lets help and completions name all of them.
fn rule_name() -> impl TypedValueParser<Value = RuleName> {
    PossibleValuesParser::new(RuleName::ALL.map(|rule| PossibleValue::new(rule.as_str())))
        .try_map(|name| name.parse::<RuleName>())
}

/// Reads the name of a Kubernetes object.
fn object_name(text: &str) -> Result<String, String> {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        label.bytes().next().is_some_and(alphanumeric)
            && label.bytes().next_back().is_some_and(alphanumeric)
            && label.bytes().all(|byte| alphanumeric(byte) || byte == b'-')
    };
    if text.len() <= 253 && text.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("a name has lower-case letters, digits, hyphens between them, and dots".to_owned())
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account is twelve digits".to_owned())
    }
}

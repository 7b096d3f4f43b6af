# What is judged. The same parameters, values and defaults as in template.yaml; an empty one is left out.

variable "clusters" {
  description = "Clusters to judge: a comma list of names, * is a wildcard, or ssm:NAME. Empty: every cluster of the account in this region."
  type        = string
  default     = ""
}

variable "excluded_clusters" {
  description = "Clusters to leave out, in the form of clusters."
  type        = string
  default     = ""
}

variable "excluded_namespaces" {
  description = "Namespaces to leave out: a comma list of names, * is a wildcard, or ssm:NAME."
  type        = string
  default     = "kube-system,kube-public,kube-node-lease"
}

variable "include_finished_pods" {
  description = "Judge pods in phase Succeeded or Failed too: true, false."
  type        = string
  default     = "false"
}

variable "exemptions" {
  description = "Findings that are accepted, as JSON or ssm:NAME."
  type        = string
  default     = ""
}

variable "not_judged" {
  description = "What AWS Config shows of a cluster that could not be read: keep, nonCompliant."
  type        = string
  default     = "keep"
}

variable "execution_role_name" {
  description = "Name of the role (infra/member-role.yaml) that the functions assume in the account of each event. Empty: their own roles."
  type        = string
  default     = ""
}

variable "external_id" {
  description = "The external id that the trust policy of that role asks for."
  type        = string
  default     = ""
}

variable "requires" {
  description = "netPolCheck, what a namespace needs: any, covered, default-deny-ingress, default-deny-egress, default-deny."
  type        = string
  default     = "any"
}

variable "grace_seconds" {
  description = "netPolCheck: a namespace younger than this (0 to 3600) that runs no pod yet is not judged."
  type        = string
  default     = "60"
}

variable "cni_policies" {
  description = "netPolCheck, policies of Cilium, Calico and AWS: count, ignore."
  type        = string
  default     = "count"
}

variable "enforcement" {
  description = "netPolCheck, where nothing enforces policies: report, require, ignore."
  type        = string
  default     = "report"
}

variable "reading" {
  description = "privEscalation: effective, restricted, explicit."
  type        = string
  default     = "effective"
}

variable "secrets_in_env" {
  description = "privEscalation, of environment variables from Secrets: ignore, report, require."
  type        = string
  default     = "ignore"
}

variable "trusted_registries" {
  description = "trustedRegCheck, mandatory: a comma list of HOST[:PORT][/PATH], *.DOMAIN, ecr:ACCOUNT, ecr:self, eks-addons, or ssm:NAME."
  type        = string

  validation {
    condition     = length(trimspace(var.trusted_registries)) > 0
    error_message = "Nobody else can know whom you trust: name at least one registry."
  }
}

variable "require_digest" {
  description = "trustedRegCheck, images must be pinned by digest: true, false."
  type        = string
  default     = "false"
}

variable "image_id" {
  description = "trustedRegCheck, the running image comes from elsewhere than written: report, require, ignore."
  type        = string
  default     = "report"
}

variable "trusted_chart_sources" {
  description = "trustedRegCheck, where Flux and Argo CD may take charts from: a comma list as trusted_registries; empty: chart sources are not looked at."
  type        = string
  default     = ""
}

variable "fail_on_severity" {
  description = "trustedRegCheck, scan findings from which severity on: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED; empty: none."
  type        = string
  default     = ""
}

variable "unscanned" {
  description = "trustedRegCheck, running images without a scan result: report, fail."
  type        = string
  default     = "report"
}

variable "require_immutable_tags" {
  description = "trustedRegCheck, tags in use cannot be moved in ECR: true, false."
  type        = string
  default     = "false"
}

variable "require_kms_encryption" {
  description = "trustedRegCheck, ECR repositories in use are encrypted with KMS: true, false."
  type        = string
  default     = "false"
}

variable "scan_accounts" {
  description = "trustedRegCheck, accounts whose ECR is asked besides the cluster's own: a comma list."
  type        = string
  default     = ""
}

variable "ssm_parameter_path" {
  description = "Path, without slashes at its ends, of the Systems Manager parameters that ssm:NAME may name."
  type        = string
  default     = "eks-config-rules"
}

# AWS Config

variable "deploy_config_rules" {
  description = "Whether the three AWS Config rules are made, or the functions alone."
  type        = bool
  default     = true
}

variable "maximum_execution_frequency" {
  description = "How often all clusters are judged: One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours."
  type        = string
  default     = "TwentyFour_Hours"
}

# The functions

variable "name" {
  description = "Beginning of the names of what is made."
  type        = string
  default     = "eks-config-rules"
}

variable "artifacts" {
  description = "Where `cargo lambda build --release --output-format zip` put the functions."
  type        = string
  default     = "../../target/lambda"
}

variable "architecture" {
  description = "What they were built for (cargo lambda build --arm64 or --x86-64): arm64, x86_64."
  type        = string
  default     = "arm64"
}

variable "memory_size" {
  description = "Memory of each function in MB; processor time follows it."
  type        = number
  default     = 512
}

variable "reserved_concurrency" {
  description = "How many invocations of each function may run at once. -1: as many as the account allows."
  type        = number
  default     = -1
}

variable "tracing" {
  description = "AWS X-Ray: PassThrough, Active."
  type        = string
  default     = "PassThrough"
}

variable "log_level" {
  description = "DEBUG, INFO, WARN, ERROR. Verdicts and findings are INFO."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "How many days the logs are kept."
  type        = number
  default     = 90
}

variable "kms_key_arn" {
  description = "Key for the log groups and the queue of failed events. Empty: keys of AWS."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "Subnets of the functions, for clusters with a private endpoint."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the functions in these subnets."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of the alarms."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags for everything that has some."
  type        = map(string)
  default     = { application = "eks-config-rules" }
}

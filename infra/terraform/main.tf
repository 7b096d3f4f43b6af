# The three functions, their roles and the AWS Config rules, as template.yaml makes them, from the zip files of
# `cargo lambda build --release --arm64 --output-format zip`. Not here, but in template.yaml: the dashboard, the saved
# queries, the security group and interface endpoints of private clusters.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  in_vpc    = length(var.subnet_ids) > 0

  common_parameters = {
    clusters            = var.clusters
    excludedClusters    = var.excluded_clusters
    excludedNamespaces  = var.excluded_namespaces
    includeFinishedPods = var.include_finished_pods
    executionRoleName   = var.execution_role_name
    externalId          = var.external_id
    exemptions          = var.exemptions
    notJudged           = var.not_judged
  }

  rules = {
    netPolCheck = {
      binary      = "net-pol-check"
      description = "Every namespace of every EKS cluster has a network policy."
      parameters = {
        requires     = var.requires
        graceSeconds = var.grace_seconds
        cniPolicies  = var.cni_policies
        enforcement  = var.enforcement
      }
    }
    privEscalation = {
      binary      = "priv-escalation"
      description = "No container that runs in an EKS cluster may gain more privileges than its parent process."
      parameters = {
        reading      = var.reading
        secretsInEnv = var.secrets_in_env
      }
    }
    trustedRegCheck = {
      binary      = "trusted-reg-check"
      description = "Containers in EKS clusters run images of trusted registries only."
      parameters = {
        trustedRegistries    = var.trusted_registries
        requireDigest        = var.require_digest
        imageId              = var.image_id
        failOnSeverity       = var.fail_on_severity
        unscanned            = var.unscanned
        requireImmutableTags = var.require_immutable_tags
        requireKmsEncryption = var.require_kms_encryption
        scanAccounts         = var.scan_accounts
        trustedChartSources  = var.trusted_chart_sources
      }
    }
  }

  # Hours without a run after which something is wrong: twice the frequency.
  silence_hours = {
    One_Hour         = 2
    Three_Hours      = 6
    Six_Hours        = 12
    Twelve_Hours     = 24
    TwentyFour_Hours = 48
  }
}

resource "aws_sqs_queue" "failed_events" {
  name                      = "${var.name}-failed-events"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == "" ? true : null
  kms_master_key_id         = var.kms_key_arn == "" ? null : var.kms_key_arn
  tags                      = var.tags
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.rules

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "function" {
  for_each = local.rules

  name_prefix        = "${var.name}-"
  description        = "What the function of the AWS Config rule ${each.key} may do."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "function" {
  for_each = local.rules

  name   = each.key
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}

data "aws_iam_policy_document" "function" {
  for_each = local.rules

  statement {
    sid       = "ListClusters"
    actions   = ["eks:ListClusters"]
    resources = ["*"] # The action knows no resource.
  }

  statement {
    sid       = "DescribeClusters"
    actions   = ["eks:DescribeCluster"]
    resources = ["arn:${local.partition}:eks:${local.region}:${local.account}:cluster/*"]
  }

  dynamic "statement" {
    for_each = each.key == "netPolCheck" ? [1] : []
    content {
      sid       = "DescribeVpcCni"
      actions   = ["eks:DescribeAddon"]
      resources = ["arn:${local.partition}:eks:${local.region}:${local.account}:addon/*/vpc-cni/*"]
    }
  }

  # Of other accounts only those whose repository policies let the role in.
  dynamic "statement" {
    for_each = each.key == "trustedRegCheck" ? [1] : []
    content {
      sid       = "ReadScans"
      actions   = ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings", "ecr:DescribeImages", "ecr:DescribeRepositories"]
      resources = ["arn:${local.partition}:ecr:*:*:repository/*"]
    }
  }

  statement {
    sid       = "ReportEvaluations"
    actions   = ["config:PutEvaluations"]
    resources = ["*"] # The action knows no resource.
  }

  statement {
    sid       = "ReadEarlierEvaluations"
    actions   = ["config:GetComplianceDetailsByConfigRule"]
    resources = ["arn:${local.partition}:config:${local.region}:${local.account}:config-rule/*"]
  }

  statement {
    sid       = "ReadLists"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.ssm_parameter_path}/*"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed_events.arn]
  }

  dynamic "statement" {
    for_each = var.execution_role_name == "" ? [] : [1]
    content {
      sid       = "AssumeExecutionRole"
      actions   = ["sts:AssumeRole"]
      resources = ["arn:${local.partition}:iam::*:role/${var.execution_role_name}"]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == "" ? [] : [1]
    content {
      sid       = "EncryptFailedEvents"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.kms_key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sqs.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.tracing == "Active" ? [1] : []
    content {
      sid       = "SendTraces"
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"] # The actions know no resource.
    }
  }

  # Lambda makes the network interfaces with this role; the function's own code may not.
  dynamic "statement" {
    for_each = local.in_vpc ? [1] : []
    content {
      sid = "NetworkInterfaces"
      actions = [
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = local.in_vpc ? [1] : []
    content {
      sid    = "NetworkInterfacesNotFromCode"
      effect = "Deny"
      actions = [
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = ["arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}-${each.key}"]
      }
    }
  }
}

resource "aws_lambda_function" "function" {
  for_each = local.rules

  function_name                  = "${var.name}-${each.key}"
  description                    = "AWS Config rule ${each.key}."
  role                           = aws_iam_role.function[each.key].arn
  filename                       = "${var.artifacts}/${each.value.binary}/bootstrap.zip"
  source_code_hash               = filebase64sha256("${var.artifacts}/${each.value.binary}/bootstrap.zip")
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = 900
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.tags

  environment {
    variables = {
      LOG_LEVEL                           = var.log_level
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = "true"
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  tracing_config {
    mode = var.tracing
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [1] : []
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# AWS Config invokes asynchronously. A retry reads every cluster again: one is enough, then the event is kept.
resource "aws_lambda_function_event_invoke_config" "function" {
  for_each = local.rules

  function_name          = aws_lambda_function.function[each.key].function_name
  maximum_retry_attempts = 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_events.arn
    }
  }
}

resource "aws_lambda_permission" "config" {
  for_each = local.rules

  function_name  = aws_lambda_function.function[each.key].function_name
  action         = "lambda:InvokeFunction"
  principal      = "config.amazonaws.com"
  source_account = local.account
}

resource "aws_config_config_rule" "rule" {
  for_each = var.deploy_config_rules ? local.rules : {}

  name        = "eks-${each.key}-rule"
  description = each.value.description
  tags        = var.tags

  # Every value is a string, as AWS Config wants it, and a parameter that is not given is not passed.
  input_parameters = jsonencode({
    for name, value in merge(local.common_parameters, each.value.parameters) : name => value if value != ""
  })

  scope {
    compliance_resource_types = ["AWS::EKS::Cluster"]
  }

  source {
    owner             = "CUSTOM_LAMBDA"
    source_identifier = aws_lambda_function.function[each.key].arn

    source_detail {
      event_source                = "aws.config"
      message_type                = "ScheduledNotification"
      maximum_execution_frequency = var.maximum_execution_frequency
    }

    source_detail {
      event_source = "aws.config"
      message_type = "ConfigurationItemChangeNotification"
    }

    source_detail {
      event_source = "aws.config"
      message_type = "OversizedConfigurationItemChangeNotification"
    }
  }

  depends_on = [aws_lambda_permission.config]
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = local.rules

  alarm_name          = "${var.name}-${each.key}-failed"
  alarm_description   = "An invocation of ${each.key} failed. The function's log says why."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_judged" {
  for_each = local.rules

  alarm_name          = "${var.name}-${each.key}-not-judged"
  alarm_description   = "${each.key} could not judge some cluster. The function's log names it, the step and what to do."
  namespace           = "EksConfigRules"
  metric_name         = "ClustersNotJudged"
  dimensions          = { Rule = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = local.rules

  alarm_name          = "${var.name}-${each.key}-silence"
  alarm_description   = "AWS Config has not invoked ${each.key} for twice its frequency."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.function[each.key].function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = local.silence_hours[var.maximum_execution_frequency]
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

# In alarm from one run to the next, whichever account it was about.
resource "aws_cloudwatch_metric_alarm" "stale" {
  for_each = local.rules

  alarm_name          = "${var.name}-${each.key}-stale"
  alarm_description   = "${each.key} has not judged some cluster for two periods: what AWS Config shows of it is as old as that."
  namespace           = "EksConfigRules"
  metric_name         = "OldestVerdictSeconds"
  dimensions          = { Rule = each.key }
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = local.silence_hours[var.maximum_execution_frequency] / 2
  datapoints_to_alarm = 1
  # Two periods, less a quarter of one, since AWS Config keeps no exact time.
  threshold           = local.silence_hours[var.maximum_execution_frequency] * 3150
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "failed_events" {
  alarm_name          = "${var.name}-failed-events"
  alarm_description   = "An event of AWS Config was given up after its retry. The queue holds it."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_events.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

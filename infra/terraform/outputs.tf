output "function_arns" {
  description = "The functions by rule, for organization rules and conformance packs."
  value       = { for rule, function in aws_lambda_function.function : rule => function.arn }
}

output "role_arns" {
  description = "The roles by rule, for the access entries of the clusters and for infra/member-role.yaml."
  value       = { for rule, role in aws_iam_role.function : rule => role.arn }
}

output "failed_events_queue_url" {
  description = "Where the events lie that were given up after the retry."
  value       = aws_sqs_queue.failed_events.url
}

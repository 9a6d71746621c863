# What AWS answers in the tests of the whole deployment.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws" }
}
mock_data "aws_availability_zones" {
  defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
}
mock_data "aws_iam_policy_document" {
  defaults = { json = "{}" }
}
# Known before it is made, so that the plan has whole containers.
mock_resource "aws_ecr_repository" {
  override_during = plan
  defaults        = { repository_url = "registry/efr" }
}
mock_data "aws_default_tags" {
  defaults = { tags = { project = "elastic-face-recognition", deployment = "efr" } }
}

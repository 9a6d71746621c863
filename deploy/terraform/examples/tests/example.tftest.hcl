# Each example plans: make terraform-test gives its file as -var-file.

mock_provider "aws" {
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
  mock_data "aws_default_tags" {
    defaults = { tags = { project = "elastic-face-recognition", deployment = "efr" } }
  }
}

run "example" {
  command = plan

  assert {
    condition     = (output.deployment == null) == !var.blue_green
    error_message = "The example is deployed otherwise than it says."
  }
}

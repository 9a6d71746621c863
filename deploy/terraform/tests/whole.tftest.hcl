# The whole deployment, planned with a provider that knows AWS's resources and calls nobody.

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

variables {
  domain_name = "faces.example.org"
  zone_id     = "Z0123456789"
  image_tag   = "v1"
  alarm_email = "ops@example.org"
}

run "complete" {
  command = plan

  variables {
    github_repository = "example/elastic-face-recognition"
    secret_names      = ["REDIS_URL"]
  }

}

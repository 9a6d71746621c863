# Each example plans: make terraform-test gives its file as -var-file.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "example" {
  command = plan

  assert {
    condition     = (output.deployment == null) == !var.blue_green
    error_message = "The example is deployed otherwise than it says."
  }
}

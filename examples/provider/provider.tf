terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# Credentials come from the sources of the hashicorp/aws provider: the environment, the shared files, the instance.
provider "iamkeys" {
  assume_role {
    role_arn     = "arn:aws:iam::123456789012:role/key-rotation"
    session_name = "terraform"
  }
}

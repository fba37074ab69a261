terraform {
  required_version = ">= 1.8" # or OpenTofu 1.7
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

resource "iamkeys_rotating_access_key" "mail" {
  user    = "ci" # or aws_iam_user.mail.name
  max_age = "90d"
}

# The password is valid in one region, and changes with the key. To keep it out of the state, set encrypted_output, and use
# secret_access_key of the ephemeral resource iamkeys_secret_access_key.
output "smtp" {
  value = {
    server   = "email-smtp.us-east-1.amazonaws.com"
    username = iamkeys_rotating_access_key.mail.access_key_id
    password = provider::iamkeys::ses_smtp_password(iamkeys_rotating_access_key.mail.secret_access_key, "us-east-1")
  }
  sensitive = true
}

# The policy of the role that applies: it rotates and describes the keys of one user, and encrypts their secrets. It is the
# "policy" of an aws_iam_role_policy or an aws_iam_policy.
data "iamkeys_policy_document" "apply" {
  features = ["rotate", "description", "kms_encrypt"]
  users    = ["service/ci"] # or aws_iam_user.ci.arn

  kms_key_arns           = ["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
  kms_encryption_context = { user = "ci" }
}

output "apply" {
  value = data.iamkeys_policy_document.apply.json
}

# The policy of the role that plans pull requests: it changes nothing.
data "iamkeys_policy_document" "plan" {
  features   = ["plan"]
  user_paths = ["/service/"]
}

output "plan" {
  value = data.iamkeys_policy_document.plan.json
}

# The policy of a group of people who rotate their own keys.
data "iamkeys_policy_document" "self" {
  features = ["rotate"]
  own_user = true
}

output "self" {
  value = data.iamkeys_policy_document.self.json
}

# The policy of an auditor of the whole account.
data "iamkeys_policy_document" "audit" {
  features   = ["audit", "credential_report"]
  user_paths = ["/"]
}

output "audit" {
  value = data.iamkeys_policy_document.audit.json
}

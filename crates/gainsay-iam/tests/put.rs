//! What AWS publishes is taken, and what it refuses at put time is refused in its words; each page
//! is beside its row.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may stop"
)]

use gainsay_iam::PolicyKind::{
    Boundary, Bucket, Identity, KeyPolicy, Rcp, Scp, Session, TrustPolicy, VpcEndpoint,
};
use gainsay_iam::{
    Policy, PolicyKind, lint,
    lint::review,
    put::{AwsError, Put, Quota, document_error, refusals, rules},
};
use serde_json::{Value, json};

const KEY_OWNER: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#;

fn document(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

/// What AWS answers to a document, as `code: message`; `stored` if nothing is wrong with it.
fn put(kind: PolicyKind, text: &str, put: &Put<'_>) -> String {
    let says = |error: &AwsError| format!("{}: {}", error.code, error.message);
    match Policy::from_text(kind, text) {
        Err(error) => says(&document_error(kind, text, &error)),
        Ok(policy) => refusals(&policy, put)
            .first()
            .map_or_else(|| "stored".to_owned(), |refusal| says(&refusal.error)),
    }
}

/// A kind of document, what is special about it, the page that has such a one, and the statement.
#[rustfmt::skip] // One row, one document.
const STORED: &[(PolicyKind, &str, &str, &str)] = &[
    (Bucket, "objects only", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "everyone in a list", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html", r#"{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "a canonical user", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html", r#"{"Effect":"Allow","Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "an origin access identity", "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EH1HDMB1FH2TC"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "an origin access control", "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html", r#"{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}"#),
    (Bucket, "another partition's service", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html", r#"{"Effect":"Allow","Principal":{"Service":"logs.cn-north-1.amazonaws.com.cn"},"Action":"s3:PutObject","Resource":"arn:aws-cn:s3:::bucket/*"}"#),
    (Bucket, "a number as JSON", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket","Condition":{"NumericLessThanEquals":{"s3:max-keys":10}}}"#),
    (Bucket, "a boolean as JSON", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],"Condition":{"Bool":{"aws:SecureTransport":false}}}"#),
    (Bucket, "MFA", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/taxdocuments/*","Condition":{"Null":{"aws:MultiFactorAuthAge":true}}}"#),
    (Bucket, "a VPC", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies-vpc-endpoint.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-111bbb22"}}}"#),
    (Bucket, "delegation to access points", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}}"#),
    (Bucket, "an access point", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:us-west-2:111122223333:accesspoint/ap","arn:aws:s3:us-west-2:111122223333:accesspoint/ap/object/*"]}"#),
    (Bucket, "tags of objects", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/cost center":"a b"}}}"#),
    (Bucket, "tag keys", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::bucket/*","Condition":{"ForAnyValue:StringLike":{"s3:RequestObjectTagKeys":["Owner"]}}}"#),
    (Bucket, "ACLs of two actions", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:PutObject","s3:PutObjectAcl"],"Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}"#),
    (Bucket, "conditional writes", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"Null":{"s3:if-none-match":"true"},"Bool":{"s3:ObjectCreationOperation":"true"}}}"#),
    (Bucket, "TLS", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],"Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}}"#),
    (Bucket, "patterns of actions for buckets and objects", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-walkthrough-2.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:List*","s3:GetBucketVersioning"],"Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "NotResource", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","NotResource":["arn:aws:s3:::bucket/*.jpg"]}"#),
    (Bucket, "NotPrincipal", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html", r#"{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333"]},"Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]}"#),
    (Bucket, "a variable with a default", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*"}"#),
    (Bucket, "characters as variables", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/${*}/${$}${?}*"}"#),
    (Bucket, "a directory bucket", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam-example-bucket-policies.html", r#"{"Effect":"Deny","Principal":"*","Action":"s3express:CreateSession","Resource":"arn:aws:s3express:us-west-2:111122223333:bucket/b--usw2-az1--x-s3","Condition":{"StringNotEquals":{"s3express:SessionMode":"ReadOnly"}}}"#),
    (Bucket, "S3 on Outposts", "https://docs.aws.amazon.com/AmazonS3/latest/s3-outposts/S3OutpostsBucketPolicy.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3-outposts:*","Resource":"arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1/bucket/b"}"#),
    (Bucket, "S3 Object Lambda", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-policies.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3-object-lambda:GetObject","Resource":"arn:aws:s3-object-lambda:us-west-2:111122223333:accesspoint/ap/object/*"}"#),
    (KeyPolicy, "through a service", "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:*"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.us-west-2.amazonaws.com","kms:CallerAccount":"111122223333"},"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::b/*"]}}}"#),
    (KeyPolicy, "grants of services", "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:CreateGrant","kms:PutKeyPolicy"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}"#),
    (TrustPolicy, "GitHub", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html", r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}}}"#),
    (TrustPolicy, "EKS", "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html", r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/E"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/E:sub":"system:serviceaccount:d:s"}}}"#),
    (TrustPolicy, "Cognito", "https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html", r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:x"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}"#),
    (TrustPolicy, "SAML", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_saml.html", r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/P"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}"#),
    (TrustPolicy, "everyone of an organization", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}"#),
    (TrustPolicy, "all but one action of STS", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html", r#"{"Effect":"Deny","Principal":{"AWS":"111122223333"},"NotAction":"sts:TagSession"}"#),
    (Identity, "a key of EC2", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_ec2_instances-by-tag.html", r#"{"Effect":"Allow","Action":"ec2:StartInstances","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"ec2:ResourceTag/Owner":"${aws:username}"}}}"#),
    (Identity, "keys of other services", "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSResourceAccessManagerFullAccess.html", r#"{"Effect":"Allow","Action":["ram:*","lambda:*","sns:*","bedrock:*"],"Resource":"*","Condition":{"StringEquals":{"ram:RequestedResourceType":"a","lambda:Principal":"b","sns:Protocol":"c","bedrock:InferenceProfileArn":"d"}}}"#),
    (Identity, "the organization's account", "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgMasterAccountId":"111122223333"}}}"#),
    (Identity, "every action of every service", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html", r#"{"Effect":"Allow","Action":"*:*","Resource":"*"}"#),
    (Identity, "a variable for the account", "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonTimestreamInfluxDBServiceRolePolicy.html", r#"{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"arn:*:kms:*:${aws:PrincipalAccount}:key/*"}"#),
    (Identity, "an ARN of nothing", "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonDevOpsGuruOrganizationsAccess.html", r#"{"Effect":"Allow","Action":"organizations:ListRoots","Resource":"arn:aws:organizations::*:"}"#),
    (Identity, "tag keys with spaces", "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Cost Center":"${aws:PrincipalTag/Cost Center}"}}}"#),
    (Identity, "a variable in a key", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html", r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/${TagKey}":"a"}}}"#),
    (Identity, "an operator without keys", "assumed: found in published templates", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{}}}"#),
    (Identity, "a key without values", "assumed: found in published templates", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":[]}}}"#),
    (Identity, "no whole ARN", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN", r#"{"Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:topic"}}}"#),
    (Identity, "directory buckets and more", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-arn-format.html", r#"{"Effect":"Allow","Action":["s3express:*","s3-outposts:*","s3-object-lambda:*"],"Resource":["arn:aws:s3express:*:*:bucket/*","arn:aws:s3-outposts:*:*:outpost/op-1/accesspoint/a","arn:aws:s3-object-lambda:us-east-1:1:accesspoint/x"]}"#),
    (Scp, "Regions", "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html", r#"{"Effect":"Deny","NotAction":["iam:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]},"ArnNotLike":{"aws:PrincipalARN":["arn:aws:iam::*:role/R"]}}}"#),
    (Rcp, "an identity perimeter", "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html", r#"{"Effect":"Deny","Principal":"*","Action":["s3:*","sqs:*","kms:*","secretsmanager:*","sts:*"],"Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#),
    (Rcp, "RCPFullAWSAccess", "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html", r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#),
    (VpcEndpoint, "full access", "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html", r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#),
];

#[test]
fn what_aws_publishes_is_stored() {
    for (kind, what, page, statement) in STORED {
        let text = document(statement);
        let own = Put {
            bucket: (*kind == Bucket
                && !statement.contains(":accesspoint/")
                && statement.contains(":::"))
            .then_some("bucket"),
            exists: None,
        };
        assert_eq!(put(*kind, &text, &own), "stored", "{kind}: {what} ({page})");
    }
}

#[test]
fn every_kind_has_a_document_that_is_stored_and_the_old_version_too() {
    for kind in [Bucket, KeyPolicy, TrustPolicy, Identity, Scp, Rcp, VpcEndpoint] {
        assert!(STORED.iter().any(|(of, ..)| *of == kind), "{kind}");
    }
    for (kind, what, _, statement) in STORED.iter().filter(|(kind, ..)| *kind != Rcp) {
        for version in [r#""Version": "2008-10-17", "Id": "x","#, ""] {
            let text = format!(r#"{{{version} "Statement": {statement}}}"#);
            assert_eq!(put(*kind, &text, &Put::default()), "stored", "{kind}: {what}");
        }
    }
}

const S3: &str = "MalformedPolicy: ";
const IAM: &str = "MalformedPolicyDocument: ";
const JSON_EXCEPTION: &str = "MalformedPolicyDocumentException: ";
const RCP: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";

const IAM_PATH: &str = "IAM resource path must either be \"*\" or start with user/, federated-user/, \
     role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, \
     oidc-provider/, report/, access-report/.";

/// What is wrong, the statement, and what AWS answers. The same statement mended is stored.
#[rustfmt::skip] // One row, one document.
const REFUSED: &[(PolicyKind, &str, &str, &str, &str, &str)] = &[
    (Bucket, "an unknown action", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObjects","Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Policy has invalid action", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject*","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "another service's action", r#"{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Policy has invalid action", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "a directory bucket's action on a bucket", r#"{"Effect":"Allow","Principal":"*","Action":"s3express:CreateSession","Resource":"arn:aws:s3:::bucket"}"#, S3, "Policy has invalid action", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "objects' action on the bucket", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket"}"#, S3, "Action does not apply to any resource(s) in statement", r#"{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "the bucket's action on objects", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Action does not apply to any resource(s) in statement", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bucket*"}"#),
    (Bucket, "both on objects", r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Action does not apply to any resource(s) in statement", r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]}"#),
    (Bucket, "both on the bucket", r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::bucket"}"#, S3, "Action does not apply to any resource(s) in statement", r#"{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:GetBucketAcl"],"Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "an action of the account", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::bucket"}"#, S3, "Action does not apply to any resource(s) in statement", r#"{"Effect":"Allow","Principal":"*","Action":"s3:List*","Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "a key that one action lacks", r#"{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:GetBucketLocation"],"Resource":"arn:aws:s3:::bucket","Condition":{"StringLike":{"s3:prefix":"a/*"}}}"#, S3, "Conditions do not apply to combination of actions and resources in statement", r#"{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:ListBucketVersions"],"Resource":"arn:aws:s3:::bucket","Condition":{"StringLike":{"s3:prefix":"a/*"}}}"#),
    (Bucket, "a tag that retention lacks", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObjectRetention","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"b"}}}"#, S3, "Conditions do not apply to combination of actions and resources in statement", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObjectAttributes","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"b"}}}"#),
    (Bucket, "a wrong condition, said before the wrong resource", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucketMultipartUploads","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringLike":{"s3:prefix":"a"}}}"#, S3, "Conditions do not apply to combination of actions and resources in statement", r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucketMultipartUploads","Resource":"arn:aws:s3:::bucket"}"#),
    (Bucket, "an unknown key", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"s3:x-acl":"a"}}}"#, S3, "Policy has an invalid condition key", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"aws:x-acl":"a"}}}"#),
    (Bucket, "a key of KMS", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"kms:ViaService":"a"}}}"#, S3, "Policy has an invalid condition key", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"StringEquals":{"lambda:SourceFunctionArn":"a"}}}"#),
    (Bucket, "an identity provider", r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Invalid principal in policy", r#"{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "a role that is not there", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/gone"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#, S3, "Invalid principal in policy", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/there"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (Bucket, "another bucket", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket2/*"}"#, S3, "Policy has invalid resource", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/2*"}"#),
    (KeyPolicy, "a role that is not there", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/gone"},"Action":"kms:*","Resource":"*"}"#, JSON_EXCEPTION, "Policy contains a statement with one or more invalid principals.", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/there"},"Action":"kms:*","Resource":"*"}"#),
    (KeyPolicy, "nobody who may change it", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Decrypt","Resource":"*"}"#, JSON_EXCEPTION, "The new key policy will not allow you to update the key policy in the future.", r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Put*","Resource":"*"}"#),
    (TrustPolicy, "a role that is not there", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/gone"},"Action":"sts:AssumeRole"}"#, IAM, "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:role/gone\"", r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/there"},"Action":"sts:AssumeRole"}"#),
    (TrustPolicy, "everyone without AWS", r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#, IAM, "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#),
    (TrustPolicy, "another service's action", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"}"#, IAM, "AssumeRole policy may only specify STS AssumeRole actions.", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:*"}"#),
    (TrustPolicy, "a resource", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"}"#, IAM, "Has prohibited field Resource", r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#),
    (Identity, "a Region in an ARN of IAM", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam:eu-west-1:111122223333:role/r"}"#, IAM, "IAM resource arn:aws:iam:eu-west-1:111122223333:role/r cannot contain region information.", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam::111122223333:role/r"}"#),
    (Identity, "a condition key without its service", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"Bool":{"SecureTransport":"true"}}}"#, IAM, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#),
    (Identity, "an action without its service", r#"{"Effect":"Allow","Action":"GetRole","Resource":"*"}"#, IAM, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}"#),
    (Identity, "no resource", r#"{"Effect":"Allow","Action":"iam:GetRole"}"#, IAM, "Policy statement must contain resources.", r#"{"Effect":"Allow","Action":"iam:GetRole","NotResource":"*"}"#),
    (Session, "a principal", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#, IAM, "Policy document should not specify a principal.", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#),
    (Bucket, "a Region and an account in the ARN of a bucket", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:us-east-1:111122223333:bucket/*"}"#, S3, "Policy has invalid resource", r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}"#),
    (TrustPolicy, "GitHub without its subject", r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}"#, IAM, "The role trust policy must evaluate the condition key token.actions.githubusercontent.com:sub.", r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:job_workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main"}}}"#),
    (TrustPolicy, "Cognito without its audience", r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:*"}"#, IAM, "The role trust policy must evaluate the condition key cognito-identity.amazonaws.com:aud.", r#"{"Effect":"Deny","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:*"}"#),
    (Identity, "an ARN of five fields", r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3::example_bucket"}"#, IAM, "The policy failed legacy parsing", r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::example_bucket"}"#),
    (Identity, "a partition that is none", r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:error:s3:::example_bucket"}"#, IAM, "Partition \"error\" is not valid for resource \"arn:error:s3:::example_bucket\".", r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:*:s3:::example_bucket"}"#),
    (Identity, "a resource of no type of IAM", r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam:::example_bucket"}"#, IAM, IAM_PATH, r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":["arn:aws:iam:::user/example_bucket","arn:aws:iam::*:*","arn:aws:iam::111122223333:root"]}"#),
    (Rcp, "an Allow", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#, JSON_EXCEPTION, RCP, r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#),
    (Rcp, "every action", r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#, JSON_EXCEPTION, RCP, r#"{"Effect":"Deny","Principal":"*","Action":["s3:*","dynamodb:*"],"Resource":"*"}"#),
    (Rcp, "NotAction", r#"{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}"#, JSON_EXCEPTION, RCP, r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"*"}"#),
    (Rcp, "another service", r#"{"Effect":"Deny","Principal":"*","Action":"ec2:*","Resource":"*"}"#, JSON_EXCEPTION, RCP, r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}"#),
];

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    let exists = |name: &str| !name.ends_with("/gone");
    let known = Put { bucket: Some("bucket"), exists: Some(&exists) };
    for (kind, what, statement, code, message, mended) in REFUSED {
        let answer = put(*kind, &document(statement), &known);
        assert_eq!(answer, format!("{code}{message}"), "{kind}: {what}");
        assert_eq!(put(*kind, &document(mended), &known), "stored", "{kind}: {what}, mended");
    }
    // Without a version an RCP is none.
    let text =
        r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;
    assert_eq!(put(Rcp, text, &known), format!("{JSON_EXCEPTION}{RCP}"));
    // The bucket and the principals are only asked where they are known.
    let other = document(REFUSED.iter().find(|row| row.1 == "another bucket").unwrap().2);
    assert_eq!(put(Bucket, &other, &Put::default()), "stored");
    let gone = document(REFUSED.iter().find(|row| row.1 == "a role that is not there").unwrap().2);
    assert_eq!(put(Bucket, &gone, &Put::default()), "stored");
}

#[test]
fn every_rule_has_a_row_that_it_refuses() {
    let exists = |name: &str| !name.ends_with("/gone");
    let known = Put { bucket: Some("bucket"), exists: Some(&exists) };
    let mut texts: Vec<(PolicyKind, String)> =
        REFUSED.iter().map(|row| (row.0, document(row.2))).collect();
    let statement = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
    texts.push((Rcp, format!(r#"{{"Statement": {statement}}}"#)));
    let found: Vec<(PolicyKind, &str)> = texts
        .iter()
        .filter_map(|(kind, text)| Some((*kind, Policy::from_text(*kind, text).ok()?)))
        .flat_map(|(kind, policy)| {
            refusals(&policy, &known).into_iter().map(move |refusal| (kind, refusal.rule))
        })
        .collect();
    for rule in rules() {
        assert!(
            found.iter().any(|(kind, code)| *code == rule.code && rule.kinds.contains(kind)),
            "{}: {}",
            rule.code,
            rule.what
        );
        assert!(rule.source.starts_with("https://"), "{}", rule.code);
    }
}

/// Recorded by `LocalStack`, tests `test_bucket_policy_exc` and
/// `test_create_role_with_malformed_assume_role_policy_document`.
#[test]
fn recorded_answers() {
    let byte = "MalformedPolicy: Policies must be valid JSON and the first byte must be '{'";
    for (kind, text, answer) in [
        (Bucket, "", byte),
        (Bucket, "invalid json", byte),
        (Bucket, "{}", "MalformedPolicy: Missing required field Statement"),
        (Bucket, "{\"a\"", "MalformedPolicy: This policy contains invalid Json"),
        (TrustPolicy, "{,}", "MalformedPolicyDocument: This policy contains invalid Json"),
    ] {
        assert_eq!(put(kind, text, &Put::default()), answer, "{kind}: {text}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[test]
fn sizes_are_those_of_where_a_document_is_stored() {
    let identity = |count: usize| {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": vec![statement; count]})
    };
    let warned = |value: &Value| {
        let policy = Policy::from_value(Identity, value).unwrap();
        lint(&policy).iter().any(|found| found.lint.code() == "large-policy")
    };
    assert!(!warned(&identity(100)), "{}", identity(100).to_string().len());
    // AWS's own are as large as this and larger.
    assert!(warned(&identity(2_000)));
    assert!(Policy::from_value(Boundary, &identity(100)).is_ok());
    assert!(Policy::from_value(Boundary, &identity(2_000)).is_err());
    for (quota, most, counts_white_space) in [
        (Quota::InlineUser, 2_048, false),
        (Quota::InlineGroup, 5_120, false),
        (Quota::InlineRole, 10_240, false),
        (Quota::Managed, 6_144, false),
        (Quota::Trust, 2_048, false),
        (Quota::Session, 2_048, true),
        (Quota::Bucket, 20_480, true),
        (Quota::Key, 32_768, true),
        (Quota::Endpoint, 20_480, true),
        (Quota::Scp, 10_240, true),
        (Quota::Rcp, 5_120, true),
    ] {
        assert_eq!(quota.max(), most, "{quota:?}");
        assert_eq!(quota.size_of("{ }"), if counts_white_space { 3 } else { 2 }, "{quota:?}");
    }
    let user = Quota::InlineUser.error("ann").message;
    assert_eq!(user, "Maximum policy size of 2048 bytes exceeded for user ann");
}

#[test]
fn what_is_stored_and_does_nothing_is_warned_of() {
    let found = |kind: PolicyKind, statement: &str| -> Vec<&'static str> {
        let review = review(kind, &document(statement), None);
        review.findings.iter().map(|found| found.lint.code()).collect()
    };
    let with = |condition: &str| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}"#
        )
    };
    for (condition, code) in [
        (r#"{"StringEquals": {"aws:PrincipalOrgIds": "o"}}"#, "unknown-condition-key"),
        (r#"{"StringEquals": {"sts:Foo": "o"}}"#, "unknown-condition-key"),
        (r#"{"StringEquals": {}}"#, "empty-element"),
        (r#"{"IpAddress": {"aws:SourceIp": []}}"#, "empty-element"),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}}"#, "incomplete-arn-pattern"),
    ] {
        assert_eq!(found(Identity, &with(condition)), [code], "{condition}");
    }
    for condition in [
        r#"{"StringEquals": {"aws:PrincipalOrgID": "o"}}"#,
        r#"{"StringEquals": {"ec2:ResourceTag/team": "o"}}"#,
        r#"{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}}"#,
        r#"{"ArnLike": {"aws:SourceArn": "${aws:PrincipalTag/arn}"}}"#,
    ] {
        assert_eq!(found(Identity, &with(condition)), [""; 0], "{condition}");
    }
    let sid = KEY_OWNER.replacen('{', r#"{"Sid": "A", "#, 1);
    assert_eq!(
        found(KeyPolicy, &format!("{sid}, {sid}")),
        ["redundant-statement", "duplicate-sid"]
    );
    assert_eq!(found(KeyPolicy, &format!("{sid}, {KEY_OWNER}")), ["redundant-statement"]);
}

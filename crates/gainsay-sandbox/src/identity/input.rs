//! What parameters of IAM must be, as the API reference's pages say
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>).

use super::{Fault, Result};
use crate::{
    constraint::{Member, Rule, is_latin, is_name, is_tag, is_word, lower_first},
    query::{Model, Parameters},
};

const ARN: &[Rule] = &[Rule::Length(20, 2048)];
const DOCUMENT: &[Rule] = &[Rule::Length(1, 131_072)];
const TAG_KEY: &[Rule] =
    &[Rule::Length(1, 128), Rule::Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", is_tag)];

const MODEL: Model = Model {
    required: REQUIRED,
    members: &[
        Member::new("RoleName", &[Rule::Length(1, 64)]),
        Member::new("UserName", &[Rule::Length(1, 128)]),
        Member::new("GroupName", &[Rule::Length(1, 128)]),
        Member::new("NewUserName", &[Rule::Length(1, 64)]),
        Member::new("NewGroupName", &[Rule::Length(1, 128)]),
        Member::new("PolicyName", &[Rule::Length(1, 128)]),
        Member::new("Path", &[Rule::Length(1, 512)]),
        Member::new("NewPath", &[Rule::Length(1, 512)]),
        Member::new("PathPrefix", &[Rule::Length(1, 512)]),
        Member::new("PolicyArn", ARN),
        Member::new("PolicySourceArn", ARN),
        Member::new("PermissionsBoundary", ARN),
        // Of the description no value was shown; of documents that is assumed.
        Member::hidden("PolicyDocument", DOCUMENT),
        Member::hidden("AssumeRolePolicyDocument", DOCUMENT),
        Member::hidden(
            "Description",
            &[
                Rule::Length(0, 1000),
                Rule::Pattern("[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*", |c| {
                    is_latin(c) && !matches!(c, '\u{7f}'..='\u{a0}')
                }),
            ],
        ),
        Member::new("MaxSessionDuration", &[Rule::Range(3600, 43_200)]),
        Member::new("MaxItems", &[Rule::Range(1, 1000)]),
        Member::new("Marker", &[Rule::Length(1, 320)]),
        Member::new("AccessKeyId", &[Rule::Length(16, 128), Rule::Pattern("[\\w]+", is_word)]),
        Member::new("Status", &[Rule::OneOf(&["Active", "Inactive"])]),
        Member::new("Scope", &[Rule::OneOf(&["All", "AWS", "Local"])]),
        Member::new(
            "PolicyUsageFilter",
            &[Rule::OneOf(&["PermissionsPolicy", "PermissionsBoundary"])],
        ),
        Member::new(
            "EntityFilter",
            &[Rule::OneOf(&["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"])],
        ),
        Member::new(
            "VersionId",
            &[Rule::Form("v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?", |text| {
                let number = text.strip_prefix('v').unwrap_or_default();
                let number = number.split_once('.').map_or(number, |(number, _)| number);
                !number.is_empty()
                    && !number.starts_with('0')
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })],
        ),
        Member::new("Tags.Key", TAG_KEY),
        Member::new(
            "Tags.Value",
            &[Rule::Length(0, 256), Rule::Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", is_tag)],
        ),
    ],
    only: &[("CreateUser", Member::new("UserName", &[Rule::Length(1, 64)]))],
    lists: &[
        Member::new("TagKeys", TAG_KEY),
        Member::new("ActionNames", &[Rule::Length(3, 128)]),
        Member::new("ResourceArns", &[Rule::Length(1, 2048)]),
    ],
    counts: &[("Tags", 50), ("TagKeys", 50)],
};

/// The members that each operation requires.
const REQUIRED: &[(&str, &[&str])] = &[
    ("CreateUser", &["UserName"]),
    ("CreateGroup", &["GroupName"]),
    ("CreateRole", &["RoleName", "AssumeRolePolicyDocument"]),
    ("GetRole", &["RoleName"]),
    ("GetGroup", &["GroupName"]),
    ("DeleteUser", &["UserName"]),
    ("DeleteGroup", &["GroupName"]),
    ("DeleteRole", &["RoleName"]),
    ("UpdateUser", &["UserName"]),
    ("UpdateGroup", &["GroupName"]),
    ("UpdateRole", &["RoleName"]),
    ("UpdateRoleDescription", &["RoleName", "Description"]),
    ("UpdateAssumeRolePolicy", &["RoleName", "PolicyDocument"]),
    ("AddUserToGroup", &["GroupName", "UserName"]),
    ("RemoveUserFromGroup", &["GroupName", "UserName"]),
    ("ListGroupsForUser", &["UserName"]),
    ("TagUser", &["UserName", "Tags"]),
    ("TagRole", &["RoleName", "Tags"]),
    ("TagPolicy", &["PolicyArn", "Tags"]),
    ("UntagUser", &["UserName", "TagKeys"]),
    ("UntagRole", &["RoleName", "TagKeys"]),
    ("UntagPolicy", &["PolicyArn", "TagKeys"]),
    ("ListUserTags", &["UserName"]),
    ("ListRoleTags", &["RoleName"]),
    ("ListPolicyTags", &["PolicyArn"]),
    ("PutUserPolicy", &["UserName", "PolicyName", "PolicyDocument"]),
    ("PutGroupPolicy", &["GroupName", "PolicyName", "PolicyDocument"]),
    ("PutRolePolicy", &["RoleName", "PolicyName", "PolicyDocument"]),
    ("GetUserPolicy", &["UserName", "PolicyName"]),
    ("GetGroupPolicy", &["GroupName", "PolicyName"]),
    ("GetRolePolicy", &["RoleName", "PolicyName"]),
    ("ListUserPolicies", &["UserName"]),
    ("ListGroupPolicies", &["GroupName"]),
    ("ListRolePolicies", &["RoleName"]),
    ("DeleteUserPolicy", &["UserName", "PolicyName"]),
    ("DeleteGroupPolicy", &["GroupName", "PolicyName"]),
    ("DeleteRolePolicy", &["RoleName", "PolicyName"]),
    ("AttachUserPolicy", &["UserName", "PolicyArn"]),
    ("AttachGroupPolicy", &["GroupName", "PolicyArn"]),
    ("AttachRolePolicy", &["RoleName", "PolicyArn"]),
    ("DetachUserPolicy", &["UserName", "PolicyArn"]),
    ("DetachGroupPolicy", &["GroupName", "PolicyArn"]),
    ("DetachRolePolicy", &["RoleName", "PolicyArn"]),
    ("ListAttachedUserPolicies", &["UserName"]),
    ("ListAttachedGroupPolicies", &["GroupName"]),
    ("ListAttachedRolePolicies", &["RoleName"]),
    ("PutUserPermissionsBoundary", &["UserName", "PermissionsBoundary"]),
    ("PutRolePermissionsBoundary", &["RoleName", "PermissionsBoundary"]),
    ("DeleteUserPermissionsBoundary", &["UserName"]),
    ("DeleteRolePermissionsBoundary", &["RoleName"]),
    ("CreatePolicy", &["PolicyName", "PolicyDocument"]),
    ("GetPolicy", &["PolicyArn"]),
    ("DeletePolicy", &["PolicyArn"]),
    ("CreatePolicyVersion", &["PolicyArn", "PolicyDocument"]),
    ("GetPolicyVersion", &["PolicyArn", "VersionId"]),
    ("ListPolicyVersions", &["PolicyArn"]),
    ("SetDefaultPolicyVersion", &["PolicyArn", "VersionId"]),
    ("DeletePolicyVersion", &["PolicyArn", "VersionId"]),
    ("ListEntitiesForPolicy", &["PolicyArn"]),
    ("UpdateAccessKey", &["AccessKeyId", "Status"]),
    ("DeleteAccessKey", &["AccessKeyId"]),
    ("GetAccessKeyLastUsed", &["AccessKeyId"]),
    ("ListInstanceProfilesForRole", &["RoleName"]),
    ("SimulatePrincipalPolicy", &["PolicySourceArn", "ActionNames"]),
    ("SimulateCustomPolicy", &["PolicyInputList", "ActionNames"]),
    ("GetContextKeysForCustomPolicy", &["PolicyInputList"]),
    ("GetContextKeysForPrincipalPolicy", &["PolicySourceArn"]),
];

/// Names, of which IAM tells in words of its own what they may not have. The words are those that
/// clients have seen: <https://github.com/aws/karpenter-provider-aws/issues/6510>.
const NAMES: &[&str] =
    &["RoleName", "UserName", "GroupName", "PolicyName", "NewUserName", "NewGroupName"];
const DOCUMENTS: &[&str] = &["PolicyDocument", "AssumeRolePolicyDocument"];
const ARNS: &[&str] = &["PolicyArn", "PermissionsBoundary"];

/// Refuses parameters that break a constraint of their operation.
pub(super) fn check(operation: &str, parameters: &Parameters) -> Result<()> {
    MODEL.check(operation, parameters)?;
    let given = |names: &'static [&'static str]| {
        names.iter().filter_map(|name| Some((*name, parameters.get(*name)?)))
    };
    for (name, value) in given(NAMES) {
        if !value.chars().all(is_name) {
            return Err(invalid(name, "alphanumeric characters and/or the following: +=,.@_-"));
        }
    }
    for (name, value) in given(DOCUMENTS) {
        if !value.chars().all(is_latin) {
            return Err(invalid(name, "printable ASCII characters."));
        }
    }
    for (_, value) in given(ARNS) {
        // Recorded by LocalStack, `test_role_attach_policy`, 2025-06-19.
        if !value.starts_with("arn:") || value.splitn(6, ':').count() < 6 {
            return Err(Fault::validation("Invalid ARN:  Could not be parsed!"));
        }
    }
    Ok(())
}

fn invalid(name: &str, only: &str) -> Fault {
    let name = lower_first(name);
    Fault::validation(format!(
        "The specified value for {name} is invalid. It must contain only {only}"
    ))
}

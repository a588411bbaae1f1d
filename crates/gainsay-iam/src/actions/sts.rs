//! The actions of STS, as [`super`] says, and the one of IAM that gives a role away.

use super::ResourceType::{FederatedUser, Role, RootUser, SelfSession, User};
use super::{Action, Keys, read, tagging, write};

/// The condition keys of every STS action: there are none.
pub const STS_KEYS: &[&str] = &[];

// Condition keys that rows share, or that are many.
const ASSUME_ROLE: Keys = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "iam:ResourceTag/",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
];
const ASSUME_ROLE_WITH_SAML: Keys = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
];
const ASSUME_ROLE_WITH_WEB_IDENTITY: Keys = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "sts:RoleAuthorizedByIdp",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
];
const NEW_TAGS: Keys = &["aws:RequestTag/", "aws:TagKeys"];
const GET_WEB_IDENTITY_TOKEN: Keys = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "sts:DurationSeconds",
    "sts:IdentityTokenAudience",
    "sts:SigningAlgorithm",
];
const SET_CONTEXT: Keys = &["sts:RequestContext/", "sts:RequestContextProviders"];
const TAG_SESSION: Keys = &["aws:RequestTag/", "aws:TagKeys", "sts:TransitiveTagKeys"];

/// Its actions, by name, then the one of IAM.
pub(super) const ACTIONS: &[Action] = &[
    write("sts:AssumeRole", &[Role], ASSUME_ROLE),
    write("sts:AssumeRoleWithSAML", &[Role], ASSUME_ROLE_WITH_SAML),
    write("sts:AssumeRoleWithWebIdentity", &[Role], ASSUME_ROLE_WITH_WEB_IDENTITY),
    write("sts:AssumeRoot", &[RootUser], &["sts:TaskPolicyArn"]),
    write("sts:DecodeAuthorizationMessage", &[], &[]),
    read("sts:GetAccessKeyInfo", &[], &[]),
    read("sts:GetCallerIdentity", &[], &[]),
    write("sts:GetDelegatedAccessToken", &[], &[]),
    write("sts:GetFederationToken", &[FederatedUser, User], NEW_TAGS),
    read("sts:GetServiceBearerToken", &[], &["sts:AWSServiceName", "sts:DurationSeconds"]),
    read("sts:GetSessionToken", &[], &[]),
    write("sts:GetWebIdentityToken", &[], GET_WEB_IDENTITY_TOKEN),
    write("sts:SetContext", &[Role, SelfSession], SET_CONTEXT),
    write("sts:SetSourceIdentity", &[Role, User], &["sts:SourceIdentity"]),
    tagging("sts:TagGetWebIdentityToken", &[], NEW_TAGS),
    tagging("sts:TagSession", &[Role, User], TAG_SESSION),
    // IAM.
    write("iam:PassRole", &[Role], &["iam:AssociatedResourceArn", "iam:PassedToService"]),
];

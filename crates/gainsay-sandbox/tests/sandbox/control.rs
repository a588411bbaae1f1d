//! S3 Control: jobs and the roles passed to them; access points; what a refusal names.

use aws_sdk_s3control::types::{JobManifestLocation, JobStatus, NetworkOrigin, VpcConfiguration};
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Answer, Field, Param, Place, REGION, Setup, Table, all, allow, field, message,
    outcome, root_may, run, trusts_access_grants,
};

/// What `GetDataAccess` answers to who may ask and has no grant: words of no policy.
pub const NO_GRANT: &str = "403 AccessDenied denied by grant: nothing named";

const JOBS_ROLE: &str = "arn:aws:iam::111122223333:role/jobs";

/// An account with roles that may do this or that.
pub fn setup() -> Place {
    let own_job = json!({ "Effect": "Allow", "Action": "s3:CreateJob", "Resource": "*", "Condition": { "StringEquals": { "s3:RequestJobOperation": "S3PutObjectCopy" } } });
    let other_job = json!({ "Effect": "Allow", "Action": "s3:CreateJob", "Resource": "*", "Condition": { "StringEquals": { "s3:RequestJobOperation": "LambdaInvoke" } } });
    let to = |service: &str| json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": JOBS_ROLE, "Condition": { "StringEquals": { "iam:PassedToService": service } } });
    let tags = json!({ "Effect": "Allow", "Action": "s3:TagResource", "Resource": "arn:aws:s3:::gs-one", "Condition": { "StringEquals": { "aws:RequestTag/team": "a" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } } });
    let point = format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/team-a-*");
    let tagger = format!("arn:aws:iam::{ACCOUNT}:role/tagger");
    let not_admin = all(
        "Deny",
        "s3:TagResource",
        "arn:aws:s3:::gs-guarded",
        json!({ "ArnNotEquals": { "aws:PrincipalArn": tagger } }),
    );
    let to_tagger = json!({ "Effect": "Allow", "Principal": { "AWS": tagger }, "Action": "s3:TagResource", "Resource": "arn:aws:s3:::gs-guarded" });
    Setup::new()
        .role("nothing", json!([allow("s3:GetBucketLocation", "*")]))
        .role_with("jobs", trusts_access_grants(), json!([allow("s3:*", "*")]), "")
        .role("creator", json!([allow(["s3:CreateJob", "s3:DescribeJob"].as_slice(), "*")]))
        .role("passer", json!([own_job, to("batchoperations.s3.amazonaws.com")]))
        .role("elsewhere", json!([own_job, to("ec2.amazonaws.com")]))
        .role("lambda", json!([other_job, to("batchoperations.s3.amazonaws.com")]))
        .role("team-a", json!([allow("s3:*AccessPoint*", point), tags]))
        .role_with("bounded", root_may("sts:AssumeRole"), json!([allow("*", "*")]), ", boundary: nothing.json")
        .role_with("partner", root_may("sts:AssumeRole"), json!([allow("*", "*")]), ", account: partner")
        .role("tagger", json!([allow("s3:GetBucketLocation", "*")]))
        .bucket("one", "", None)
        .bucket("guarded", "", Some(json!([not_admin, to_tagger])))
        .bucket("theirs", ", account: partner", None)
        .bucket(
            "public",
            ", ownership: ObjectWriter, block_public_access: { block_public_acls: false, ignore_public_acls: false, block_public_policy: false, restrict_public_buckets: false }",
            Some(json!([all("Allow", "s3:GetObject", "arn:aws:s3:::gs-public/*", json!(null))])),
        )
        .build()
}

#[test]
fn a_refusal_names_what_was_asked_on() {
    run(async {
        let place = setup();
        let user = format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/nothing/tester is not authorized to perform: "
        );
        let arn = |rest: &str| format!("arn:aws:s3:{REGION}:{ACCOUNT}:{rest}");
        let mut table = Table::default();
        for (operation, params, resource) in [
            (
                "s3:CreateJob",
                vec![(Param::Role, JOBS_ROLE), (Param::Bucket, "gs-one")],
                arn("job/*"),
            ),
            ("s3:DescribeJob", vec![(Param::Job, "none")], arn("job/none")),
            (
                "s3:GetAccessPoint",
                vec![(Param::AccessPoint, "none-such")],
                arn("accesspoint/none-such"),
            ),
            ("s3:GetDataAccess", vec![(Param::Bucket, "gs-one")], arn("access-grants/default")),
            (
                "s3:TagResource",
                vec![(Param::Bucket, "gs-none"), (Param::Tags, "a=b")],
                "arn:aws:s3:::gs-none".to_owned(),
            ),
        ] {
            let words = message(&place.ask("nothing", operation, &params).await);
            let expected = format!(
                "{user}{operation} on resource: \"{resource}\" because no identity-based policy allows the {operation} action"
            );
            table.row(operation, &words, &expected);
        }
    });
}

#[test]
fn a_job_needs_the_role_to_be_passed() {
    run(async {
        let place = setup();
        let job = |role: &'static str| [(Param::Role, role), (Param::Bucket, "gs-one")];
        let own = job(JOBS_ROLE);
        let pass = "403 AccessDenied denied by identity: iam:PassRole";
        let admin: &'static str = "arn:aws:iam::111122223333:role/admin";
        let theirs: &'static str = "arn:aws:iam::444455556666:role/partner";
        let mut table = Table::default();
        for (name, who, params, expected) in [
            ("may create and pass", "passer", own, "allowed"),
            ("may create only", "creator", own, pass),
            ("may pass to another service", "elsewhere", own, pass),
            ("may pass another role", "passer", job(admin), pass),
            (
                "may create another kind of job",
                "lambda",
                own,
                "403 AccessDenied denied by identity: s3:CreateJob",
            ),
            ("passes a role of another account", "admin", job(theirs), "403 AccessDenied unclear"),
            (
                "a text that is no role",
                "admin",
                job("role/jobs"),
                "400 BadRequestException rejected",
            ),
        ] {
            table.row(name, &place.outcome(who, "s3:CreateJob", &params).await, expected);
        }
        let answer = place.ask("creator", "s3:CreateJob", &own).await;
        let words = format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/creator/tester is not authorized to perform: iam:PassRole on resource: {JOBS_ROLE} because no identity-based policy allows the iam:PassRole action"
        );
        table.row("message", &message(&answer), &words);
        let Answer::Refused(refused) = answer else { panic!("no refusal") };
        let ruling = refused.rulings.expect("rulings").refusal().expect("a refusal").clone();
        assert_eq!((ruling.action.as_str(), ruling.resource.as_str()), ("iam:PassRole", JOBS_ROLE));
        let jobs = place.s3control("admin").await.list_jobs().account_id(ACCOUNT).send().await;
        assert_eq!(jobs.expect("a list").jobs().len(), 1, "only the one that was allowed");
    });
}

#[test]
fn a_job_waits_and_is_told_as_it_was_asked_for() {
    run(async {
        let place = setup();
        let made = place
            .done("admin", "s3:CreateJob", &[(Param::Role, JOBS_ROLE), (Param::Bucket, "gs-one")])
            .await;
        let id = made[&Field::JobId][0].clone();
        let client = place.s3control("creator").await;
        let result =
            client.describe_job().account_id(ACCOUNT).job_id(&id).send().await.expect("the job");
        let job = result.job().expect("a job");
        assert_eq!(job.status().map(JobStatus::as_str), Some("Suspended"));
        assert_eq!(job.role_arn(), Some(JOBS_ROLE));
        assert_eq!(job.priority(), 1);
        assert!(job.confirmation_required().unwrap_or(false) && job.creation_time().is_some());
        let copy = job.operation().and_then(|operation| operation.s3_put_object_copy());
        assert_eq!(copy.and_then(|copy| copy.target_resource()), Some("arn:aws:s3:::gs-one"));
        let location = job.manifest().and_then(|manifest| manifest.location());
        assert_eq!(
            location.map(JobManifestLocation::object_arn),
            Some("arn:aws:s3:::gs-one/gainsay-manifest.csv")
        );
        assert_eq!(
            place.outcome("creator", "s3:DescribeJob", &[(Param::Job, "other")]).await,
            "404 NotFoundException absent"
        );
        assert_eq!(
            place.outcome("partner", "s3:DescribeJob", &[(Param::Job, &id)]).await,
            "403 AccessDenied denied by -: nothing named"
        );
    });
}

#[test]
fn an_access_point_is_kept_and_requests_go_through_it() {
    run(async {
        let place = setup();
        let point = |name: &'static str, bucket: &'static str| {
            [(Param::AccessPoint, name), (Param::Bucket, bucket)]
        };
        let denied = "403 AccessDenied denied by identity: s3:CreateAccessPoint";
        let invalid = "400 InvalidRequest rejected";
        let unreadable = "400 InvalidURI rejected";
        let mut table = Table::default();
        for (name, who, params, expected) in [
            ("its own name", "team-a", point("team-a-one", "gs-one"), "allowed"),
            (
                "the same again",
                "team-a",
                point("team-a-one", "gs-one"),
                "409 AccessPointAlreadyOwnedByYou rejected",
            ),
            ("another team's name", "team-a", point("team-b-one", "gs-one"), denied),
            ("no such bucket", "team-a", point("team-a-two", "gs-none"), invalid),
            ("capital letters", "admin", point("One", "gs-one"), invalid),
            ("a name like an alias", "admin", point("x-s3alias", "gs-one"), invalid),
            ("a slash in the name", "admin", point("a/b", "gs-one"), unreadable),
            (
                "a way out of the name",
                "team-a",
                point("team-a-x/../../configuration/publicAccessBlock", "gs-one"),
                unreadable,
            ),
        ] {
            table.row(name, &place.outcome(who, "s3:CreateAccessPoint", &params).await, expected);
        }
        let client = place.s3control("team-a").await;
        let result = client
            .get_access_point()
            .account_id(ACCOUNT)
            .name("team-a-one")
            .send()
            .await
            .expect("the access point");
        assert_eq!((result.bucket(), result.bucket_account_id()), (Some("gs-one"), Some(ACCOUNT)));
        assert_eq!(result.network_origin().map(NetworkOrigin::as_str), Some("Internet"));
        assert!(
            result
                .public_access_block_configuration()
                .is_some_and(|block| block.block_public_policy() == Some(true))
        );
        let (arn, alias) =
            (result.access_point_arn().expect("an ARN"), result.alias().expect("an alias"));
        assert_eq!(arn, format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/team-a-one"));
        for through in [arn, alias] {
            let object = [(Param::Bucket, through), (Param::Key, "k")];
            for (name, who, operation, expected) in [
                ("put", "admin", "s3:PutObject", "allowed"),
                ("got", "admin", "s3:GetObject", "allowed"),
                (
                    "by who may nothing",
                    "nothing",
                    "s3:GetObject",
                    "403 AccessDenied denied by identity: s3:GetObject",
                ),
                ("listed", "admin", "s3:ListObjectsV2", "allowed"),
                (
                    "what it does not take",
                    "admin",
                    "s3:GetBucketVersioning",
                    "501 NotImplemented not-implemented",
                ),
            ] {
                let params = if operation.ends_with("Object") { &object[..] } else { &object[..1] };
                table.row(
                    &format!("{name} through {through}"),
                    &place.outcome(who, operation, params).await,
                    expected,
                );
            }
        }
        let gone = [(Param::AccessPoint, "team-a-one")];
        table.row(
            "removed",
            &place.outcome("team-a", "s3:DeleteAccessPoint", &gone).await,
            "allowed",
        );
        table.row(
            "gone",
            &place.outcome("team-a", "s3:GetAccessPoint", &gone).await,
            "404 NoSuchAccessPoint absent",
        );
        let partner = place.s3control("admin").await;
        let theirs = partner
            .create_access_point()
            .account_id(ACCOUNT)
            .name("theirs")
            .bucket("gs-theirs")
            .send()
            .await;
        let answer = Answer::from_error(&theirs.expect_err("a refusal"));
        table.row(
            "another account's bucket",
            &outcome("s3:CreateAccessPoint", &answer),
            "403 AccessDenied denied by -: nothing named",
        );
    });
}

#[test]
fn deletes_that_cannot_be_decided_leave_no_bucket_in_place_of_an_access_point() {
    run(async {
        let place = setup();
        let vpc = VpcConfiguration::builder().vpc_id("vpc-1").build().expect("a VPC");
        let made = place
            .s3control("admin")
            .await
            .create_access_point()
            .account_id(ACCOUNT)
            .name("in-vpc")
            .bucket("gs-one")
            .vpc_configuration(vpc)
            .send()
            .await
            .expect("the access point");
        let alias = made.alias().expect("an alias");
        let unmodelled = "501 NotImplemented not-implemented";
        let mut table = Table::default();
        let delete = [(Param::Bucket, alias), (Param::Key, "k")];
        table.row(
            "deletes",
            &place.outcome("admin", "s3:DeleteObjects", &delete).await,
            unmodelled,
        );
        table.row(
            "what only a bucket takes",
            &place.outcome("admin", "s3:GetBucketVersioning", &[(Param::Bucket, alias)]).await,
            unmodelled,
        );
    });
}

#[test]
fn the_policy_of_an_access_point_is_kept_unless_it_is_public() {
    run(async {
        let place = setup();
        let point = [(Param::AccessPoint, "team-a-one"), (Param::Bucket, "gs-one")];
        place.done("team-a", "s3:CreateAccessPoint", &point).await;
        let resource = format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/team-a-one/object/*");
        let policy = |statement: Value| {
            json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
        };
        let to_team = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/team-a") }, "Action": "s3:GetObject", "Resource": resource });
        let if_own = json!({ "StringEquals": { "aws:PrincipalAccount": ACCOUNT } });
        // Whether every session of a role is a fixed value, no page says clearly.
        let if_session = json!({ "StringLike": { "aws:userid": "AROAEXAMPLE:*" } });
        let mut table = Table::default();
        let public = "403 AccessDenied denied by block-public-access: s3:PutAccessPointPolicy";
        for (name, text, expected) in [
            ("to a role", policy(to_team.clone()), "allowed"),
            (
                "to everyone",
                policy(all("Allow", "s3:GetObject", resource.as_str(), json!(null))),
                public,
            ),
            (
                "to everyone of an account",
                policy(all("Allow", "s3:GetObject", resource.as_str(), if_own)),
                "allowed",
            ),
            (
                "to every session of a role",
                policy(all("Allow", "s3:GetObject", resource.as_str(), if_session)),
                "501 NotImplemented not-implemented",
            ),
            (
                "against everyone",
                policy(all("Deny", "s3:GetObject", resource.as_str(), json!(null))),
                "allowed",
            ),
            ("no policy", "{}".to_owned(), "400 MalformedPolicy rejected"),
            ("no JSON", "<Policy/>".to_owned(), "400 MalformedPolicy rejected"),
        ] {
            let params = [point[0], (Param::Document, text.as_str())];
            table.row(
                name,
                &place.outcome("team-a", "s3:PutAccessPointPolicy", &params).await,
                expected,
            );
        }
        // Whether it speaks of the access point itself no page says.
        let unknown = "501 NotImplemented not-implemented";
        let refused = "403 AccessDenied denied by identity: s3:GetAccessPointPolicy";
        let itself = |effect: &str| {
            let role = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:role/nothing") });
            let who = if effect == "Deny" { json!("*") } else { role };
            let arn = format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/team-a-one");
            policy(
                json!({ "Effect": effect, "Principal": who, "Action": "s3:GetAccessPointPolicy", "Resource": arn }),
            )
        };
        for (name, effect, team, nothing) in [
            ("that grants it itself", "Allow", "allowed", unknown),
            ("that denies it itself", "Deny", unknown, refused),
        ] {
            place
                .done(
                    "team-a",
                    "s3:PutAccessPointPolicy",
                    &[point[0], (Param::Document, &itself(effect))],
                )
                .await;
            for (who, expected) in [("team-a", team), ("nothing", nothing)] {
                table.row(
                    &format!("{name}: {who}"),
                    &place.outcome(who, "s3:GetAccessPointPolicy", &point[..1]).await,
                    expected,
                );
            }
        }
        let text = policy(to_team);
        place
            .done("team-a", "s3:PutAccessPointPolicy", &[point[0], (Param::Document, &text)])
            .await;
        let read = place.ask("team-a", "s3:GetAccessPointPolicy", &point[..1]).await;
        table.row("read", &field(&read, Field::Policy), &text);
        table.row(
            "removed",
            &place.outcome("team-a", "s3:DeleteAccessPointPolicy", &point[..1]).await,
            "allowed",
        );
        let gone = place.outcome("team-a", "s3:GetAccessPointPolicy", &point[..1]).await;
        table.row("gone", &gone, "404 NoSuchAccessPointPolicy absent");
        let missing = [(Param::AccessPoint, "team-a-none")];
        table.row(
            "of none",
            &place.outcome("team-a", "s3:PutAccessPointPolicy", &missing).await,
            "404 NoSuchAccessPoint absent",
        );
    });
}

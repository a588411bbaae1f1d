"""What watches an account, read and changed by boto3: the environment of encrypted-bucket is served."""

from served_site import ACCOUNT, REGION, Table, allow, client, user

TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/gainsay-production"
GROUP = "gainsay-trail"
NO_IDENTITY = "no identity-based policy allows"
t = Table()


def found(call, *path):
    """A call whose answer has `True` at the end of a path."""

    def probe():
        answer = call()
        value = answer
        for step in path:
            value = step(value) if callable(step) else value[step]
        assert value is True, value
        return answer

    return probe


trails, logs, analyzers = client("cloudtrail"), client("logs"), client("accessanalyzer")
reader = client("cloudtrail", user(allow("cloudtrail:Get*", TRAIL)))
nobody = user()

t("a trail is read by its name and by its ARN")
t.row("by name", found(lambda: trails.get_trail(Name="gainsay-production"), "Trail", "IsMultiRegionTrail"), "200")
t.row("by ARN", found(lambda: trails.get_trail(Name=TRAIL), "Trail", "LogFileValidationEnabled"), "200")
t.row("by who may read it", found(lambda: reader.get_trail(Name="gainsay-production"), "Trail", "IncludeGlobalServiceEvents"), "200")
t.row("by who may not", lambda: client("cloudtrail", nobody).get_trail(Name=TRAIL), "400 AccessDeniedException", NO_IDENTITY)
t.row("another trail by who may read one", lambda: reader.get_trail(Name="other"), "400 AccessDeniedException", NO_IDENTITY)
t.row("one that is not there", lambda: trails.get_trail(Name="other"), "400 TrailNotFoundException", "other")

t("what it records")
t.row("selectors", found(lambda: trails.get_event_selectors(TrailName=TRAIL), "AdvancedEventSelectors", len, lambda n: n == 2), "200")
t.row("insights", found(lambda: trails.get_insight_selectors(TrailName=TRAIL), "InsightSelectors", len, lambda n: n == 2), "200")
t.row("by who may not", lambda: client("cloudtrail", nobody).get_event_selectors(TrailName=TRAIL), "400 AccessDeniedException", NO_IDENTITY)

t("what counts its events")
t.row("filters", found(lambda: logs.describe_metric_filters(logGroupName=GROUP), "metricFilters", len, lambda n: n == 3), "200")
t.row("of no log group", lambda: logs.describe_metric_filters(logGroupName="other"), "400 ResourceNotFoundException")
t.row("by who may not", lambda: client("logs", nobody).describe_metric_filters(logGroupName=GROUP), "400 AccessDeniedException", NO_IDENTITY)

alarms = client("cloudwatch")
METRIC = {"MetricName": "Changes", "Namespace": "gainsay"}
t("what tells of them")
t.row("alarms", found(lambda: alarms.describe_alarms_for_metric(**METRIC), "MetricAlarms", 0, "ActionsEnabled"), "200")
t.row("of no metric", found(lambda: alarms.describe_alarms_for_metric(MetricName="other", Namespace="a"), "MetricAlarms", len, lambda n: n == 0), "200")
t.row("by who may not", lambda: client("cloudwatch", nobody).describe_alarms_for_metric(**METRIC), "400 AccessDeniedException", NO_IDENTITY)
t.row("what is not modelled", lambda: alarms.describe_alarms(), "501 NotImplemented")

t("what looks for what is open")
t.row("analyzers", found(lambda: analyzers.list_analyzers(), "analyzers", 0, "status", lambda s: s == "ACTIVE"), "200")
t.row("by who may not", lambda: client("accessanalyzer", nobody).list_analyzers(), "403 AccessDeniedException", NO_IDENTITY)

config = client("config")
t("what keeps configurations")
t.row("recorders", found(lambda: config.describe_configuration_recorder_status(), "ConfigurationRecordersStatus", 0, "recording"), "200")
t.row("by who may not", lambda: client("config", nobody).describe_configuration_recorder_status(), "400 AccessDeniedException", NO_IDENTITY)

macie = client("macie2")
t("what knows the objects")
t.row("Macie", found(lambda: macie.get_macie_session(), "status", lambda s: s == "ENABLED"), "200")
t.row("by itself", found(lambda: macie.get_automated_discovery_configuration(), "status", lambda s: s == "ENABLED"), "200")
t.row("by who may not", lambda: client("macie2", nobody).get_macie_session(), "403 AccessDeniedException", NO_IDENTITY)

t("a trail is stopped by who may, and by nobody else")
t.row("by who reads it", lambda: reader.stop_logging(Name=TRAIL), "400 AccessDeniedException", "cloudtrail:StopLogging")
t.row("it goes on", found(lambda: trails.get_trail_status(Name=TRAIL), "IsLogging"), "200")
t.row("by who may", lambda: trails.stop_logging(Name=TRAIL), "200")
t.row("it is stopped", found(lambda: trails.get_trail_status(Name=TRAIL), "IsLogging", lambda is_logging: not is_logging), "200")
t.row("it goes on again", lambda: trails.start_logging(Name=TRAIL), "200")
t.row("and is seen to", found(lambda: trails.get_trail_status(Name=TRAIL), "IsLogging"), "200")

t("a trail is blinded")
blind = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": False}]
t.row("by who reads it", lambda: reader.put_event_selectors(TrailName=TRAIL, EventSelectors=blind), "400 AccessDeniedException", "PutEventSelectors")
t.row("without selectors", lambda: trails.put_event_selectors(TrailName=TRAIL), "400 InvalidEventSelectorsException")
t.row("by who may", lambda: trails.put_event_selectors(TrailName=TRAIL, EventSelectors=blind), "200")
t.row("it is blind", found(lambda: trails.get_event_selectors(TrailName=TRAIL), "EventSelectors", 0, "ReadWriteType", lambda w: w == "ReadOnly"), "200")
t.row("validation ends", found(lambda: trails.update_trail(Name=TRAIL, EnableLogFileValidation=False), "LogFileValidationEnabled", lambda on: not on), "200")
t.row("what is not modelled is refused", lambda: trails.update_trail(Name=TRAIL, KmsKeyId="alias/a"), "501 NotImplemented")
t.row("nor are new trails", lambda: trails.create_trail(Name="another", S3BucketName="b"), "501 NotImplemented")

t("a trail is deleted")
t.row("by who reads it", lambda: reader.delete_trail(Name=TRAIL), "400 AccessDeniedException", "cloudtrail:DeleteTrail")
t.row("by who may", lambda: trails.delete_trail(Name=TRAIL), "200")
t.row("it is gone", lambda: trails.get_trail(Name=TRAIL), "400 TrailNotFoundException")

t.end(30)

"""Writes endpoint-actions.txt, the actions that only some of the endpoint services with a prefix carry.

    pip install botocore
    python3 shared/policy/data/endpoint_actions.py shared/policy/data

botocore carries AWS's API models. A model has the operations of one host, and where the operations of a model have several
hosts, each says the start of its own. An action of the service authorization reference has the name of its operation.
"""

import gzip
import json
import pathlib
import sys

import botocore

MODELS = pathlib.Path(botocore.__file__).parent / "data"

# Endpoint services, the prefix of their actions, and the models whose operations they carry. `model/host` are the
# operations of a model whose host starts so, `model/` those without a start of their own.
CARRIED = [
    ("airflow.api", "airflow", ["mwaa/api."]),
    ("airflow.env", "airflow", ["mwaa/env."]),
    ("airflow.ops", "airflow", ["mwaa/ops."]),
    ("appconfig", "appconfig", ["appconfig"]),
    ("appconfigdata", "appconfig", ["appconfigdata"]),
    ("appsync", "appsync", ["appsync"]),
    ("aps", "aps", ["amp"]),
    ("bedrock", "bedrock", ["bedrock"]),
    ("bedrock-agent", "bedrock", ["bedrock-agent"]),
    ("bedrock-agent-runtime", "bedrock", ["bedrock-agent-runtime"]),
    ("bedrock-data-automation", "bedrock", ["bedrock-data-automation"]),
    ("bedrock-data-automation-runtime", "bedrock", ["bedrock-data-automation-runtime"]),
    ("bedrock-runtime", "bedrock", ["bedrock-runtime"]),
    ("bedrock-agentcore", "bedrock-agentcore", ["bedrock-agentcore"]),
    ("bedrock-agentcore-control", "bedrock-agentcore", ["bedrock-agentcore-control"]),
    ("cassandra", "cassandra", ["keyspaces"]),
    ("cassandra-streams", "cassandra", ["keyspacesstreams"]),
    ("cloudcontrolapi", "cloudformation", ["cloudcontrol"]),
    ("cloudformation", "cloudformation", ["cloudformation"]),
    ("codecommit", "codecommit", ["codecommit"]),
    ("deadline.management", "deadline", ["deadline/management."]),
    ("deadline.scheduling", "deadline", ["deadline/scheduling."]),
    ("dynamodb", "dynamodb", ["dynamodb"]),
    ("dynamodb-streams", "dynamodb", ["dynamodbstreams"]),
    ("email", "ses", ["ses", "sesv2", "pinpoint-email"]),
    ("mail-manager", "ses", ["mailmanager"]),
    ("forecast", "forecast", ["forecast"]),
    ("forecastquery", "forecast", ["forecastquery"]),
    ("geo.geofencing", "geo", ["location/geofencing.", "location/cp.geofencing."]),
    ("geo.maps", "geo", ["location/maps.", "location/cp.maps."]),
    ("geo.metadata", "geo", ["location/metadata.", "location/cp.metadata."]),
    ("geo.places", "geo", ["location/places.", "location/cp.places."]),
    ("geo.routes", "geo", ["location/routes.", "location/cp.routes."]),
    ("geo.tracking", "geo", ["location/tracking.", "location/cp.tracking."]),
    ("guardduty", "guardduty", ["guardduty"]),
    ("iot.api", "iot", ["iot"]),
    ("iot.data", "iot", ["iot-data", "iot-jobs-data"]),
    ("iot.tunneling.api", "iot", ["iotsecuretunneling"]),
    ("iotsitewise.api", "iotsitewise", ["iotsitewise/api."]),
    ("iotsitewise.data", "iotsitewise", ["iotsitewise/data."]),
    ("iottwinmaker.api", "iottwinmaker", ["iottwinmaker/api."]),
    ("iottwinmaker.data", "iottwinmaker", ["iottwinmaker/data."]),
    ("medical-imaging", "medical-imaging", ["medical-imaging/"]),
    ("runtime-medical-imaging", "medical-imaging", ["medical-imaging/runtime-"]),
    ("models-v2-lex", "lex", ["lexv2-models"]),
    ("runtime-v2-lex", "lex", ["lexv2-runtime"]),
    ("metering-marketplace", "aws-marketplace", ["meteringmarketplace"]),
    ("networkflowmonitor", "networkflowmonitor", ["networkflowmonitor"]),
    ("analytics-omics", "omics", ["omics/analytics-"]),
    ("control-storage-omics", "omics", ["omics/control-storage-"]),
    ("storage-omics", "omics", ["omics/storage-"]),
    ("tags-omics", "omics", ["omics/tags-"]),
    ("workflows-omics", "omics", ["omics/workflows-"]),
    ("payment-cryptography.controlplane", "payment-cryptography", ["payment-cryptography"]),
    ("payment-cryptography.dataplane", "payment-cryptography", ["payment-cryptography-data"]),
    ("personalize", "personalize", ["personalize"]),
    ("personalize-events", "personalize", ["personalize-events"]),
    ("personalize-runtime", "personalize", ["personalize-runtime"]),
    ("rekognition", "rekognition", ["rekognition"]),
    ("rum", "rum", ["rum/"]),
    ("rum-dataplane", "rum", ["rum/dataplane."]),
    ("sagemaker.api", "sagemaker", ["sagemaker"]),
    ("sagemaker.featurestore-runtime", "sagemaker", ["sagemaker-featurestore-runtime"]),
    ("sagemaker.metrics", "sagemaker", ["sagemaker-metrics"]),
    ("sagemaker.runtime", "sagemaker", ["sagemaker-runtime"]),
    ("servicecatalog", "servicecatalog", ["servicecatalog"]),
    ("servicecatalog-appregistry", "servicecatalog", ["servicecatalog-appregistry"]),
    ("servicediscovery", "servicediscovery", ["servicediscovery/"]),
    ("data-servicediscovery", "servicediscovery", ["servicediscovery/data-"]),
    ("states", "states", ["stepfunctions/"]),
    ("sync-states", "states", ["stepfunctions/sync-"]),
    ("timestream.ingest-cell", "timestream", ["timestream-write"]),
    ("timestream.query-cell", "timestream", ["timestream-query"]),
    ("transcribe", "transcribe", ["transcribe"]),
    # Hosts without an endpoint service.
    ("", "aws-marketplace", ["marketplace-agreement", "marketplace-catalog", "marketplace-deployment"]),
    ("", "aws-marketplace", ["marketplace-discovery", "marketplace-entitlement", "marketplace-reporting"]),
    ("", "iotsitewise", ["iotsitewise/monitor."]),
    ("", "lex", ["lex-models", "lex-runtime"]),
    ("", "sagemaker", ["sagemaker-a2i-runtime", "sagemaker-edge", "sagemakerjobruntime"]),
]

# What no model has, with the page that says it. `=` before an endpoint service: it carries these actions and no other.
DOCUMENTED = [
    ("appsync-api", "appsync", "EventConnect,EventPublish,EventSubscribe,GraphQL",
     "https://docs.aws.amazon.com/appsync/latest/devguide/using-private-apis.html"),
    ("aps-workspaces", "aps", "",
     "https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-and-interface-VPC.html"),
    ("bedrock-agentcore.gateway", "bedrock-agentcore", "InvokeGateway",
     "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/vpc-interface-endpoints.html"),
    ("=email-smtp", "ses", "SendRawEmail",
     "https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html"),
    ("=git-codecommit", "codecommit", "GitPull,GitPush",
     "https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html"),
    ("guardduty-data", "guardduty", "SendSecurityTelemetry",
     "https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-requirements.html"),
    ("networkflowmonitorreports", "networkflowmonitor", "Publish",
     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-NetworkFlowMonitor-agents.html"),
    ("streaming-rekognition", "rekognition", "StartFaceLivenessSession",
     "https://docs.aws.amazon.com/rekognition/latest/dg/face-liveness.html"),
    ("transcribestreaming", "transcribe",
     "GetMedicalScribeStream,StartCallAnalyticsStreamTranscription,StartCallAnalyticsStreamTranscriptionWebSocket,"
     "StartMedicalScribeStream,StartMedicalStreamTranscription,StartMedicalStreamTranscriptionWebSocket,"
     "StartStreamTranscription,StartStreamTranscriptionWebSocket",
     "https://docs.aws.amazon.com/transcribe/latest/APIReference/API_Operations_Amazon_Transcribe_Streaming_Service.html"),
]


def operations(model):
    """The operations of a model, or of one of its hosts, in lower case."""
    name, one_host, host = model.partition("/")
    text = gzip.decompress(sorted((MODELS / name).glob("*/service-2.json.gz"))[-1].read_bytes())
    found = json.loads(text)["operations"]
    start = lambda operation: operation.get("endpoint", {}).get("hostPrefix", "")
    return {key.lower() for key, operation in found.items() if not one_host or start(operation) == host}


data = pathlib.Path(sys.argv[1])
published = {}
for line in (data / "services.txt").read_text().splitlines()[1:]:
    prefix, actions = line.split("|")[:2]
    published[prefix] = [action.removesuffix("-") for action in actions.split(",")]
lines = []
for endpoint, prefix, models in CARRIED:
    own = set().union(*(operations(model) for model in models))
    actions = ",".join(action for action in published[prefix] if action.lower() in own)
    assert actions, endpoint
    lines.append(f"{endpoint}|{prefix}|{actions}|{' '.join(models)}\n")
for endpoint, prefix, actions, source in DOCUMENTED:
    assert set(filter(None, actions.split(","))) <= set(published[prefix]), endpoint
    lines.append(f"{endpoint}|{prefix}|{actions}|{source}\n")
head = """\
# Generated by endpoint_actions.py, apart from services.txt, from AWS's API models as botocore carries them (Apache-2.0).
#
# Endpoint service, without provider, Region and FIPS marker | prefix | actions of the prefix that it carries | source: names of
# API models, `model/host` for the operations of a model whose host starts so, or the page that says it.
#
# What is listed here is carried by the endpoint services whose lines have it, and by no other one that has a line for the
# prefix. An action that no line has, and an endpoint service without a line: AWS does not document that, so that the one is
# carried everywhere and the other carries everything. `=` before an endpoint service: it carries these actions and no other.
# A line without an endpoint service: AWS documents a host for these actions and no endpoint service for it.
"""
(data / "endpoint-actions.txt").write_text(head + "".join(sorted(lines)))

//! Outputs held against models of their formats that others wrote, in Python.

use std::path::Path;
use std::process::Command;

use postern_tests::stack::tool;

use crate::stand_in::finish;

/// Validates the input of BatchImportFindings with the model of botocore, AWS's own client library.
pub(crate) const IMPORT_FINDINGS: &str = "\
import json, sys
from botocore.session import get_session
from botocore.validate import ParamValidator
model = get_session().get_service_model('securityhub').operation_model('BatchImportFindings')
for line in open(sys.argv[1]):
    report = ParamValidator().validate(json.loads(line), model.input_shape)
    if report.has_errors():
        sys.exit(report.generate_report())
";

/// Validates compliance findings with py-ocsf-models, which accepts unknown members without a word. It has neither the
/// attributes of the profile `cloud` nor `status` of <https://schema.ocsf.io/1.6.0/objects/compliance>, and requires the
/// name of an account, which OCSF only recommends.
pub(crate) const OCSF: &str = "\
import json, sys
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.objects.cloud import Cloud

def unknown(given, known, path):
    if isinstance(given, dict):
        for name, value in given.items():
            if name in known:
                yield from unknown(value, known[name], path + [name])
            else:
                yield '.'.join(path + [name])
    elif isinstance(given, list):
        for value, model in zip(given, known, strict=True):
            yield from unknown(value, model, path)

for line in open(sys.argv[1]):
    document = json.loads(line)
    cloud = document.pop('cloud')
    cloud['account']['name'] = 'not known'
    found = [*unknown(cloud, Cloud.model_validate(cloud).model_dump(), ['cloud']),
             *unknown(document, ComplianceFinding.model_validate(document).model_dump(), [])]
    if found != ['compliance.status']:
        sys.exit(f'unknown members: {found}')
";

/// Validates a SARIF log with sarif-pydantic, which keeps unknown members apart. What is in a bag of properties is the
/// tool's own.
pub(crate) const SARIF: &str = "\
import sys
from pydantic import BaseModel
from sarif_pydantic import Sarif

def unknown(value, path):
    if isinstance(value, BaseModel):
        yield from (f'{path}.{name}' for name in value.model_extra)
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name), f'{path}.{name}')
    elif isinstance(value, list):
        for item in value:
            yield from unknown(item, path)

found = [*unknown(Sarif.model_validate_json(open(sys.argv[1]).read()), 'log')]
if found:
    sys.exit(f'unknown members: {found}')
";

/// Runs a validating program on a file.
pub(crate) async fn assert_accepted(program: &str, file: &Path) {
    let mut command = Command::new(tool("python3").unwrap());
    command.args(["-c", program]).arg(file);
    let run = finish(command).await;
    assert_eq!((run.stderr.as_str(), run.status), ("", 0));
}

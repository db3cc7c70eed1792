//! Calls that AWS takes without a signature: the caller is anonymous to IAM, or brings a token that IAM does not know.
//! No condition on the principal can hold for them, so what counts for them is whose resource they are for.

use crate::service::Service;

/// Calls of one service without a signature.
struct Unsigned {
    prefix: &'static str,
    actions: &'static [&'static str],
    /// Whether callers may sign them all the same, and are then judged by who they are.
    may_be_signed: bool,
    /// Where AWS documents that they need none.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for those who check the entry, and for the tests")
    )]
    source: &'static str,
}

const KEYS_OF_LOCATION: &str = "https://docs.aws.amazon.com/location/latest/developerguide/using-apikeys.html";

/// Not among them are the calls without a signature of IAM Identity Center (`CreateToken`, `RegisterClient`,
/// `StartDeviceAuthorization`): IAM has no action for them, and AWS has no endpoint service for `sso-oauth`.
const UNSIGNED: &[Unsigned] = &[
    // They bring the token of an identity provider and give the credentials of a role, whose own trust policy judges the
    // token.
    Unsigned {
        prefix: "sts",
        actions: &["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
        may_be_signed: false,
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_endpoint_policies.html",
    },
    // Requests with an API key, with a token of an OpenID Connect provider or a user pool, or with a Lambda authorizer. APIs
    // with IAM as authorizer take signed ones.
    Unsigned {
        prefix: "appsync",
        actions: &[
            "appsync:EventConnect",
            "appsync:EventPublish",
            "appsync:EventSubscribe",
            "appsync:GraphQL",
        ],
        may_be_signed: true,
        source: "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html",
    },
    // Methods without authorization, with a Lambda authorizer or with a Cognito user pool as authorizer. Methods with IAM as
    // authorizer take signed requests.
    Unsigned {
        prefix: "execute-api",
        actions: &["execute-api:Invoke"],
        may_be_signed: true,
        source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html",
    },
    // The operations of applications, without authorization or with an access token of the user pool: those whose `authtype`
    // is `none` in AWS's API model (botocore, cognito-idp 2016-04-18, compared in November 2026), and no other.
    Unsigned {
        prefix: "cognito-idp",
        actions: &[
            "cognito-idp:AssociateSoftwareToken",
            "cognito-idp:ChangePassword",
            "cognito-idp:CompleteWebAuthnRegistration",
            "cognito-idp:ConfirmDevice",
            "cognito-idp:ConfirmForgotPassword",
            "cognito-idp:ConfirmSignUp",
            "cognito-idp:DeleteUser",
            "cognito-idp:DeleteUserAttributes",
            "cognito-idp:DeleteWebAuthnCredential",
            "cognito-idp:ForgetDevice",
            "cognito-idp:ForgotPassword",
            "cognito-idp:GetDevice",
            "cognito-idp:GetTokensFromRefreshToken",
            "cognito-idp:GetUser",
            "cognito-idp:GetUserAttributeVerificationCode",
            "cognito-idp:GetUserAuthFactors",
            "cognito-idp:GlobalSignOut",
            "cognito-idp:InitiateAuth",
            "cognito-idp:ListDevices",
            "cognito-idp:ListWebAuthnCredentials",
            "cognito-idp:ResendConfirmationCode",
            "cognito-idp:RespondToAuthChallenge",
            "cognito-idp:RevokeToken",
            "cognito-idp:SetUserMFAPreference",
            "cognito-idp:SetUserSettings",
            "cognito-idp:SignUp",
            "cognito-idp:StartWebAuthnRegistration",
            "cognito-idp:UpdateAuthEventFeedback",
            "cognito-idp:UpdateDeviceStatus",
            "cognito-idp:UpdateUserAttributes",
            "cognito-idp:VerifySoftwareToken",
            "cognito-idp:VerifyUserAttribute",
        ],
        may_be_signed: false,
        source: "https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html",
    },
    // App monitors with a resource policy that lets everybody send events, those without credentials among them.
    Unsigned {
        prefix: "rum",
        actions: &["rum:PutRumEvents"],
        may_be_signed: true,
        source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-RUM-resource-policies.html",
    },
    // Runtimes, gateways and harnesses whose inbound authorization is by JSON web tokens. IAM knows no principal of theirs,
    // and the policy of the endpoint has to name everybody. Harnesses:
    // <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-security.html>
    Unsigned {
        prefix: "bedrock-agentcore",
        actions: &[
            "bedrock-agentcore:GetAgentCard",
            "bedrock-agentcore:InvokeAgentRuntime",
            "bedrock-agentcore:InvokeAgentRuntimeCommand",
            "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
            "bedrock-agentcore:InvokeGateway",
            "bedrock-agentcore:InvokeHarness",
            "bedrock-agentcore:StopRuntimeSession",
        ],
        may_be_signed: true,
        source: "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/vpc-interface-endpoints.html",
    },
    // Requests with an API key of Amazon Location: the operations that have the parameter `Key` in AWS's API models (botocore,
    // location, geo-maps, geo-places and geo-routes 2020-11-19, compared in November 2026), and no other.
    Unsigned {
        prefix: "geo",
        actions: &[
            "geo:CalculateRoute",
            "geo:CalculateRouteMatrix",
            "geo:GetMapGlyphs",
            "geo:GetMapSprites",
            "geo:GetMapStyleDescriptor",
            "geo:GetMapTile",
            "geo:GetPlace",
            "geo:SearchPlaceIndexForPosition",
            "geo:SearchPlaceIndexForSuggestions",
            "geo:SearchPlaceIndexForText",
        ],
        may_be_signed: true,
        source: KEYS_OF_LOCATION,
    },
    Unsigned {
        prefix: "geo-maps",
        actions: &["geo-maps:GetStaticMap", "geo-maps:GetTile"],
        may_be_signed: true,
        source: KEYS_OF_LOCATION,
    },
    Unsigned {
        prefix: "geo-places",
        actions: &[
            "geo-places:Autocomplete",
            "geo-places:Geocode",
            "geo-places:GetPlace",
            "geo-places:ReverseGeocode",
            "geo-places:SearchNearby",
            "geo-places:SearchText",
            "geo-places:Suggest",
        ],
        may_be_signed: true,
        source: KEYS_OF_LOCATION,
    },
    Unsigned {
        prefix: "geo-routes",
        actions: &[
            "geo-routes:CalculateIsolines",
            "geo-routes:CalculateRouteMatrix",
            "geo-routes:CalculateRoutes",
            "geo-routes:OptimizeWaypoints",
            "geo-routes:SnapToRoads",
        ],
        may_be_signed: true,
        source: KEYS_OF_LOCATION,
    },
    // Each says in its reference that it is public and needs no credentials.
    Unsigned {
        prefix: "cognito-identity",
        actions: &[
            "cognito-identity:GetCredentialsForIdentity",
            "cognito-identity:GetId",
            "cognito-identity:GetOpenIdToken",
            "cognito-identity:UnlinkIdentity",
        ],
        may_be_signed: false,
        source: "https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_Operations.html",
    },
];

/// The condition key that names the provider of the token. Calls to STS have it.
pub(crate) const PROVIDER: &str = "aws:FederatedProvider";

pub(crate) fn is_call(action: &str) -> bool {
    let prefix = action.split(':').next().unwrap_or_default();
    UNSIGNED
        .iter()
        .filter(|unsigned| unsigned.prefix.eq_ignore_ascii_case(prefix))
        .any(|unsigned| unsigned.actions.iter().any(|known| known.eq_ignore_ascii_case(action)))
}

/// Whether callers may sign such a call, and are then judged by who they are.
pub(crate) fn may_be_signed(action: &str) -> bool {
    let prefix = action.split(':').next().unwrap_or_default();
    let mut signed = UNSIGNED.iter().filter(|unsigned| unsigned.may_be_signed);
    signed.any(|unsigned| unsigned.prefix.eq_ignore_ascii_case(prefix)) && is_call(action)
}

/// Whether the call brings the token of an identity provider.
pub(crate) fn brings_provider(action: &str) -> bool {
    is_call(action) && action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sts:"))
}

/// Such calls that may come through the endpoint of a service: those of every service, if it is not known.
pub(crate) fn calls(service: Option<&Service>) -> Vec<&'static str> {
    let through =
        |unsigned: &&Unsigned| service.is_none_or(|known| known.prefixes().any(|prefix| prefix == unsigned.prefix));
    let unsigned = UNSIGNED.iter().filter(through);
    let carried = |action: &&str| !service.is_some_and(|known| known.leaves_out(&action.to_ascii_lowercase()));
    let actions = unsigned.flat_map(|unsigned| unsigned.actions.iter().copied());
    actions.filter(carried).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service;

    #[test]
    fn calls_belong_to_their_service_and_have_a_source_of_aws() {
        for unsigned in UNSIGNED {
            let service = service::of_prefix(unsigned.prefix).unwrap();
            assert!(unsigned.actions.is_sorted() && !unsigned.actions.is_empty());
            assert!(
                unsigned.source.starts_with("https://docs.aws.amazon.com/"),
                "{}",
                unsigned.prefix
            );
            for action in unsigned.actions {
                let (prefix, name) = action.split_once(':').unwrap();
                assert_eq!(prefix, unsigned.prefix);
                assert!(is_call(&action.to_ascii_uppercase()));
                let newer = ["WebAuthn", "GetUserAuthFactors"]
                    .iter()
                    .any(|part| name.contains(part));
                assert!(
                    newer || service.actions.iter().any(|known| known.name == name),
                    "{action} is not in AWS's reference"
                );
            }
        }
    }

    #[test]
    fn signed_calls_of_the_same_services_do_not_count() {
        for action in [
            "sts:AssumeRole",
            "execute-api:ManageConnections",
            "cognito-idp:AdminInitiateAuth",
            "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
            // The token tells whose it is.
            "codeartifact:ReadFromRepository",
            "s3:GetObject",
            "",
        ] {
            assert!(!is_call(action), "{action}");
        }
    }

    #[test]
    fn calls_come_through_the_endpoints_of_their_service_only() {
        assert_eq!(
            calls(service::find("com.amazonaws.eu-central-1.execute-api")),
            ["execute-api:Invoke"]
        );
        assert_eq!(
            calls(service::find("sts-fips")),
            ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
        );
        assert!(calls(service::find("cognito-idp")).len() > 30);
        assert!(calls(service::find("s3")).is_empty() && calls(service::find("codeartifact.repositories")).is_empty());
        assert!(calls(service::find("any")).len() > calls(service::find("cognito-idp")).len());
    }
}

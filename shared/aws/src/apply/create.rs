//! Creates endpoints, once each.

use aws_sdk_ec2::types::{IpAddressType, VpcEndpointType};
use postern_core::changes::{ChangeOutcome, NewEndpoint};
use postern_core::model::id::SecurityGroupId;
use postern_core::model::managed::TAG_RUN;
use postern_core::model::snapshot::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::token::client_token;

use super::{Applier, CREATE_ENDPOINT, Step, failed, not_needed, refusal, skipped};
use crate::describe::{self, filter, parse};
use crate::error::CallError;

/// How often to ask with another token where the token at hand is used up.
const TOKENS: usize = 3;
/// How often to look for what a concurrent run may have created.
const LOOKS: usize = 3;

impl Applier {
    pub(super) async fn create_endpoint(&mut self, new: &NewEndpoint, control: &str) -> Step {
        if !matches!(new.endpoint_kind, EndpointKind::Interface | EndpointKind::Gateway) {
            return Err(failed("only interface and gateway endpoints can be created"));
        }
        self.unserved(new).await?;
        let group = match &new.group {
            Some(group) => Some(self.group(group).await?),
            None => None,
        };
        let mut token = new.client_token.clone();
        for _ in 0..TOKENS {
            let used_by = match self.ask(new, group.as_ref(), &token, control).await {
                // What came to nothing while the answer was lost was made all the same, and has to be on record.
                Ok(created) if !created.dead() || self.made(&created) => return Ok(Some(created.id.0)),
                // AWS answers a token that it knows with what it once created for it, long gone or not.
                Ok(gone) => gone.id.0,
                Err(error) if error.is(&["IdempotentParameterMismatch"]) => self.rival(new).await?,
                Err(error) => return Err(self.refused(error)),
            };
            token = client_token([token.as_str(), used_by.as_str()]);
        }
        Err(ChangeOutcome::Failed {
            cause: format!("AWS answered {TOKENS} tokens with endpoints that are gone; it is tried again"),
            transient: true,
        })
    }

    fn made(&self, endpoint: &Endpoint) -> bool {
        endpoint.tags.get(TAG_RUN).is_some_and(|run| run == self.run.as_str())
    }

    /// What used the token up that this run wanted to use, in a request with another run's tag. An endpoint that was
    /// created a moment ago may take another to show: then the change is not needed. What does not show at all may
    /// still be on its way, so no other token is tried for it: better late than twice.
    async fn rival(&self, new: &NewEndpoint) -> Result<String, ChangeOutcome> {
        for look in 1..=LOOKS {
            if let Some(gone) = self.unserved(new).await? {
                return Ok(gone.id.0);
            }
            if look < LOOKS {
                tokio::time::sleep(self.settle).await;
            }
        }
        Err(ChangeOutcome::Failed {
            cause: "another run has asked AWS for the same endpoint, and it does not show yet; it is tried again"
                .to_owned(),
            transient: true,
        })
    }

    /// Not needed where a usable endpoint to the service is there. Gives the dead one that was created last.
    async fn unserved(&self, new: &NewEndpoint) -> Result<Option<Endpoint>, ChangeOutcome> {
        let here = vec![
            filter("vpc-id", [new.vpc.as_str()]),
            filter("service-name", [new.service.as_str()]),
        ];
        let found = describe::endpoints(&self.ec2, here).await.map_err(refusal::outcome)?;
        let mut last: Option<Endpoint> = None;
        for endpoint in &found {
            let (id, endpoint) = parse::endpoint(endpoint, &self.account, &self.region).map_err(refusal::outcome)?;
            if endpoint.kind != new.endpoint_kind || endpoint.service_region.is_some() {
                continue;
            }
            if endpoint.state == EndpointState::Unknown {
                return Err(skipped(format!("{id} is in a state that is not known here")));
            }
            if endpoint.usable() {
                return Err(not_needed(format!("{id} serves {} in {}", new.service, new.vpc)));
            }
            if last.as_ref().is_none_or(|last| last.created <= endpoint.created) {
                last = Some(endpoint);
            }
        }
        Ok(last)
    }

    async fn ask(
        &self,
        new: &NewEndpoint,
        group: Option<&SecurityGroupId>,
        token: &str,
        control: &str,
    ) -> Result<Endpoint, CallError> {
        let service = new.service.as_str();
        let short = service
            .rsplit_once(self.region.as_str())
            .map_or(service, |(_, rest)| rest);
        let name = format!("postern-{}", short.trim_start_matches('.'));
        let request = self
            .ec2
            .create_vpc_endpoint()
            .vpc_id(new.vpc.as_str())
            .service_name(service)
            .client_token(token)
            .set_policy_document(new.policy.clone())
            .tag_specifications(self.tags("vpc-endpoint", &name, control));
        let request = if new.endpoint_kind == EndpointKind::Gateway {
            request
                .vpc_endpoint_type(VpcEndpointType::Gateway)
                .set_route_table_ids(Some(new.route_tables.iter().map(|id| id.0.clone()).collect()))
        } else {
            request
                .vpc_endpoint_type(VpcEndpointType::Interface)
                .ip_address_type(IpAddressType::Ipv4)
                .private_dns_enabled(new.private_dns)
                .set_subnet_ids(Some(new.subnets.values().map(|id| id.0.clone()).collect()))
                .set_security_group_ids(group.map(|id| vec![id.0.clone()]))
        };
        let answer = request
            .send()
            .await
            .map_err(|error| CallError::new(CREATE_ENDPOINT, error))?;
        let created = answer
            .vpc_endpoint
            .ok_or_else(|| CallError::unreadable(CREATE_ENDPOINT, "the answer lacks the endpoint"))?;
        Ok(parse::endpoint(&created, &self.account, &self.region)?.1)
    }
}

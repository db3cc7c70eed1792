//! Connections of endpoint services, which moto does not have.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::http::Response;

/// The endpoint of a consumer, as the owner of the service sees it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub service: String,
    pub endpoint: String,
    /// The account of the consumer.
    pub owner: String,
    /// Such as `available`.
    pub state: &'static str,
}

/// By the id of the endpoint.
#[derive(Debug, Default)]
pub struct Connections(Mutex<BTreeMap<String, Connection>>);

impl Connections {
    pub fn add(&self, connection: Connection) {
        self.all().insert(connection.endpoint.clone(), connection);
    }

    /// The state of a connection, if there is one.
    pub fn state(&self, endpoint: &str) -> Option<&'static str> {
        self.all().get(endpoint).map(|connection| connection.state)
    }

    /// None: moto answers this action.
    pub(crate) fn answer(&self, action: &str, parameters: &BTreeMap<String, String>) -> Option<Response> {
        let content = match action {
            "DescribeVpcEndpointConnections" => self.described(parameters),
            "AcceptVpcEndpointConnections" => self.decided(parameters, "available"),
            "RejectVpcEndpointConnections" => self.decided(parameters, "rejected"),
            _ => return None,
        };
        let body = format!(
            "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>11111111-2222-3333-4444-555555555555</requestId>{content}</{action}Response>"
        );
        Some(Response::new(200, body).with("Content-Type", "text/xml;charset=UTF-8"))
    }

    fn described(&self, parameters: &BTreeMap<String, String>) -> String {
        let passes = |connection: &&Connection| {
            let mut filters = (1..).map_while(|n| {
                let name = parameters.get(&format!("Filter.{n}.Name"))?;
                Some((name, parameters.get(&format!("Filter.{n}.Value.1"))?))
            });
            filters.all(|(name, value)| match name.as_str() {
                "service-id" => *value == connection.service,
                "vpc-endpoint-id" => *value == connection.endpoint,
                _ => false,
            })
        };
        let mut set = String::new();
        for connection in self.all().values().filter(passes) {
            let Connection {
                service,
                endpoint,
                owner,
                state,
            } = connection;
            let _ = write!(
                set,
                "<item><serviceId>{service}</serviceId><vpcEndpointId>{endpoint}</vpcEndpointId>\
                 <vpcEndpointOwner>{owner}</vpcEndpointOwner><vpcEndpointState>{state}</vpcEndpointState></item>"
            );
        }
        format!("<vpcEndpointConnectionSet>{set}</vpcEndpointConnectionSet>")
    }

    fn decided(&self, parameters: &BTreeMap<String, String>, state: &'static str) -> String {
        let mut all = self.all();
        let named = (1..).map_while(|n| parameters.get(&format!("VpcEndpointId.{n}")));
        for endpoint in named {
            if let Some(connection) = all.get_mut(endpoint) {
                connection.state = state;
            }
        }
        "<unsuccessful/>".to_owned()
    }

    /// Nothing behind the lock can be left half done by a panic.
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Settings that are valid and have no effect, or another than was meant.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use postern_policy::{is_documented, short_name};

use super::{Exemption, ExemptionSelector, KnownControl, Mode, Settings};
use crate::model::cost::Prices;
use crate::model::endpoint::EndpointKind;
use crate::model::finding::ResourceKind;

/// An exemption that ends later is most likely a slip in the year.
const LONGEST_EXEMPTION: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);
/// The services with gateway endpoints: <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>, and
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-networking.html>.
const GATEWAY_SERVICES: [&str; 3] = ["s3", "dynamodb", "s3express"];
/// A day begins somewhere on Earth so long before it begins in UTC.
const EARLIEST_MIDNIGHT: SignedDuration = SignedDuration::from_hours(14);

impl Settings {
    /// What a person should check. Empty where nothing is suspicious at this time.
    pub fn warnings(&self, controls: &[KnownControl], now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        for (at, exemption) in self.exemptions.iter().enumerate() {
            let of_exemption = [
                about_resource(exemption, controls),
                self.about_mode(exemption),
                about_since(exemption, now),
                about_time(exemption, now),
            ];
            warnings.extend(
                of_exemption
                    .into_iter()
                    .flatten()
                    .map(|text| format!("exemptions[{at}]: {text}")),
            );
        }
        warnings.extend(self.about_services());
        warnings.extend(self.about_gateways());
        warnings.extend(self.about_cidrs());
        warnings.extend(self.about_window());
        warnings.extend(self.about_central());
        warnings.extend(self.about_cost(controls));
        warnings
    }

    /// A required service of which AWS documents no name like this.
    fn about_services(&self) -> impl Iterator<Item = String> {
        let numbered = self.requirements.iter().flat_map(|requirement| &requirement.services);
        // Full names may be of anybody, and of services that are new.
        let unknown =
            numbered.filter(|name| !name.starts_with("com.amazonaws.") && !name.starts_with("cn.com.amazonaws."));
        let unknown: BTreeSet<_> = unknown.filter(|name| !is_documented(name)).collect();
        unknown.into_iter().map(|name| {
            format!(
                "requirements: AWS documents no endpoint service `{name}`, so that no Region may offer it; check the name"
            )
        })
    }

    /// A service of which no Region has a gateway endpoint.
    fn about_gateways(&self) -> impl Iterator<Item = String> {
        let gateways = self
            .requirements
            .iter()
            .filter(|requirement| requirement.kind == EndpointKind::Gateway);
        let names = gateways.flat_map(|requirement| &requirement.services);
        let unknown: BTreeSet<_> = names
            .filter(|name| !GATEWAY_SERVICES.contains(&short_name(name).unwrap_or(name)))
            .collect();
        unknown.into_iter().map(|name| {
            format!(
                "requirements: `{name}` has no gateway endpoint in any Region; require it with type = \"interface\""
            )
        })
    }

    /// A network that is everybody.
    fn about_cidrs(&self) -> impl Iterator<Item = String> {
        let every = self.trusted_cidrs.iter().filter(|network| network.prefix_len() == 0);
        every.map(|network| {
            format!("perimeter.cidrs: {network} trusts every network, so that ingress-open finds nothing")
        })
    }

    fn about_window(&self) -> Option<String> {
        let unused = self.modes.window.is_some() && self.modes.interrupting != Mode::Enforce;
        unused.then(|| {
            "modes.interrupting.window: has no effect while mode of [modes.interrupting] is not \"enforce\"".to_owned()
        })
    }

    fn about_mode(&self, exemption: &Exemption) -> Option<String> {
        let off = self.modes.of(&exemption.control) == Mode::Off;
        off.then(|| format!("{} is off, so that there is nothing to exempt", exemption.control))
    }

    /// A central service that nothing requires, and hubs without a spoke.
    fn about_central(&self) -> Vec<String> {
        let short = |name: &String| short_name(name).unwrap_or(name).to_owned();
        let required: BTreeSet<_> = self
            .requirements
            .iter()
            .filter(|requirement| requirement.kind == EndpointKind::Interface)
            .flat_map(|requirement| requirement.services.iter().map(short))
            .collect();
        let services = self.central.iter().flat_map(|central| &central.services);
        let idle = services.filter(|service| !required.contains(&short(service)));
        let idle = idle.map(|service| {
            format!("central.services: no [[requirements]] block of type interface requires `{service}`, so nothing checks it")
        });
        let hubs_only = self.central.iter().filter(|central| {
            let (spokes, hubs) = (&central.spokes.ids, &central.hubs.ids);
            !spokes.is_empty() && spokes.is_subset(hubs)
        });
        let hubs_only = hubs_only.map(|_| {
            "central.spokes.ids: has hubs only, and a hub is no spoke, so that no VPC uses central endpoints".to_owned()
        });
        idle.chain(hubs_only).collect()
    }

    /// A limit below the price of the cheapest endpoint withholds every interface endpoint.
    fn about_cost(&self, controls: &[KnownControl]) -> Vec<String> {
        let creates = |control: &&KnownControl| control.creates_paid && self.modes.of(control.name) == Mode::Enforce;
        let Some(control) = controls.iter().find(creates) else {
            return Vec::new();
        };
        let prices = self.prices.regions.values().chain([&self.prices.elsewhere]);
        let prices = prices.filter_map(|prices| prices.interface_endpoint_zone_hour);
        let Some(cheapest) = prices.map(Prices::month).min() else {
            return Vec::new();
        };
        let limits = [
            ("monthly_cost_per_vpc", self.limits.monthly_cost_per_vpc),
            ("monthly_cost_total", self.limits.monthly_cost_total),
        ];
        let low = limits.into_iter().filter(|(_, limit)| *limit < cheapest);
        low.map(|(name, limit)| {
            format!(
                "limits.{name} is {limit}, less than an interface endpoint in one zone costs ({cheapest} a month), so that \
                 {} cannot remediate any",
                control.name
            )
        })
        .collect()
    }
}

fn about_resource(exemption: &Exemption, controls: &[KnownControl]) -> Option<String> {
    let control = controls.iter().find(|control| control.name == exemption.control)?;
    let of_services = matches!(
        control.resource,
        ResourceKind::EndpointService | ResourceKind::EndpointConnection
    );
    let id = match &exemption.selector {
        ExemptionSelector::Resource(id) => id,
        ExemptionSelector::Vpc(vpc) if of_services => {
            return Some(format!(
                "`{vpc}` matches no finding: those of {} are of endpoint services, which belong to no VPC",
                control.name
            ));
        }
        ExemptionSelector::Vpc(_) | ExemptionSelector::Tag { .. } | ExemptionSelector::Account(_) => return None,
    };
    let prefix = match control.resource {
        ResourceKind::Vpc => "vpc-",
        ResourceKind::Subnet => "subnet-",
        ResourceKind::RouteTable => "rtb-",
        ResourceKind::Endpoint | ResourceKind::EndpointConnection => "vpce-",
        ResourceKind::EndpointService => "vpce-svc-",
    };
    (!id.starts_with(prefix)).then(|| {
        format!(
            "`{id}` matches no finding: those of {} are about resources whose ids begin with `{prefix}`",
            control.name
        )
    })
}

fn about_since(exemption: &Exemption, now: Timestamp) -> Option<String> {
    let today = (now + EARLIEST_MIDNIGHT).to_zoned(TimeZone::UTC).date();
    let since = exemption.since.filter(|since| *since > today)?;
    Some(format!(
        "since {since}, which is in the future; the exemption applies already"
    ))
}

fn about_time(exemption: &Exemption, now: Timestamp) -> Option<String> {
    if exemption.expires <= now {
        return Some(format!("expired at {:.0} and no longer applies", exemption.expires));
    }
    (exemption.expires.duration_since(now) > LONGEST_EXEMPTION).then(|| {
        format!(
            "expires at {:.0}, more than ten years from now; check the year",
            exemption.expires
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::controls::known;
    use crate::settings::Settings;

    /// The warnings about settings with these lines, on 23 November 2026.
    fn warnings(text: &str) -> Vec<String> {
        let text = format!("[perimeter]\naccounts = ['111122223333']\n{text}");
        let settings = Settings::parse(&text, &known()).unwrap();
        settings.warnings(&known(), "2026-11-23T12:00:00Z".parse().unwrap())
    }

    fn exemption(control: &str, resource: &str, expires: &str) -> Vec<String> {
        warnings(&format!(
            "[[exemptions]]\ncontrol = '{control}'\nresource = '{resource}'\nreason = 'x'\nexpires = {expires}\n"
        ))
    }

    #[test]
    fn required_service_of_no_documented_name_is_a_warning() {
        let names =
            "services = ['sts', 'ecr.dkr', 'kms-fips', 'com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b', 'nosuch']";
        assert_eq!(
            warnings(&format!("[[requirements]]\n{names}")),
            [
                "requirements: AWS documents no endpoint service `nosuch`, so that no Region may offer it; check the name"
            ]
        );
    }

    #[test]
    fn exemption_of_a_resource_that_the_control_has_no_findings_about_is_a_warning() {
        assert_eq!(
            exemption("policy-open", "vpce-0abc", "2027-01-31"),
            Vec::<String>::new()
        );
        assert_eq!(
            exemption("policy-open", "vpc-0abc", "2027-01-31"),
            [
                "exemptions[0]: `vpc-0abc` matches no finding: those of policy-open are about resources whose ids begin with \
              `vpce-`"
            ]
        );
        for (control, resource) in [
            ("endpoint-missing", "vpc-0abc"),
            ("gateway-route-missing", "rtb-0abc"),
            ("subnet-uncovered", "subnet-0abc"),
        ] {
            assert_eq!(exemption(control, resource, "2027-01-31"), Vec::<String>::new());
            assert_eq!(exemption(control, "vpce-0abc", "2027-01-31").len(), 1, "{control}");
        }
    }

    #[test]
    fn expired_or_endless_exemption_is_a_warning() {
        assert_eq!(
            exemption("policy-open", "vpce-0abc", "2026-11-22"),
            ["exemptions[0]: expired at 2026-11-23T00:00:00Z and no longer applies"]
        );
        assert!(exemption("policy-open", "vpce-0abc", "2037-01-31")[0].contains("more than ten years"));
        assert_eq!(
            exemption("policy-open", "vpce-0abc", "2036-11-01"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn exemption_since_a_day_in_the_future_is_a_warning() {
        // It is noon in UTC, and past midnight where the day begins first.
        let since = |day: &str| exemption("policy-open", "vpce-0abc", &format!("2027-01-31\nsince = {day}"));
        assert_eq!(since("2026-11-24"), Vec::<String>::new());
        assert_eq!(
            since("2026-11-25"),
            ["exemptions[0]: since 2026-11-25, which is in the future; the exemption applies already"]
        );
    }

    #[test]
    fn cost_limit_below_the_cheapest_endpoint_is_a_warning() {
        let enforced = "[modes]\nendpoint-missing = 'enforce'\n";
        let limit = |most: &str| warnings(&format!("{enforced}[limits]\nmonthly_cost_per_vpc = {most}\n"));
        assert_eq!(limit("7.3"), Vec::<String>::new());
        assert_eq!(
            limit("7.29"),
            [
                "limits.monthly_cost_per_vpc is $7.29, less than an interface endpoint in one zone costs ($7.30 a month), so \
              that endpoint-missing cannot remediate any"
            ]
        );
        assert_eq!(
            warnings("[limits]\nmonthly_cost_per_vpc = 1\n"),
            Vec::<String>::new(),
            "audited"
        );
    }

    #[test]
    fn central_service_that_nothing_requires_is_a_warning() {
        let with = |services: &str| {
            warnings(&format!(
                "[[requirements]]\nservices = ['sts']\n[central]\nhubs.ids = ['vpc-0abc']\nservices = {services}\n"
            ))
        };
        assert_eq!(with("['com.amazonaws.eu-central-1.sts']"), Vec::<String>::new());
        let found = with("['sts', 'kms']");
        assert!(found.len() == 1 && found[0].contains("requires `kms`"), "{found:?}");
    }

    #[test]
    fn settings_that_can_have_no_effect_are_warnings() {
        let exempt = |control: &str| {
            format!(
                "[[exemptions]]\ncontrol = '{control}'\nvpc = 'vpc-0123456789abcdef0'\nreason = 'x'\nexpires = 2027-01-31\n"
            )
        };
        let window = "window = { weekdays = ['sat'], from = '22:00', to = '05:00' }\n";
        for (text, says) in [
            (
                "[[requirements]]\nservices = ['kms', 's3']\ntype = 'gateway'\n".to_owned(),
                "`kms` has no gateway",
            ),
            (
                exempt("service-public"),
                "exemptions[0]: `vpc-0123456789abcdef0` matches no finding",
            ),
            (exempt("endpoint-idle"), "exemptions[0]: endpoint-idle is off"),
            (
                "cidrs = ['0.0.0.0/0']\n".to_owned(),
                "perimeter.cidrs: 0.0.0.0/0 trusts every network",
            ),
            (
                format!("[modes.interrupting]\n{window}"),
                "modes.interrupting.window: has no effect",
            ),
            (
                "[central]\nhubs.ids = ['vpc-0abc', 'vpc-0def']\nspokes.ids = ['vpc-0abc']\n".to_owned(),
                "central.spokes.ids: has hubs only",
            ),
        ] {
            let found = warnings(&text);
            assert!(found.len() == 1 && found[0].contains(says), "{text}: {found:?}");
        }
        for text in [
            exempt("policy-open"),
            "[[requirements]]\nservices = ['com.amazonaws.eu-central-1.s3']\ntype = 'gateway'\n".to_owned(),
            format!("[modes.interrupting]\nmode = 'enforce'\n{window}"),
            "[central]\nhubs.ids = ['vpc-0abc']\nspokes.ids = ['vpc-0abc', 'vpc-0def']\n".to_owned(),
        ] {
            assert_eq!(warnings(&text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn shipped_settings_have_no_warnings() {
        let settings = Settings::parse(include_str!("../../../../postern.toml"), &known()).unwrap();
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(settings.warnings(&known(), now), Vec::<String>::new());
    }
}

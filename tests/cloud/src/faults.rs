//! Faults that are injected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

/// Actions that a wrong IAM policy may deny.
const DENIABLE: [&str; 19] = [
    "cloudwatch:GetMetricData",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "ec2:CreateVpcEndpoint",
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpointServices",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint",
    "elasticloadbalancing:DescribeLoadBalancers",
    "route53:ListHostedZonesByVPC",
    "sns:Publish",
];

/// A fault of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Refused with a throttling error.
    Throttled,
    /// HTTP 500 before the call has an effect.
    ErrorBefore,
    /// HTTP 500 after the call had its effect.
    ErrorAfter,
    /// No answer, and no effect.
    SilentBefore,
    /// No answer, although the call had its effect.
    SilentAfter,
    /// The connection breaks before the call has an effect.
    BrokenBefore,
    /// The connection breaks after the call had its effect.
    BrokenAfter,
    /// Refused: the caller lacks the permission.
    Denied,
    /// A write is not visible to all reads for a while.
    Stale,
    /// A new endpoint fails.
    EndpointFails,
}

impl Fault {
    /// Whether it concerns the effect of a call, not its answer.
    pub(crate) fn of_writes(self) -> bool {
        matches!(self, Self::Stale | Self::EndpointFails)
    }

    /// Whether the call still has its effect.
    pub(crate) fn spares_the_effect(self) -> bool {
        matches!(self, Self::ErrorAfter | Self::SilentAfter | Self::BrokenAfter) || self.of_writes()
    }
}

/// The rates of faults.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The probability of each, per call; of `Stale` per write and of `EndpointFails` per endpoint.
    pub rates: BTreeMap<Fault, f64>,
    /// Since the start of the cloud. Afterwards there are no faults.
    pub until: Duration,
    /// IAM actions such as `ec2:CreateVpcEndpoint` that are denied to everybody, until then.
    pub denied: BTreeSet<String>,
    /// How long a write is not visible to all reads, at most.
    pub stale_for: Duration,
    /// The duration of a call.
    pub latency: RangeInclusive<Duration>,
}

impl Faults {
    pub fn none() -> Self {
        Self {
            rates: BTreeMap::new(),
            until: Duration::ZERO,
            denied: BTreeSet::new(),
            stale_for: Duration::from_secs(8),
            latency: Duration::from_millis(2)..=Duration::from_millis(120),
        }
    }

    /// Random rates: some seeds have nearly no faults, some have very many.
    pub fn random(rng: &mut Rng, until: Duration) -> Self {
        use Fault::{
            BrokenAfter, BrokenBefore, EndpointFails, ErrorAfter, ErrorBefore, SilentAfter, SilentBefore, Stale,
            Throttled,
        };
        let mut faults = Self::none();
        faults.until = until;
        faults.stale_for = Duration::from_millis(rng.u64(500..20_000));
        let worst = rng.choice([0.02, 0.08, 0.2]).unwrap_or_default();
        for fault in [
            Throttled,
            ErrorBefore,
            ErrorAfter,
            SilentBefore,
            SilentAfter,
            BrokenBefore,
            BrokenAfter,
        ] {
            if rng.bool() {
                faults.rates.insert(fault, rng.f64() * worst);
            }
        }
        if rng.bool() {
            faults.rates.insert(Stale, rng.f64());
        }
        if rng.u8(..4) == 0 {
            faults.rates.insert(EndpointFails, rng.f64() * 0.3);
        }
        if rng.u8(..6) == 0 {
            faults.denied.extend(rng.choice(DENIABLE).map(str::to_owned));
        }
        faults
    }

    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        self.rates.insert(fault, rate);
        self.until = self.until.max(Duration::from_secs(86_400));
        self
    }

    #[must_use]
    pub fn denying(mut self, action: &str) -> Self {
        self.denied.insert(action.to_owned());
        self.until = self.until.max(Duration::from_secs(86_400));
        self
    }

    pub(crate) fn rate(&self, fault: Fault, elapsed: Duration) -> f64 {
        match elapsed < self.until {
            true => self.rates.get(&fault).copied().unwrap_or_default(),
            false => 0.0,
        }
    }

    /// The fault of a call.
    pub(crate) fn draw(&self, action: &str, elapsed: Duration, rng: &mut Rng) -> Option<Fault> {
        if elapsed >= self.until {
            return None;
        }
        if self.denied.contains(action) {
            return Some(Fault::Denied);
        }
        let mut ball = rng.f64();
        for (fault, rate) in self.rates.iter().filter(|(fault, _)| !fault.of_writes()) {
            if ball < *rate {
                return Some(*fault);
            }
            ball -= rate;
        }
        None
    }

    /// How long one way of a call takes.
    pub(crate) fn way(&self, rng: &mut Rng) -> Duration {
        let (least, most) = (self.latency.start().as_micros(), self.latency.end().as_micros());
        let (least, most) = (u64::try_from(least).unwrap_or(0), u64::try_from(most).unwrap_or(0));
        // Timers tick in milliseconds.
        Duration::from_micros(rng.u64(least..=most.max(least)) / 2)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faults for {:?}", self.until)?;
        for (fault, rate) in &self.rates {
            write!(f, ", {fault:?} {rate:.3}")?;
        }
        for action in &self.denied {
            write!(f, ", {action} denied")?;
        }
        write!(f, "; stale for up to {:?}", self.stale_for)
    }
}

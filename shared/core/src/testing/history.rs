//! What the ledger may hold of the VPC of a test.

use jiff::Timestamp;

use super::{ACCOUNT, REGION, VPC, World};
use crate::change::Change;
use crate::cost::MonthlyCost;
use crate::finding::FindingKey;
use crate::ledger::{Action, ChangeId, ChangeRecord, Fate, VpcPlace};
use crate::trigger::{Actor, Occasion};

/// A change that was applied, and told of.
pub(crate) fn record(change: Change, run: &str, time: &str) -> ChangeRecord {
    let time: Timestamp = time.parse().unwrap();
    ChangeRecord {
        id: ChangeId::new(time, &run.into(), 0),
        place: VpcPlace {
            account: ACCOUNT.into(),
            region: REGION.into(),
            vpc: VPC.into(),
        },
        run: run.into(),
        function: "sweeper".to_owned(),
        time,
        action: Action::Change(change),
        causes: [].into(),
        occasions: Vec::new(),
        monthly_cost: MonthlyCost::ZERO,
        fate: Fate::Applied { created: None },
        told: true,
        undoes: None,
        undone_by: None,
    }
}

/// A call that somebody made with a tool.
pub(crate) fn occasion(event: &str, user_agent: &str) -> Occasion {
    Occasion {
        event: event.to_owned(),
        event_id: "e-1".to_owned(),
        time: None,
        actor: Some(Actor {
            identity: "arn:aws:iam::111122223333:user/ada".to_owned(),
            identity_type: None,
            user_agent: Some(user_agent.to_owned()),
            source_address: None,
            invoked_by: None,
        }),
        failure: None,
    }
}

impl ChangeRecord {
    pub(crate) fn because_of(mut self, key: &FindingKey) -> Self {
        self.causes.insert(key.clone());
        self
    }

    pub(crate) fn intended(mut self) -> Self {
        self.fate = Fate::Intended;
        self.told = false;
        self
    }
}

impl World {
    pub(crate) fn remember(mut self, record: ChangeRecord) -> Self {
        self.past.records.push(record);
        self
    }
}

//! Where AWS names its resources by Region, and how.

mod accounts;

use crate::partition;

pub(super) use accounts::{APPCONFIG_AGENT, SAGEMAKER_REGISTRIES};

/// The Regions in which a group exists.
pub(super) enum Regions {
    Every,
    /// Those of the partition `aws`: a name without a Region belongs to AWS in this partition only.
    Commercial,
    /// All but those of the partition `aws-cn`.
    NotChina,
    Only(&'static [&'static str]),
    Except(&'static [&'static str]),
    /// The Regions of this table, each with what `{own}` stands for.
    Own(&'static [(&'static str, &'static str)]),
    /// The same, where it stands for several things in turn: a line for each Region, with these after its name.
    Several(&'static str),
}

impl Regions {
    /// What `{own}` stands for in a Region, a single empty text if for nothing. None where the group does not exist.
    pub(super) fn values(&self, region: &str) -> Vec<&'static str> {
        let partition = partition::of_region(region);
        let there = match self {
            Self::Every => true,
            Self::Commercial => partition == "aws",
            Self::NotChina => partition != "aws-cn",
            Self::Only(all) => all.contains(&region),
            Self::Except(all) => !all.contains(&region),
            Self::Own(all) => {
                let own = all.iter().filter(|(name, _)| *name == region);
                return own.map(|(_, own)| *own).collect();
            }
            Self::Several(all) => {
                let mut lines = all.lines().map(str::split_ascii_whitespace);
                let own = lines.find_map(|mut words| (words.next() == Some(region)).then_some(words));
                return own.into_iter().flatten().collect();
            }
        };
        if there { vec![""] } else { Vec::new() }
    }
}

/// The Regions that existed when Amazon Linux 1 left standard support, at the end of 2020.
pub(super) const FIRST_REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Suffixes of the buckets of Patch Manager's modules.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html>
pub(super) const PATCH_MODULES: &[(&str, &str)] = &[
    ("af-south-1", "bdd5f65a9"),
    ("ap-east-1", "632356271"),
    ("ap-northeast-1", "4849fa78f"),
    ("ap-northeast-2", "10467995c"),
    ("ap-northeast-3", "67373598a"),
    ("ap-south-1", "cb7c62ff9"),
    ("ap-south-2", "32f4b4128"),
    ("ap-southeast-1", "7fdfd9ef7"),
    ("ap-southeast-2", "17283a275"),
    ("ap-southeast-3", "aa48fc462"),
    ("ap-southeast-4", "01e2c40d3"),
    ("ca-central-1", "3148e69e3"),
    ("ca-west-1", "9e3a4b2f9"),
    ("eu-central-1", "9163fdaaf"),
    ("eu-central-2", "184ce43c8"),
    ("eu-north-1", "795879e9b"),
    ("eu-south-1", "c52f3f594"),
    ("eu-south-2", "a4cf248b1"),
    ("eu-west-1", "5522fb710"),
    ("eu-west-2", "902a2bc74"),
    ("eu-west-3", "29bf85721"),
    ("il-central-1", "e221cb57b"),
    ("me-central-1", "2932f2f80"),
    ("me-south-1", "a53fc9dce"),
    ("sa-east-1", "ddf4b6a09"),
    ("us-east-1", "1970c647d"),
    ("us-east-2", "552881074"),
    ("us-west-1", "8badb4304"),
    ("us-west-2", "34d7f99f8"),
];

/// Suffixes of the buckets of patch baseline snapshots.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-operations-s3-buckets.html>,
/// and for the Regions of the other partitions, which have none,
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html>
pub(super) const PATCH_SNAPSHOTS: &[(&str, &str)] = &[
    ("af-south-1", "-tbxdb5b9"),
    ("ap-east-1", ""),
    ("ap-northeast-1", ""),
    ("ap-northeast-2", ""),
    ("ap-northeast-3", ""),
    ("ap-south-1", ""),
    ("ap-south-2", "-50209442"),
    ("ap-southeast-1", ""),
    ("ap-southeast-2", ""),
    ("ap-southeast-3", "-be0a3174"),
    ("ap-southeast-4", "-dc6f76ce"),
    ("ca-central-1", ""),
    ("ca-west-1", ""),
    ("cn-north-1", ""),
    ("cn-northwest-1", ""),
    ("eu-central-1", ""),
    ("eu-central-2", ""),
    ("eu-north-1", ""),
    ("eu-south-1", ""),
    ("eu-south-2", "-df2c9d70"),
    ("eu-west-1", ""),
    ("eu-west-2", ""),
    ("eu-west-3", ""),
    ("il-central-1", ""),
    ("me-central-1", ""),
    ("me-south-1", "-uduvl7q8"),
    ("sa-east-1", ""),
    ("us-east-1", ""),
    ("us-east-2", ""),
    ("us-gov-east-1", ""),
    ("us-gov-west-1", ""),
    ("us-west-1", ""),
    ("us-west-2", ""),
];

/// <https://docs.aws.amazon.com/glue/latest/dg/getting-started-min-privs-job.html>
pub(super) const GLUE_TRANSFORMS: &[(&str, &str)] = &[
    ("af-south-1", "762339736633-prod-af-south-1"),
    ("ap-east-1", "125979764932-prod-ap-east-1"),
    ("ap-northeast-1", "200493242866-prod-ap-northeast-1"),
    ("ap-northeast-2", "673535381443-prod-ap-northeast-2"),
    ("ap-northeast-3", "149976050262-prod-ap-northeast-3"),
    ("ap-south-1", "584702181950-prod-ap-south-1"),
    ("ap-south-2", "380279651983-prod-ap-south-2"),
    ("ap-southeast-1", "737106620487-prod-ap-southeast-1"),
    ("ap-southeast-2", "234881715811-prod-ap-southeast-2"),
    ("ap-southeast-3", "151265630221-prod-ap-southeast-3"),
    ("ap-southeast-4", "052235663858-prod-ap-southeast-4"),
    ("ca-central-1", "622716468547-prod-ca-central-1"),
    ("ca-west-1", "915795495192-prod-ca-west-1"),
    ("cn-north-1", "071033555442-prod-cn-north-1"),
    ("cn-northwest-1", "070947029561-prod-cn-northwest-1"),
    ("eu-central-1", "560373232017-prod-eu-central-1"),
    ("eu-central-2", "907358657121-prod-eu-central-2"),
    ("eu-north-1", "312557305497-prod-eu-north-1"),
    ("eu-south-1", "939684186351-prod-eu-south-1"),
    ("eu-south-2", "239737454084-prod-eu-south-2"),
    ("eu-west-1", "244479516193-prod-eu-west-1"),
    ("eu-west-2", "804222392271-prod-eu-west-2"),
    ("eu-west-3", "371299348807-prod-eu-west-3"),
    ("il-central-1", "806964611811-prod-il-central-1"),
    ("me-central-1", "733304270342-prod-me-central-1"),
    ("me-south-1", "112120182341-prod-me-south-1"),
    ("sa-east-1", "881619130292-prod-sa-east-1"),
    ("us-east-1", "510798373988-prod-us-east-1"),
    ("us-east-2", "251189692203-prod-us-east-2"),
    ("us-gov-west-1", "227493901923-prod-us-gov-west-1-2604"),
    ("us-west-1", "593230150239-prod-us-west-1"),
    ("us-west-2", "818035625594-prod-us-west-2"),
];

/// <https://docs.aws.amazon.com/codeartifact/latest/ug/create-s3-gateway-endpoint.html>
pub(super) const CODEARTIFACT: &[(&str, &str)] = &[
    ("ap-northeast-1", "660291247815"),
    ("ap-south-1", "681137435769"),
    ("ap-southeast-1", "421485864821"),
    ("ap-southeast-2", "860415559748"),
    ("eu-central-1", "769407342218"),
    ("eu-north-1", "611884512288"),
    ("eu-south-1", "484130244270"),
    ("eu-west-1", "438097961670"),
    ("eu-west-2", "247805302724"),
    ("eu-west-3", "762466490029"),
    ("us-east-1", "193858265520"),
    ("us-east-2", "250872398865"),
    ("us-west-2", "787052242323"),
];

/// Accounts of the registries of EKS add-ons, which also hold GuardDuty's agent for EKS.
/// <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html> and
/// <https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html>
pub(super) const EKS_REGISTRIES: &[(&str, &str)] = &[
    ("af-south-1", "877085696533"),
    ("ap-east-1", "800184023465"),
    ("ap-east-2", "533267051163"),
    ("ap-northeast-1", "602401143452"),
    ("ap-northeast-2", "602401143452"),
    ("ap-northeast-3", "602401143452"),
    ("ap-south-1", "602401143452"),
    ("ap-south-2", "900889452093"),
    ("ap-southeast-1", "602401143452"),
    ("ap-southeast-2", "602401143452"),
    ("ap-southeast-3", "296578399912"),
    ("ap-southeast-4", "491585149902"),
    ("ap-southeast-5", "151610086707"),
    ("ap-southeast-7", "121268973566"),
    ("ca-central-1", "602401143452"),
    ("ca-west-1", "761377655185"),
    ("cn-north-1", "918309763551"),
    ("cn-northwest-1", "961992271922"),
    ("eu-central-1", "602401143452"),
    ("eu-central-2", "900612956339"),
    ("eu-north-1", "602401143452"),
    ("eu-south-1", "590381155156"),
    ("eu-south-2", "455263428931"),
    ("eu-west-1", "602401143452"),
    ("eu-west-2", "602401143452"),
    ("eu-west-3", "602401143452"),
    ("il-central-1", "066635153087"),
    ("me-central-1", "759879836304"),
    ("me-south-1", "558608220178"),
    ("mx-central-1", "730335286997"),
    ("sa-east-1", "602401143452"),
    ("us-east-1", "602401143452"),
    ("us-east-2", "602401143452"),
    ("us-gov-east-1", "151742754352"),
    ("us-gov-west-1", "013241004608"),
    ("us-west-1", "602401143452"),
    ("us-west-2", "602401143452"),
];

/// Accounts of the registries of GuardDuty's agent for ECS.
/// <https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html>
pub(super) const GUARDDUTY_REGISTRIES: &[(&str, &str)] = &[
    ("af-south-1", "197869348890"),
    ("ap-east-1", "258348409381"),
    ("ap-east-2", "259886477082"),
    ("ap-northeast-1", "533107202818"),
    ("ap-northeast-2", "914738172881"),
    ("ap-northeast-3", "273192626886"),
    ("ap-south-1", "251508486986"),
    ("ap-south-2", "950823858135"),
    ("ap-southeast-1", "174946120834"),
    ("ap-southeast-2", "005257825471"),
    ("ap-southeast-3", "510637619217"),
    ("ap-southeast-4", "251357961535"),
    ("ap-southeast-5", "156041399949"),
    ("ap-southeast-7", "054037130133"),
    ("ca-central-1", "354763396469"),
    ("ca-west-1", "339712888787"),
    ("eu-central-1", "323658145986"),
    ("eu-central-2", "529164026651"),
    ("eu-north-1", "591436053604"),
    ("eu-south-1", "266869475730"),
    ("eu-south-2", "919611009337"),
    ("eu-west-1", "694911143906"),
    ("eu-west-2", "892757235363"),
    ("eu-west-3", "665651866788"),
    ("il-central-1", "870907303882"),
    ("me-central-1", "000014521398"),
    ("me-south-1", "536382113932"),
    ("mx-central-1", "311141559934"),
    ("sa-east-1", "758426053663"),
    ("us-east-1", "593207742271"),
    ("us-east-2", "307168627858"),
    ("us-west-1", "684579721401"),
    ("us-west-2", "733349766148"),
];

/// Accounts of the layer of Lambda Insights.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-extension-versions.html>
pub(super) const LAMBDA_INSIGHTS: &[(&str, &str)] = &[
    ("af-south-1", "012438385374"),
    ("ap-east-1", "519774774795"),
    ("ap-northeast-1", "580247275435"),
    ("ap-northeast-2", "580247275435"),
    ("ap-northeast-3", "194566237122"),
    ("ap-south-1", "580247275435"),
    ("ap-southeast-1", "580247275435"),
    ("ap-southeast-2", "580247275435"),
    ("ca-central-1", "580247275435"),
    ("eu-central-1", "580247275435"),
    ("eu-north-1", "580247275435"),
    ("eu-south-1", "339249233099"),
    ("eu-west-1", "580247275435"),
    ("eu-west-2", "580247275435"),
    ("eu-west-3", "580247275435"),
    ("me-south-1", "285320876703"),
    ("sa-east-1", "580247275435"),
    ("us-east-1", "580247275435"),
    ("us-east-2", "580247275435"),
    ("us-west-1", "580247275435"),
    ("us-west-2", "580247275435"),
];

/// Ends of the names of the buckets of Cloud9.
/// <https://docs.aws.amazon.com/cloud9/latest/user-guide/ec2-ssm.html#create-s3-endpoint>
pub(super) const CLOUD9: &[(&str, &str)] = &[
    ("af-south-1", "v6v7i5ypdppv"),
    ("ap-east-1", "171xhpfkrorh6"),
    ("ap-northeast-1", "4fwvbdisquj8"),
    ("ap-northeast-2", "1wxyctlhwiajm"),
    ("ap-northeast-3", "ivmxqzrx2ioi"),
    ("ap-south-1", "ykocre202i9d"),
    ("ap-southeast-1", "13ibpyrx4vk6d"),
    ("ap-southeast-2", "1cjsl8bx27rfu"),
    ("ca-central-1", "g80lpejy486c"),
    ("eu-central-1", "14lbgls2vrkh"),
    ("eu-north-1", "1qzw982y7yu7e"),
    ("eu-south-1", "1379tzkd3ni7d"),
    ("eu-west-1", "hld3vzaf7c4h"),
    ("eu-west-2", "36lbg202837x"),
    ("eu-west-3", "1rwpkf766ke58"),
    ("il-central-1", "k02vrnhcesue"),
    ("me-south-1", "gmljex38qtqx"),
    ("sa-east-1", "1cl8k0y7opidt"),
    ("us-east-1", "mft1klnkc4hl"),
    ("us-east-2", "1c3sfcvf9hy4m"),
    ("us-west-1", "16d59zrrp01z0"),
    ("us-west-2", "p21mksqx9zlr"),
];

/// Regions of each partition, those with exceptions to their names among them, and the longest name.
#[cfg(test)]
pub(super) const SAMPLES: [&str; 14] = [
    "us-east-1",
    "us-east-2",
    "eu-central-1",
    "eu-south-1",
    "af-south-1",
    "me-south-1",
    "me-central-1",
    "ap-southeast-2",
    "ap-southeast-7",
    "ap-northeast-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
];

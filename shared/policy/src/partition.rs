//! Partitions of AWS and their Regions.
//! <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>

/// Each partition with what the names of its Regions start with. The first has every other Region.
const PARTITIONS: [(&str, &str); 8] = [
    ("aws", ""),
    ("aws-cn", "cn-"),
    ("aws-us-gov", "us-gov-"),
    // <https://docs.aws.eu/esc/latest/userguide/what-is-aws-eusc.html>
    ("aws-eusc", "eusc-"),
    ("aws-iso", "us-iso-"),
    ("aws-iso-b", "us-isob-"),
    ("aws-iso-e", "eu-isoe-"),
    ("aws-iso-f", "us-isof-"),
];

/// The partition of a Region.
pub(crate) fn of_region(region: &str) -> &'static str {
    let own = PARTITIONS.iter().skip(1).find(|(_, start)| region.starts_with(start));
    own.map_or("aws", |(partition, _)| partition)
}

/// Whether a partition has this name.
pub(crate) fn exists(name: &str) -> bool {
    PARTITIONS.iter().any(|(known, _)| *known == name)
}

pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    PARTITIONS.iter().map(|(partition, _)| *partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_lie_in_their_partition() {
        for (region, partition) in [
            ("eu-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("", "aws"),
        ] {
            assert_eq!(of_region(region), partition, "{region}");
            assert!(exists(partition));
        }
        assert!(!exists("aws-moon") && !exists(""));
    }
}

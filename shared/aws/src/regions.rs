//! The Regions of an account.

use std::collections::BTreeMap;

use postern_core::model::id::Region;

use crate::error::CallError;
use crate::session::Session;

pub(crate) const REGIONS: &str = "ec2:DescribeRegions";

/// The IAM actions of [`Session::regions`].
pub const REGION_CALLS: &[&str] = &[REGIONS];

impl Session {
    /// Every Region of the partition, and whether it is enabled for the account. One Region is asked about all.
    ///
    /// # Errors
    /// If AWS refuses, does not answer, or gives no Regions.
    pub async fn regions(&self, asked: &Region) -> Result<BTreeMap<Region, bool>, CallError> {
        let answer = self.ec2(asked).describe_regions().all_regions(true).send().await;
        let answer = answer.map_err(|error| CallError::new(REGIONS, error))?;
        let regions: BTreeMap<_, _> = answer
            .regions()
            .iter()
            .filter_map(|region| {
                let enabled = region.opt_in_status() != Some("not-opted-in");
                Some((Region::from(region.region_name()?), enabled))
            })
            .collect();
        match regions.is_empty() {
            true => Err(CallError::unreadable(REGIONS, "the answer has no Region")),
            false => Ok(regions),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Cloud;

    #[tokio::test]
    async fn regions_are_enabled_unless_the_account_has_not_opted_in() {
        let regions = [
            ("eu-central-1", "opt-in-not-required"),
            ("eu-south-1", "opted-in"),
            ("me-south-1", "not-opted-in"),
        ];
        let items = regions.map(|(name, status)| {
            format!("<item><regionName>{name}</regionName><optInStatus>{status}</optInStatus></item>")
        });
        let cloud = Cloud::new().on(
            "DescribeRegions",
            &format!("<regionInfo>{}</regionInfo>", items.concat()),
        );
        let regions = cloud.session().regions(&"eu-central-1".into()).await.unwrap();
        let regions: Vec<_> = regions
            .iter()
            .map(|(region, enabled)| (region.as_str(), *enabled))
            .collect();
        assert_eq!(
            regions,
            [("eu-central-1", true), ("eu-south-1", true), ("me-south-1", false)]
        );
        assert_eq!(cloud.requests("DescribeRegions")[0]["AllRegions"], "true");
    }

    #[tokio::test]
    async fn answer_without_regions_is_an_error() {
        let cloud = Cloud::new().on("DescribeRegions", "<regionInfo/>");
        let error = cloud.session().regions(&"eu-central-1".into()).await.unwrap_err();
        assert_eq!(error.call, "ec2:DescribeRegions");
    }
}

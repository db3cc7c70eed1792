//! Names that AWS gives: ARNs, account ids and Regions.

/// An ARN in its six fields, `arn:partition:service:region:account:resource`. Nothing of a field is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// May contain colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: fields.next()?,
            service: fields.next()?,
            region: fields.next()?,
            account: fields.next()?,
            resource: fields.next()?,
        })
    }
}

/// Twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two or more words of lower-case letters and a number, such as `us-gov-west-1`. Letters may follow the number. Host
/// names are made of it.
pub fn is_region(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    text.len() <= 32
        && text.rsplit_once('-').is_some_and(|(words, number)| {
            words.contains('-')
                && words.split('-').all(word)
                && number.starts_with(|first: char| first.is_ascii_digit())
                && number
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_have_six_fields_of_which_the_last_may_contain_colons() {
        let arn = Arn::parse("arn:aws-cn:logs:cn-north-1:111122223333:log-group:a:b").unwrap();
        assert_eq!(
            (arn.partition, arn.service, arn.region),
            ("aws-cn", "logs", "cn-north-1")
        );
        assert_eq!((arn.account, arn.resource), ("111122223333", "log-group:a:b"));
        for text in ["", "arn:aws:s3:::", "arn:aws:iam::111122223333", "urn:aws:s3:::bucket"] {
            assert_eq!(Arn::parse(text).is_some(), text == "arn:aws:s3:::", "{text}");
        }
    }

    #[test]
    fn regions_are_words_and_a_number() {
        for region in [
            "eu-central-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "cn-north-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        let long = format!("eu-{}-1", "a".repeat(32));
        for other in [
            "",
            "eu",
            "eu-1",
            "eu-central",
            "EU-central-1",
            "eu-central-1.evil",
            "eu--1",
            long.as_str(),
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}

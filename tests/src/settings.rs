//! The settings of the demo and of the tests.

const AUDIT: &str = include_str!("../fixtures/demo.postern.toml");

/// Everything in audit mode.
pub fn audit() -> &'static str {
    AUDIT
}

/// Everything in enforce mode.
pub fn enforce() -> String {
    AUDIT.replace("default = \"audit\"", "default = \"enforce\"")
}

#[cfg(test)]
mod tests {
    use postern_core::controls::known;
    use postern_core::settings::{Mode, Settings};

    use super::*;

    #[test]
    fn both_modes_are_settings_that_differ_in_the_mode_only() {
        let names = known();
        let audit = Settings::parse(audit(), &names).unwrap();
        let mut enforce = Settings::parse(&enforce(), &names).unwrap();
        assert_eq!(
            (audit.modes.default, enforce.modes.default),
            (Mode::Audit, Mode::Enforce)
        );
        assert_eq!(audit.confirmed_perimeter, Some(audit.perimeter_digest()));
        enforce.modes.default = Mode::Audit;
        enforce.version.clone_from(&audit.version);
        assert_eq!(audit, enforce);
    }
}

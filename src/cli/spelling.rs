//! Keycloak's options as the version at hand spells them.
//!
//! The names of options with two dashes between their parts came with 26.3; before that one dash is understood. Up to 16, and where `WildFly` is the
//! server, options are set with `jboss-cli.sh`.

/// Which spelling a server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// Up to 16: `WildFly`.
    Wildfly,
    /// 17 to 26.2: one dash.
    OneDash,
    /// 26.3 and later: two dashes.
    TwoDashes,
    /// The log does not name a version.
    Unknown,
}

/// The logger of user events.
const EVENTS: &str = "org.keycloak.events";

/// The logger that shows how clients authenticate.
const CLIENTS: &str = "org.keycloak.authentication.ClientAuthenticationFlow";

impl Spelling {
    /// Returns the spelling of a version, `26.7.3`.
    #[must_use]
    pub fn of(version: Option<&str>) -> Self {
        let mut parts = version.unwrap_or_default().split('.').map(|p| p.parse::<u32>().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (None, _) => Spelling::Unknown,
            (Some(0..=16), _) => Spelling::Wildfly,
            (Some(17..=25), _) | (Some(26), Some(0..=2)) => Spelling::OneDash,
            (Some(_), _) => Spelling::TwoDashes,
        }
    }

    /// Returns the lines to type that show these loggers at DEBUG.
    #[must_use]
    pub fn loggers(self, events: bool, clients: bool) -> Vec<String> {
        let names: Vec<&str> = [(events, EVENTS), (clients, CLIENTS)].into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect();
        if names.is_empty() {
            return Vec::new();
        }
        if self == Spelling::Wildfly {
            return names.iter().map(|name| format!("/subsystem=logging/logger={name}:add(level=DEBUG)")).collect();
        }
        let levels = format!("INFO,{}:DEBUG", names.join(":DEBUG,"));
        vec![format!("--log-level={levels}"), format!("KC_LOG_LEVEL={levels}")]
    }

    /// Returns the lines to type that print success events at INFO.
    #[must_use]
    pub fn success_events(self) -> Vec<String> {
        let one = ["--spi-events-listener-jboss-logging-success-level=info", "KC_SPI_EVENTS_LISTENER_JBOSS_LOGGING_SUCCESS_LEVEL=info"];
        let two = ["--spi-events-listener--jboss-logging--success-level=info", "KC_SPI_EVENTS_LISTENER__JBOSS_LOGGING__SUCCESS_LEVEL=info"];
        let wildfly = [
            "/subsystem=keycloak-server/spi=eventsListener:add",
            "/subsystem=keycloak-server/spi=eventsListener/provider=jboss-logging:add(enabled=true)",
            "/subsystem=keycloak-server/spi=eventsListener/provider=jboss-logging:write-attribute(name=properties.success-level,value=info)",
        ];
        let own = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect();
        match self {
            Spelling::Wildfly => own(&wildfly),
            Spelling::OneDash => own(&one),
            Spelling::TwoDashes => own(&two),
            Spelling::Unknown => vec![
                format!("{}   (26.3 and later)", two[0]),
                format!("{}   (17 to 26.2)", one[0]),
                format!("{}   (26.3 and later)", two[1]),
                format!("{}   (17 to 26.2)", one[1]),
            ],
        }
    }

    /// Says where those lines are typed.
    #[must_use]
    pub fn place(self) -> &'static str {
        match self {
            Spelling::Wildfly => "in jboss-cli.sh --connect; the console handler stops at INFO, the file handler shows DEBUG",
            Spelling::OneDash | Spelling::TwoDashes | Spelling::Unknown => "behind kc.sh start, or as an environment variable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_spelled_for_the_version() {
        let table = [
            (Some("26.7.3"), Spelling::TwoDashes, "--spi-events-listener--jboss-logging--success-level=info"),
            (Some("26.3.0"), Spelling::TwoDashes, "--spi-events-listener--jboss-logging--success-level=info"),
            (Some("27"), Spelling::TwoDashes, "--spi-events-listener--jboss-logging--success-level=info"),
            (Some("26.2.5"), Spelling::OneDash, "--spi-events-listener-jboss-logging-success-level=info"),
            (Some("17.0.1"), Spelling::OneDash, "--spi-events-listener-jboss-logging-success-level=info"),
            (Some("16.1.1"), Spelling::Wildfly, "/subsystem=keycloak-server/spi=eventsListener:add"),
            (None, Spelling::Unknown, "--spi-events-listener--jboss-logging--success-level=info   (26.3 and later)"),
            (Some("x"), Spelling::Unknown, "--spi-events-listener--jboss-logging--success-level=info   (26.3 and later)"),
        ];
        for (version, want, first) in table {
            let spelling = Spelling::of(version);
            assert_eq!((spelling, spelling.success_events()[0].as_str()), (want, first), "{version:?}");
        }
        assert_eq!(
            Spelling::OneDash.loggers(true, true)[0],
            "--log-level=INFO,org.keycloak.events:DEBUG,org.keycloak.authentication.ClientAuthenticationFlow:DEBUG"
        );
        assert!(Spelling::OneDash.loggers(false, false).is_empty());
    }
}

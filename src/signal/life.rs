//! The server's life and its cluster.
//!
//! Input: logger and message of a record. Output: a [`Life`]. Quarkus and `WildFly` spell starts and stops differently; both spell the cluster
//! view as Infinispan does. That a clock was set back no line says: the join finds it in the times.

use memchr::memmem;

use super::database;

/// Something that happened to a server process or its cluster.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Life {
    /// The server is up; its version where the line names it.
    Started {
        /// `26.7.3`.
        version: Option<Box<str>>,
    },
    /// The server went down in order.
    Stopped,
    /// The cluster view: how many members it has now.
    View {
        /// Members, this node included.
        members: u32,
    },
    /// A node joined.
    Joined,
    /// A node left.
    Left,
    /// The server could not get at its database.
    DatabaseTrouble,
    /// A request ended in an error that the server did not expect; of what it had done no event tells.
    Crashed,
    /// The server says that it looks at `DPoP` proofs: a preview feature that was switched on.
    Dpop,
    /// The server's clock was set back: the times of a stream went back by so much, and stayed there.
    ClockSetBack {
        /// Milliseconds.
        by_ms: i64,
    },
    /// Lines are missing before this one, as where a file was damaged or is not there. No line says so: it is told by who reads them.
    Gap {
        /// The time of the last line before them.
        from_ms: i64,
    },
}

/// Returns the version in `Keycloak 26.7.3 on JVM (powered by …` or `Keycloak 16.1.1 (WildFly Core …`.
fn version(message: &[u8]) -> Option<Box<str>> {
    let at = memmem::find(message, b"Keycloak ")?;
    let word = message[at + 9..].split(|c| *c == b' ').next()?;
    let ok = word.first().is_some_and(u8::is_ascii_digit) && word.len() <= 40;
    ok.then(|| String::from_utf8_lossy(word).into())
}

/// `ISPN000094: Received new cluster view for channel ISPN: [a|1] (2) [a, b]`
fn members(message: &[u8]) -> Option<u32> {
    let at = memmem::find(message, b"] (")?;
    let digits: Vec<u8> = message[at + 3..].iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// Reads a record's message as a sign of life; `logger` is the last segment of its logger's name.
#[must_use]
pub fn read(logger: &[u8], message: &[u8]) -> Option<Life> {
    match logger {
        b"quarkus" => {
            if memmem::find(message, b" stopped in ").is_some() {
                return Some(Life::Stopped);
            }
            // Keycloak 17 to 20 print "Keycloak 18.0.2 on JVM (powered by Quarkus …) started in 4.7s. Listening on: …"
            (memmem::find(message, b" started in ").is_some() && message.starts_with(b"Keycloak ")).then(|| Life::Started { version: version(message) })
        }
        b"Profile" => (message.starts_with(b"Preview features enabled:") && memmem::find(message, b"dpop").is_some()).then_some(Life::Dpop),
        b"as" | b"server" => {
            if message.starts_with(b"WFLYSRV0025:") || message.starts_with(b"WFLYSRV0026:") {
                Some(Life::Started { version: version(message) })
            } else {
                message.starts_with(b"WFLYSRV0050:").then_some(Life::Stopped)
            }
        }
        _ if message.starts_with(b"ISPN000094:") => Some(Life::View { members: members(message)? }),
        _ if message.starts_with(b"ISPN100000:") => Some(Life::Joined),
        _ if message.starts_with(b"ISPN100001:") => Some(Life::Left),
        _ if database::is_trouble(logger, message) => Some(Life::DatabaseTrouble),
        b"KeycloakErrorHandler" => message.starts_with(b"Uncaught server error").then_some(Life::Crashed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_starts_stops_and_views() {
        let started = |v: &str| Some(Life::Started { version: Some(v.into()) });
        let table: &[(&str, &str, Option<Life>)] = &[
            ("quarkus", "Keycloak 26.7.3 on JVM (powered by Quarkus 3.33.3.1) started in 22.400s. Listening on: http://localhost:28080", started("26.7.3")),
            ("quarkus", "Keycloak stopped in 1.218s", Some(Life::Stopped)),
            ("quarkus", "Profile dev activated. ", None),
            ("KeycloakErrorHandler", "Uncaught server error: java.lang.NullPointerException", Some(Life::Crashed)),
            ("KeycloakErrorHandler", "Error response 409", None),
            ("Profile", "Preview features enabled: dpop, token-exchange", Some(Life::Dpop)),
            ("Profile", "Preview features enabled: token-exchange:v1", None),
            ("as", "WFLYSRV0025: Keycloak 16.1.1 (WildFly Core 18.0.4.Final) started in 19067ms - Started 692", started("16.1.1")),
            ("as", "WFLYSRV0050: Keycloak 16.1.1 (WildFly Core 18.0.4.Final) stopped in 69ms", Some(Life::Stopped)),
            ("CLUSTER", "ISPN000094: Received new cluster view for channel ISPN: [a(v=16)|1] (2) [a(v=16), b(v=16)]", Some(Life::View { members: 2 })),
            ("CLUSTER", "ISPN100000: Node b joined the cluster", Some(Life::Joined)),
            ("CLUSTER", "ISPN100001: Node b left the cluster", Some(Life::Left)),
        ];
        for (logger, message, want) in table {
            assert_eq!(read(logger.as_bytes(), message.as_bytes()), *want, "{message}");
        }
    }
}

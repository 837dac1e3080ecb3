//! What a server prints when it cannot get at its database.
//!
//! Input: logger and message of a record. Output: whether that is what it says. The words are those of the connection pools (Agroal since 17, `IronJacamar` of `WildFly`), of
//! Hibernate, which names the state of SQL, and of Keycloak for a request that ended so. A message counts by its beginning, or by what Hibernate wrote itself: what a
//! client sent can stand further behind. Constraint violations, deadlocks and leaks are no such trouble: the database answers.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;

/// Classes and states of SQL that say that there is no connection, no room for one, or no server: connection exception, insufficient resources, operator
/// intervention, system error; and the timeouts of ODBC, as SQL Server's driver has them.
const STATES: [&[u8]; 6] = [b"08", b"53", b"57P", b"58", b"HYT", b"S1T"];

/// How messages of pools and drivers begin, as Hibernate and Agroal hand them on.
const BEGINNINGS: [&[u8]; 16] = [
    b"Acquisition timeout",
    b"Sorry, acquisition timeout",
    b"Unable to acquire JDBC Connection",
    b"Connection validation failed",
    b"Closing connection in incorrect state VALIDATION",
    // PostgreSQL's driver
    b"Connection to ",
    b"The connection attempt failed",
    b"An I/O error occurred while sending to the backend",
    b"This connection has been closed",
    b"FATAL: ",
    // MySQL's, MariaDB's
    b"Communications link failure",
    b"Socket fail to connect to host",
    b"Could not connect to ",
    // SQL Server's, Oracle's
    b"The TCP/IP connection to the host",
    b"IO Error: ",
    b"ORA-12",
];

/// Marks of `IronJacamar`: no new connection, none from the pool, none in time.
const MARKS: [&[u8]; 4] = [b"IJ000604:", b"IJ000453:", b"IJ000655:", b"IJ031084:"];

/// What a request ended with, by the name that Java has for it.
const ENDS: [&[u8]; 3] = [b"JDBCConnectionException", b"SQLTransientConnectionException", b"Unable to acquire JDBC Connection"];

/// Finds one of [`ENDS`]: made ready once, as a server in trouble of any kind prints one such line for each request.
fn ends() -> &'static AhoCorasick {
    static FINDER: OnceLock<AhoCorasick> = OnceLock::new();
    FINDER.get_or_init(|| AhoCorasick::new(ENDS).expect("three short patterns make an automaton"))
}

/// Whether a logger can say so; `segment` is the last one of its name.
#[must_use]
pub(super) fn is_logger(segment: &[u8], logger: &[u8]) -> bool {
    match segment {
        b"SqlExceptionHelper" | b"OnePool" | b"KeycloakErrorHandler" => true,
        // Quarkus abbreviates names by default
        b"pool" => logger.starts_with(b"io.agr"),
        b"DataSources" => logger.starts_with(b"io.qua"),
        // Hibernate 7
        b"error" => logger.ends_with(b"jdbc.error") || logger.ends_with(b"jdb.error"),
        _ => false,
    }
}

/// Whether a message says so; `logger` is the last segment of its logger's name.
#[must_use]
pub(super) fn is_trouble(logger: &[u8], message: &[u8]) -> bool {
    match logger {
        b"KeycloakErrorHandler" => ends().is_match(message),
        b"OnePool" => has_mark(message),
        b"pool" | b"DataSources" => begins(message.strip_prefix(b"Datasource '").and_then(behind_name).unwrap_or(message)),
        b"SqlExceptionHelper" | b"error" => state(message).map_or_else(|| begins(message) || has_mark(message), is_disconnected),
        _ => false,
    }
}

/// `<default>': Acquisition timeout …` to what stands behind the name.
fn behind_name(rest: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(rest, b"': ")?;
    Some(&rest[at + 3..])
}

fn begins(message: &[u8]) -> bool {
    BEGINNINGS.iter().any(|b| message.starts_with(b))
}

/// `IJ000453: …`, alone or behind an exception's name.
fn has_mark(message: &[u8]) -> bool {
    let exception = message.strip_prefix(b"javax.resource.ResourceException: ").unwrap_or(message);
    MARKS.iter().any(|m| exception.starts_with(m))
}

/// `SQL Error: 0, SQLState: 08001` (Hibernate 5 and 6), `HHH000247: ErrorCode: 0, SQLState: 08001` (7): what stands behind it.
fn state(message: &[u8]) -> Option<&[u8]> {
    let rest = message.strip_prefix(b"SQL Error: ").or_else(|| message.strip_prefix(b"HHH000247: ErrorCode: "))?;
    let at = memmem::find(rest, b", SQLState: ")?;
    Some(&rest[at + 12..])
}

fn is_disconnected(state: &[u8]) -> bool {
    STATES.iter().any(|s| state.starts_with(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_when_the_database_does_not_answer() {
        // real lines: keycloak/keycloak issues 16398, 16448, 17485, 43633, bitnami/charts 4641, helm/charts 8437; and recordings
        let table: &[(&str, &str, bool)] = &[
            ("io.agroal.pool", "Datasource '<default>': Connection to postgres:5432 refused. Check that the hostname and port are correct", true),
            ("io.agroal.pool", "Datasource '<default>': Closing connection in incorrect state VALIDATION", true),
            ("io.agroal.pool", "Datasource '<default>': FATAL: password authentication failed for user \"keycloak_user\"", true),
            ("io.agroal.pool", "Datasource '<default>': JDBC resources leaked: 1 ResultSet(s) and 0 Statement(s)", false),
            ("io.quarkus.agroal.runtime.DataSources", "Datasource <default> enables XA but transaction recovery is not enabled. Please enable", false),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "SQL Error: 0, SQLState: 08001", true),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "SQL Error: 0, SQLState: 57P01", true),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "Acquisition timeout while waiting for new connection", true),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "SQL Error: 23505, SQLState: 23505", false),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "SQL Error: 0, SQLState: null", false),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "ERROR: duplicate key value violates unique constraint \"uk_1\" Key=(IJ000453:)", false),
            ("org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "javax.resource.ResourceException: IJ000453: Unable to get managed connection for java", true),
            ("org.hibernate.orm.jdbc.error", "HHH000247: ErrorCode: 0, SQLState: 08006", true),
            ("org.hibernate.orm.jdbc.error", "Batch entry 0 insert into OFFLINE_USER_SESSION (BROKER_SESSION_ID) ...", false),
            ("org.jboss.jca.core.connectionmanager.pool.strategy.OnePool", "IJ000604: Throwable while attempting to get a new connection: null", true),
            (
                "org.keycloak.services.error.KeycloakErrorHandler",
                "Uncaught server error: org.hibernate.exception.GenericJDBCException: Unable to acquire JDBC Connection [Sorry, acquisition timeout!] [n/a]",
                true,
            ),
            ("org.keycloak.services.error.KeycloakErrorHandler", "Uncaught server error: java.lang.NullPointerException", false),
            ("org.example.pool", "Acquisition timeout", false),
        ];
        for (logger, message, want) in table {
            let segment = logger.rsplit('.').next().unwrap_or_default().as_bytes();
            let said = is_logger(segment, logger.as_bytes()) && is_trouble(segment, message.as_bytes());
            assert_eq!(said, *want, "{logger}: {message}");
        }
    }
}

//! Writes a made-up Keycloak log of a given size, always the same for the same arguments, to measure with.
//!
//! `cargo run --release --example corpus -- KIND MIB [CLIENTS [SESSIONS]] > FILE`, where KIND is
//! `sparse` (2 % failures, no success events: a default server), `success` (the same with success events), `dense` (60 % failures), `dense-json`,
//! `long-values` (names of 124,000 letters among them), `quotes` (values made to be read in many ways), `names` (every client of a failure another), `realms`
//! (every realm another), `pairs` (every pair of a realm and a client another), `strangers` (every session, address, thread and reason another), `times` (every
//! time another, in no order), `session` (all of one session).
//!
//! CLIENTS are the clients that there are (40), SESSIONS the sessions that there are in all; where that is not said 4096 live at a time, and others take their place.
//! The sessions are coherent (a login, an exchange, refreshes), and a refused code has its companion on the same thread. It holds no traps beyond the hostile
//! kinds: that a program is fast on it says nothing about its being right.

#[path = "../tests/dice/mod.rs"]
mod dice;

use std::io::{self, BufWriter, Write};

use dice::Dice;

impl Dice {
    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 48 & 0xfff, b & 0xffff_ffff_ffff)
    }
}

struct Session {
    id: String,
    client: u64,
    exchanged: bool,
}

struct Server {
    dice: Dice,
    kind: String,
    clients: u64,
    realm: String,
    sessions: Vec<Session>,
    /// How many there can be, and whether one that is there lasts.
    places: u64,
    lasting: bool,
    /// Milliseconds since the log began.
    time: u64,
}

/// Failures and how many of a hundred they are; the second word of a code's own is what the parser prints before it.
const FAILURES: [(&str, &str, u64); 8] = [
    ("CODE_TO_TOKEN_ERROR", "invalid_code", 30),
    ("CODE_TO_TOKEN_ERROR", "invalid_client_credentials", 6),
    ("CODE_TO_TOKEN_ERROR", "pkce_verification_failed", 4),
    ("LOGIN_ERROR", "invalid_user_credentials", 30),
    ("REFRESH_TOKEN_ERROR", "invalid_token", 18),
    ("CLIENT_LOGIN_ERROR", "invalid_client_credentials", 6),
    ("INTROSPECT_TOKEN_ERROR", "invalid_token", 4),
    ("TOKEN_EXCHANGE_ERROR", "not_allowed", 2),
];

impl Server {
    fn record(&mut self, out: &mut impl Write, level: &str, logger: &str, thread: u64, message: &str) -> io::Result<u64> {
        if self.kind == "times" {
            self.time = self.dice.below(30 * 86_400_000);
        }
        let (day, ms) = (1 + self.time / 86_400_000, self.time % 86_400_000);
        let (h, m, s, f) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        let line = if self.kind == "dense-json" {
            let message = message.replace('\\', r"\\").replace('"', "\\\"");
            format!(
                "{{\"timestamp\":\"2026-03-{day:02}T{h:02}:{m:02}:{s:02}.{f:03}Z\",\"sequence\":{ms},\"loggerClassName\":\"org.jboss.logging.Logger\",\"loggerName\":\"{logger}\",\"level\":\"{}\",\"message\":\"{message}\",\"threadName\":\"executor-thread-{thread}\",\"threadId\":{thread},\"mdc\":{{}},\"ndc\":\"\",\"hostName\":\"kc-0\",\"processName\":\"/opt/java/bin/java\",\"processId\":1}}\n",
                level.trim_end()
            )
        } else {
            format!("2026-03-{day:02} {h:02}:{m:02}:{s:02},{f:03} {level} [{logger}] (executor-thread-{thread}) {message}\n")
        };
        out.write_all(line.as_bytes())?;
        Ok(line.len() as u64)
    }

    /// A client's name; an attacker's where the corpus is hostile.
    fn client(&mut self, number: u64) -> String {
        match self.kind.as_str() {
            "names" => format!("client-{:016x}", self.dice.next()),
            "pairs" => format!("client-{}", self.dice.below(4000)),
            "quotes" if self.dice.below(50) == 0 => "x\\\\\", a=\\\"".repeat(3000),
            "long-values" if self.dice.below(200) == 0 => "x".repeat(124_000),
            _ => format!("client-{number}"),
        }
    }

    /// A realm's name.
    fn realm(&mut self) -> String {
        match self.kind.as_str() {
            "realms" => format!("realm-{:016x}", self.dice.next()),
            "pairs" => format!("realm-{}", self.dice.below(4000)),
            _ => "prod".to_owned(),
        }
    }

    fn failure(&mut self, out: &mut impl Write) -> io::Result<u64> {
        let strange = self.kind == "strangers";
        let thread = if strange { self.dice.next() >> 16 } else { self.dice.below(64) };
        let mut pick = self.dice.below(100);
        let mut kind = FAILURES[0];
        for row in FAILURES {
            kind = row;
            if pick < row.2 {
                break;
            }
            pick -= row.2;
        }
        let (event, error, _) = kind;
        let known = self.dice.below(self.sessions.len() as u64);
        let known = if self.kind == "session" { 0 } else { known };
        let (mut session, number) = self.sessions.get(usize::try_from(known).unwrap_or(0)).map_or((self.realm.clone(), 0), |s| (s.id.clone(), s.client));
        if strange {
            session = self.dice.uuid();
        }
        let mut written = 0;
        if error == "invalid_code" && self.dice.below(10) < 7 {
            let (code, uuid) = (self.dice.uuid(), self.dice.uuid());
            let message = format!("Code '{code}' already used for userSession '{session}' and client '{uuid}'.");
            written += self.record(out, "WARN ", "org.keycloak.protocol.oidc.utils.OAuth2CodeParser", thread, &message)?;
        }
        let (client, user, ip) = (self.client(number), self.dice.uuid(), self.dice.below(60_000));
        let address = if strange { format!("2001:db8::{:x}:{:x}", ip, self.dice.below(60_000)) } else { format!("10.0.{}.{}", ip / 256, ip % 256) };
        let reason = if strange { format!(", reason=\"no reason {:016x}\"", self.dice.next()) } else { String::new() };
        let realm = self.realm();
        let realm_id = if realm == "prod" { &self.realm } else { &realm };
        let details = match event {
            "LOGIN_ERROR" => {
                format!("auth_method=\"openid-connect\", redirect_uri=\"https://{number}.example.com/callback\", code_id=\"{session}\", username=\"u{ip}\"")
            }
            "REFRESH_TOKEN_ERROR" => {
                format!("grant_type=\"refresh_token\", refresh_token_type=\"Refresh\", refresh_token_id=\"{user}\", client_auth_method=\"client-secret\"")
            }
            _ => format!("grant_type=\"authorization_code\", code_id=\"{session}\", client_auth_method=\"client-secret\""),
        };
        let user = if event == "CODE_TO_TOKEN_ERROR" { "null" } else { &user };
        let message = format!(
            "type=\"{event}\", realmId=\"{realm_id}\", realmName=\"{realm}\", clientId=\"{client}\", userId=\"{user}\", ipAddress=\"{address}\", error=\"{error}\"{reason}, {details}"
        );
        Ok(written + self.record(out, "WARN ", "org.keycloak.events", thread, &message)?)
    }

    fn success(&mut self, out: &mut impl Write) -> io::Result<u64> {
        let place = usize::try_from(self.dice.below(self.places)).unwrap_or(0);
        let (user, token, thread) = (self.dice.uuid(), self.dice.uuid(), self.dice.below(64));
        let (event, details) = match self.sessions.get_mut(place).filter(|_| self.lasting || token.as_bytes()[0] % 3 != 0) {
            Some(s) if s.exchanged => ("REFRESH_TOKEN", format!("grant_type=\"refresh_token\", refresh_token_type=\"Refresh\", refresh_token_id=\"{token}\"")),
            Some(s) => {
                s.exchanged = true;
                ("CODE_TO_TOKEN", format!("grant_type=\"authorization_code\", refresh_token_type=\"Refresh\", refresh_token_id=\"{token}\""))
            }
            None => {
                let new = Session { id: self.dice.uuid(), client: self.dice.below(self.clients), exchanged: false };
                if place < self.sessions.len() {
                    self.sessions[place] = new;
                } else {
                    self.sessions.push(new);
                }
                ("LOGIN", "auth_method=\"openid-connect\", auth_type=\"code\", response_type=\"code\", redirect_uri=\"https://shop.example.com/\"".to_owned())
            }
        };
        let session = &self.sessions[place.min(self.sessions.len() - 1)];
        let message = format!(
            "type=\"{event}\", realmId=\"{}\", realmName=\"prod\", clientId=\"client-{}\", userId=\"{user}\", sessionId=\"{}\", ipAddress=\"10.1.2.3\", {details}, client_auth_method=\"client-secret\"",
            self.realm, session.client, session.id
        );
        self.record(out, "DEBUG", "org.keycloak.events", thread, &message)
    }

    fn other(&mut self, out: &mut impl Write) -> io::Result<u64> {
        let (thread, n) = (self.dice.below(64), self.dice.below(1_000_000));
        if n % 40 == 0 {
            let mut written =
                self.record(out, "ERROR", "org.keycloak.services.error.KeycloakErrorHandler", thread, "Uncaught server error: java.lang.NullPointerException")?;
            if self.kind != "dense-json" {
                for depth in 0..20 {
                    let frame = format!("\tat org.keycloak.protocol.oidc.endpoints.TokenEndpoint.process{depth}(TokenEndpoint.java:{n})\n");
                    out.write_all(frame.as_bytes())?;
                    written += frame.len() as u64;
                }
            }
            return Ok(written);
        }
        let columns = "ue1_0.ID,ue1_0.CREATED_TIMESTAMP,ue1_0.EMAIL,ue1_0.EMAIL_CONSTRAINT,ue1_0.ENABLED,ue1_0.FIRST_NAME,ue1_0.LAST_NAME";
        self.record(out, "DEBUG", "org.hibernate.SQL", thread, &format!("select {columns} from USER_ENTITY ue1_0 where ue1_0.ID=? /* {n} */"))
    }

    fn write(&mut self, out: &mut impl Write, bytes: u64) -> io::Result<()> {
        let (failures, successes) = match self.kind.as_str() {
            "sparse" => (20, 0),
            "success" => (20, 600),
            _ => (600, 150),
        };
        let mut written = 0;
        while written < bytes {
            self.time += self.dice.below(53);
            written += match self.dice.below(1000) {
                n if n < failures => self.failure(out)?,
                n if n < failures + successes => self.success(out)?,
                _ => self.other(out)?,
            };
        }
        out.flush()
    }
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| arguments.get(at).and_then(|a| a.parse().ok()).unwrap_or(default);
    let mut dice = Dice(1);
    let realm = dice.uuid();
    let kind = arguments.first().cloned().unwrap_or_else(|| "sparse".to_owned());
    let mut server = Server { dice, kind, clients: number(2, 40), realm, sessions: Vec::new(), places: number(3, 4096), lasting: arguments.len() > 3, time: 0 };
    server.write(&mut BufWriter::with_capacity(1 << 20, io::stdout().lock()), number(1, 1) << 20)
}

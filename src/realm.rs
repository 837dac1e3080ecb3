//! What a realm export says of realms and their clients.
//!
//! A leaf module. Input: an export as `kc.sh export`, the admin console or `kcadm.sh` writes it: one realm, an array of realms, or a folder with a file
//! for each. Output: [`Realms`]. The types have no field for a secret, a key or a user, and the file is read in pieces: what is not named here is
//! passed over and kept nowhere, and an error tells its place and never the text.
//!
//! ```
//! let realms = kctriage::realm::Realms::read(&br#"{"realm":"shop","accessCodeLifespan":30,"clients":[{"clientId":"web","secret":"x"}]}"#[..]).unwrap();
//! assert_eq!(realms.find(None, Some("shop")).unwrap().code_lifespan_ms, Some(30_000));
//! ```

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

/// How a client has to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// It has no credentials.
    Public,
    /// With its secret.
    Secret,
    /// With an assertion that it signs, with its secret or a key of its own.
    Signed,
    /// With a certificate, or in a way that is not known here.
    Other,
}

/// One client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its uuid, where the export has it.
    pub uuid: Option<String>,
    /// It may be used.
    pub enabled: bool,
    /// How it has to authenticate.
    pub method: Method,
    /// The PKCE method that it must use.
    pub pkce: Option<String>,
    /// The redirect URIs that it may use.
    pub redirect_uris: Vec<String>,
}

/// One realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Its id, where the export has it.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// How long a code lives.
    pub code_lifespan_ms: Option<i64>,
    /// How long a session may be idle.
    pub session_idle_ms: Option<i64>,
    /// How long a session lives.
    pub session_max_ms: Option<i64>,
    /// Its clients by `clientId`; empty where the export has none.
    pub clients: HashMap<String, Client>,
}

/// The realms of all exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Realms(Vec<Realm>);

/// Why an export cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is something else. The parser's own words can quote the text, so only the place is told.
    #[error("is no realm export: line {line}, column {column} is not what one has there")]
    Foreign {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A folder without exports.
    #[error("no file in it is named as an export is (shop-realm.json)")]
    Empty,
}

impl Realms {
    /// Reads one export.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn read(from: impl Read) -> Result<Self, ExportError> {
        let file: ExportFile = serde_json::from_reader(from).map_err(|e| match e.io_error_kind() {
            Some(kind) => ExportError::Unreadable(kind.into()),
            None => ExportError::Foreign { line: e.line(), column: e.column() },
        })?;
        Ok(Realms(file.0.into_iter().map(ready).collect()))
    }

    /// Reads a file, or every `<realm>-realm.json` of a folder.
    ///
    /// # Errors
    /// When one of them cannot be read, or is something else; with its path.
    pub fn open(path: &Path) -> Result<Self, (PathBuf, ExportError)> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |e: io::Error| (path, ExportError::from(e))
        };
        if !path.is_dir() {
            let file = File::open(path).map_err(at(path))?;
            return Realms::read(BufReader::new(file)).map_err(|e| (path.to_owned(), e));
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(path).map_err(at(path))? {
            let file = entry.map_err(at(path))?.path();
            if file.file_name().is_some_and(|n| n.to_string_lossy().ends_with("-realm.json")) {
                files.push(file);
            }
        }
        files.sort();
        let mut all = Realms::default();
        for file in &files {
            all.add(Realms::open(file)?);
        }
        if files.is_empty() { Err((path.to_owned(), ExportError::Empty)) } else { Ok(all) }
    }

    /// Adds those of another export; of two of the same realm the later one is believed.
    pub fn add(&mut self, other: Realms) {
        for realm in other.0 {
            self.0.retain(|r| r.name != realm.name);
            self.0.push(realm);
        }
    }

    /// Returns the realm of that id, else of that name.
    #[must_use]
    pub fn find(&self, id: Option<&str>, name: Option<&str>) -> Option<&Realm> {
        let by_id = |id: &str| self.0.iter().find(|r| r.id.as_deref() == Some(id));
        let by_name = |name: &str| self.0.iter().find(|r| r.name == name);
        id.and_then(by_id).or_else(|| name.and_then(by_name))
    }

    /// Whether no export was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all realms.
    pub fn iter(&self) -> impl Iterator<Item = &Realm> {
        self.0.iter()
    }
}

/// The keys of a realm that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RealmText {
    id: Option<String>,
    realm: String,
    access_code_lifespan: Option<i64>,
    sso_session_idle_timeout: Option<i64>,
    sso_session_max_lifespan: Option<i64>,
    clients: Option<Vec<ClientText>>,
}

/// The keys of a client that matter here. There is none for its secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientText {
    id: Option<String>,
    client_id: String,
    enabled: Option<bool>,
    public_client: Option<bool>,
    client_authenticator_type: Option<String>,
    redirect_uris: Option<Vec<String>>,
    attributes: Option<AttributesText>,
}

/// The attributes that matter here; a client's rotated secret is another one.
#[derive(Deserialize)]
struct AttributesText {
    #[serde(rename = "pkce.code.challenge.method")]
    pkce: Option<String>,
}

/// One realm or an array of them. Told apart as they are read: an untagged enum would keep the whole file in memory first.
struct ExportFile(Vec<RealmText>);

impl<'de> Deserialize<'de> for ExportFile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ExportFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a realm or an array of realms")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ExportFile, A::Error> {
                Ok(ExportFile(vec![RealmText::deserialize(MapAccessDeserializer::new(map))?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ExportFile, A::Error> {
                let mut all = Vec::new();
                while let Some(realm) = seq.next_element()? {
                    all.push(realm);
                }
                Ok(ExportFile(all))
            }
        }
        from.deserialize_any(Either)
    }
}

/// Seconds as milliseconds; 0 means that another setting counts.
fn ms(seconds: Option<i64>) -> Option<i64> {
    seconds.filter(|s| *s > 0)?.checked_mul(1000)
}

fn ready(text: RealmText) -> Realm {
    let clients = text.clients.unwrap_or_default().into_iter().map(|c| {
        let method = match c.client_authenticator_type.as_deref() {
            _ if c.public_client == Some(true) => Method::Public,
            None | Some("" | "client-secret") => Method::Secret,
            Some("client-jwt" | "client-secret-jwt") => Method::Signed,
            Some(_) => Method::Other,
        };
        let client = Client {
            uuid: c.id,
            enabled: c.enabled != Some(false),
            method,
            pkce: c.attributes.and_then(|a| a.pkce).filter(|p| !p.is_empty()),
            redirect_uris: c.redirect_uris.unwrap_or_default(),
        };
        (c.client_id, client)
    });
    Realm {
        id: text.id,
        code_lifespan_ms: ms(text.access_code_lifespan),
        session_idle_ms: ms(text.sso_session_idle_timeout),
        session_max_ms: ms(text.sso_session_max_lifespan),
        clients: clients.collect(),
        name: text.realm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"{"id":"i-1","realm":"shop","accessCodeLifespan":60,"ssoSessionIdleTimeout":1800,"ssoSessionMaxLifespan":0,"users":[{"username":"CANARY"}],
        "smtpServer":{"password":"CANARY"},"clients":[
        {"id":"u-1","clientId":"web","secret":"CANARY","publicClient":false,"redirectUris":["http://a/*"],"attributes":{"client.secret.rotated":"CANARY","pkce.code.challenge.method":""}},
        {"id":"u-2","clientId":"svc","clientAuthenticatorType":"client-secret-jwt","enabled":false},
        {"clientId":"spa","publicClient":true,"clientAuthenticatorType":"client-secret","attributes":{"pkce.code.challenge.method":"S256"}},
        {"clientId":"mtls","clientAuthenticatorType":"client-x509","attributes":null}]}"#;

    #[test]
    fn one_realm_and_an_array_say_the_same_and_keep_no_secret() {
        let one = Realms::read(SHOP.as_bytes()).expect("an export");
        assert_eq!(Realms::read(format!("[{SHOP}]").as_bytes()).expect("an export"), one);
        assert!(!format!("{one:?}").contains("CANARY"));
        let realm = one.find(Some("i-1"), None).expect("the realm");
        assert_eq!(one.find(Some("shop"), Some("shop")), Some(realm));
        assert_eq!((realm.code_lifespan_ms, realm.session_idle_ms, realm.session_max_ms), (Some(60_000), Some(1_800_000), None));
        let methods = [("web", Method::Secret), ("svc", Method::Signed), ("spa", Method::Public), ("mtls", Method::Other)];
        for (client, method) in methods {
            assert_eq!(realm.clients[client].method, method, "{client}");
        }
        assert_eq!((realm.clients["web"].pkce.as_deref(), realm.clients["spa"].pkce.as_deref()), (None, Some("S256")));
        assert!(realm.clients["web"].enabled && !realm.clients["svc"].enabled);
    }

    #[test]
    fn what_is_no_export_is_refused_without_quoting_it() {
        for text in [
            r#"{"clients":[{"clientId":"web","secret":"CANARY"}]}"#,
            r#"{"realm":"shop","clients":"CANARY"}"#,
            r#"{"realm":"shop","accessCodeLifespan":"CANARY"}"#,
            r#""CANARY""#,
            "CANARY",
            "",
        ] {
            let error = Realms::read(text.as_bytes()).expect_err(text);
            let said = format!("{error} {error:?}");
            assert!(matches!(error, ExportError::Foreign { .. }) && !said.contains("CANARY"), "{said}");
        }
    }

    #[test]
    fn a_folder_has_a_file_for_each_realm() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(Realms::open(folder.path()), Err((_, ExportError::Empty))));
        fs::write(folder.path().join("shop-realm.json"), SHOP).expect("a file");
        fs::write(folder.path().join("bank-realm.json"), SHOP.replace("shop", "bank").replace("i-1", "i-2")).expect("a file");
        fs::write(folder.path().join("shop-users-0.json"), r#"{"realm":"other","users":[]}"#).expect("a file");
        let realms = Realms::open(folder.path()).expect("two realms");
        assert_eq!(realms.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["bank", "shop"]);
        assert!(matches!(Realms::open(&folder.path().join("none.json")), Err((_, ExportError::Unreadable(_)))));
    }
}

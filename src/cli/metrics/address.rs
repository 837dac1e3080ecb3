//! Where metrics are served, as a person writes it.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// Reads an address. A port alone means this machine only: nothing is opened to others that was not named.
pub fn parse(text: &str) -> Result<Vec<SocketAddr>, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) {
        let port = port.parse().map_err(|_| "there is no such port".to_owned())?;
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into()]);
    }
    if !text.contains(':') {
        return Err("it has no port".to_owned());
    }
    match text.to_socket_addrs().map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err("it has no address".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_this_machine_only() {
        let table = [
            ("9464", Some("127.0.0.1:9464")),
            (":9464", Some("127.0.0.1:9464")),
            ("127.0.0.1:0", Some("127.0.0.1:0")),
            ("[::1]:9464", Some("[::1]:9464")),
            ("0.0.0.0:9464", Some("0.0.0.0:9464")),
            ("[::]:9464", Some("[::]:9464")),
            ("99999", None),
            (":", None),
            ("", None),
            ("127.0.0.1", None),
            ("::1", None),
            ("http://127.0.0.1:9464/metrics", None),
        ];
        for (text, want) in table {
            assert_eq!(parse(text).ok().map(|a| a[0].to_string()).as_deref(), want, "{text}");
        }
    }
}

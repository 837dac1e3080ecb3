use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;

#[test]
fn nothing_acts_on_a_terminal() {
    let table = [
        ("plain", "plain"),
        ("", ""),
        ("Ünïcode 日本", "Ünïcode 日本"),
        ("a\u{1b}]52;c;eA==\u{7}b", r"a\x1b]52;c;eA==\x07b"),
        ("a\rb\nc\td", r"a\x0db\x0ac\x09d"),
        ("\u{9b}31m", r"\u{9b}31m"),
        ("\u{7f}\0", r"\x7f\x00"),
        ("\u{202e}gpj\u{2066}\u{200b}\u{200e}\u{61c}\u{feff}", r"\u{202e}gpj\u{2066}\u{200b}\u{200e}\u{61c}\u{feff}"),
        ("a\u{2028}b\u{85}c", r"a\u{2028}b\u{85}c"),
        ("e\u{301}\u{301}\u{301}\u{301}x", "e\u{301}\u{301}x"),
    ];
    for (text, want) in table {
        assert_eq!(Untrusted::new(text).terminal(80), want, "{text:?}");
    }
}

#[test]
fn long_text_is_cut_at_a_width() {
    let table = [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde…"), ("日本語", 6, "日本語"), ("日本語x", 6, "日本…"), ("ab\u{1b}c", 5, "ab…"), ("abc", 1, "…")];
    for (text, columns, want) in table {
        assert_eq!(Untrusted::new(text).terminal(columns), want, "{text:?} in {columns}");
    }
}

#[test]
fn secrets_are_known_by_their_shape() {
    let table = [
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[secret]"),
        ("x eyJhbGciOi", "x [secret]"),
        ("eyJhbGciOiJSUzI1NiJ9%2EeyJzdWIiOiIxIn0", "[secret]"),
        ("ZXlKaGJHY2lPaUpT", "[secret]"),
        ("Bearer abcdef123456", "Bearer [secret]"),
        ("DPoP abcdefghijklmnopq", "DPoP [secret]"),
        ("authorization: basic%20dXNlcjpwYXNz", "authorization: basic [secret]"),
        ("https://bob:pa@ss@idp.example/x?y", "https://[secret]@idp.example/x?y"),
        (r"https:\/\/bob:pass@idp", "https://[secret]@idp"),
        ("5a3c0f8e-4a4e-4d6e-9a0e-1f2e3d4c5b6a.8BR2w40pAbCdEfGhIjKlMnOp.0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "[secret]"),
        ("5a3c0f8e-4a4e-4d6e-9a0e-1f2e3d4c5b6a.8BR2w40pAbCdEf", "[secret]"),
        ("q8BR2w40pAbCdEfGhIjKlMnO.8BR2w40p", "[secret]"),
        ("nZ8vQ2kLxT5bR1cW7yHdF3gJ9mPs4aUe", "[secret]"),
        ("sig 3q2-7wXyZ_aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV", "sig [secret]"),
        ("web-portal", "web-portal"),
        ("keycloak-discovery-headless.keycloak-production-system.svc", "keycloak-discovery-headless.keycloak-production-system.svc"),
        ("org.keycloak.protocol.oidc.utils.OAuth2CodeParser", "org.keycloak.protocol.oidc.utils.OAuth2CodeParser"),
        ("OAuth2ClientCredentialsGrantTypeProviderFactory", "OAuth2ClientCredentialsGrantTypeProviderFactory"),
        ("8BR2w40pAbCdEfGhIjKlMnOp", "8BR2w40pAbCdEfGhIjKlMnOp"),
        ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a basic client", "a basic client"),
        ("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
        ("https://app.example/callback", "https://app.example/callback"),
        ("10.0.0.4", "10.0.0.4"),
        ("me@example.org", "me@example.org"),
    ];
    for (text, want) in table {
        assert_eq!(Untrusted::new(text).masked(), want, "{text:?}");
    }
}

#[test]
fn secrets_of_a_line_are_known_by_their_parameter() {
    let table = [
        ("grant_type=x&client_secret=hunter2&code=abc", "grant_type=x&client_secret=[secret]&code=[secret]"),
        (r#"{"password":"hunter2","user":"bob"}"#, r#"{"password":"[secret]","user":"bob"}"#),
        (r#"{\"password\":\"hunter2 of mine\",\"user\":\"bob\"}"#, r#"{"password":"[secret]","user":"bob"}"#),
        (r#"error="invalid_code", code_id="8BR2""#, r#"error="invalid_code", code_id="8BR2""#),
        (r#"error="x", password="two words", b="1""#, r#"error="x", password="[secret]", b="1""#),
        ("password: hunter2", "password: [secret]"),
        ("Cookie: AUTH_SESSION_ID=abc.def; x=1", "Cookie: [secret]; x=1"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [secret]"),
        ("Invalid parameter: code", "Invalid parameter: code"),
        ("refused with error code: 404", "refused with error code: 404"),
        ("client_secret=", "client_secret="),
    ];
    for (text, want) in table {
        assert_eq!(Untrusted::new(text).excerpt(), want, "{text:?}");
    }
}

#[test]
fn secrets_are_known_through_their_encoding() {
    let table = [
        ("a client_secret%3Dhunter2%26b b", "a client_secret=[secret]&b b"),
        ("%63lient_secret=hunter2", "client_secret=[secret]"),
        ("%70%61%73%73%77%6f%72%64%3d%68%75%6e%74%65%72%32", "password=[secret]"),
        (r"\u0070assword=hunter2", "password=[secret]"),
        ("x Y2xpZW50X3NlY3JldD1odW50ZXIy y", "x [secret] y"),
        ("xY2xpZW50X3NlY3JldD1odW50ZXI", "[secret]"),
        ("c3ZjOmh1bnRlcjItb2YtbWluZQ==", "[secret]"),
        ("%59%32%78pZW50X3NlY3JldD1odW50ZXIy", "[secret]"),
        ("100%25 of them", "100%25 of them"),
        (r"C:\users\new", r"C:\users\new"),
        ("internationalisation", "internationalisation"),
    ];
    for (text, want) in table {
        assert_eq!(Untrusted::new(text).masked(), want, "{text:?}");
    }
}

#[test]
fn a_cut_does_not_uncover_a_secret() {
    let long = format!("{} eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0", "x".repeat(30));
    assert!(!Untrusted::new(&long).terminal(40).contains("eyJ"));
}

#[test]
fn no_cell_begins_a_formula() {
    for text in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x"] {
        assert_eq!(Untrusted::new(text).csv(), format!("'{text}"));
    }
    assert_eq!(Untrusted::new("\t=1\u{1b}").csv(), r"'\x09=1\x1b");
    assert_eq!(Untrusted::new("\r\n").csv(), r"'\x0d\x0a");
    assert_eq!(Untrusted::new("a=1").csv(), "a=1");
}

proptest! {
    #[test]
    fn whatever_is_logged_is_inert_and_fits(text in "\\PC*|(?s).{0,80}", columns in 1usize..60) {
        let shown = Untrusted::new(&text).terminal(columns);
        prop_assert!(!shown.chars().any(acts), "{shown:?}");
        prop_assert!(shown.width() <= columns, "{shown:?} in {columns}");
    }

    #[test]
    fn a_token_never_gets_through(before in "(?s).{0,20}[ \"=&]", token in "eyJ[A-Za-z0-9_-]{8,40}", after in "([ \"&].{0,10})?", columns in 1usize..80) {
        let text = format!("{before}{token}{after}");
        for shown in [Untrusted::new(&text).terminal(columns), Untrusted::new(&text).csv(), Untrusted::new(&text).masked().into_owned()] {
            prop_assert!(!shown.contains(&token[..8]), "{shown:?}");
        }
    }
}

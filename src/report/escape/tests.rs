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
        ("authorization: basic%20dXNlcjpwYXNz", "authorization: basic%20[secret]"),
        ("https://bob:pa@ss@idp.example/x?y", "https://[secret]@idp.example/x?y"),
        (r"https:\/\/bob:pass@idp", r"https:\/\/[secret]@idp"),
        ("5a3c0f8e-4a4e-4d6e-9a0e-1f2e3d4c5b6a.8BR2w40pAbCdEfGhIjKlMnOp.0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "[secret]"),
        ("web-portal", "web-portal"),
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
        (r#"error="invalid_code", code_id="8BR2""#, r#"error="invalid_code", code_id="8BR2""#),
    ];
    for (text, want) in table {
        assert_eq!(Untrusted::new(text).excerpt(), want, "{text:?}");
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

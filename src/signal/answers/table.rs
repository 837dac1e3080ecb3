//! Every answer that the token endpoint is known to give, from the sources of 16 to 26 and from recordings.
//!
//! Versions are given with a margin of one where a change fell between two that were looked at: a range too wide leaves a candidate more, one too narrow
//! would exclude the truth.

use super::{Answer, Event, Length};
use crate::cause::Cause::{
    ClientAuthMethod, ClientDisabled, ClientNotFound, ClockSkew, CodeExpired, CodeMalformed, CodeMissing, CodeOfOtherClient, CodeReused, DeviceCodeInvalid,
    GrantNotAllowed, PkceMismatch, RedirectUriMismatch, RefreshTokenInvalid, SessionTerminated, TokenExchangeDenied, Unclassified, Unlogged, UserCredentials,
    UserDisabled, WrongClientSecret,
};
use crate::cause::{Cause, Detail};

/// What a row has in common with most.
const fn answer(status: u16, error: &'static str, description: &'static str, event: Event, leaves: &'static [Cause]) -> Answer {
    Answer { status, error, description, length: Length::Exact, majors: (0, u32::MAX), event, leaves, detail: None }
}

impl Answer {
    const fn from(self, first: u32) -> Self {
        Answer { majors: (first, self.majors.1), ..self }
    }

    const fn to(self, last: u32) -> Self {
        Answer { majors: (self.majors.0, last), ..self }
    }

    const fn open(self) -> Self {
        Answer { length: Length::Open, ..self }
    }

    const fn bare(self) -> Self {
        Answer { length: Length::Bare, ..self }
    }

    const fn detail(self, detail: Detail) -> Self {
        Answer { detail: Some(detail), ..self }
    }
}

/// An event with one of these errors stands beside it.
const fn logged(errors: &'static [&'static str]) -> Event {
    Event::Error(errors)
}

/// The table.
#[rustfmt::skip] // one answer, one row
pub const ANSWERS: &[Answer] = &[
    // the code
    answer(400, "invalid_grant", "Code not valid", logged(&["invalid_code"]), &[CodeExpired, CodeReused, SessionTerminated, CodeMalformed]),
    answer(400, "invalid_grant", "Code is expired", logged(&["expired_code"]), &[CodeExpired]),
    answer(400, "invalid_grant", "User session not found", logged(&["user_session_not_found"]), &[SessionTerminated, CodeReused, CodeMalformed]),
    answer(400, "invalid_grant", "User not found", logged(&["user_not_found"]), &[Unclassified]),
    answer(400, "invalid_grant", "User disabled", logged(&["user_disabled", "invalid_token"]), &[UserDisabled]),
    answer(400, "invalid_grant", "Incorrect redirect_uri", logged(&["invalid_code", "invalid_redirect_uri"]), &[RedirectUriMismatch, CodeOfOtherClient]),
    answer(400, "invalid_grant", "Auth error", logged(&["invalid_code", "invalid_client"]), &[CodeOfOtherClient]),
    answer(400, "invalid_grant", "Auth error: Found different client_id in clientSession", logged(&["invalid_code", "invalid_client"]), &[CodeOfOtherClient]).from(24),
    answer(400, "invalid_grant", "Client not allowed to exchange code", logged(&["not_allowed"]), &[GrantNotAllowed]),
    answer(400, "invalid_request", "Missing parameter: code", logged(&["invalid_code"]), &[CodeMissing]),
    // PKCE
    answer(400, "invalid_grant", "PKCE code verifier not specified", logged(&["code_verifier_missing"]), &[PkceMismatch]).detail(Detail::Missing),
    answer(400, "invalid_grant", "PKCE verification failed", logged(&["pkce_verification_failed"]), &[PkceMismatch]).detail(Detail::Mismatch).to(25),
    answer(400, "invalid_grant", "PKCE verification failed: Code mismatch", logged(&["pkce_verification_failed"]), &[PkceMismatch]).detail(Detail::Mismatch).from(24),
    answer(400, "invalid_grant", "PKCE invalid code verifier", logged(&["invalid_code_verifier"]), &[PkceMismatch]).detail(Detail::Malformed).to(25),
    answer(400, "invalid_grant", "PKCE verification failed: Invalid code verifier", logged(&["invalid_code_verifier", "pkce_verification_failed"]), &[PkceMismatch]).detail(Detail::Malformed).from(24),
    answer(400, "invalid_grant", "PKCE code verifier specified but challenge not present in authorization", logged(&["invalid_code_verifier"]), &[PkceMismatch]).detail(Detail::Unexpected).from(22),
    answer(400, "invalid_grant", "PKCE code verification failed, not supported algorithm specified", logged(&["pkce_verification_failed"]), &[PkceMismatch]),
    // the refresh token
    answer(400, "invalid_grant", "Token is not active", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Expired),
    answer(400, "invalid_grant", "Session not active", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::SessionEnded),
    answer(400, "invalid_grant", "Session not active", logged(&["user_session_not_found"]), &[SessionTerminated]),
    answer(400, "invalid_grant", "Client session not active", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::SessionEnded).from(24),
    answer(400, "invalid_grant", "Session doesn't have required client", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::SessionEnded),
    answer(400, "invalid_grant", "Stale token", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::NotBefore),
    answer(400, "invalid_grant", "Refresh toked issued before the user session started", logged(&["invalid_token"]), &[RefreshTokenInvalid, ClockSkew]),
    answer(400, "invalid_grant", "Refresh toked issued before the client session started", logged(&["invalid_token"]), &[RefreshTokenInvalid, ClockSkew]),
    answer(400, "invalid_grant", "Maximum allowed refresh token reuse exceeded", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Rotated),
    answer(400, "invalid_grant", "Invalid refresh token", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Malformed),
    answer(400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::WrongClient),
    answer(400, "invalid_grant", "Invalid refresh token. Client attestation must be used with this refresh token", logged(&["invalid_token"]), &[RefreshTokenInvalid]).from(26),
    answer(400, "invalid_grant", "Offline session not active", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Offline),
    answer(400, "invalid_grant", "Offline user session not found", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Offline),
    answer(400, "invalid_grant", "Offline session invalid because offline access not granted anymore", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Offline).from(25),
    answer(400, "invalid_grant", "Invalid token issuer. Expected '", logged(&["invalid_token"]), &[RefreshTokenInvalid]).detail(Detail::Malformed).open(),
    answer(400, "invalid_grant", "DPoP proof is missing", logged(&["invalid_token", "invalid_dpop_proof"]), &[Unclassified]).from(26),
    answer(400, "invalid_grant", "DPoP confirmation doesn't match DPoP proof", logged(&["invalid_token"]), &[Unclassified]).from(23),
    answer(400, "invalid_grant", "No DPoP confirmation in access token", logged(&["invalid_token"]), &[Unclassified]).from(24),
    answer(400, "invalid_grant", "No DPoP key thumbprint in access token", logged(&["invalid_token"]), &[Unclassified]).from(24),
    answer(400, "invalid_grant", "Attestation-Based Key mismatch", logged(&["invalid_token"]), &[Unclassified]).from(26),
    answer(400, "invalid_grant", "Invalid organization", logged(&["invalid_token"]), &[Unclassified]).from(26),
    answer(400, "invalid_scope", "Client no longer has requested consent from user", logged(&["invalid_token", "not_allowed", "consent_denied"]), &[Unclassified]),
    answer(400, "invalid_request", "No refresh token", Event::None, &[Unlogged, RefreshTokenInvalid]),
    // the client, from 20 on
    answer(401, "unauthorized_client", "Invalid client or Invalid client credentials", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod]).from(19),
    answer(401, "invalid_client", "Invalid client or Invalid client credentials", logged(&["client_not_found", "client_disabled"]), &[ClientAuthMethod, ClientNotFound, ClientDisabled, Unclassified]).from(19),
    answer(401, "invalid_client", "Invalid client or Invalid client credentials", logged(&["invalid_client_credentials"]), &[ClientAuthMethod, ClientNotFound, Unclassified]).from(19),
    answer(401, "unauthorized_client", "Invalid method used to get client secret. Client requires method '", logged(&["invalid_client_credentials"]), &[ClientAuthMethod]).from(26).open(),
    // the client, up to 19
    answer(401, "unauthorized_client", "Invalid client secret", logged(&["invalid_client_credentials"]), &[WrongClientSecret]).to(20),
    answer(401, "unauthorized_client", "Client secret not provided in request", logged(&["invalid_client_credentials"]), &[ClientAuthMethod]).to(20),
    answer(400, "invalid_client", "Invalid client credentials", logged(&["invalid_client_credentials", "client_not_found"]), &[ClientAuthMethod, ClientNotFound, Unclassified]).to(20),
    answer(400, "unauthorized_client", "Invalid client credentials", logged(&["client_disabled", "invalid_client_credentials"]), &[ClientDisabled]).to(20),
    // the client, whatever the version
    answer(400, "invalid_client", "Missing client_id parameter", logged(&["invalid_client_credentials", "client_not_found"]), &[ClientAuthMethod]),
    answer(400, "invalid_client", "Parameter client_assertion_type is missing", logged(&["invalid_client_credentials"]), &[ClientAuthMethod]),
    answer(400, "invalid_client", "client_assertion parameter missing", logged(&["invalid_client_credentials"]), &[ClientAuthMethod]),
    answer(400, "invalid_client", "Parameter client_assertion_type has value '", logged(&["invalid_client_credentials"]), &[ClientAuthMethod]).open(),
    answer(400, "unauthorized_client", "Unexpected error when authenticating client", logged(&["invalid_client_credentials", "client_not_found"]), &[ClientAuthMethod, WrongClientSecret]),
    answer(400, "unauthorized_client", "Client credentials setup required", logged(&["client_credentials_setup_required", "invalid_client_credentials"]), &[ClientAuthMethod]),
    answer(400, "invalid_client", "Wrong client protocol.", logged(&["invalid_client"]), &[Unclassified]),
    answer(400, "invalid_client", "Bearer-only not allowed", logged(&["invalid_client"]), &[GrantNotAllowed]),
    // the client's assertion, from 26 on
    answer(400, "invalid_client", "Token is not active", logged(&["invalid_client_credentials"]), &[ClockSkew]).from(26),
    answer(400, "invalid_client", "Token was issued in the future", logged(&["invalid_client_credentials"]), &[ClockSkew]).from(26),
    answer(400, "invalid_client", "Token was issued too far in the past to be used now", logged(&["invalid_client_credentials"]), &[ClockSkew]).from(26),
    answer(400, "invalid_client", "Token exp claim is required", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "Token expiration is too far in the future and iat claim not present in token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "Token jti claim is required", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "Token sub claim is required", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "Token reuse detected", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]).from(26),
    answer(400, "invalid_client", "Invalid token audience", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]).from(26),
    answer(400, "invalid_client", "Multiple audiences not allowed", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]).from(26),
    answer(400, "invalid_client", "Invalid signature algorithm", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "client_id parameter does not match authenticated client", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]).from(26),
    answer(400, "invalid_client", "invalid signature algorithm", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Unable to load public key", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]),
    // the client's assertion, up to 26; a bad signature on any version
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token is not active", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token was issued in the future", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token was issued too far in the past to be used now", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Signature on JWT token failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Signature on JWT token by client secret failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Signature on JWT token by client secret  failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token reuse detected", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Missing ID on the token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Issuer mismatch. The issuer should match the subject", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Can't identify client. Subject missing on JWT token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: client_id parameter not matching with client from JWT token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Algorithm not supported", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Algorithm is not symmetric", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Algorithm is not asymmetric", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token cannot be validated. Neither the exp nor the iat claim are present.", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Multiple audiences not allowed in the JWT token for client authentication", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]),
    answer(400, "invalid_client", "Client authentication with signed JWT failed: Token audience doesn't match domain. ", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]).open(),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token is not active", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token was issued in the future", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token was issued too far in the past to be used now", logged(&["invalid_client_credentials"]), &[ClockSkew]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Signature on JWT token failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret  failed validation", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token reuse detected", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Missing ID on the token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Issuer mismatch. The issuer should match the subject", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Can't identify client. Subject missing on JWT token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: client_id parameter not matching with client from JWT token", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Algorithm not supported", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Algorithm is not symmetric", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Algorithm is not asymmetric", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token cannot be validated. Neither the exp nor the iat claim are present.", logged(&["invalid_client_credentials"]), &[WrongClientSecret, ClientAuthMethod, Unclassified]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Multiple audiences not allowed in the JWT token for client authentication", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]),
    answer(400, "unauthorized_client", "Client authentication with client secret signed JWT failed: Token audience doesn't match domain. ", logged(&["invalid_client_credentials"]), &[Unclassified, WrongClientSecret, ClientAuthMethod]).open(),
    // the user
    answer(400, "invalid_grant", "Invalid user credentials", logged(&["invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "user_permanently_disabled", "username_missing", "password_missing", "resolve_required_actions", "user_disabled"]), &[UserCredentials]),
    answer(401, "invalid_grant", "Invalid user credentials", logged(&["invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "user_permanently_disabled", "username_missing", "password_missing", "resolve_required_actions", "user_disabled"]), &[UserCredentials]),
    answer(401, "invalid_request", "Invalid user credentials", logged(&["invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "user_permanently_disabled", "username_missing", "password_missing", "resolve_required_actions"]), &[UserCredentials]),
    answer(401, "invalid_request", "Missing parameter: username", logged(&["invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "user_permanently_disabled", "username_missing", "password_missing", "resolve_required_actions"]), &[UserCredentials]),
    answer(400, "invalid_grant", "Account disabled", logged(&["user_disabled"]), &[UserDisabled]),
    answer(400, "invalid_grant", "Account is not fully set up", logged(&["resolve_required_actions"]), &[UserCredentials]),
    // what the client may do
    answer(400, "unauthorized_client", "Client not allowed for direct access grants", logged(&["not_allowed"]), &[GrantNotAllowed]),
    answer(400, "invalid_client", "Client requires user consent", logged(&["consent_denied"]), &[GrantNotAllowed]),
    answer(401, "unauthorized_client", "Bearer-only client not allowed to retrieve service account", logged(&["invalid_client", "not_allowed", "unauthorized_client"]), &[GrantNotAllowed]),
    answer(401, "unauthorized_client", "Public client not allowed to retrieve service account", logged(&["invalid_client", "not_allowed", "unauthorized_client"]), &[GrantNotAllowed]),
    answer(401, "unauthorized_client", "Client not enabled to retrieve service account", logged(&["invalid_client", "not_allowed", "unauthorized_client"]), &[GrantNotAllowed]),
    answer(401, "invalid_request", "The associated service account for the client does not exist", logged(&["user_not_found", "invalid_client"]), &[Unclassified]).from(26),
    answer(401, "invalid_request", "User '", logged(&["user_disabled"]), &[UserDisabled]).open(),
    answer(400, "invalid_scope", "Invalid scopes: ", logged(&["invalid_request", "invalid_scope"]), &[Unclassified]).open(),
    answer(400, "invalid_request", "can not get encryption KEK", logged(&["invalid_request"]), &[Unclassified]),
    answer(400, "invalid_request", "Client Certification missing for MTLS HoK Token Binding", logged(&["not_allowed", "invalid_request"]), &[Unclassified]),
    // the proof of the key that a token is bound to (`DPoPUtil`, 23 and later)
    answer(400, "invalid_request", "DPoP proof is missing", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP proof is missing", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "DPoP proof is not active", logged(&["invalid_dpop_proof"]), &[ClockSkew]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP proof is not active", logged(&["invalid_dpop_proof"]), &[ClockSkew]).from(23),
    answer(400, "invalid_request", "DPoP proof has already been used", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP proof has already been used", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "DPoP header verification failure", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP header verification failure", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "DPoP mandatory claims are missing", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP mandatory claims are missing", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "DPoP HTTP URL mismatch", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP HTTP URL mismatch", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "DPoP HTTP method mismatch", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "DPoP HTTP method mismatch", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "Malformed HTTP URL in DPoP proof", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "Malformed HTTP URL in DPoP proof", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "No JWK in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "No JWK in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "No public key in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "No public key in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "Unsupported key type in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "Unsupported key type in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "Private key is present in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_dpop_proof", "Private key is present in DPoP header", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23),
    answer(400, "invalid_request", "Invalid or missing type in DPoP header: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_dpop_proof", "Invalid or missing type in DPoP header: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_request", "Unsupported DPoP algorithm: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_dpop_proof", "Unsupported DPoP algorithm: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_request", "DPoP verification failure: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_dpop_proof", "DPoP verification failure: ", logged(&["invalid_dpop_proof"]), &[Unclassified]).from(23).open(),
    answer(400, "invalid_request", "DPoP Proof missing", logged(&["invalid_request"]), &[Unclassified]).from(25),
    answer(400, "invalid_request", "DPoP Proof public key thumbprint does not match dpop_jkt", logged(&["invalid_request"]), &[Unclassified]).from(25),
    // devices, and what a client asks for on another's behalf
    answer(400, "invalid_grant", "Device code not valid", logged(&["invalid_oauth2_device_code"]), &[DeviceCodeInvalid]),
    answer(400, "expired_token", "Device code is expired", logged(&["expired_oauth2_device_code"]), &[DeviceCodeInvalid]),
    answer(400, "access_denied", "The end user denied the authorization request", logged(&["access_denied", "rejected_by_user"]), &[DeviceCodeInvalid]),
    answer(400, "invalid_request", "Missing parameter: device_code", logged(&["invalid_oauth2_device_code"]), &[DeviceCodeInvalid]),
    answer(400, "invalid_grant", "unauthorized client", logged(&["invalid_client", "not_allowed", "unauthorized_client"]), &[DeviceCodeInvalid]),
    answer(400, "invalid_grant", "Client not allowed OAuth 2.0 Device Authorization Grant", logged(&["not_allowed"]), &[GrantNotAllowed]),
    answer(400, "invalid_grant", "Client not allowed OIDC CIBA Grant", logged(&["not_allowed"]), &[GrantNotAllowed]),
    answer(400, "invalid_grant", "Invalid Auth Req ID", logged(&["invalid_code", "invalid_token", "invalid_request", "user_not_found", "user_session_not_found"]), &[Unclassified]),
    answer(400, "invalid_grant", "Invalid auth_req_id", logged(&["invalid_code", "invalid_token", "invalid_request", "user_not_found", "user_session_not_found"]), &[Unclassified]),
    answer(400, "invalid_request", "Missing parameter: auth_req_id", logged(&["invalid_code", "invalid_token", "invalid_request", "user_not_found", "user_session_not_found"]), &[Unclassified]),
    answer(400, "invalid_grant", "Could not identify user", logged(&["invalid_code", "invalid_token", "invalid_request", "user_not_found", "user_session_not_found"]), &[Unclassified]),
    answer(400, "invalid_grant", "User session is not found", logged(&["invalid_code", "invalid_token", "invalid_request", "user_not_found", "user_session_not_found"]), &[Unclassified]),
    answer(400, "access_denied", "not authorized", logged(&["not_allowed", "access_denied"]), &[Unclassified]),
    answer(400, "expired_token", "authentication timed out", logged(&["expired_code", "invalid_code"]), &[Unclassified]),
    answer(400, "invalid_token", "Invalid Token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_token", "Invalid token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Invalid token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Invalid issuer", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_client", "Client disabled", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_client", "Audience not found", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "requested_token_type unsupported", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "subject_token_type parameter missing", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(403, "access_denied", "Client not allowed to exchange", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(403, "access_denied", "Client is not the holder of the token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(403, "access_denied", "Client is not within the token audience", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_token", "Invalid token type, must be access token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Invalid token type, must be access token", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Standard token exchange is not enabled for the requested client", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Scope offline_access not allowed for token exchange", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Issuer does not support token exchange", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_token", "User already exists", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Refresh token not valid as requested_token_type because creating a new session is needed", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Sender-constrained token exchange rejected as the token was not issued for the requesting client", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]),
    answer(400, "invalid_request", "Requested audience not available: ", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]).from(26).open(),
    answer(400, "invalid_scope", "Missing consents for Token Exchange in client ", logged(&["invalid_token", "invalid_request", "not_allowed", "client_disabled", "invalid_client", "consent_denied", "access_denied", "invalid_issuer", "client_not_found", "user_not_found"]), &[TokenExchangeDenied]).from(26).open(),
    // permissions (UMA)
    answer(401, "invalid_grant", "Invalid bearer token", logged(&["invalid_token"]), &[Unclassified]),
    answer(400, "invalid_grant", "Invalid bearer token", logged(&["invalid_token"]), &[Unclassified]).from(26),
    answer(403, "access_denied", "not_authorized", logged(&["access_denied", "not_allowed", "invalid_request"]), &[Unclassified]),
    answer(403, "access_denied", "request_submitted", logged(&["access_denied", "not_allowed", "invalid_request"]), &[Unclassified]),
    answer(400, "invalid_request", "Unknown resource server id: [", logged(&["invalid_request", "invalid_client"]), &[Unclassified]).open(),
    answer(400, "invalid_request", "Claim token format [", logged(&["invalid_request"]), &[Unclassified]).open(),
    // refused before there is an event
    answer(400, "unsupported_grant_type", "Unsupported grant_type", Event::None, &[Unlogged, TokenExchangeDenied]),
    answer(501, "Feature not enabled", "", Event::None, &[Unlogged, TokenExchangeDenied]).bare(),
    answer(400, "invalid_request", "Missing form parameter: grant_type", Event::None, &[Unlogged]),
    answer(400, "invalid_request", "duplicated parameter", Event::None, &[Unlogged]),
    answer(403, "invalid_request", "HTTPS required", Event::None, &[Unlogged]),
    answer(403, "access_denied", "Realm not enabled", Event::None, &[Unlogged]),
    answer(400, "invalid_request", "The size of OIDC parameter '", Event::None, &[Unlogged]).from(26).open(),
    // told to ask again later
    answer(400, "authorization_pending", "The authorization request is still pending", Event::Waiting, &[]),
    answer(400, "authorization_pending", "The authorization request is verified but can not lookup the user session yet", Event::Waiting, &[]),
    answer(400, "authorization_pending", "The authorization request is still pending as the end-user hasn't yet been authenticated.", Event::Waiting, &[]),
    answer(400, "slow_down", "Slow down", Event::Waiting, &[]),
    answer(400, "slow_down", "too early to access", Event::Waiting, &[]),
];

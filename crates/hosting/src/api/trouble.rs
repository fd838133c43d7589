//! What went wrong, in the shape of RFC 9457 with a stable `type`, a title in the caller's language, and each bad member.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http::page::Lang;
use http::{PROBLEM_JSON, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::lifecycle::Refusal;
use crate::values::{Fault, Wrong};

/// Seconds after which a caller may try again what the hub itself is to blame for.
const AGAIN: u16 = 30;

/// A problem of these routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// Which problem it is; it does not change.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// The same in words, in the caller's language.
    pub title: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// The type, written as a code.
    pub code: Box<str>,
    /// Why: one sentence that says what to do.
    pub detail: String,
    /// Each member that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TroubleField>,
    /// Seconds after which it may work; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u16>,
}

/// A member that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TroubleField {
    /// Where it is: a JSON pointer into the body.
    pub pointer: String,
    /// What is wrong with it, in the caller's language.
    pub detail: String,
}

macro_rules! kinds {
    ($($name:ident = $word:literal, $status:ident, $en:literal, $fr:literal;)*) => {
        /// Which problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $en] $name,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The `type`.
            pub const fn word(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }

            /// The status, unless the route has another.
            pub const fn status(self) -> StatusCode {
                match self { $(Kind::$name => StatusCode::$status,)* }
            }

            /// The title.
            pub const fn title(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Kind::$name, Lang::En) => $en, (Kind::$name, Lang::Fr) => $fr,)* }
            }
        }
    };
}

kinds! {
    Unauthorized = "unauthorized", UNAUTHORIZED, "The key is missing or wrong", "La clé est absente ou fausse";
    Forbidden = "forbidden", FORBIDDEN, "This token may not do that", "Ce jeton n’en a pas le droit";
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY, "The request cannot be used", "La demande n’est pas utilisable";
    InvalidJson = "invalid-json", BAD_REQUEST, "The body is not the JSON that is expected", "Le corps n’est pas le JSON attendu";
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is no JSON", "Le corps n’est pas du JSON";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The body is too long", "Le corps est trop long";
    AlreadyExists = "already-exists", CONFLICT, "The establishment exists with other values", "L’établissement existe avec d’autres valeurs";
    NotFound = "not-found", NOT_FOUND, "There is no such establishment", "Cet établissement n’existe pas";
    NotNow = "not-now", CONFLICT, "That cannot be done in this state", "Ce n’est pas possible dans cet état";
    Gone = "gone", GONE, "The establishment was deleted", "L’établissement a été supprimé";
    TooMany = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests", "Trop de demandes";
    Later = "unavailable", SERVICE_UNAVAILABLE, "It cannot be done now", "C’est impossible pour l’instant";
}

impl Trouble {
    /// A problem with only what is required.
    pub fn new(kind: Kind, lang: Lang, detail: impl Into<String>) -> Self {
        Trouble {
            kind: kind.word().into(),
            title: kind.title(lang).into(),
            status: kind.status().as_u16(),
            code: kind.word().replace('-', "_").into(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// A key that is missing or wrong: nobody learns which.
    pub fn unauthorized(lang: Lang) -> Self {
        let detail = match lang {
            Lang::En => {
                "send the key as `Authorization: Bearer …`: the client's, or that of the establishment"
            }
            Lang::Fr => {
                "envoyez la clé par `Authorization: Bearer …` : celle du client, ou celle de l’établissement"
            }
        };
        Trouble::new(Kind::Unauthorized, lang, detail)
    }

    /// What is wrong with the members of a body.
    pub fn faults(faults: Vec<Fault>, lang: Lang) -> Self {
        let field =
            |fault: Fault| TroubleField { detail: wrong_in_words(&fault.what, lang), pointer: fault.pointer };
        let detail = match lang {
            Lang::En => "each member that is wrong is named in `errors`",
            Lang::Fr => "chaque champ en cause est nommé dans `errors`",
        };
        let errors = faults.into_iter().map(field).collect();
        Trouble { errors, ..Trouble::new(Kind::InvalidRequest, lang, detail) }
    }

    /// What the module says.
    pub fn of(error: Error, lang: Lang) -> Self {
        let detail = error.to_string();
        match error {
            Error::Missing(_) => Trouble::new(Kind::NotFound, lang, detail),
            Error::Refused { why, .. } => Trouble::new(kind(why), lang, detail),
            Error::Engine(error) => Trouble::from_problem(error.into(), lang),
            Error::Journal(error) => Trouble::from_problem(error.into(), lang),
            Error::Contended(_) => Trouble::later(lang, detail, 1),
            Error::NotAccepted(_) | Error::Damaged { .. } | Error::NoSecret | Error::File { .. } => {
                tracing::error!("a client could not be answered: {detail}");
                Trouble::later(lang, detail, AGAIN)
            }
        }
    }

    /// What the kit says of a body, the journal or a limit. What the hub is to blame for may work later.
    pub fn from_problem(problem: Problem, lang: Lang) -> Self {
        let kind = match problem.status {
            400 => Kind::InvalidJson,
            401 => Kind::Unauthorized,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            409 | 412 | 422 => Kind::NotNow,
            413 => Kind::TooLarge,
            415 => Kind::UnsupportedMediaType,
            429 => Kind::TooMany,
            408 => Kind::InvalidRequest,
            _ => return Trouble::later(lang, problem.detail, problem.retry_after.unwrap_or(AGAIN)),
        };
        Trouble { retry_after: problem.retry_after, ..Trouble::new(kind, lang, problem.detail) }
    }

    fn later(lang: Lang, detail: impl Into<String>, seconds: u16) -> Self {
        Trouble { retry_after: Some(seconds), ..Trouble::new(Kind::Later, lang, detail) }
    }

    /// As callers of POST know it: 404 for every refusal, but for the key (unless `strict`), limits and our own faults.
    #[must_use]
    pub fn as_of_post(self, strict: bool) -> Self {
        let stays = matches!(self.status, 429 | 503) || (self.status == 401 && !strict);
        if stays { self } else { Trouble { status: StatusCode::NOT_FOUND.as_u16(), ..self } }
    }
}

fn kind(why: Refusal) -> Kind {
    match why {
        Refusal::Exists => Kind::AlreadyExists,
        Refusal::Gone => Kind::Gone,
        Refusal::NotNow | Refusal::UnderWay | Refusal::NothingFailed | Refusal::NoWork | Refusal::Kept => {
            Kind::NotNow
        }
    }
}

/// What is wrong with members, in English: a sentence for each that begins with the member.
pub(crate) fn in_words(faults: Vec<Fault>) -> Vec<String> {
    let words = |fault: Fault| {
        let name = fault.pointer.trim_start_matches('/').replace('/', ".");
        let name = if name.is_empty() { "the document" } else { name.as_str() };
        format!("{name}: {}", wrong_in_words(&fault.what, Lang::En))
    };
    faults.into_iter().map(words).collect()
}

/// What is wrong with a member, in words.
pub(crate) fn wrong_in_words(what: &Wrong, lang: Lang) -> String {
    let (en, fr) = match what {
        Wrong::Missing => ("it is missing", "il manque"),
        Wrong::NoText => ("it must be a text", "ce doit être un texte"),
        Wrong::NoObject => ("it must be an object", "ce doit être un objet"),
        Wrong::Control => ("there are control characters in it", "il contient des caractères de contrôle"),
        Wrong::NoMail => ("it is no mail address", "ce n’est pas une adresse électronique"),
        Wrong::Unknown => ("nobody knows this member", "ce champ est inconnu"),
        Wrong::Nothing => ("nothing is to be changed", "il n’y a rien à changer"),
        Wrong::Length(most) => {
            return match lang {
                Lang::En => format!("it must have 1 to {most} characters"),
                Lang::Fr => format!("il doit avoir de 1 à {most} caractères"),
            };
        }
        Wrong::Choice(of) => {
            return match lang {
                Lang::En => format!("it must be one of {of}"),
                Lang::Fr => format!("ce doit être l’un de {of}"),
            };
        }
        Wrong::Rne(bad) => {
            return match (lang, bad) {
                (Lang::En, bad) => bad.to_string(),
                (Lang::Fr, crate::rne::BadRne::Shape) => {
                    "un numéro d’établissement (RNE) a sept chiffres et une lettre, comme 0750655E".to_owned()
                }
                (Lang::Fr, crate::rne::BadRne::Letter { digits, wanted }) => {
                    format!(
                        "la dernière lettre ne va pas avec {digits} : ce serait {wanted} ; un chiffre est-il faux ?"
                    )
                }
            };
        }
    };
    if lang == Lang::En { en } else { fr }.to_owned()
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"hosting\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

//! A letter as a module writes it, and the message that it becomes.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use model::DeliveryId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A letter: the body of a delivery to the courier of mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML, if there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// In which language: a tag such as `fr`.
    pub language: String,
    /// Where whoever does not want any more of them says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<String>,
    /// What in it opens something to whoever has it, such as the signature of a link: texts with that are shown to nobody
    /// here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret: Vec<String>,
}

/// Declares a header that is a line of text.
macro_rules! header {
    ($name:ident, $word:literal) => {
        #[derive(Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($word)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok($name(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(ContentLanguage, "Content-Language");
header!(AutoSubmitted, "Auto-Submitted");
header!(ListUnsubscribe, "List-Unsubscribe");
header!(ListUnsubscribePost, "List-Unsubscribe-Post");

impl Letter {
    /// Reads the body of a delivery. An error says what is wrong, and quotes nothing of it.
    pub(super) fn read(body: &Value) -> Result<Self, String> {
        serde_json::from_value(body.clone()).map_err(|_| "it is no letter that can be read".to_owned())
    }

    /// The message, which has the same id each time it is sent.
    pub(super) fn message(&self, id: DeliveryId, from: &Mailbox) -> Result<Message, String> {
        let to: Mailbox = self.to.parse().map_err(|_| "its recipient is no mail address".to_owned())?;
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut message = Message::builder()
            .from(from.clone())
            .to(to)
            .subject(line(&self.subject))
            .message_id(Some(format!("<{}@{}>", id.0, from.email.domain())))
            .header(ContentLanguage(line(&self.language)))
            .header(AutoSubmitted("auto-generated".to_owned()));
        if let Some(at) = id.made_at() {
            message = message.date(at.into());
        }
        let link = self.unsubscribe.as_ref().filter(|link| !link.contains(['<', '>', ' ', '\r', '\n']));
        if let Some(link) = link {
            message = message
                .header(ListUnsubscribe(format!("<{link}>")))
                .header(ListUnsubscribePost("List-Unsubscribe=One-Click".to_owned()));
        }
        let message = match &self.html {
            Some(html) => {
                message.multipart(MultiPart::alternative_plain_html(self.text.clone(), html.clone()))
            }
            None => message.body(self.text.clone()),
        };
        message.map_err(|error| format!("no message can be made of it: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn letter() -> Letter {
        Letter {
            to: "cdi@lycee.example".to_owned(),
            subject: "Le serveur est prêt\r\nBcc: x@y.example".to_owned(),
            text: "Bonjour,\n\nil est ouvert. Élèves".to_owned(),
            html: Some("<p>Bonjour</p>".to_owned()),
            language: "fr".to_owned(),
            unsubscribe: Some("https://hub.example/stop".to_owned()),
            secret: Vec::new(),
        }
    }

    fn sent(letter: &Letter) -> String {
        let from = "Hub <hub@host.example>".parse().unwrap();
        let id = DeliveryId(Uuid::from_u128(0x0193_7000_0000_7000_8000_0000_0000_0001));
        String::from_utf8(letter.message(id, &from).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_same_letter_is_the_same_message_each_time() {
        let text = sent(&letter());
        let without_boundaries = |text: &str| {
            text.lines()
                .filter(|line| !line.contains("boundary") && !line.starts_with("--"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(without_boundaries(&text), without_boundaries(&sent(&letter())));
        assert!(text.contains("Message-ID: <01937000-0000-7000-8000-000000000001@host.example>"), "{text}");
        for line in [
            "Content-Language: fr",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://hub.example/stop>",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn nothing_in_it_makes_another_header() {
        assert!(!sent(&letter()).lines().any(|line| line.starts_with("Bcc:")));
        let odd = Letter { unsubscribe: Some("https://x>\r\nBcc: y".to_owned()), ..letter() };
        assert!(!sent(&odd).contains("List-Unsubscribe:"));
        let nobody = Letter { to: "nobody".to_owned(), ..letter() };
        let why = nobody.message(DeliveryId(Uuid::nil()), &"a@b.example".parse().unwrap()).unwrap_err();
        assert!(!why.contains("nobody"), "{why}");
        assert!(Letter::read(&json!({"to": "secret@x.example"})).unwrap_err().contains("no letter"));
    }
}

//! `google:`, accounts at Google Workspace.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use module::config::{Homes, Root, SecretSource};
use module::{section, words};

use crate::account::Adopt;
use crate::backend::{OnDelete, Pushed};
use crate::told::{Codes, Notices};

section! {
    /// Accounts at Google Workspace, made and kept up to date from a referential.
    Google {
        /// The key of a service account with domain-wide delegation: the JSON that Google's console hands out, best as
        /// `file:PATH`, `env:NAME` or `credential:NAME`.
        service_account: Option<SecretSource> = None,
        /// Instead of it a client of an installed application, the JSON that Google's console hands out; an administrator
        /// grants access with `intendant google login`.
        client_secret: Option<SecretSource> = None,
        /// The administrator in whose name accounts are managed.
        subject: Option<String> = None,
        /// Where grants to an installed application are kept. Without it `google-tokens.yaml` in the data folder.
        tokens: PathBuf = PathBuf::new(),
        /// A Redis in which they are kept instead, `redis://…` or `rediss://…`, under the keys of the original program.
        redis: Option<SecretSource> = None,
        /// Where the Directory API is.
        url: String = crate::directory::GOOGLE.to_owned(),
        /// A proxy for all that is asked. Without it the variables `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count.
        proxy: Option<String> = None,
        /// Certificates of authorities beside those of the system, in PEM.
        authorities: Option<PathBuf> = None,
        /// How long an answer may take.
        timeout: Duration = Duration::from_secs(30),
        /// How many calls may be made in a minute, retries and aliases included; `0` = as many as one likes. Google's own
        /// default is 2,400.
        quota: u32 = 2400,
        /// How many accounts are worked on at once.
        concurrency: NonZeroUsize = NonZeroUsize::new(32).unwrap_or(NonZeroUsize::MIN),
        /// For how long what was written may not be seen everywhere at Google: what is missing or in the way meanwhile is
        /// waited for.
        settle: Duration = Duration::from_mins(5),
        /// For how long an attempt waits within itself for that, in all. After that the job waits without a slot.
        patience: Duration = Duration::from_secs(10),
        /// Which accounts that are there already are taken as the one that is to be made: `own`, those that an attempt of
        /// the same job may have made; `uuid`, all that carry the person's UUID; `never`. Where the journal does
        /// not last it is `uuid` unless somebody says otherwise.
        adopt: Adopt = Adopt::Own,
        /// When the password's hash goes along with an update: `always`, with each write, or `changed`, when it is another
        /// one than was written last. Where nothing else differs and it is the same, nothing is written at all.
        password: Pushed = Pushed::Always,
        /// What becomes of an account that is to be deleted: `delete`, or `suspend`: it is suspended, GrAM keeps its id, and
        /// whoever asks for an account for the same person gets it again.
        on_delete: OnDelete = OnDelete::Delete,
        /// The codes and names of failures: `specified`, or those of the `original` program.
        codes: Codes = Codes::Specified,
        /// In whose words notifications are: `own`, those of the catalogue that the request came from, or `both`.
        notices: Notices = Notices::Own,
        /// A file that says how identities become accounts, so that `IDENTITY_CREATE` and the others make them.
        mapping: Option<PathBuf> = None,
        /// A rule for primary addresses that neither a request nor `addresses` says: JSON pointers into the account of the
        /// referential in braces, such as `{/firstname}.{/lastname}@example.org`.
        naming: Option<String> = None,
        ../// The account referential.
        gram: GramSection,
        ../// A service that knows the addresses of accounts.
        addresses: AddressSection,
    }
}

section! {
    /// The account referential GrAM.
    GramSection {
        /// Where its API is; ends in `/api/v2/`.
        url: Option<String> = None,
        /// The name of the client to sign in as. It needs the roles `admin` and `password_hash_reader` on accounts.
        user: Option<String> = None,
        /// Its password.
        password: Option<SecretSource> = None,
    }
}

section! {
    /// A service that says which addresses an account is to have, for requests that do not.
    AddressSection {
        /// Its address for one account: JSON pointers into the account of the referential in braces, such as
        /// `https://zenimel.example.org/accounts/{/uuid}.json`.
        url: Option<String> = None,
        /// JSON pointer to the primary address in its answer.
        primary: String = "/primary_email".to_owned(),
        /// JSON pointer to the list of aliases in its answer.
        aliases: String = "/aliases".to_owned(),
        /// The value of a header `Authorization` for it.
        authorization: Option<SecretSource> = None,
    }
}

words!(Adopt { Own = "own", Uuid = "uuid", Never = "never" });
words!(Pushed { Always = "always", Changed = "changed" });
words!(OnDelete { Delete = "delete", Suspend = "suspend" });
words!(Codes { Specified = "specified", Original = "original" });
words!(Notices { Own = "own", Both = "both" });

impl Root for Google {
    const NAME: &'static str = "google";

    fn fill(&mut self, homes: &Homes) {
        if self.tokens.as_os_str().is_empty() {
            self.tokens = homes.data.join("google-tokens.yaml");
        }
    }
}

# The pages.
identities = Identities
identities-new = New person
identities-edit = Edit
identities-import = Import a file
identities-imported = Imported
identities-back = Back
identities-save = Save
identities-see = See them
identities-counts = How many are in each state
identities-next-run = Synchronised by themselves next:
identities-synchronise-all = { $n ->
    [one] Synchronise { $n } identity
   *[other] Synchronise { $n } identities
 }
identities-first = No identity yet
identities-first-text = Identities are imported from a file, looked at, set to synchronise, and then sent to the backends. Each one shows what every backend answered.
identities-look = { $n ->
    [one] { $n } identity waits for somebody to look at it
   *[other] { $n } identities wait for somebody to look at them
 }
identities-look-text = They are new or were changed. Set to synchronise, they go out when somebody presses “Synchronise”.
identities-validate-all = { $n ->
    [one] Set { $n } identity to synchronise
   *[other] Set { $n } identities to synchronise
 }
identities-filter = Which identities
identities-any = any
identities-text = Name, account or id
identities-apply = Search
identities-clear = Show all
identities-export = Export
identities-none = No identity fits
identities-total = { $n ->
    [one] { $n } identity
   *[other] { $n } identities
 }
identities-select = Select all of this page
identities-select-one = Select { $name }
identities-pages = Pages of the list
identities-first-page = First page
identities-more = More
identities-do = What is done to those selected
identities-all-that-fit = { $n ->
    [one] the one that fits
   *[other] all { $n } that fit, on all pages
 }
identities-chosen = chosen
identities-do-hint = You are shown what will happen to how many before anything does.
identities-nobody = It can be done to none of them just now.
identities-failsafe = When there are many, the failsafe holds them back until somebody approves.
identities-would-leave = { $n ->
    [one] { $n } stays as it is: its state does not allow it.
   *[other] { $n } stay as they are: their states do not allow it.
 }
identities-left = { $n ->
    [one] { $n } was left as it is:
   *[other] { $n } were left as they are:
 }
identities-left-why = Why they were left

# States, what they mean, and what comes next.
state-to-complete = to complete
state-to-complete-hint = something is missing
state-to-complete-next = Something is missing in the document. Edit it, or import the missing members.
state-to-validate = to validate
state-to-validate-hint = new or changed
state-to-validate-next = Somebody looks at the document, then sets it to synchronise.
state-to-synchronise = to synchronise
state-to-synchronise-hint = goes out next
state-to-synchronise-next = It goes to the backends with the next synchronisation.
state-synchronising = synchronising
state-synchronising-hint = backends are at work
state-synchronising-next = The backends are at work. This page follows them.
state-synchronised = synchronised
state-synchronised-hint = backends have it
state-synchronised-next = Nothing: the backends have it as it is.
state-in-error = in error
state-in-error-hint = a backend refused
state-in-error-next = Put right what the backend says, in the document or on the backend, then synchronise again.
state-not-to-synchronise = set aside
state-not-to-synchronise-hint = not to synchronise
state-not-to-synchronise-next = Nothing, until somebody sets it to synchronise.
state-deleted = deleted
state-deleted-hint = gone from the backends
state-deleted-next = Nothing. An edit or an import brings it back.

# What can be done.
act-synchronise = Synchronise
act-to-synchronise = Set to synchronise
act-to-validate = Set to validate
act-not-to-synchronise = Set aside
act-enable = Enable
act-disable = Disable
act-delete = Delete from the backends
would-synchronise = { $n ->
    [one] { $n } identity will be sent to the backends.
   *[other] { $n } identities will be sent to the backends.
 }
would-to-synchronise = { $n ->
    [one] { $n } identity will go out with the next synchronisation.
   *[other] { $n } identities will go out with the next synchronisation.
 }
would-to-validate = { $n ->
    [one] { $n } identity will wait until somebody validates it.
   *[other] { $n } identities will wait until somebody validates them.
 }
would-not-to-synchronise = { $n ->
    [one] { $n } identity will be left out of synchronisations.
   *[other] { $n } identities will be left out of synchronisations.
 }
would-enable = { $n ->
    [one] { $n } identity will be given access back by the backends.
   *[other] { $n } identities will be given access back by the backends.
 }
would-disable = { $n ->
    [one] { $n } identity will lose its access on the backends.
   *[other] { $n } identities will lose their access on the backends.
 }
would-delete = { $n ->
    [one] { $n } identity will be deleted from the backends.
   *[other] { $n } identities will be deleted from the backends.
 }
done-identities-synchronise = { $n ->
    [one] { $n } identity is being synchronised.
   *[other] { $n } identities are being synchronised.
 }
done-identities-to-synchronise = { $n ->
    [one] { $n } identity is to be synchronised.
   *[other] { $n } identities are to be synchronised.
 }
done-identities-to-validate = { $n ->
    [one] { $n } identity is to be validated.
   *[other] { $n } identities are to be validated.
 }
done-identities-not-to-synchronise = { $n ->
    [one] { $n } identity is set aside.
   *[other] { $n } identities are set aside.
 }
done-identities-enable = { $n ->
    [one] { $n } identity is being enabled.
   *[other] { $n } identities are being enabled.
 }
done-identities-disable = { $n ->
    [one] { $n } identity is being disabled.
   *[other] { $n } identities are being disabled.
 }
done-identities-delete = { $n ->
    [one] { $n } identity is being deleted.
   *[other] { $n } identities are being deleted.
 }
done-identities-saved = The document is saved.
done-identities-password = The password is set.
done-identities-password-failed = The password is not set. This is the job that was to set it.

# An identity.
identity-id = Id
identity-state = State
identity-name = Name
identity-uid = Account
identity-message = Message
identity-why = Why
identity-action = Action
identity-accepted = Accepted
identity-synchronised = Synchronised
identity-never = never
identity-created = Added
identity-updated = Last changed
identity-fingerprint = Fingerprint
identity-disabled = disabled
identity-next = What comes next
identity-waits-running = { $name } is working on it.
identity-waits-nothing = It starts in a moment.
identity-waits-subject = It waits until the job before it has ended.
identity-waits-failsafe = The failsafe holds it in { $name }: nothing happens until somebody decides.
identity-waits-pause = The backend { $name } is paused: nothing happens until it is resumed.
identity-waits-breaker = { $name } keeps failing and is left alone. It is tried again at:
identity-waits-backend = { $name } asks to wait until:
identity-waits-window = { $name } works at certain times. It goes on at:
identity-waits-window-never = None of the hours of { $name } comes any more: its config.yml must be changed.
identity-waits-rate = It waits for its turn on { $name }, whose rate is bounded:
identity-waits-retry = A try has failed. The next one is at:
identity-waits-later = It goes on at:
identity-waits-slot = It starts when one of the running jobs ends.
identity-help-failsafe = Decide on it
identity-help-resume = Resume { $name }
identity-help-see = See { $name }
identity-help-job = See that job
identity-help-now = Try now
identity-missing = Missing:
identity-answers = What the backends last answered
identity-no-answer = No backend has answered yet.
identity-no-job = The backends have not been asked about it yet.
identity-history = History
identity-facts = Facts
identity-document = Document
identity-document-help = JSON. The register adds id, state, dates and fingerprint itself, and keeps no password.
identity-reset = New password
identity-new-password = New password
identity-again = Once more
identity-reset-do = Reset the password
identity-reset-hint = It goes to the backends and is kept nowhere.
identity-job-queued = queued
identity-job-running = running
identity-job-retrying = retrying
identity-job-succeeded = succeeded
identity-job-failed = failed
identity-job-cancelled = cancelled
identity-job-superseded = superseded

# Importing.
identities-import-text = Every record that cannot be used is listed with its line; all others are imported. The same file again changes nothing.
import-file = File
import-format = Format
import-by-name = as its name says
import-mapping = Columns have other names: give a mapping
import-mapping-label = Mapping (YAML)
import-mapping-help = On the left the member of the document, on the right the column. Without a mapping columns are taken by their names.
import-example = An example of a mapping
import-validated = Already looked at: set what is new or changed to synchronise
import-do = { $n ->
    [one] Import { $n } identity
   *[other] Import { $n } identities
 }
import-file-help = CSV, JSON, NDJSON or LDIF, up to 64 MiB. Nothing is written before you have seen what would happen.
import-encoding = Encoding
import-by-mark = as the file says, or UTF-8
import-encoding-help = LATIN-1 is what older spreadsheets write (also called Windows-1252, ANSI).
import-look = See what would happen
import-preview = What the import would do
import-preview-text = Nothing is written yet
import-nothing = There is nothing to import: everybody is there already, as the file says.
import-other-file = Choose another file
import-how = Read this file in another way
import-gone = The file does not wait here any more: choose it again.
import-too-large = The file is too large to wait for you where several hubs work: import it with “intendant identities import”, which says with --dry-run what it would do, or in pieces.
import-changes = Whom the file changes
import-members = Members that change, and of how many:
import-what = What changes
import-back = Was deleted, and comes back.
import-none = nothing
import-people = Who is new
import-lacks = Missing
imported-aside = { $n ->
    [one] { $n } of them is set aside, and stays so.
   *[other] { $n } of them are set aside, and stay so.
 }
imported-same = { $n ->
    [one] The same on { $n } more line:
   *[other] The same on { $n } more lines:
 }
imported-new = new
imported-changed = changed
imported-unchanged = unchanged
imported-bad = cannot be used
imported-bad-title = Records that cannot be used
imported-line = Line
imported-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
 }
imported-incomplete = { $n ->
    [one] In { $n } of them something is missing.
   *[other] In { $n } of them something is missing.
 }
imported-unused = Columns that are not used: { $columns }. A mapping says what becomes what.
imported-passwords = { $n ->
    [one] { $n } password was left out: the register keeps none.
   *[other] { $n } passwords were left out: the register keeps none.
 }
imported-next = Next: look at them, and set them to synchronise.
imported-next-validated = Next: press “Synchronise”.
imported-go = To the identities
identities-damaged = Cannot be read
identities-damaged-text = What the journal holds of these identities is damaged. All others are not concerned. Erase them here, then import them again; a backup has them as they were.
identity-erase = Erase for good
identity-erase-what = All that the register keeps of { $name } will be erased: document, states and last answers. This cannot be undone.
identity-erase-left = Its jobs, and what the audit says of earlier edits, stay until their time is over (retention.jobs and retention.records in the configuration). The audit will say who erased it, and nothing of what it was.
identity-erase-again = The backends are not asked: they have deleted it already. An import of a file in which it stands would bring it in anew.
identity-erase-do = Erase its data
done-identities-erased = The data of the identity is erased.

scope-identities-read = see identities

# The buttons that take something away from many.
do-delete = { $n ->
    [one] Delete { $n } person
   *[other] Delete { $n } people
 }
do-disable = { $n ->
    [one] Disable { $n } person
   *[other] Disable { $n } people
 }

# The form of a person.
edit-form = Form
edit-tabs = How it is edited
edit-required = required
edit-lines = One on each line.
edit-class = This person has these members
edit-rest = Members that no field shows stay as they are; the tab JSON has all of them.
identities-cancel = Cancel
members-name = Name and account
members-reach = How to reach them
members-work = Work
member-uid = Account
member-uid-help = As directories call it: no two people have the same, and capitals make no difference.
member-cn = Full name
member-cn-help = As lists show it, often the family name first.
member-sn = Family name
member-givenName = Given name
member-displayName = Name as displayed
member-displayName-help = In mail and on screens, if it is another one than the full name.
member-initials = Initials
member-mail = Mail
member-telephoneNumber = Telephone
member-mobile = Mobile
member-facsimileTelephoneNumber = Fax
member-postalAddress = Postal address
member-postalAddress-help = On one line; directories write $ between its lines.
member-labeledURI = Web page
member-labeledURI-help = An address, and words for it after a blank.
member-preferredLanguage = Language
member-preferredLanguage-help = As fr or en-GB.
member-title = Title
member-employeeNumber = Number
member-employeeNumber-help = By which the human resources or the register of students know the person.
member-employeeType = Kind
member-employeeType-help = As staff, student or guest, in the words of the source.
member-departmentNumber = Department
member-yes = yes
member-no = no
fault-empty = Fill this in.
fault-mail = Write an address as name@example.org.
fault-phone = Write a telephone number.
fault-number = Write a whole number.
fault-choice = Choose one of those that are offered.
fault-long = This is too long.
fault-control = There are characters in it that cannot be seen: type it anew.
fault-taken = Somebody has this account already.
edit-wrong = { $n ->
    [one] { $n } field has to be put right:
   *[other] { $n } fields have to be put right:
 }

# The history of synchronisations.
runs = Synchronisations
runs-text = What was asked of the backends for many identities at once, and what it came to.
runs-none = Nothing was asked for many identities yet.
runs-begun = Begun
runs-by = By
runs-what = What
runs-of = Asked for
runs-good = Succeeded
runs-bad = Failed
runs-open = Under way
runs-left = Left as they are
runs-gone = Cancelled
runs-stage = Stage
runs-under-way = under way
runs-ended = ended
runs-interrupted = interrupted
runs-interrupted-text = The hub was stopped in the middle: ask again for those that are left.
runs-causes = Why jobs failed
runs-jobs = Its jobs
runs-failed-jobs = Those that failed
runs-progress = How far it is
runs-example = an example
runs-number = Number

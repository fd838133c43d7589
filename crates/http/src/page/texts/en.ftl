# The frame around every page.
frame-skip = Skip to the content
frame-menu = Menu
frame-nav = Pages
frame-goto = Go to…
frame-goto-what = A person, a job, a backend, a page
frame-zone = Times are those of
frame-language = Language
frame-theme = Theme
frame-sign-out = Sign out
theme-auto = Auto
theme-light = Light
theme-dark = Dark
nav-work = Work
nav-system = System
nav-administration = Administration
role-viewer = viewer
role-operator = operator
role-admin = administrator
live-on = Live
live-off = Reconnecting…

# What went wrong.
problem-words = In the hub’s own words:
problem-start = To the overview
problem-forbidden = You may not do this
problem-forbidden-hint = Your account does not have the right to. Ask an administrator of this hub to give it to you.
problem-missing = There is nothing here
problem-missing-hint = It may have been removed, as ended jobs are after their time, or the address may be mistyped.
problem-conflict = Something changed in the meantime
problem-conflict-hint = Nothing was done. Go back, look at how things stand now, and try again.
problem-large = That is too long
problem-large-hint = Nothing was accepted. Send it through the API in smaller pieces.
problem-often = Too many tries
problem-often-hint = Wait a minute, then try again.
problem-later = The hub cannot do this now
problem-later-hint = Nothing was accepted or changed. Try again in a moment.
problem-bug = Something went wrong in the hub
problem-bug-hint = It was written to the hub’s log. “intendant doctor” looks for damage.
problem-refused = This cannot be done
problem-refused-hint = Nothing was changed. Go back and correct what was asked.

# Agreeing to what cannot be taken back.
agree-type = Type { $n } to confirm
agree-wrong = This is another number.
agree-meanwhile = The number has changed meanwhile: look again.

# What will be lost.
lost-and = and { $n } more
lost-types = By type
lost-types-among = Types among the first { $n }
lost-sample = The document of { $name }

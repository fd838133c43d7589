# === the pages for those who look after schools ===

hosting = Hosting
hosting-lead = Library servers of schools, as their hosts say they stand.
hosting-new = Follow a school
hosting-counts = Schools by state
hosting-none = No school is followed
hosting-none-text = Follow one: it is looked for at its host, and asked for when the host does not know it. Many at once are read from a file:
hosting-none-fits = No school fits
hosting-filter = Filter
hosting-text = Number or stamp
hosting-any = Any
hosting-host = Host
hosting-here = This hub
hosting-search-on = Search on
hosting-none-yet = None up to here fits
hosting-attention = Needs attention
hosting-apply = Filter
hosting-clear = Show all
hosting-pages = Pages of the list
hosting-first-page = First page
hosting-more = More
hosting-damaged = These cannot be read
hosting-damaged-text = They stay in the journal, and nothing happens to them. “intendant doctor” says more.

hosting-state = State
hosting-school = School
hosting-age = In this state for
hosting-age-now = under an hour
hosting-age-hours = { $n ->
    [one] one hour
   *[other] { $n } hours
 }
hosting-age-days = { $n ->
    [one] one day
   *[other] { $n } days
 }
hosting-told = Who is told
hosting-untold = Cannot be notified
hosting-untold-hint = without an address
hosting-untold-text = No mail address is known: nobody at the school is told when a step is reached.
hosting-stopped = Mails stopped
hosting-stopped-text = The mails of this school were stopped.
hosting-trouble = Host does not answer
hosting-trouble-since = { $host } has not answered since
hosting-trouble-now = { $host } does not answer just now: this is what was seen last.
hosting-trouble-of = { $n ->
    [one] One school is followed there.
   *[other] { $n } schools are followed there.
 }
hosting-asked = Last answer
hosting-never = never

hosting-state-start = Being created
hosting-state-bcdidbwait = Waits for databases
hosting-state-bcdidbuploaded = Being mounted
hosting-state-bcdidbuploadedright = Being opened
hosting-state-bcdiready = Open
hosting-state-bcdialter = Being changed
hosting-state-bcdidelete = Being removed
hosting-state-bcdideleted = Removed
hosting-state-starterror = Not created
hosting-state-bcdiuploadederror = Databases failed
hosting-state-unknown = { $code }
hosting-state-unseen = Not seen yet

hosting-what-start = The host installs the library server. It goes on by itself.
hosting-what-bcdidbwait = The school has to upload its databases on its page. Send it the link again if nothing happens for days.
hosting-what-bcdidbuploaded = The host checks and mounts the databases. It goes on by itself.
hosting-what-bcdidbuploadedright = The host opens the server. It goes on by itself.
hosting-what-bcdiready = The school can use its server. How to connect stands on the school’s page.
hosting-what-bcdialter = The host takes over what was changed. It goes on by itself.
hosting-what-bcdidelete = The host exports the databases, then removes the server. It goes on by itself, unless the last operation says that it failed: then whoever runs the host has to try again.
hosting-what-bcdideleted = The server is gone. The school finds its databases on its page, until the host’s time of keeping is over.
hosting-what-starterror = The host could not install the server. Once the cause is gone, ask for it again with the same values; or delete it, which clears away what was begun.
hosting-what-bcdiuploadederror = The databases could not be checked, mounted or opened. The school can upload others on its page; if the host was to blame, whoever runs it tries again.
hosting-what-unknown = The host calls this step “{ $code }”, which is not known here. It is shown as it is.
hosting-what-unseen = The host has not said yet how it stands: it is asked again by itself.

hosting-now = How it stands, and what can be done
hosting-left = Open in about
hosting-said = What the host found
hosting-timeline = Steps
hosting-timeline-none = No step is known yet.
hosting-reached = reached
hosting-seen = seen here
hosting-notice-written = mail written
hosting-notice-passed = told with the step after it
hosting-notice-before = before it was followed
hosting-notice-no-contact = nobody to tell
hosting-notice-stopped = mails stopped
hosting-facts = The school
hosting-version = Server
hosting-contact = Contact

hosting-last = Last operation
hosting-page = The school’s page
hosting-page-text = Whoever has this link follows the school, uploads its databases and sees how to connect. Send it to nobody else.
hosting-page-open = Open the school’s page
hosting-link = Link
hosting-link-until = Good until
hosting-rotate = Replace the link
hosting-look = Ask the host now
hosting-alter = Change…
hosting-delete = Delete…
hosting-again = Ask for it again
hosting-stop = Stop its mails
hosting-resume = Send mails again
hosting-forget = Stop following…

hosting-create-title = Follow a school
hosting-create-text = The host is asked first. If it does not know the school, its library server is ordered; if it does, it is followed from here on: then all values must be those that the host has.
hosting-rne = School’s number (RNE)
hosting-rne-hint = Seven digits and a letter, such as 0750655E.
hosting-griffe = Licence stamp
hosting-griffe-hint = As the library server prints it.
hosting-code = Licence code
hosting-code-hint = It is sent to the host, and never shown.
hosting-code-keep = Leave it empty to keep the one there is.
hosting-mail = Mail address of the school
hosting-mail-hint = Told when a step is reached. Without one, nobody is.
hosting-language-fr = French
hosting-language-en = English
hosting-language = Language of its mails and pages
hosting-create-do = Ask the host
hosting-back = Back

hosting-alter-title = Change
hosting-alter-text = Stamp, code and version are changed at the host, while the server is open. Address and language are kept here.
hosting-alter-do = Change
hosting-alter-not-now = In this state the host changes nothing: only address and language can be changed.

hosting-delete-title = Delete the library server
hosting-delete-what = The library server of { $school } is removed, with everything that was entered into it. Before that its databases are exported; the school can download them for a while.
hosting-delete-typed = To be sure, type the school’s number: { $rne }
hosting-delete-do = Delete for good
hosting-delete-wrong = This is not the number of this school: nothing was deleted.

hosting-forget-title = Stop following
hosting-forget-what = { $school } is not followed any more, its key is forgotten here, and the links to its page stop working. At the host nothing changes. Whoever follows it again needs the same values.
hosting-forget-do = Stop following

hosting-rotate-title = Replace the link
hosting-rotate-what = The link to the page of { $school } is replaced. The one in all mails that were sent before stops working at once; send the new one to the school.
hosting-rotate-do = Replace the link

done-hosting-made = The school was ordered at its host.
done-hosting-adopted = The host knew the school already: it is followed from now on.
done-hosting-altered = The change was sent to the host.
done-hosting-contact = The contact was changed.
done-hosting-deleted = The host removes the library server.
done-hosting-stopped = No more mails are sent about this school.
done-hosting-resumed = Mails are sent again.
done-hosting-rotated = The link was replaced: the old one is void.
done-hosting-looked = The host was asked.
done-hosting-forgotten = The school is not followed any more.

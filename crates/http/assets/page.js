// What pages do beyond links and forms: they stay true, they show times of the reader's own zone, they copy.
// Everything works without it.
"use strict";

(() => {
  const content = document.getElementById("content");
  const pulse = document.getElementById("pulse");
  const lang = document.documentElement.lang;

  // === times ===

  const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const short = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "long" });

  const localise = (root) => {
    const today = day.format(new Date());
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      const date = day.format(at);
      const year = at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`;
      const text = date === today && !year ? clock.format(at) : `${date}${year}, ${short.format(at)}`;
      if (time.textContent !== text) time.textContent = text;
      time.title = full.format(at);
    }
  };

  // === staying true ===

  // One stream for a page that is seen; none for one that is not, so that a browser's few connections are not used up.
  const about = content?.dataset.live;
  let stream = null;
  let reading = false;
  let again = false;

  const show = (state) => {
    if (!pulse || pulse.dataset.state === state) return;
    pulse.dataset.state = state;
    pulse.hidden = false;
    pulse.textContent = pulse.dataset[state];
  };

  const read = async () => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      await htmx.ajax("GET", location.pathname + location.search, { target: "#content", swap: "innerMorph" });
    } finally {
      reading = false;
      if (again) {
        again = false;
        read();
      }
    }
  };

  const open = () => {
    if (!about || document.hidden || stream) return;
    let lost = false;
    stream = new EventSource(`/live?${about}`);
    stream.onopen = () => {
      show("on");
      if (lost) read();
      lost = false;
    };
    stream.onmessage = read;
    stream.onerror = () => {
      show("off");
      lost = true;
      if (stream?.readyState === EventSource.CLOSED) {
        close();
        // Not signed in any more: reading the page again leads to where one signs in.
        read();
        setTimeout(open, 5000);
      }
    };
  };

  const close = () => {
    stream?.close();
    stream = null;
  };

  if (about) {
    open();
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => {
      if (event.persisted) read();
      open();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        close();
      } else {
        if (!stream) read();
        open();
      }
    });
  }

  // === small things ===

  localise(document);
  document.addEventListener("htmx:after:swap", () => localise(document));

  // What was said once is not said again when the page is loaded anew.
  const here = new URL(location.href);
  if (here.searchParams.has("said")) {
    here.searchParams.delete("said");
    history.replaceState(history.state, "", here);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard?.writeText(button.dataset.copy);
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1200);
  });

  // A form that filters is sent as soon as a choice is made, without what was left empty.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (form && event.target.matches("select, input[type=checkbox]")) form.requestSubmit();
  });
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-filter]")) return;
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();

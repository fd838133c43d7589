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

  // The zone is said where times are typed; what is typed without one is meant in the reader's own.
  const here = new URL(location.href);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const meant = (root) => {
    if (!zone || here.searchParams.has("zone")) return;
    for (const field of root.querySelectorAll("[data-zone]")) field.value = zone;
    for (const name of root.querySelectorAll("[data-zone-name]")) name.textContent = zone;
  };
  for (const name of document.querySelectorAll("[data-reader-zone]")) name.textContent = zone;

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

  // A search that has found nothing so far goes on by itself, and says meanwhile how far it is.
  let searching = false;
  const searchOn = async () => {
    const link = document.querySelector("a[data-search-on]");
    if (!link || searching || document.hidden) return;
    searching = true;
    document.documentElement.dataset.searching = "";
    history.replaceState(history.state, "", link.href);
    try {
      await htmx.ajax("GET", link.href, { target: "#content", swap: "innerMorph" });
    } finally {
      searching = false;
      delete document.documentElement.dataset.searching;
    }
    if (document.querySelector("a[data-search-on]")?.href !== link.href) searchOn();
  };

  const dress = () => {
    localise(document);
    meant(document);
    chosenAgain();
    searchOn();
  };
  addEventListener("htmx:after:swap", dress);

  // What was said once is not said again when the page is loaded anew.
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

  // Of two ends of a range none passes the other.
  document.addEventListener("input", (event) => {
    const { range } = event.target.dataset ?? {};
    const form = event.target.form;
    if (range === "since" && form.until) form.until.min = event.target.value;
    if (range === "until" && form.since) form.since.max = event.target.value;
  });

  // === charts: a value is read where one points or moves with the arrows ===

  const readBar = (event) => {
    const bar = event.target.closest?.("[data-bars] a");
    if (!bar) return;
    const { at, until, says } = bar.dataset;
    const [from, to] = [new Date(at), new Date(until)];
    const date = day.format(from) === day.format(new Date()) ? "" : `${day.format(from)}, `;
    const text = `${date}${short.format(from)}–${short.format(to)} · ${says}`;
    bar.setAttribute("aria-label", text);
    bar.closest("figure").querySelector("[data-reading]").textContent = text;
  };
  document.addEventListener("pointerover", readBar);
  document.addEventListener("focusin", readBar);
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("[data-bars] a");
    const bars = bar && [...bar.parentElement.querySelectorAll("a")];
    const to = bars?.[{ ArrowLeft: bars.indexOf(bar) - 1, ArrowRight: bars.indexOf(bar) + 1, Home: 0, End: bars.length - 1 }[event.key]];
    if (!to) return;
    event.preventDefault();
    bar.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });

  // === long pages: a link opens what it leads to; what is looked for is shown where it stands ===

  const unfold = () => {
    const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = at?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    at?.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  if (location.hash) unfold();

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const finder = document.querySelector("[data-find]");
  const find = () => {
    const { words, only } = finder.elements;
    const wanted = plain(words.value).split(/\s+/).filter(Boolean);
    const all = !wanted.length && !only?.checked;
    let found = 0;
    for (const fold of document.querySelectorAll("[data-fold]")) {
      let here = 0;
      for (const row of fold.querySelectorAll("[data-row]")) {
        const text = plain(row.textContent);
        row.hidden = !wanted.every((word) => text.includes(word)) || (only?.checked && !("set" in row.dataset));
        if (!row.hidden) here += 1;
      }
      fold.hidden = !here;
      fold.open = !all && here > 0;
      found += here;
    }
    const status = finder.querySelector("[role=status]");
    status.textContent = all ? "" : found || status.dataset.none;
  };
  if (finder) {
    finder.hidden = false;
    finder.addEventListener("input", find);
    finder.addEventListener("submit", (event) => event.preventDefault());
    // What a browser has typed in by itself when one comes back.
    if (finder.elements.words.value || finder.elements.only?.checked) find();
  }

  // === choosing many ===

  const chosen = new Set();
  const boxes = (form) => [...form.querySelectorAll("tbody .pick input")];
  const count = (form) => {
    const all = boxes(form);
    const n = all.filter((box) => box.checked).length;
    const page = form.querySelector("[data-page]");
    page.checked = n > 0 && n === all.length;
    page.indeterminate = n > 0 && n < all.length;
    const every = form.querySelector("[data-all]")?.checked;
    form.querySelector("[data-count]").textContent = every ? "∞" : n;
    for (const button of form.querySelectorAll(".bulk button")) button.disabled = !n && !every;
  };
  const chosenAgain = () => {
    for (const form of document.querySelectorAll("form[data-bulk]")) {
      for (const box of boxes(form)) box.checked = chosen.has(box.value);
      count(form);
    }
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-bulk]");
    if (!form) return;
    if (event.target.matches("[data-page]")) for (const box of boxes(form)) box.checked = event.target.checked;
    for (const box of boxes(form)) chosen[box.checked ? "add" : "delete"](box.value);
    count(form);
  });

  // === going anywhere ===

  const palette = document.getElementById("palette");
  const words = palette?.querySelector("input");
  const found = palette?.querySelector(".found");
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    const answer = await fetch(`/palette?q=${encodeURIComponent(words.value)}`, { headers: { "HX-Request": "true" } });
    const text = answer.ok ? await answer.text() : "";
    if (mine !== asked) return;
    found.innerHTML = text.replace(/<title>[^]*?<\/title>/, "");
    step(1);
  };
  const step = (by) => {
    const links = [...found.querySelectorAll("a")];
    const at = links.findIndex((link) => link.ariaSelected === "true");
    const to = links[(at + by + links.length) % links.length];
    for (const link of links) link.ariaSelected = String(link === to);
    to?.scrollIntoView({ block: "nearest" });
    if (to) words.setAttribute("aria-activedescendant", to.id);
    else words.removeAttribute("aria-activedescendant");
  };
  const openPalette = () => {
    palette.showModal();
    words.select();
    look();
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const wanted = event.key === "/" ? !typing : event.key === "k" && (event.ctrlKey || event.metaKey);
    if (!palette || palette.open || !wanted || event.altKey) return;
    event.preventDefault();
    openPalette();
  });
  document.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
    if (!palette || !event.target.closest("[data-palette]")) return;
    event.preventDefault();
    openPalette();
  });
  words?.addEventListener("input", look);
  words?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  palette?.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    found.querySelector("[aria-selected=true]")?.click();
  });

  dress();

  // A form that filters is sent as soon as a choice is made, without what was left empty.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (!form || !event.target.matches("select, input[type=checkbox]")) return;
    sessionStorage.setItem("was at", event.target.id);
    form.requestSubmit();
  });
  // Whoever chose it goes on from there.
  const wasAt = sessionStorage.getItem("was at");
  sessionStorage.removeItem("was at");
  if (wasAt) document.getElementById(wasAt)?.focus();
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

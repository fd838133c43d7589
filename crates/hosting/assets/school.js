// What the page of a school does beyond links and forms: it is asked again, and what has changed takes the place of what was
// there. The frame of the upload is left alone as long as the school stands where it stood. Everything works without it.
"use strict";

(() => {
  const LONGEST = 60;
  const lost = document.getElementById("lost");
  const part = (id, of = document) => of.getElementById(id);
  let timer = null;
  let failures = 0;

  const address = (more) => {
    const here = new URL(location.href);
    here.pathname = here.pathname.replace(/\/reveal$/, "");
    const query = new URLSearchParams({ lang: document.documentElement.lang, ...more });
    return `${here.pathname}?${query}`;
  };

  const fetched = async (url, init = {}) => {
    const answer = await fetch(url, { ...init, headers: { accept: "text/html" }, referrerPolicy: "no-referrer", cache: "no-store" });
    if (answer.status === 404) location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const put = (id, of) => {
    const [old, now] = [part(id), part(id, of)];
    if (!old || !now || old.outerHTML === now.outerHTML) return;
    // The heading stays the same element, so that it is read out when it changes.
    old.replaceWith(document.adoptNode(now));
  };

  const shown = () => document.dispatchEvent(new Event("htmx:after:swap"));

  const read = async () => {
    const now = await fetched(address({ part: "now" }));
    const before = part("state")?.textContent;
    const act = part("act");
    const moved = act.dataset.of !== part("now", now).dataset.of;
    if (moved || act.dataset.missing) put("act", await fetched(address({})));
    put("now", now);
    put("past", now);
    const state = part("state");
    if (before !== state.textContent) part("said").textContent = state.textContent;
    shown();
  };

  const next = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const every = Number(part("now")?.dataset.every) || 30;
    timer = setTimeout(again, 1000 * Math.min(LONGEST, every * 2 ** Math.min(failures, 5)));
  };

  const again = async () => {
    try {
      await read();
      failures = 0;
    } catch {
      failures += 1;
    }
    lost.hidden = failures < 2;
    next();
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) again();
  });
  addEventListener("online", again);

  // What is hidden is shown, and hidden again, without the rest of the page being loaded anew.
  const act = async (event, url, init) => {
    event.preventDefault();
    try {
      put("act", await fetched(url, init));
      part("act").querySelector("#hide, #reveal")?.focus();
    } catch {
      lost.hidden = false;
    }
    shown();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-act]");
    if (link) act(event, link.href, {});
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (form) act(event, form.action, { method: "POST", body: new URLSearchParams({ reveal: "1" }) });
  });

  next();
})();

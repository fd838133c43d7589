// The upload page with a script: files are sent in parts that go on after whatever broke them off. Without it the page's
// forms do the same, one file as a whole.
"use strict";
(() => {
  const list = document.getElementById("list");
  const choose = document.getElementById("choose");
  const input = document.getElementById("files");
  const finish = document.getElementById("finish");
  if (!list || !choose || !window.tus || !tus.isSupported) return;
  document.documentElement.classList.add("scripted");

  const { base, lang } = list.dataset;
  const words = JSON.parse(list.dataset.words);
  const largest = Number(list.dataset.largest), most = Number(list.dataset.most), whole = Number(list.dataset.whole);
  const endings = list.dataset.accept.split(",");
  const said = document.getElementById("said"), total = document.getElementById("total");
  const bar = document.getElementById("whole"), pace = document.getElementById("pace");
  const button = finish.querySelector("button");
  const PART = 32 << 20, HEAD = 64 << 10, AT_ONCE = 2;
  const PAUSES = [0, 1000, 2000, 4000, 8000, 15000, ...Array(2000).fill(30000)];

  /** The files, the main one first. `row` is what the server knows of one, `file` what was chosen here. */
  let files = [];

  const say = (key, holes = {}) => words[key].replace(/\{(\w+)\}/g, (all, name) => holes[name] ?? all);
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
  const size = (bytes) => {
    const units = lang === "fr" ? ["octets", "Kio", "Mio", "Gio"] : ["bytes", "KiB", "MiB", "GiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < 3) { bytes /= 1024; unit += 1; }
    return `${number.format(bytes)}\u00a0${units[unit]}`;
  };
  const time = (seconds) => {
    const [amount, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }).format(Math.ceil(amount));
  };
  const tell = (text, bad = false) => {
    const line = document.createElement("p");
    line.textContent = text;
    if (bad) line.className = "alert";
    said.replaceChildren(line);
  };
  const headers = { "Accept-Language": lang };
  const ask = (path, more = {}) =>
    fetch(base + path, { credentials: "omit", ...more, headers: { ...headers, Accept: "application/json", ...more.headers } });
  const detail = async (response) => {
    try { return (await response.json()).detail; } catch { return ""; }
  };
  const named = (name) => files.find((one) => one.state !== "refused" && one.name.toLowerCase() === name.toLowerCase());

  // === what is shown ===

  const act = (text, label, icon, run) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = icon ? "button icon" : "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", run);
    return made;
  };

  const sentence = (one) => {
    const holes = { name: one.name, done: size(one.offset), size: size(one.size) };
    switch (one.state) {
      case "there": return say("there", holes);
      case "paused": return say("paused", holes);
      case "lost": return say("lost", holes);
      case "waiting": return say("waiting", holes);
      case "refused": return size(one.size);
      case "coming": return one.offset >= one.size ? say("checking") : say("coming", holes);
      default: return say("choose-again", holes);
    }
  };

  /** Everything of a file but its progress is made anew when its state changes. */
  const show = (one) => {
    one.item ??= document.createElement("li");
    const item = one.item, taken = files.filter((file) => file.state !== "refused"), place = taken.indexOf(one);
    item.className = `file ${one.state}`;
    const focused = item.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const name = document.createElement("div");
    name.className = "name";
    const strong = document.createElement("strong");
    strong.textContent = one.name;
    name.append(strong);
    if (place === 0) {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.textContent = words.main;
      name.append(" ", badge);
    }
    one.line = document.createElement("div");
    one.line.className = "quiet";
    one.line.textContent = sentence(one);
    const acts = document.createElement("div");
    acts.className = "acts";
    const add = (key, made) => { made.dataset.act = key; acts.append(made); };
    if (place > 0) add("up", act("↑", say("up", one), true, () => move(one, -1)));
    if (place >= 0 && place < taken.length - 1) add("down", act("↓", say("down", one), true, () => move(one, 1)));
    if (["coming", "waiting", "lost"].includes(one.state)) add("pause", act(words.pause, `${words.pause}: ${one.name}`, false, () => pause(one)));
    if (one.state === "paused") add("pause", act(words.resume, `${words.resume}: ${one.name}`, false, () => goOn(one)));
    add("remove", act(words.remove, `${words.remove}: ${one.name}`, false, () => remove(one)));
    one.bar = null;
    const parts = [name, one.line];
    if (one.state !== "refused" && one.state !== "there") {
      one.bar = document.createElement("progress");
      one.bar.max = one.size;
      one.bar.value = one.offset;
      one.bar.setAttribute("aria-label", say("progress", one));
      parts.push(one.bar);
    }
    if (one.why) {
      const why = document.createElement("p");
      why.className = "why";
      why.textContent = one.why;
      parts.push(why);
    }
    item.replaceChildren(...parts, acts);
    if (focused) (acts.querySelector(`[data-act="${focused}"]`) ?? acts.querySelector("button"))?.focus();
  };

  const showAll = () => {
    files.forEach(show);
    const items = files.map((one) => one.item);
    if (items.length !== list.children.length || items.some((item, place) => list.children[place] !== item)) list.replaceChildren(...items);
    const taken = files.filter((one) => one.state !== "refused");
    const done = taken.length > 0 && taken.every((one) => one.state === "there");
    button.disabled = !done;
    if (done && !showAll.done) tell(words["all-done"]);
    showAll.done = done;
    tick();
  };

  const set = (one, state, why) => {
    one.state = state;
    one.why = why;
    showAll();
  };

  // === speed and time left ===

  let seen = [];
  const tick = () => {
    const taken = files.filter((one) => one.state !== "refused");
    const all = taken.reduce((sum, one) => sum + one.size, 0), there = taken.reduce((sum, one) => sum + one.offset, 0);
    total.hidden = taken.length === 0;
    bar.max = all || 1;
    bar.value = there;
    const now = performance.now();
    const moving = taken.some((one) => one.state === "coming");
    seen = moving ? [...seen.filter((past) => now - past.at < 10000 && past.there <= there), { at: now, there }] : [];
    const first = seen[0];
    const speed = first && now > first.at ? ((there - first.there) / (now - first.at)) * 1000 : 0;
    const parts = [say("coming", { done: size(there), size: size(all) })];
    if (speed > 0) parts.push(say("speed", { speed: size(speed) }), say("left", { time: time((all - there) / speed) }));
    pace.textContent = parts.join(" · ");
  };
  setInterval(() => { if (files.some((one) => one.state === "coming")) tick(); }, 1000);

  // === sending ===

  const next = () => {
    while (files.filter((one) => one.state === "coming").length < AT_ONCE) {
      const one = files.find((file) => file.state === "waiting");
      if (!one) return;
      begin(one);
    }
  };

  const begin = (one) => {
    one.upload = new tus.Upload(one.file, {
      endpoint: one.id ? undefined : `${base}/files`,
      uploadUrl: one.id ? `${base}/files/${one.id}` : undefined,
      metadata: { filename: one.name },
      headers,
      chunkSize: PART,
      retryDelays: PAUSES,
      storeFingerprintForResuming: false,
      removeFingerprintOnSuccess: false,
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = status === 0 || status === 408 || status === 409 || status === 423 || status === 429 || status === 460 || (status >= 500 && status !== 507);
        if (again && one.state === "coming") set(one, "lost");
        return again;
      },
      onUploadUrlAvailable: () => { one.id = one.upload.url.split("/").pop(); keepOrder(); },
      onProgress: (sent) => {
        one.offset = sent;
        if (one.state === "lost") set(one, "coming");
        if (one.bar) one.bar.value = sent;
        one.line.textContent = sentence(one);
      },
      onSuccess: () => { one.offset = one.size; set(one, "there"); next(); },
      onError: (error) => {
        let why = "";
        try { why = JSON.parse(error.originalResponse.getBody()).detail; } catch { /* It said nothing. */ }
        // A sentence about what was sent cannot come with the answer to HEAD: the list has it.
        fresh().then(() => {
          if (one.state === "coming" || one.state === "lost") set(one, one.id ? "paused" : "refused", why || words["finish-failed"]);
          next();
        });
      },
    });
    set(one, "coming");
    one.upload.start();
  };

  const pause = (one) => {
    one.upload?.abort();
    set(one, "paused");
    next();
  };

  const goOn = (one) => {
    set(one, "waiting");
    next();
  };

  const remove = async (one) => {
    one.upload?.abort();
    if (one.id) {
      const response = await ask(`/files/${one.id}/remove`, { method: "POST" }).catch(() => null);
      if (!response || (!response.ok && response.status !== 404)) {
        tell((response && (await detail(response))) || words["finish-failed"], true);
        return;
      }
    }
    files = files.filter((other) => other !== one);
    showAll();
    tell(say("removed", one));
    input.focus();
    next();
  };

  const move = (one, by) => {
    const taken = files.filter((file) => file.state !== "refused");
    const place = taken.indexOf(one), other = taken[place + by];
    if (!other) return;
    const [here, there] = [files.indexOf(one), files.indexOf(other)];
    [files[here], files[there]] = [other, one];
    showAll();
    tell(say("moved", { name: one.name, place: place + by + 1 }));
    keepOrder();
  };

  const order = () => {
    const form = new URLSearchParams();
    files.filter((one) => one.id && one.state !== "refused").forEach((one) => form.append("file", one.id));
    return form;
  };
  // Kept also for who comes back later; nothing is lost when it does not arrive, the end says it again.
  const keepOrder = () => { ask("/order", { method: "POST", body: order() }).catch(() => {}); };

  // === choosing ===

  const refuse = (file, why) => tell(why, true);

  const take = async (file) => {
    const ending = endings.some((one) => file.name.toLowerCase().endsWith(one));
    if (!ending) return refuse(file, say("extension", { name: file.name, extensions: endings.join(" ") }));
    if (file.size === 0) return refuse(file, say("empty", file));
    if (file.size > largest) return refuse(file, say("too-large", { name: file.name, size: size(largest) }));
    const there = named(file.name);
    if (there) return again(there, file);
    const taken = files.filter((one) => one.state !== "refused");
    if (taken.length >= most) return refuse(file, say("too-many", { name: file.name, place: most }));
    if (taken.reduce((sum, one) => sum + one.size, file.size) > whole) return refuse(file, say("too-much", { name: file.name, size: size(whole) }));
    files = files.filter((one) => !(one.state === "refused" && !one.id));
    files.push({ name: file.name, size: file.size, offset: 0, file, state: "waiting" });
    showAll();
  };

  /** A file that was begun, here or in another browser. */
  const again = async (one, file) => {
    if (one.file || one.state === "there") return refuse(file, say("twice", file));
    if (one.size !== file.size) return refuse(file, say("other-file", file));
    const response = await ask(`/files/${one.id}/head`, { method: "POST", body: file.slice(0, HEAD), headers: { "Content-Type": "application/octet-stream" } }).catch(() => null);
    if (!response?.ok) return refuse(file, (response && (await detail(response))) || words["finish-failed"]);
    one.file = file;
    set(one, "waiting");
  };

  const takeAll = async (chosen) => {
    said.replaceChildren();
    for (const file of chosen) await take(file);
    next();
  };

  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = "";
    takeAll(chosen);
  });
  choose.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["dragenter", "dragover"]) choose.addEventListener(kind, (event) => { event.preventDefault(); choose.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) choose.addEventListener(kind, () => choose.classList.remove("over"));
  choose.addEventListener("drop", (event) => { event.preventDefault(); takeAll([...event.dataTransfer.files]); });

  // === the end ===

  finish.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const response = await ask("/finish", { method: "POST", body: order() }).catch(() => null);
    if (response?.ok) { location.reload(); return; }
    button.disabled = false;
    tell((response && (await detail(response))) || words["finish-failed"], true);
    fresh();
  });

  /** Reads what the server has: after a mistake, and when the page begins. */
  const fresh = async () => {
    const response = await ask("/files").catch(() => null);
    if (!response?.ok) return;
    const { files: rows, may_change: may } = await response.json();
    if (!may) { location.reload(); return; }
    const known = new Map(files.filter((one) => one.id).map((one) => [one.id, one]));
    const named = rows.map((row) => {
      const one = known.get(row.id) ?? { id: row.id, state: "begun" };
      const sending = one.file && row.state === "coming";
      Object.assign(one, { name: row.name, size: row.size, why: row.why ?? (sending ? one.why : undefined) });
      if (!sending) { one.offset = row.offset; one.state = row.state === "coming" ? "begun" : row.state; }
      return one;
    });
    files = [...named, ...files.filter((one) => !one.id)];
    showAll();
  };

  addEventListener("online", () => {
    files.filter((one) => one.state === "lost").forEach((one) => { one.upload.abort(); one.state = "waiting"; });
    next();
  });
  addEventListener("beforeunload", (event) => {
    if (files.some((one) => one.state === "coming")) event.preventDefault();
  });
  fresh();
})();

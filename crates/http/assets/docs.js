// Trying out routes on the page that describes them, as whoever is signed in or by a token.
"use strict";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-token]")) event.preventDefault();
  if (!form.matches("[data-try]")) return;
  event.preventDefault();
  const { try: method, path, kind } = form.dataset;
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
  const token = document.getElementById("token").value;
  const body = form.querySelector("[data-body]")?.value;
  const headers = { Accept: "application/json", ...(kind && { "Content-Type": kind }), ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = form.querySelector("[data-answer]");
  answer.hidden = false;
  answer.textContent = "…";
  try {
    const response = await fetch(filled, { method, headers, body });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    const shown = isJson && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
    answer.textContent = `${response.status} ${response.statusText}\n${shown.slice(0, 20_000)}`;
  } catch (error) {
    answer.textContent = String(error);
  }
});

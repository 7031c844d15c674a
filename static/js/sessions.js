// A row of sessions was acted on and htmx has exchanged the list: whoever works by keyboard or by
// ear goes on at the row that took its place, not at the top of the page.
"use strict";

let actedOn = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  const row = event.target.closest("#other-sessions-list > li");
  actedOn = row ? [...row.parentElement.children].indexOf(row) : null;
});

document.addEventListener("htmx:afterSettle", () => {
  if (actedOn === null) return;
  const rows = [...document.querySelectorAll("#other-sessions-list > li")];
  const next = rows[Math.min(actedOn, rows.length - 1)];
  const heading = next?.querySelector("h3") ?? document.getElementById("other-sessions");
  actedOn = null;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: Boolean(next) });
});

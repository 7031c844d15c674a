// The Users pages: questions open as dialogs, and rows unfold. Without script the very same links and
// forms lead to pages of their own.
"use strict";

// Questions that htmx puts into the page are dialogs; they are forgotten when they close.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "question") event.detail.target.querySelector("dialog")?.showModal();
});

document.addEventListener("close", (event) => {
  if (event.target.id === "question-dialog") event.target.remove();
}, true);

// Filters that are not set need not stand in the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-short-query]")) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

// A row unfolds by a request and folds up without one.
function expansionOf(link) {
  const next = link.closest("tr").nextElementSibling;
  return next?.matches(".expansion") ? next : null;
}

function markExpanders() {
  for (const link of document.querySelectorAll(".expander")) {
    link.setAttribute("aria-expanded", String(Boolean(expansionOf(link))));
  }
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  const expansion = link.matches(".expander") && expansionOf(link);
  if (!expansion) return;
  event.preventDefault();
  expansion.remove();
  markExpanders();
});

document.addEventListener("htmx:afterSettle", markExpanders);
markExpanders();

// Questions that htmx puts into the page are dialogs: open them, and forget them when they close.
// Without script the very same links and forms lead to a page that asks.
"use strict";

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "question") event.detail.target.querySelector("dialog")?.showModal();
});

document.addEventListener("close", (event) => {
  if (event.target.id === "question-dialog") event.target.remove();
}, true);

// Small helps on top of pages that work without them. Every function is independent of the others;
// listeners sit on the document, so content that htmx swaps in later is served too.
"use strict";

// Appearance: a cookie that base.html reads, so the next page arrives in the right colours.
function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = theme ? 31536000 : 0;
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice]");
  if (button) chooseTheme(button.dataset.themeChoice);
});

// Dialogs: who opened it gets the focus back. An opener inside a popover is hidden by then, so the
// popover's own button gets it.
const openers = new WeakMap();

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[commandfor]");
  if (!button) return;
  const target = document.getElementById(button.getAttribute("commandfor"));
  if (!(target instanceof HTMLDialogElement)) return;
  const command = button.getAttribute("command");
  if (command === "show-modal") openers.set(target, button);
  if ("commandForElement" in HTMLButtonElement.prototype) return; // the browser does the rest
  if (command === "show-modal" && !target.open) {
    button.closest("[popover]")?.hidePopover?.();
    target.showModal();
  } else if (command === "close" && target.open) target.close();
}, true);

document.addEventListener("close", (event) => {
  const opener = openers.get(event.target);
  if (!opener) return;
  openers.delete(event.target);
  const popover = opener.closest("[popover]");
  const visible = opener.isConnected && opener.checkVisibility?.();
  const menuButton = popover && document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`);
  (visible ? opener : menuButton)?.focus();
}, true);

// A click beside a dialog closes it, where the browser does not know closedby="any".
document.addEventListener("click", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || "closedBy" in dialog) return;
  if (dialog.getAttribute("closedby") !== "any") return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right
    && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
});

// Menus: arrow keys walk through the items, and a choice that stays on the page closes the menu.
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll(".menu-item:not(:disabled)")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  items.at((items.indexOf(event.target) + step) % items.length)?.focus();
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const item = event.target.closest(".menu-item, .nav a");
  const popover = item?.closest(":popover-open");
  if (popover && !item.hasAttribute("popovertarget")) popover.hidePopover();
});

// Selection: [data-selection] holds one [data-select-all] and many [data-select-row] checkboxes.
// Every [data-selection-count] inside shows the number.
function showSelection(scope) {
  const rows = [...scope.querySelectorAll("[data-select-row]:not(:disabled)")];
  const chosen = rows.filter((row) => row.checked).length;
  const all = scope.querySelector("[data-select-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
  }
  for (const place of scope.querySelectorAll("[data-selection-count]")) place.textContent = chosen;
}

function showAllSelections() {
  for (const scope of document.querySelectorAll("[data-selection]")) showSelection(scope);
}

function selectEvery(scope, checked) {
  for (const row of scope.querySelectorAll("[data-select-row]:not(:disabled)")) row.checked = checked;
  showSelection(scope);
}

document.addEventListener("change", (event) => {
  const scope = event.target.closest("[data-selection]");
  if (!scope) return;
  if (event.target.matches("[data-select-all]")) selectEvery(scope, event.target.checked);
  else if (event.target.matches("[data-select-row]")) showSelection(scope);
});

document.addEventListener("click", (event) => {
  const clear = event.target.closest("[data-selection-clear]");
  if (!clear) return;
  const scope = clear.closest("[data-selection]");
  selectEvery(scope, false);
  scope.querySelector("[data-select-all]")?.focus();
});

// Toasts: closed by hand; good news leaves after a while, unless somebody is reading it.
function closeLater(toast) {
  if (toast.dataset.toastTimed || !toast.matches(".toast-success, .toast-info")) return;
  toast.dataset.toastTimed = "yes";
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 4000);
    else toast.remove();
  };
  setTimeout(leave, 12000);
}

function startToasts() {
  for (const toast of document.querySelectorAll("[data-toast]")) closeLater(toast);
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest("[data-toast]")?.remove();
});

// Live regions speak only of what changes after loading: put the first messages in once more.
function announceFirstMessages() {
  for (const region of document.querySelectorAll(".toasts > [role]")) {
    const toasts = [...region.children];
    if (toasts.length) setTimeout(() => region.replaceChildren(...toasts), 150);
  }
}

// A form is sent once. Buttons stay enabled, so their name and value still arrive.
// htmx cancels the submit event and has hx-disabled-elt for its own requests.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => sendable(form), 8000); // a download leaves the page standing
});

function sendable(form) {
  delete form.dataset.sent;
  for (const button of document.querySelectorAll('button[aria-busy="true"]')) {
    if (button.form === form) button.removeAttribute("aria-busy");
  }
}

window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) sendable(form);
});

// Passkeys: say it on the page when the browser or the person gives up.
document.addEventListener("allauth.error", (event) => {
  const notice = document.querySelector("[data-passkey-error]");
  if (!notice) return;
  event.preventDefault();
  notice.hidden = false;
});

// A field such as <select data-submit-on-change> sends its form; without script there is a button.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  // Not innerText, which is empty while what is copied is folded away.
  navigator.clipboard?.writeText((source.value ?? source.textContent).trim()).then(() => {
    const words = button.querySelector("[data-copy-label]") ?? button;
    words.textContent = button.dataset.copied;
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copyText(button);
});

showAllSelections();
startToasts();
announceFirstMessages();
document.addEventListener("htmx:afterSettle", () => {
  showAllSelections();
  startToasts();
});

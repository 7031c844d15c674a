// Session settings: presets, and the question before a save that ends sessions.
// Without script, presets and the question come from the server.
"use strict";

const settings = document.getElementById("settings-form");
const HOURS = { minutes: 1 / 60, hours: 1, days: 24 };

function field(name) {
  return settings.elements.namedItem(name);
}

function says(name, value) {
  return field(name).type === "checkbox" ? field(name).checked : field(name).value === value;
}

function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    if (field(name).type === "checkbox") field(name).checked = true;
    else field(name).value = value;
  }
}

// Force re-login shortens the refresh tokens with it, as the server does for presets.
function fitRefreshTokens() {
  const most = Math.floor(field("absolute_timeout_value").value * HOURS[field("absolute_timeout_unit").value]);
  const refresh = field("refresh_token_lifetime");
  if (field("absolute_timeout_enabled").checked && most >= 1 && refresh.value > most) refresh.value = most;
}

function pressPresets() {
  for (const button of settings.querySelectorAll("[data-fill]")) {
    const all = Object.entries(JSON.parse(button.dataset.fill)).every(([name, value]) => says(name, value));
    button.setAttribute("aria-pressed", String(all));
  }
}

settings?.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-fill]");
  if (!preset) return;
  event.preventDefault();
  fill(JSON.parse(preset.dataset.fill));
  preset.dispatchEvent(new Event("input", { bubbles: true }));
});

// What was announced is old as soon as something changes: until the preview is back, the server asks.
settings?.addEventListener("input", (event) => {
  if (event.target.name?.startsWith("absolute_timeout") || event.target.dataset.fill) fitRefreshTokens();
  pressPresets();
  document.getElementById("confirm-save")?.remove();
  const save = settings.querySelector("[data-save]");
  if (!save) return;
  save.value = "0";
  save.textContent = save.dataset.save;
  save.classList.replace("button-danger", "button-primary");
});

// What is unfolded stays so while the preview is exchanged.
let unfolded = [];

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "impact") unfolded = [...detail.target.querySelectorAll("details[open]")].map(({ id }) => id);
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "replay") detail.target.removeAttribute("aria-busy");
  if (detail.target.id !== "impact") return;
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});

settings?.addEventListener("submit", (event) => {
  const question = document.getElementById("confirm-save");
  if (!question || event.submitter?.value !== "0") return;
  event.preventDefault();
  question.showModal();
});

document.querySelector("main [role=alert][tabindex]")?.focus();

// Risk rules: what was tried is old as soon as something changes, so saving asks the server again.
"use strict";

const rules = document.getElementById("rules-form");

rules?.addEventListener("input", () => {
  const save = rules.querySelector("[data-save]");
  if (!save) return;
  save.value = "0";
  save.textContent = save.dataset.save;
  save.classList.replace("button-danger", "button-primary");
});

document.querySelector("main [role=alert][tabindex]")?.focus();

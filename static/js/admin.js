// Django admin's search boxes for people and tenants (select2) have roles and no names: the field's
// label is theirs.
"use strict";

{
  const nameOf = (select) => select.labels[0]?.textContent.trim().replace(/:$/, "") ?? "";

  const name = (select) => {
    const parts = select.nextElementSibling?.querySelectorAll("[role]") ?? [];
    for (const part of parts) part.setAttribute("aria-label", nameOf(select));
    window.django.jQuery(select).on("select2:open", () => {
      document.querySelector(".select2-search__field")?.setAttribute("aria-label", nameOf(select));
    });
  };

  window.addEventListener("load", () => {
    // Queued behind Django's own: the boxes are made when it is our turn.
    window.django.jQuery(() => {
      document.querySelectorAll("select.admin-autocomplete").forEach(name);
    });
  });
}

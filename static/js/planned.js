// Settings that people are warned of: a page that was open before gets the warning too, and each says
// how long it is still. live.js brings the news, without a request of its own while there is none.

const EVERY = 10000; // ms: minutes are shown

const place = document.getElementById("planned-ending");
const { lang } = document.documentElement;
const inWords = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
let ahead = 0; // of our clock, the server's

async function follow(due) {
  if (!place || place.dataset.due === due) return;
  place.dataset.due = due;
  const headers = { "X-Latchkey-Passive": "1" };
  const response = due && await fetch(place.dataset.ask, { headers, redirect: "manual" }).catch(() => null);
  const page = new DOMParser().parseFromString(response?.ok ? await response.text() : "", "text/html");
  place.replaceChildren(...page.body.children);
}

function count() {
  for (const words of document.querySelectorAll("[data-countdown]")) {
    const minutes = Math.max(1, Math.ceil((words.dataset.countdown - Date.now() - ahead) / 60000));
    words.textContent = `, ${inWords.format(minutes, "minute")}`;
  }
}

document.addEventListener("latchkey:pulse", ({ detail }) => {
  ahead = detail.now - detail.sent;
  follow(String(detail.settings ?? ""));
});
setInterval(count, EVERY);

// Keeps an open page true: it leaves when its session is over, and its list follows what happens.
// One tab asks for all tabs of the browser, the others listen. docs/live.md has the whole picture.

const VISIBLE = 1500; // ms between two questions: whoever is logged out leaves within two seconds
const HIDDEN = 30000;
const SLOWEST = 60000; // when the server does not answer
const STALE = 60000; // time ends sessions too, and leaves no event behind at that moment
const REST = 20; // after a refresh, times as long as it took: a busy tenant costs 5 % at most
const CROSSING = 300; // a new cookie is on its way for that long, hardly longer
const PAUSE = "latchkey-live";
// What the person is doing where things must not move.
const BUSY = ":focus-within, :has([data-select-row]:checked, form[data-sent], .htmx-request, .expansion)";
const OPEN = "dialog[open], :popover-open, [data-live-news]:is(:hover, :focus-within)";
const TYPED = 'input:not([type="checkbox"], [type="hidden"]), textarea';

const over = document.getElementById("live-over");
const news = document.getElementById("live-news");
const pause = document.querySelector("[data-live-pause]");
const channel = new BroadcastChannel("latchkey");
const topics = new Set(); // what the tabs of this browser list
let term; // while this tab asks, or queues for it
let asking; // the question on its way
let heard = 0; // when this browser last got an answer
let failures = 0;
let rested = 0; // when the list may be refreshed again

const isVisible = () => document.visibilityState === "visible";
const isPaused = () => localStorage.getItem(PAUSE) !== null;
const theList = () => document.querySelector("[data-live]");
// Another tab may have gone to another tenant, or somebody else may have signed in there.
const whose = (page) => page.querySelector(".header")?.textContent;

function sleep(ms, signal) {
  return new Promise((done) => {
    setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

// Of the visible tabs one asks, and of the hidden ones one, if it hears nothing. Without locks
// (plain http) each tab asks that hears nothing.
function queue() {
  term?.abort();
  term = new AbortController();
  const { signal } = term;
  if (isVisible() && Date.now() - heard > 2 * VISIBLE) ask();
  if (!navigator.locks) return lead(signal);
  const lock = `latchkey-${document.visibilityState}`;
  return navigator.locks.request(lock, { signal }, () => lead(signal)).catch(() => {});
}

async function lead(signal) {
  while (!signal.aborted) {
    const pace = isVisible() ? VISIBLE : HIDDEN;
    if (Date.now() - heard > pace * 0.9) await ask();
    const slower = Math.min(SLOWEST, pace * 2 ** failures) * (0.5 + Math.random());
    await sleep(failures ? slower : pace, signal);
  }
}

function ask() {
  asking ??= question().catch(() => { failures += 1; }).finally(() => { asking = null; });
  return asking;
}

async function question(again = false) {
  const query = new URLSearchParams([...topics].map((topic) => ["topic", topic]));
  const headers = { Accept: "application/json" };
  const signal = AbortSignal.timeout(10000);
  const response = await fetch(`${over.dataset.ask}?${query}`, { headers, signal, redirect: "manual" });
  if ([0, 403, 404].includes(response.status)) return refused();
  if (!response.ok) throw new Error(response.status);
  failures = 0;
  const answer = await response.json();
  if (answer.signed_out) return signedOut(answer, again);
  return tell({ ...answer, sent: Date.now() });
}

// The cookie names a session that ended; or none we know, then another tab may just be getting a
// new one (step-up): once more.
async function signedOut(answer, again) {
  if (again || answer.signed_out.startsWith(over.dataset.signedOut)) return tell({ over: true });
  await sleep(CROSSING);
  return question(true);
}

// The person may see a list no longer; the page says so itself.
function refused() {
  topics.clear();
  if (theList()) refresh(theList());
}

function tell(message) {
  channel.postMessage(message);
  receive(message);
}

function receive(message) {
  if (message.want) topics.add(message.want);
  else if (message.over) leave();
  else {
    heard = message.sent;
    document.dispatchEvent(new CustomEvent("latchkey:pulse", { detail: message }));
    if (isVisible()) follow(message);
  }
}

function leave() {
  if (document.querySelector("form[data-sent]")) return; // on its way already, with a cookie maybe
  term.abort();
  const next = over.dataset.back ?? location.pathname + location.search;
  document.body.replaceChildren(over.content);
  location.replace(`${over.dataset.signedOut}?${new URLSearchParams({ next })}`);
}

function follow({ changes, now }) {
  const list = theList();
  if (!list) return;
  const { live: topic, liveRead: read } = list.dataset;
  topics.add(topic);
  if (!changes[topic]) channel.postMessage({ want: topic });
  const count = changes[topic]?.filter((at) => at >= read).length ?? 0;
  if (isPaused() || !(count || now - read > STALE)) offer(0);
  else if (isBusy(list)) offer(count);
  else refresh(list);
}

function isBusy(list) {
  const selection = getSelection();
  const hovers = matchMedia("(hover: hover)").matches;
  return document.querySelector(OPEN) !== null
    || list.matches(BUSY)
    || (hovers && list.querySelector(":is(.card, .table-wrap, a, button):hover") !== null)
    || (selection.type === "Range" && list.contains(selection.anchorNode))
    || [...list.querySelectorAll(TYPED)].some((field) => field.value !== field.defaultValue);
}

async function refresh(list, { asked = false } = {}) {
  if (Date.now() < rested && !asked) return;
  const started = Date.now();
  rested = Infinity;
  try {
    const headers = { "X-Latchkey-Passive": "1" };
    const response = await fetch(location.href, { headers, redirect: "manual" });
    if ([403, 404].includes(response.status)) location.reload();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector(`[data-live="${list.dataset.live}"]`);
    if (!fresh || !list.isConnected || (isBusy(list) && !asked)) return;
    if (whose(page) === whose(document)) swap(list, fresh);
    else location.reload();
  } catch { /* the next answer tries again */ } finally {
    rested = Date.now() + REST * (Date.now() - started);
  }
}

function swap(list, fresh) {
  for (const { id } of list.querySelectorAll("details[open][id]")) {
    fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
  for (const { value } of list.querySelectorAll("[data-select-row]:checked")) {
    fresh.querySelector(`[data-select-row][value="${CSS.escape(value)}"]`)?.setAttribute("checked", "");
  }
  list.replaceWith(fresh);
  window.htmx?.process(fresh);
  fresh.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true })); // for app.js
  offer(0);
}

// Says that there is something new, without moving anything.
function offer(count) {
  let toast = document.querySelector("[data-live-news]");
  if (!count) return toast?.remove();
  if (!toast) {
    toast = news.content.firstElementChild.cloneNode(true);
    toast.querySelector("button").addEventListener("click", update);
    document.getElementById("messages-status").append(toast);
  }
  const words = toast.querySelector("p");
  const text = (count === 1 ? words.dataset.one : words.dataset.other).replace("{n}", count);
  if (words.textContent !== text) words.textContent = text;
}

function update() {
  document.getElementById("main").focus({ preventScroll: true });
  refresh(theList(), { asked: true });
}

function showPause() {
  if (!pause) return;
  pause.hidden = !theList();
  pause.toggleAttribute("data-paused", isPaused());
}

pause?.addEventListener("click", () => {
  if (isPaused()) localStorage.removeItem(PAUSE);
  else localStorage.setItem(PAUSE, "yes");
  showPause();
  ask();
});

channel.addEventListener("message", ({ data }) => receive(data));
document.addEventListener("latchkey:ask", ask);
document.addEventListener("visibilitychange", queue);
addEventListener("online", queue);
addEventListener("storage", showPause);
addEventListener("pagehide", () => term.abort());
addEventListener("pageshow", ({ persisted }) => { if (persisted) queue(); });

showPause();
if (theList()) topics.add(theList().dataset.live);
queue();

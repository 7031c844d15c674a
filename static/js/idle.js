// Asks before an idle session ends, says when one ends whatever happens, and tells the server of
// real input, so that nobody who is filling in a form is logged out. live.js brings the deadlines.

const SPOKEN = [60, 30, 10]; // seconds left that a screen reader is told of
const SLEPT = 5000; // ms without a tick: the machine was asleep

const dialog = document.getElementById("idle");
const clock = dialog.querySelector("[data-idle-clock]");
const words = dialog.querySelector("[data-idle-words]");
const notice = document.getElementById("absolute-notice");
const { lang } = document.documentElement;
const { title } = document;
let pulse = null; // the latest answer of the server; null while it is out of date
let ticked = Date.now();
let spoken; // the last of SPOKEN
let announced; // the absolute deadline that was announced

const serverTime = () => Date.now() + pulse.now - pulse.sent;
const ask = () => document.dispatchEvent(new Event("latchkey:ask"));
const isDue = (limit) => limit !== null && serverTime() >= limit.warn;

// Every second, by the clock on the wall: no long timer to overflow or to sleep through.
function tick() {
  const slept = Date.now() - ticked > SLEPT;
  ticked = Date.now();
  if (slept && document.visibilityState === "visible") ask();
  if (!pulse) return;
  showIdle();
  showAbsolute();
}

function showIdle() {
  if (!isDue(pulse.idle)) return close();
  const left = Math.max(0, Math.ceil((pulse.idle.end - serverTime()) / 1000));
  const mark = SPOKEN.filter((seconds) => left <= seconds).at(-1);
  if (!dialog.open) {
    dialog.showModal();
    spoken = mark;
  }
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  document.title = `${clock.textContent} · ${title}`;
  if (mark !== spoken) speak(mark);
  if (left === 0) ask();
}

function speak(seconds) {
  spoken = seconds;
  const unit = { style: "unit", unit: "second", unitDisplay: "long" };
  const time = new Intl.NumberFormat(lang, unit).format(seconds);
  words.textContent = dialog.dataset.left.replace("{time}", time);
}

function close() {
  if (!dialog.open) return;
  dialog.close();
  words.textContent = "";
  document.title = title;
}

function showAbsolute() {
  if (!isDue(pulse.absolute)) {
    announced = null;
    document.querySelector("[data-absolute]")?.remove();
  } else if (announced !== pulse.absolute.end) {
    announced = pulse.absolute.end;
    announce(announced);
  }
}

function announce(end) {
  const toast = notice.content.firstElementChild.cloneNode(true);
  const { zone: timeZone } = notice.dataset;
  const style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
  toast.querySelector("time").textContent = new Intl.DateTimeFormat(lang, style).format(end);
  document.getElementById("messages-status")?.append(toast);
}

// A request that counts as activity. What we knew is out of date then.
async function stay() {
  pulse = null;
  const body = new FormData(dialog.querySelector("form"));
  const headers = { Accept: "application/json" };
  const request = { method: "POST", body, headers, redirect: "manual" };
  const response = await fetch(dialog.dataset.stay, request).catch(() => null);
  if (response?.ok) close();
  ask();
}

// `tell` comes once a minute at most. While the dialog asks, its buttons answer.
function notePresence(event) {
  if (!event.isTrusted || dialog.open || !pulse?.idle) return;
  if (serverTime() >= pulse.idle.tell) stay();
}

for (const type of ["pointerdown", "keydown", "wheel", "input"]) {
  addEventListener(type, notePresence, { capture: true, passive: true });
}
dialog.querySelector("[data-idle-stay]").addEventListener("click", stay);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault(); // Escape is an answer, too: somebody is there
  stay();
});
document.addEventListener("latchkey:pulse", ({ detail }) => { pulse = detail; });
setInterval(tick, 1000);

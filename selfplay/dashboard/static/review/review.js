// The review queue: one key, one decision, the next item. The server writes the pages; this swaps #review for the next
// one, sends decisions through the outbox, and presses the button that bears the key somebody pressed.

import { showMath, showText } from "./latex.js";
import { Outbox } from "./outbox.js";

const MOVES = "a[data-swap]";
const SHORTCUTS = "review-shortcuts"; // in localStorage: "off" for people whose speech or switches press letters
const AS_TEXT = "review-as-text";

let root = document.getElementById("review");
const said = document.getElementById("said");
const unsent = document.getElementById("unsent");
const help = document.getElementById("help");
const outbox = new Outbox(root.dataset.post, showUnsent, answered);

const actions = {
  approve: () => decide("approve"),
  reject: () => decide("reject"),
  prefer: (button) => decide("prefer", Number(button.value)),
  undo: (button) => decide("undo", null, { id: button.dataset.item, before: button.value }),
  edit: openEdit,
  "close-edit": closeEdit,
  note: openNote,
  help: () => help.showModal(),
  "close-help": () => help.close(),
  text: toggleText,
  retry: () => outbox.retry(),
};

const forms = {
  edit: (form) => {
    const fields = Object.fromEntries(new FormData(form));
    decide("edit", "question" in fields ? { question: fields.question, label: fields.label || null } : fields.label);
  },
  score: (form) => decide("score", Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)]))),
  name: introduce,
  filters: (form) => go(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`),
};

// --- deciding ---

function decide(decision, after = null, more = {}) {
  if (root.dataset.busy || outbox.waiting) {
    if (outbox.waiting) outbox.retry();
    return;
  }
  root.dataset.busy = "yes";
  const note = decision === "undo" ? "" : (root.querySelector("#note")?.value ?? "");
  outbox.post({ reviewer: root.dataset.reviewer, id: root.dataset.item, decision, after, note, ...more });
}

async function answered(decision, { ok, body }) {
  delete root.dataset.busy;
  if (!ok) {
    say(body.error, "bad");
    return;
  }
  if (decision.decision !== "undo") forget(decision.id);
  const here = root.dataset.item === decision.id;
  const next = decision.decision === "undo" ? address(decision.id) : here ? root.dataset.next : location.href;
  await go(next, { replace: next === location.href });
  say(body.said, "good");
}

function showUnsent({ waiting, why }) {
  unsent.hidden = !waiting;
  if (waiting) {
    const [text, how] = unsent.querySelectorAll("p");
    text.textContent = `Not sent yet: ${inWords(waiting)}, because ${why}. It is kept in this window and sent again by itself; leave the window open.`;
    how.textContent =
      "If the dashboard was started again, open its new address once in this browser: for the same folders it has the same port, and this window goes on sending.";
  }
}

/** A decision with all that was written, so that it can be made anew if it must. */
function inWords({ decision, id, after, note }) {
  const more = after === null ? "" : ` to ${typeof after === "string" ? after : JSON.stringify(after)}`;
  return `${decision} on ${id}${more}${note ? `, with the note “${note}”` : ""}`;
}

addEventListener("beforeunload", (event) => {
  if (outbox.waiting) event.preventDefault();
});

/** What was done, for eyes and for screen readers. */
function say(text, kind = "") {
  said.className = `said ${kind}`;
  said.textContent = text;
}

// --- pages ---

function address(item) {
  const query = new URLSearchParams(location.search);
  query.set("id", item);
  return `${root.dataset.items}?${query}`;
}

/** Show another page of the queue in this one, so that the outbox and what was said stay. */
async function go(href, { replace = false, back = false } = {}) {
  let answer, fresh;
  try {
    answer = await fetch(href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh = page.getElementById("review");
    if (fresh) document.title = page.title;
  } catch {
    say("The server does not answer; is selfplay-gym watch still running?", "bad");
    return;
  }
  if (!fresh) {
    location.assign(href); // an error page, or a server that wants its token again
    return;
  }
  root.replaceWith(fresh);
  root = fresh;
  if (!back) history[replace ? "replaceState" : "pushState"](null, "", answer.url);
  say("");
  scrollTo(0, 0);
  begin();
}

/** Make a page that has just been put in ready: formulas, drafts, focus. */
function begin() {
  show();
  for (const field of root.querySelectorAll("[data-draft]")) {
    const kept = sessionStorage.getItem(draft(field));
    if (kept !== null) field.value = kept;
    if (kept && field.id === "note") field.parentElement.hidden = false;
    field.addEventListener("input", () => sessionStorage.setItem(draft(field), field.value));
  }
  root.querySelector("[data-focus]")?.focus({ preventScroll: true });
}

function draft(field) {
  return `draft:${root.dataset.post}:${root.dataset.item}:${field.name}`;
}

function forget(item) {
  for (const name of ["note", "question", "label"]) sessionStorage.removeItem(`draft:${root.dataset.post}:${item}:${name}`);
}

function show() {
  const asText = localStorage.getItem(AS_TEXT) === "yes";
  (asText ? showText : showMath)(root);
  root.querySelector("[data-do=text]")?.setAttribute("aria-pressed", String(asText));
  markScrollers();
}

/** What can be scrolled can be reached with Tab, and nothing else of the texts. */
function markScrollers() {
  for (const box of root.querySelectorAll(".written, .answer-text, .what")) {
    const scrolls = box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth;
    box.toggleAttribute("tabindex", scrolls);
    if (scrolls) box.tabIndex = 0;
  }
}

function toggleText() {
  localStorage.setItem(AS_TEXT, localStorage.getItem(AS_TEXT) === "yes" ? "no" : "yes");
  show();
}

function openNote() {
  const note = root.querySelector("#note");
  note.parentElement.hidden = false;
  note.focus();
}

function openEdit(button) {
  const form = root.querySelector("[data-form=edit]");
  form.hidden = false;
  button.setAttribute("aria-expanded", "true");
  form.querySelector("textarea").focus();
}

function closeEdit() {
  const button = root.querySelector("[data-do=edit]");
  root.querySelector("[data-form=edit]").hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.focus();
}

async function introduce(form) {
  const body = JSON.stringify({ name: new FormData(form).get("name") });
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    if (answer.ok) return go(form.dataset.then, { replace: true });
    say((await answer.json()).error, "bad");
  } catch {
    say("The server does not answer; is selfplay-gym watch still running?", "bad");
  }
}

// --- keys and clicks ---

document.addEventListener("click", (event) => {
  const link = event.target.closest(MOVES);
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey && event.button === 0) {
    event.preventDefault();
    go(link.href);
    return;
  }
  const button = event.target.closest("[data-do]");
  if (button && !button.disabled) actions[button.dataset.do](button);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-form]");
  if (!form) return;
  event.preventDefault();
  forms[form.dataset.form](form);
});

document.addEventListener("change", (event) => {
  if (event.target.id === "shortcuts") localStorage.setItem(SHORTCUTS, event.target.checked ? "on" : "off");
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.repeat || help.open) return;
  const field = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
  if (field) {
    leaveField(event, field);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(SHORTCUTS) === "off") return;
  const pressed = scoreOf(event.key) ?? keyed(event.key);
  if (pressed) {
    event.preventDefault();
    pressed.click();
  }
});

/** In a field every key is the field's, but Escape, which leaves it, and Ctrl+Enter, which saves. */
function leaveField(event, field) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.form?.dataset.form === "edit") {
    event.preventDefault();
    field.form.requestSubmit();
  } else if (event.key === "Escape" && field.form?.dataset.form === "edit") {
    closeEdit();
  } else if (event.key === "Escape" && field.id === "note") {
    root.querySelector("[data-focus]").focus();
  }
}

/** What on the page bears a key; only what is there can be pressed. */
function keyed(key) {
  const all = [...document.querySelectorAll("[data-key]")];
  return all.find((one) => one.dataset.key === key && !one.disabled && one.offsetParent !== null);
}

/** A digit scores the first criterion that has no score yet, or the one that has the focus. */
function scoreOf(key) {
  const form = root.querySelector("[data-form=score]");
  if (!form || !/^[0-4]$/.test(key)) return undefined;
  const sets = [...form.querySelectorAll("fieldset")];
  const set =
    sets.find((one) => one.contains(document.activeElement)) ??
    sets.find((one) => !one.querySelector(":checked")) ??
    sets[0];
  const radio = set.querySelector(`input[value="${key}"]`);
  const next = sets[sets.indexOf(set) + 1]?.querySelector("input") ?? form.querySelector("button");
  queueMicrotask(() => next.focus());
  return radio;
}

document.addEventListener("toggle", markScrollers, true); // attempts that are opened
addEventListener("resize", markScrollers);
document.fonts.addEventListener("loadingdone", markScrollers);
addEventListener("popstate", () => go(location.href, { back: true }));
document.getElementById("shortcuts").checked = localStorage.getItem(SHORTCUTS) !== "off";
begin();
outbox.retry();

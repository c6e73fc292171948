// Keeps a page at what its run has written: the server sends the parts that have changed, and they take the place of the old ones.

const parts = document.getElementById("parts");
if (parts) follow(parts);

function follow(parts) {
  const connection = document.getElementById("connection");
  const button = document.getElementById("pause");
  const waiting = new Map();
  let order;
  let paused = false;

  const source = new EventSource(parts.dataset.events);
  source.onopen = () => say("Following.", false);
  source.onerror = () => {
    const over = source.readyState === EventSource.CLOSED;
    say(over ? "The dashboard has ended; start it again and open its new address." : "No connection; trying again.", true);
  };
  source.addEventListener("part", (event) => {
    const { name, html } = JSON.parse(event.data);
    if (paused) waiting.set(name, html);
    else put(name, html);
  });

  source.addEventListener("order", (event) => {
    order = JSON.parse(event.data);
    if (!paused) arrange(parts, order);
  });

  source.addEventListener("end", (event) => {
    source.close();
    say(JSON.parse(event.data), true);
  });

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Go on" : "Pause";
    if (source.readyState !== EventSource.CLOSED) say(paused ? "Paused." : "Following.", false);
    if (paused) return;
    waiting.forEach((html, name) => put(name, html));
    waiting.clear();
    if (order) arrange(parts, order);
  });

  function say(text, lost) {
    if (connection.textContent !== text) connection.textContent = text;
    connection.classList.toggle("lost", lost);
  }
}

function put(name, html) {
  const old = document.getElementById(`part-${name}`) ?? added(name);
  const open = new Set([...old.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
  const focused = old.contains(document.activeElement) ? place(old, document.activeElement) : null;
  const checked = new Set([...old.querySelectorAll("input:checked")].map((one) => one.value));
  const scrolled = [...old.querySelectorAll(".wide, pre")].map((one) => one.scrollLeft);

  const made = document.createElement("template");
  made.innerHTML = html;
  old.replaceChildren(made.content);

  for (const one of old.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = true;
  for (const one of old.querySelectorAll("input")) one.checked = checked.has(one.value);
  [...old.querySelectorAll(".wide, pre")].forEach((one, index) => { one.scrollLeft = scrolled[index] ?? 0; });
  if (focused) find(old, focused)?.focus({ preventScroll: true });
}

// What is gone goes, and what is new comes to its place; what stays where it is is not touched, and keeps the focus.
function arrange(parts, names) {
  const wanted = names.map((name) => document.getElementById(`part-${name}`) ?? added(name));
  for (const one of [...parts.children]) if (!wanted.includes(one)) one.remove();
  wanted.forEach((one, at) => { if (parts.children[at] !== one) parts.insertBefore(one, parts.children[at] ?? null); });
}

// A part that was not there when the page was made, such as a role in its first step.
function added(name) {
  const made = document.createElement("div");
  made.id = `part-${name}`;
  parts.append(made);
  return made;
}

// Where the focus is: in which of the details, or which of all the things that can have it.
function place(within, element) {
  const key = element.closest("details[data-key]")?.dataset.key;
  return { key, index: [...within.querySelectorAll("summary, a, button, input, [tabindex]")].indexOf(element) };
}

function find(within, { key, index }) {
  if (key !== undefined) {
    const same = [...within.querySelectorAll("details[data-key]")].find((one) => one.dataset.key === key);
    if (same) return same.querySelector("summary");
  }
  return within.querySelectorAll("summary, a, button, input, [tabindex]")[index];
}

// Takes a decision to the server, once, whatever happens to the connection. It is put into sessionStorage before it is
// sent, and stays there until the server has answered; its key makes a repeated request the same decision.

const FINAL = new Set([200, 400, 404, 409, 413, 415]); // the server has understood; anything else may pass
const PATIENCE_MS = 15_000;
const LONGEST_WAIT_MS = 30_000;

export class Outbox {
  #address;
  #name;
  #changed;
  #wait = 1_000;
  #timer;
  #sending;

  /**
   * @param {string} address where decisions are posted
   * @param {(state: {waiting: object|null, why: string}) => void} changed told when something waits, and when it no longer does
   * @param {(decision: object, answer: {ok: boolean, body: object}) => void} answered told what the server said
   */
  constructor(address, changed, answered) {
    this.#address = address;
    this.#name = `unsent:${address}`;
    this.#changed = changed;
    this.answered = answered;
    addEventListener("online", () => this.retry());
  }

  /** The decision that waits for the server, or null. */
  get waiting() {
    return JSON.parse(sessionStorage.getItem(this.#name) ?? "null");
  }

  /** Keep a decision, with the reviewer whom the page names, and send it; one at a time. */
  post(decision) {
    sessionStorage.setItem(this.#name, JSON.stringify({ key: newKey(), ...decision }));
    return this.retry();
  }

  /** Send what waits, if anything does, now. */
  retry() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #send() {
    const decision = this.waiting;
    if (!decision) return;
    let status, body;
    try {
      const answer = await fetch(this.#address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(decision),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      status = answer.status;
      body = FINAL.has(status) ? await answer.json() : await answer.text();
    } catch {
      return this.#later(decision, "the server does not answer");
    }
    if (!FINAL.has(status)) return this.#later(decision, `the server says: ${sentence(body).slice(0, 200)}`);
    sessionStorage.removeItem(this.#name);
    this.#wait = 1_000;
    this.#changed({ waiting: null, why: "" });
    this.answered(decision, { ok: status === 200, body });
  }

  #later(decision, why) {
    this.#changed({ waiting: decision, why });
    this.#timer = setTimeout(() => this.retry(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }
}

function sentence(body) {
  try {
    return String(JSON.parse(body).error);
  } catch {
    return body;
  }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

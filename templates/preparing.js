// Watches a Studio being prepared, and opens it. Shows only what the page already says; keeps nothing.
"use strict";

const form = document.getElementById("preparing");
const steps = [...document.querySelectorAll("#steps [data-step]")];
const now = document.getElementById("now");
const ATTEMPTS = 6;
let reached = -1;
let leaving = false;

// From here on, reloading the page or coming back to it begins a new sign-in instead of posting the old one again.
history.replaceState(null, "", form.dataset.begin);

function leave(go) {
  if (!leaving) {
    leaving = true;
    go();
  }
}

function show(name) {
  const current = steps.findIndex((step) => step.dataset.step === name);
  if (current <= reached) {
    return; // After a lost connection the work begins anew, but what was reached is found in no time.
  }
  reached = current;
  steps.forEach((step, index) => {
    // A step that was passed over did not happen.
    step.hidden ||= index < current && !step.classList.contains("begun");
    step.classList.toggle("done", index < current);
    step.removeAttribute("aria-current");
  });
  steps[current].classList.add("begun");
  steps[current].hidden = false;
  steps[current].setAttribute("aria-current", "step");
  now.textContent = steps[current].textContent;
}

// Begins anew through the identity provider, once. What a second time does not mend is for the person to decide.
function renew() {
  leave(() => {
    if (form.dataset.again) {
      location.replace(form.dataset.again);
    } else {
      document.getElementById("lost").hidden = false;
    }
  });
}

function open() {
  show("opening");
  leave(() => form.submit());
}

// What an event leads to: milliseconds until the next attempt, or nothing if it was not the last one.
function heard(event) {
  switch (event.event) {
    case "step":
      show(event.data);
      break;
    case "ready":
      open();
      break;
    case "refused":
      leave(() => location.replace(event.data));
      break;
    case "renew":
      renew();
      break;
    case "again":
      return Number(event.retry);
  }
}

// The events in a text, and what is left of it.
function parse(text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop();
  const events = blocks.map((block) =>
    Object.fromEntries(
      block.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
      }),
    ),
  );
  return [events, rest];
}

async function watch() {
  const response = await fetch(form.dataset.events, {
    method: "POST",
    headers: { Accept: "text/event-stream" },
    body: new URLSearchParams(new FormData(form)),
    cache: "no-store",
    redirect: "error",
  });
  if (response.status === 403) {
    // Too old, or of another browser: a new sign-in is neither.
    return renew();
  }
  if (response.status >= 400 && response.status < 500) {
    return leave(() => form.submit());
  }
  if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
    throw new TypeError("no events");
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      throw new TypeError("no end");
    }
    const [events, rest] = parse(text + value);
    text = rest;
    for (const event of events) {
      const pause = heard(event);
      if (pause !== undefined || leaving) {
        return pause;
      }
    }
  }
}

async function start() {
  document.getElementById("steps").hidden = false;
  show(steps[0].dataset.step);
  let attempts = ATTEMPTS;
  while (!leaving && attempts > 0) {
    let pause;
    try {
      pause = await watch();
    } catch {
      attempts -= 1;
      pause = 1000 * (ATTEMPTS - attempts);
    }
    if (!leaving) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  if (!leaving) {
    document.getElementById("lost").hidden = false;
  }
}

form.addEventListener("submit", (event) => {
  // Whoever switches the language sees the page again.
  if (event.submitter?.name !== "language") {
    show("opening");
  }
  leaving = true;
});
addEventListener("pageshow", (event) => {
  // Kept by the browser and shown again: Studio was opened, or not. A new sign-in finds out.
  if (event.persisted) {
    location.reload();
  }
});
start();

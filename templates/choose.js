// The page to choose where to go: search, arrow keys, one choice only, and a sign-in that is renewed before it is over.
// Without this script the page works too; it has no search then, and the browser itself renews the sign-in.
"use strict";
const form = document.getElementById("choices");
const all = [...form.querySelectorAll(".choice")];
const shown = () => all.filter((choice) => !choice.closest("li").hidden);

// The page answers a form. From here on, reloading it or coming back to it begins a new sign-in, which is silent where
// the IdP knows the person still, instead of posting the old one again.
history.replaceState(null, "", form.dataset.begin);

const search = document.getElementById("search");
if (search) {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  search.hidden = false;
  words.addEventListener("input", () => {
    const wanted = words.value.normalize("NFC").toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const choice of all) {
      const text = choice.textContent.normalize("NFC").toLocaleLowerCase();
      choice.closest("li").hidden = !wanted.every((word) => text.includes(word));
    }
    for (const section of form.querySelectorAll("section")) {
      section.hidden = !section.querySelector("li:not([hidden])");
    }
    const count = shown().length;
    found.textContent = !wanted.length ? "" : count ? `${found.dataset.some} ${count}` : found.dataset.none;
  });
}

addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const choices = shown();
  const at = choices.indexOf(document.activeElement);
  if (!step || !choices.length || (at < 0 && document.activeElement.id !== "words")) return;
  const next = at + step;
  event.preventDefault();
  if (next < 0) document.getElementById("words")?.focus();
  else choices[Math.min(next, choices.length - 1)].focus();
});

let sent = false;
form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  sent = false;
  for (const choice of all) choice.removeAttribute("aria-busy");
});

if (form.dataset.seconds) {
  // By the clock: timers stand still while a computer sleeps.
  const due = Date.now() + 1000 * Number(form.dataset.seconds);
  const look = () => {
    if (sent || Date.now() < due) return;
    if (!form.dataset.renew) end();
    // A tab that nobody looks at waits until somebody does.
    else if (!document.hidden) location.replace(form.dataset.renew);
  };
  // Nobody has chosen for long: what is left is to say so.
  const end = () => {
    const over = document.getElementById("over");
    document.getElementById("open").hidden = true;
    over.hidden = false;
    document.title = document.title.replace(/^.* · /, `${over.querySelector("h1").textContent} · `);
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
  const timer = setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
}

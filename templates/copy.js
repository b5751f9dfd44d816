// Copies the request id of an error page. The button is there only where this script runs.
"use strict";
// A page that answers a form takes an address of its own: reloading it or coming back to it posts nothing again.
const page = document.querySelector("input[name=page]");
if (page && ["/saml/acs", "/choose", "/language"].includes(location.pathname)) {
  history.replaceState(null, "", `/refused?shown=${page.value}`);
}
const button = document.getElementById("copy");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById("request-id").textContent);
      document.getElementById("copied").textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.getElementById("request-id"));
    }
  });
}

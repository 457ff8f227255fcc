// The editor of a letter's text: nothing that was typed is lost, and the preview looks at one reader after the other.

// data-draft="URL" data-draft-state="#id": what is typed is kept at every pause, and when the page is left.
const PAUSE = 900;
const WORDS = ["subject", "body", "formality"];

for (const form of document.querySelectorAll("form[data-draft]")) {
  const state = document.querySelector(form.dataset.draftState);
  let timer;
  let waiting = false;
  let leaving = false;

  async function keep() {
    clearTimeout(timer);
    if (!waiting || leaving) return;
    waiting = false;
    try {
      const response = await fetch(form.dataset.draft, { method: "POST", body: new FormData(form), headers: { "X-Partial": "1" } });
      if (!response.ok) throw new Error(String(response.status));
      const said = await response.text();
      if (!leaving && state.innerHTML !== said) state.innerHTML = said;
    } catch {
      // The line is down: it is tried again at the next pause, and with the next key.
      waiting = true;
      timer = setTimeout(keep, 5000);
    }
  }
  const typed = (event) => {
    if (!WORDS.includes(event.target.name)) return;
    waiting = true;
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  };
  form.addEventListener("input", typed);
  // On the window: after everything that asks first.
  addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) leaving = true;
  });
  addEventListener("pageshow", () => (leaving = false));
  // The one moment a browser surely tells of before a tab is closed.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden || !waiting || leaving) return;
    waiting = false;
    clearTimeout(timer);
    navigator.sendBeacon(form.dataset.draft, new FormData(form));
  });
}

// A button named `look` shows the preview for the reader that is its value, without leaving the page.
document.addEventListener("click", (event) => {
  const button = event.target.closest("form[data-preview] button[name=look]");
  if (!button) return;
  event.preventDefault();
  const { form } = button;
  for (const each of form.querySelectorAll("[name=reader]")) each.remove();
  const reader = document.createElement("input");
  Object.assign(reader, { type: "hidden", name: "reader", value: button.value });
  form.append(reader);
  const name = form.querySelector("[name=reader_name]");
  if (name) name.value = "";
  form.dispatchEvent(new Event("change"));
});

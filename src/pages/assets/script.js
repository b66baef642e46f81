"use strict";
// Conveniences only: every page works without this file.

// Copy buttons are hidden until they can work.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return;
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// "Wait 30 seconds" counts down, and says nothing once the time has passed.
for (const line of document.querySelectorAll("[data-countdown]")) {
  const end = Date.now() + Number(line.dataset.countdown) * 1000;
  const number = line.textContent.match(/\d+/);
  if (!number) continue;
  // Not read out at every second.
  line.setAttribute("aria-live", "off");
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    line.textContent = line.textContent.replace(/\d+/, String(Math.max(left, 0)));
    if (left <= 0) {
      clearInterval(timer);
      line.hidden = true;
    }
  }, 1000);
}

// A form that was sent is not sent twice by an impatient second click.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
}

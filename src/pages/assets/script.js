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

// Security keys and passkeys cannot do without a script; their buttons show once it is there.
const canUseKeys = Boolean(window.PublicKeyCredential);
async function useKey(form, name, options) {
  const failed = form.querySelector("[data-key-failed]");
  if (failed) failed.hidden = true;
  const fields = [...form.elements].filter((field) => field.type !== "password");
  if (name.endsWith("Registration") && !fields.every((field) => field.reportValidity())) return;
  try {
    await window[name](options);
  } catch {
    if (failed) failed.hidden = false;
  }
}
for (const button of document.querySelectorAll("[data-key]")) {
  if (!canUseKeys) continue;
  button.hidden = false;
  const { key, options } = button.dataset;
  button.addEventListener("click", () => useKey(button.form, key, options));
  // Enter in the name of a key means its button, where there is no other.
  if (!button.form.querySelector("button:not([type=button])")) {
    button.form.addEventListener("submit", (event) => {
      event.preventDefault();
      button.click();
    });
  }
}
for (const form of document.querySelectorAll("[data-key-load]")) {
  if (canUseKeys) useKey(form, form.dataset.keyLoad);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

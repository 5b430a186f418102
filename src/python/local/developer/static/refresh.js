// Keeps the page up to date where scripts run; without them, loading it again does the same.
"use strict";

const INTERVAL = 2000; // milliseconds

async function refresh() {
  const busy = document.activeElement?.closest("[data-live]") || String(document.getSelection());
  if (document.hidden || busy) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const replacement = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (replacement) part.replaceWith(replacement);
  }
}

async function follow() {
  try {
    await refresh();
  } catch {
    // The system is stopped or restarting: the next time will tell.
  }
  setTimeout(follow, INTERVAL);
}

setTimeout(follow, INTERVAL);

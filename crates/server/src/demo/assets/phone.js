// Keeps an open page of the simulated phone up to date. Without this script, reloading does the same.

const page = document.querySelector("[data-since]");

/** Shows times in the reader's own zone. */
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  }
}

/** Brings the entries of `list` in line with those of `fresh`: entries are known by their id. */
function merge(list, fresh) {
  const wanted = [...fresh.children];
  const ids = new Set(wanted.map((entry) => entry.id));
  for (const entry of [...list.children]) {
    if (!ids.has(entry.id)) entry.remove();
  }
  wanted.forEach((entry, position) => {
    const known = document.getElementById(entry.id);
    if (known && known.dataset.version === entry.dataset.version) {
      if (list.children[position] !== known) list.insertBefore(known, list.children[position] ?? null);
      return;
    }
    const hadFocus = known?.contains(document.activeElement);
    const added = document.adoptNode(entry);
    localTimes(added);
    added.classList.add("arrived");
    known?.remove();
    list.insertBefore(added, list.children[position] ?? null);
    if (hadFocus) added.querySelector("a, button")?.focus();
  });
}

/** Fetches this page again and takes its lists over. */
function refresh() {
  const request = new XMLHttpRequest();
  request.open("GET", location.pathname);
  request.responseType = "document";
  request.addEventListener("load", () => {
    if (request.status !== 200 || !request.response) return;
    for (const list of document.querySelectorAll("[data-live]")) {
      const fresh = request.response.getElementById(list.id);
      if (fresh) merge(list, fresh);
    }
  });
  request.send();
}

localTimes(document);
if (page) {
  const events = new EventSource(`/phone/events?since=${page.dataset.since}`);
  events.addEventListener("arrived", refresh);
}

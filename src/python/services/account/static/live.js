// Adds to the list of recent activity what happens while the page is looked at. Without it, and
// whenever it cannot, the page shows the same when it is loaded again.
"use strict";

(() => {
  const MOST_SHOWN = 200; // rows; the oldest make room
  const MOST_TRIES = 6; // refusals in a row
  const FIRST_PAUSE = 5000; // milliseconds; doubled after each refusal

  const list = document.querySelector("[data-live]");
  const news = document.querySelector("[data-news]");
  if (!list || !news) {
    return;
  }
  const known = new Set(Array.from(list.children, (item) => item.dataset.id));
  let last = list.firstElementChild.dataset.id;
  let source = null;
  let refusals = 0;
  let timer = 0;

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    made.textContent = text; // never markup, whatever it says
    return made;
  }

  function itemOf(row) {
    const item = element("li", row.kind, "");
    item.dataset.id = row.id;
    const time = element("time", "", row.relative);
    time.dateTime = row.occurred_at;
    time.title = row.absolute;
    const when = element("p", "row-detail", "");
    when.append(time);
    const head = element("div", "row-head", "");
    head.append(element("p", "row-title", row.title), when);
    item.append(head);
    if (row.detail) {
      const detail = element("p", "row-detail", row.detail);
      if (row.whole) {
        detail.title = row.whole;
      }
      item.append(detail);
    }
    return item;
  }

  function show(row) {
    last = row.id;
    if (known.has(row.id)) {
      return;
    }
    known.add(row.id);
    list.prepend(itemOf(row));
    if (list.children.length > MOST_SHOWN) {
      known.delete(list.lastElementChild.dataset.id);
      list.lastElementChild.remove();
    }
    news.textContent = row.detail ? `${row.title}: ${row.detail}` : row.title;
  }

  function close() {
    clearTimeout(timer);
    if (source) {
      source.close();
      source = null;
    }
  }

  function open() {
    close();
    source = new EventSource(`${list.dataset.live}?after=${encodeURIComponent(last)}`);
    source.onopen = () => {
      refusals = 0;
    };
    source.onmessage = (message) => show(JSON.parse(message.data));
    source.addEventListener("end", () => {
      document.removeEventListener("visibilitychange", follow);
      close();
    });
    source.onerror = () => {
      // A stream that broke is asked for again by the browser itself; one that was refused is not.
      if (source.readyState === EventSource.CLOSED) {
        close();
        if (refusals < MOST_TRIES) {
          timer = setTimeout(open, FIRST_PAUSE * 2 ** refusals);
          refusals += 1;
        }
      }
    };
  }

  // A page that nobody sees holds no connection: a browser has only six for a site.
  function follow() {
    if (document.hidden) {
      close();
    } else {
      open();
    }
  }

  document.addEventListener("visibilitychange", follow);
  follow();
})();

// A lost connection, said in words: Flet's client would blank the page and say that it works. In front of it stands why,
// and that nobody has to do anything; a page that needs no connection of its own says that its figures are old.
//
// As soon as the server answers the page is loaded anew, and its session goes on where it was; a page in the background
// once somebody looks at it, since until then nothing is read for it. Flet's client does not connect again by itself: it
// would be sent all that it has already, and compares the two in a time that doubles with each level of the screen, which
// is for ever.
(() => {
  const WORDS = {
    en: {
      lost: "No connection. Your meter goes on counting, and this page comes back by itself.",
      offline: "You are offline: these figures are the last that came.",
    },
    fr: {
      lost: "Pas de connexion. Votre compteur continue de compter, et cette page revient d'elle-même.",
      offline: "Vous êtes hors ligne : ces chiffres sont les derniers reçus.",
    },
  };
  const PATIENCE_MS = 400; // what is back before is nobody's concern
  const SOON_MS = 100;
  const SEEK_MS = 2000;
  const READ = "sunmeter.read";

  const kept = (name) => {
    try {
      return JSON.parse(localStorage.getItem(`flutter.sunmeter.${name}`));
    } catch (refused) {
      return null;
    }
  };
  const words = () => WORDS[(kept("language") || navigator.language || "en").slice(0, 2)] || WORDS.en;

  const mark = Object.assign(new Image(), { src: "icons/mark.svg", alt: "" }); // there before it is needed
  let isOpen = false; // null: it was, and is no more
  let isLeaving = false;
  let seeking;

  const inTab = (work) => {
    try {
      return work(sessionStorage);
    } catch (refused) {
      return null;
    }
  };
  const isRead = () => document.querySelector("flt-semantics-host flt-semantics") !== null;

  const startAfresh = () => {
    isLeaving = true;
    if (isRead()) inTab((kept) => kept.setItem(READ, "yes"));
    location.reload();
  };

  const isSeen = () => document.visibilityState === "visible";

  const seek = async () => {
    if (isOpen !== null || !isSeen()) return;
    try {
      const answer = await fetch(document.baseURI, { cache: "no-store" });
      if (answer.ok && isSeen() && !isLeaving) startAfresh();
    } catch (refused) {
      // Not yet.
    }
  };

  // A screen reader that read the page before goes on reading it.
  const readOn = () => {
    if (!inTab((kept) => kept.getItem(READ))) return;
    inTab((kept) => kept.removeItem(READ));
    const starting = setInterval(() => {
      const button = document.querySelector("flt-semantics-placeholder");
      button?.click();
      if (button || isRead()) clearInterval(starting);
    }, 100);
  };

  const tell = () => {
    document.getElementById("connection")?.remove();
    const isLost = isOpen === null;
    if (isLeaving) return;
    if (!isLost && navigator.onLine) return;
    const told = document.createElement("div");
    told.id = "connection";
    told.className = `${isLost ? "lost" : "offline"} ${kept("theme") || ""}`;
    told.setAttribute("role", "alert");
    if (isLost) told.append(mark);
    told.append(Object.assign(document.createElement("p"), { textContent: words()[isLost ? "lost" : "offline"] }));
    document.body.append(told);
  };

  // What Flet's client gets once its connection is lost: a socket that neither opens nor closes.
  class Lost extends EventTarget {
    readyState = WebSocket.CONNECTING;
    send() {}
    close() {}
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...told) {
      if (isOpen === null) return new Lost();
      super(...told);
      this.addEventListener("open", () => (isOpen = true));
      this.addEventListener("close", () => {
        if (isOpen !== true || isLeaving) return; // it never was, or is left
        isOpen = null;
        seeking = setInterval(seek, SEEK_MS);
        setTimeout(seek, SOON_MS);
        setTimeout(tell, PATIENCE_MS);
      });
    }
  };
  readOn();
  window.addEventListener("pagehide", () => {
    isLeaving = true;
    clearInterval(seeking);
  });
  // What a browser brings back from its cache has no connection, and in WebKit no frames.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) startAfresh();
  });
  document.addEventListener("visibilitychange", seek);
  window.addEventListener("online", () => {
    seek();
    tell();
  });
  window.addEventListener("offline", tell);
})();

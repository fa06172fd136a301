// A lost connection, said in words: Flet's client would blank the page and say that it works. In front of it stands why,
// and that nobody has to do anything; a page that needs no connection of its own says that its figures are old.
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
  const SEEK_MS = 4000;

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
  let waiting;
  let seeking;
  let isThere = false;

  // Flet's client connects again by itself, as a rule. Where the server answers and it has not, the page starts anew.
  const seek = async () => {
    try {
      const answer = await fetch(document.baseURI, { cache: "no-store" });
      if (answer.ok && isThere && isOpen === null) location.reload();
      isThere = answer.ok;
    } catch (refused) {
      isThere = false;
    }
  };

  const tell = () => {
    document.getElementById("connection")?.remove();
    const isLost = isOpen === null;
    if (!isLost && navigator.onLine) return;
    const told = document.createElement("div");
    told.id = "connection";
    told.className = `${isLost ? "lost" : "offline"} ${kept("theme") || ""}`;
    told.setAttribute("role", "alert");
    if (isLost) told.append(mark);
    told.append(Object.assign(document.createElement("p"), { textContent: words()[isLost ? "lost" : "offline"] }));
    document.body.append(told);
  };

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...told) {
      super(...told);
      this.addEventListener("open", () => {
        clearTimeout(waiting);
        clearInterval(seeking);
        isOpen = true;
        tell();
      });
      this.addEventListener("close", () => {
        if (isOpen !== true) return; // it never was, or is said already
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          isOpen = null;
          isThere = false;
          seeking = setInterval(seek, SEEK_MS);
          tell();
        }, PATIENCE_MS);
      });
    }
  };
  window.addEventListener("pagehide", () => clearTimeout(waiting));
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
})();

// What only a page can do, done for the app's Python, which runs on a server or in a worker: notifications.
//
// The app writes {id, verb, …} into this page's local storage; the answer goes to the server under that id, or to the
// worker that runs the app: 128 random bits, made by the session for this one question. Other pages ask nothing here.
(() => {
  const ASK = "flutter.sunmeter.bridge.ask";
  const WORKER = "/push-worker.js", SCOPE = "/push-worker/";  // a scope of its own: it serves no page
  const keep = Storage.prototype.setItem;
  const toWorker = new BroadcastChannel("sunmeter.bridge");

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const canPush = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  const registration = () => navigator.serviceWorker.getRegistration(SCOPE);

  async function installed() {
    const worker = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
    const starting = worker.installing || worker.waiting;
    if (!worker.active && starting) {
      await new Promise((resolve) => starting.addEventListener("statechange", () => worker.active && resolve()));
    }
    return worker;
  }

  const told = (permission, subscription) => ({ permission, subscription: subscription ? subscription.toJSON() : null });

  const verbs = {
    // Whether this browser may show notifications, and by which subscription it would be told.
    async look() {
      if (!canPush()) return { permission: "unsupported", subscription: null };
      const worker = await registration();
      return told(Notification.permission, worker && (await worker.pushManager.getSubscription()));
    },
    // Asks the person, then the browser's push service. A subscription made for another key is made anew.
    async subscribe({ key }) {
      if (!canPush()) return { permission: "unsupported", subscription: null };
      const permission = await Notification.requestPermission();
      if (permission !== "granted") return told(permission, null);
      const push = (await installed()).pushManager;
      const old = await push.getSubscription();
      if (old && text(old.options.applicationServerKey) !== key) await old.unsubscribe();
      return told(permission, await push.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) }));
    },
    async unsubscribe() {
      const worker = canPush() && (await registration());
      const old = worker && (await worker.pushManager.getSubscription());
      if (old) await old.unsubscribe();
      return {};
    },
  };

  async function answer({ id, verb, ...wishes }) {
    let found;
    try {
      found = await verbs[verb](wishes);
    } catch (error) {
      found = { error: String(error) };
    }
    if (flet.pyodide) toWorker.postMessage(JSON.stringify([id, JSON.stringify(found)]));
    else fetch(`/bridge/${id}`, { method: "POST", body: JSON.stringify(found) });
  }

  Storage.prototype.setItem = function (name, value) {
    keep.call(this, name, value);
    if (this === localStorage && name === ASK) answer(JSON.parse(JSON.parse(value)));
  };

  // A notification was pressed while this page was open: it goes where the notification leads.
  navigator.serviceWorker?.addEventListener("message", (event) => {
    if (!event.data?.place) return;
    history.pushState(null, "", event.data.place);
    dispatchEvent(new PopStateEvent("popstate", { state: null }));
  });
})();

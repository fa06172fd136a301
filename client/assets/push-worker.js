// Shows what FCM delivers while no page need be open, and leads to the alert when it is pressed. It serves no page and
// keeps nothing: who signs out takes the subscription along.
self.addEventListener("install", () => self.skipWaiting());

const read = (event) => {
  try {
    return event.data.json();
  } catch (unreadable) {
    return {};
  }
};

self.addEventListener("push", (event) => {
  const told = read(event);
  const { title, body, tag } = told.notification || {};
  const look = { body: body || "", tag: tag || undefined, data: told.data || {}, icon: "/icons/icon-192.png" };
  event.waitUntil(self.registration.showNotification(title || "Sunmeter", look));
});

const placeOf = ({ home, alert }) =>
  home && alert ? `/alerts/${encodeURIComponent(home)}/${encodeURIComponent(alert)}` : "/alerts";

async function open(place) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!pages.length) return self.clients.openWindow(place);
  pages[0].postMessage({ place });
  return pages[0].focus().catch(() => undefined); // a browser that lets no worker do that shows the page all the same
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(placeOf(event.notification.data || {})));
});

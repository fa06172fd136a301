// What only the browser knows, left where the app can read it: the time zone, as a suggestion for a new home, and the
// language that its user prefers.
try {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) localStorage.setItem("flutter.sunmeter.zone", JSON.stringify(zone));
  if (navigator.language) localStorage.setItem("flutter.sunmeter.browser_language", JSON.stringify(navigator.language));
} catch (refused) {
  // A browser without storage suggests nothing.
}

// An invitation's link carries its code behind a hash, which no server logs; the app's addresses are paths.
if (location.hash.startsWith("#/join/")) history.replaceState(null, "", location.hash.slice(1));

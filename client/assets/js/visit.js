// What only the browser knows, left where the app can read it: the time zone, as a suggestion for a new home.
try {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) localStorage.setItem("flutter.sunmeter.zone", JSON.stringify(zone));
} catch (refused) {
  // A browser without storage suggests no zone.
}

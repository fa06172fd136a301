// A file comes to the app in one message of the websocket; one that is too large would end the connection. It is not
// read: a few bytes that say so go in its place, under its name.
(() => {
  const MOST_BYTES = 24000000;  // MOST_FILE_BYTES of app.py, and the same words: a test compares them
  const TOO_LARGE = "\0sunmeter: too large";
  const isLarge = (file) => file.size > MOST_BYTES;

  function replace({ target }) {
    const files = [...target.files];
    if (!files.some(isLarge)) return;
    const taken = new DataTransfer();
    for (const file of files) taken.items.add(isLarge(file) ? new File([TOO_LARGE], file.name) : file);
    target.files = taken.files;
  }

  // The file picker's input never is in the document: it is met when it is pressed.
  HTMLInputElement.prototype.click = function () {
    if (this.type === "file") this.addEventListener("change", replace, { capture: true });
    HTMLElement.prototype.click.call(this);
  };
})();

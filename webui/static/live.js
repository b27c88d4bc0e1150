// Follows a run: the server tells when there is more to see, htmx asks for it. The clock of hx-trigger stands
// behind it, for lines that break. A page nobody looks at holds no line: a browser has only six for a server.

let line = null;

const panel = () => document.querySelector("#now[data-live]");

function follow() {
  const here = panel();
  if (!here || document.hidden) {
    line?.close();
    line = null;
    return;
  }
  if (line) return;
  line = new EventSource(here.dataset.live);
  line.addEventListener("more", () => panel()?.dispatchEvent(new Event("more")));
  line.addEventListener("ended", () => {
    line?.close();
    panel()?.dispatchEvent(new Event("more"));
  });
}

document.addEventListener("visibilitychange", () => {
  panel()?.dispatchEvent(new Event("more"));
  follow();
});
document.addEventListener("htmx:after:swap", follow);
follow();
